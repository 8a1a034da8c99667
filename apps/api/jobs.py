"""The jobs of a project: which there are, how far they are, and the files of clips."""

import mimetypes
from typing import Any
from urllib.parse import quote

from starlette.responses import FileResponse, Response
from starlette.routing import Route

from apps.api.answers import ABSENT, Call, RequestError, endpoint, say
from apps.api.desk import Desk, Served
from apps.api.places import inside
from apps.api.viewer_export import clip_files
from lightning_pose.projects.jobs import Job, jobs

LINES = 30
SHOWN = 40


def routes(desk: Desk) -> list[Route]:
    """Return the routes of jobs."""
    home = "/api/projects/{pid}/jobs"
    return [
        Route(home, endpoint(desk, all_jobs), methods=["GET"]),
        Route(f"{home}/{{job}}", endpoint(desk, one_job), methods=["GET"]),
        Route(f"{home}/{{job}}/files/{{name}}", endpoint(desk, job_file), methods=["GET"]),
    ]


def all_jobs(served: Served, call: Call) -> Response:
    """Answer the jobs, the last one first."""
    return say({"jobs": [describe(served, job) for job in jobs(served.folder)[:SHOWN]]})


def one_job(served: Served, call: Call) -> Response:
    """Answer how far a job is."""
    return say(describe(served, _job(served, call)))


def job_file(served: Served, call: Call) -> Response:
    """Answer a file that a job has made, to be saved."""
    found = {path.name: path for path in clip_files(served.folder, _job(served, call).command)}
    name = call.path["name"]
    if name not in found:
        raise RequestError(ABSENT, f"This job has no file {name[:80]!r}.")
    path = inside(served.folder, found[name].relative_to(served.folder).as_posix())
    return FileResponse(path, media_type=mimetypes.guess_type(name)[0] or "video/mp4", filename=name)


def describe(served: Served, job: Job) -> dict[str, Any]:
    """Return a job as pages are told: how far it is as a share, the end of what it printed as lines."""
    state, progress = job.state, job.progress
    files = clip_files(served.folder, job.command) if job.kind == "clip" and state == "done" else []
    home = f"/api/projects/{served.id}/jobs/{job.id}/files"
    return {
        "id": job.id,
        "kind": job.kind,
        "title": job.title,
        "state": state,
        "progress": progress.completed / progress.total if progress and progress.total else None,
        "tail": job.tail(LINES).splitlines(),
        "files": [f"{home}/{quote(path.name)}" for path in files],
    }


def _job(served: Served, call: Call) -> Job:
    found = next((job for job in jobs(served.folder) if job.id == call.path["job"]), None)
    if found is None:
        raise RequestError(ABSENT, "There is no such job; old ones are forgotten.")
    return found
