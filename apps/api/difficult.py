"""The frames of a recording that are likely wrong: ranked by another process, read from the disk here.

A network of an ensemble stands for all of it: how its networks differ says most about where they are wrong.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from apps.api.answers import CONFLICT, Call, RequestError, endpoint, say
from apps.api.desk import Desk, Served
from apps.api.viewer import session_of, source_of
from apps.results.sources import Session, Source
from lightning_pose.frames.files import SessionFiles, find_files
from lightning_pose.frames.ranking import Difficult, pick
from lightning_pose.frames.ranking_file import Saved, identify, read_ranking
from lightning_pose.projects.jobs import LITPOSE, Job, jobs, start_job

KIND = "rank"
LISTED = 100  # frames


def routes(desk: Desk) -> list[Route]:
    """Return the routes of the ranking."""
    address = "/api/projects/{pid}/recordings/{session}/difficult"
    return [
        Route(address, endpoint(desk, difficult), methods=["GET"]),
        Route(address, endpoint(desk, start), methods=["POST"]),
    ]


def difficult(served: Served, call: Call) -> Response:
    """Answer which frames are likely wrong, as far as they have been ranked."""
    session = session_of(served, call)
    files = files_of(served, session, source_of(session, call.query.get("source", "")))
    job = _last_job(served, files)
    if job is not None and job.is_alive:
        told = job.progress
        share = told.completed / told.total if told is not None and told.total else 0.0
        return _answer("running", min(share, 1.0))
    saved, is_fresh = ranking_of(served, files)
    if not is_fresh and job is not None and job.state in ("failed", "lost"):
        return _answer("failed", fault=_fault(job))
    if saved is None:
        return _answer("absent")
    return _answer("ready", 1.0, stale=not is_fresh, frames=_listed(served, session.name, saved))


def start(served: Served, call: Call) -> Response:
    """Start the ranking of a source, unless it runs already."""
    session = session_of(served, call)
    files = files_of(served, session, source_of(session, call.query.get("source", "")))
    with served.queueing:  # of two people who ask at once, one starts it
        job = _last_job(served, files)
        if job is None or not job.is_alive:
            words = ["report", str(_home(files)), "--project", str(served.folder), "--sessions", files.name]
            words += ["--only_ranking", "--count", str(LISTED), "--progress_file", "{progress}"]
            job = start_job(served.folder, KIND, _title(served, files), [*LITPOSE, *words])
    return say({"job": job.id})


def ranking_of(served: Served, files: SessionFiles) -> tuple[Saved | None, bool]:
    """Return the ranking of a session that is on disk, and whether it is of what is there now."""
    if files.ranking is None or not files.ranking.is_file():
        return None, False
    saved = _read(files.ranking, files.ranking.stat().st_mtime_ns)
    made_from = identify(files, served.project.skeleton, served.known_rig(files.name))
    return saved, saved is not None and saved.made_from == made_from


def reasons_of(served: Served, session: Session, source: Source, frames: list[int]) -> dict[int, str]:
    """Return why frames are difficult for a source, in words, of those of which it is known."""
    saved, _ = ranking_of(served, files_of(served, session, source))
    wanted = set(frames)
    candidates = () if saved is None else saved.candidates
    return {one.frame: "; ".join(one.reasons) for one in candidates if one.frame in wanted}


def files_of(served: Served, session: Session, source: Source) -> SessionFiles:
    """Return the files that frames are judged by.

    Raises:
        RequestError: when the source is none that is ranked.
        DataError: when there are no predictions of all views.
    """
    if source.kind == "truth":
        raise RequestError(CONFLICT, "The truth has no difficult frames: choose a network or the smoother.")
    table = source.tables[0]
    folder = table.parent if source.smoothed else table.parent.parent
    return find_files(folder, served.views, session=session.name)[session.name]


def _listed(served: Served, session: str, saved: Saved) -> list[dict[str, Any]]:
    """Return the frames to look at, and those of them that are labeled or queued already, the worst first."""
    table, _ = served.frames()
    columns = zip(table.session, table.index, table.n_labeled, table.queued, strict=True)
    known = {index: (count > 0, queued) for name, index, count, queued in columns if name == session}
    taken = {frame for frame, (labeled, queued) in known.items() if labeled or queued}
    picked = pick(saved.candidates, LISTED, exclude=taken)
    least = picked[-1].score if len(picked) == LISTED else 0.0
    done = [one for one in saved.candidates if one.frame in taken and one.score >= least]
    return [_line(one, *known.get(one.frame, (False, False))) for one in _worst_first([*picked, *done])]


def _worst_first(found: list[Difficult]) -> list[Difficult]:
    return sorted(found, key=lambda one: -one.score)


def _line(one: Difficult, labeled: bool, queued: bool) -> dict[str, Any]:
    """Return a frame as the page is told."""
    said = {key: getattr(one, key) for key in ("frame", "score", "view", "keypoint", "reasons")}
    return {**said, "labeled": labeled, "queued": queued}


def _answer(
    state: str,
    progress: float = 0.0,
    *,
    frames: list[dict[str, Any]] | None = None,
    stale: bool = False,
    fault: str = "",
) -> Response:
    return say({"state": state, "progress": progress, "frames": frames or [], "stale": stale, "fault": fault})


def _home(files: SessionFiles) -> Path:
    """Return the folder of what is ranked: of a model, or of the smoother."""
    assert files.reports is not None  # `find_files`
    return files.reports.parent


def _title(served: Served, files: SessionFiles) -> str:
    home = _home(files).resolve()
    name = home.relative_to(served.folder).as_posix() if home.is_relative_to(served.folder) else home.name
    return f"Difficult frames of {files.name or 'the recording'}, {name}"


def _last_job(served: Served, files: SessionFiles) -> Job | None:
    title = _title(served, files)
    return next((job for job in jobs(served.folder, KIND) if job.title == title), None)


def _fault(job: Job) -> str:
    """Return why a ranking failed, in a sentence."""
    if job.is_stopped:
        return "The ranking was stopped."
    if job.state == "lost":
        return "The ranking was killed before it was done."
    said = job.tail(6)
    return next((line for line in said.splitlines() if line.startswith("error: ")), said).removeprefix(
        "error: "
    )


@lru_cache(maxsize=16)
def _read(path: Path, changed: int) -> Saved | None:
    """Return a ranking on disk; `changed` tells its states apart."""
    return read_ranking(path)
