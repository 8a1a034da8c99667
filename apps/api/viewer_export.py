"""What is taken away from the viewer: numbers as CSV, clips with the keypoints drawn in."""

import csv
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from apps.api.answers import BAD, CONFLICT, Call, RequestError, endpoint, record, say
from apps.api.desk import Desk, Served
from apps.api.images import video_path
from apps.api.viewer import frames_of, session_of, source_of
from apps.api.viewer_traces import film_seconds
from apps.results.export import parts_of, write_rows
from lightning_pose.projects.jobs import LITPOSE, start_job

CLIPS = "clips"  # folder of the project
LONGEST_TRAIL, LARGEST_DOT = 500, 100.0


def routes(desk: Desk) -> list[Route]:
    """Return the routes of what is taken away."""
    one = "/api/projects/{pid}/recordings/{session}"
    return [
        Route(f"{one}/export/traces", endpoint(desk, traces), methods=["GET"]),
        Route(f"{one}/clips", endpoint(desk, clip), methods=["POST"]),
    ]


def traces(served: Served, call: Call) -> Response:
    """Answer the numbers of a source as a CSV to save, a part at a time."""
    session = session_of(served, call)
    source = source_of(session, call.query.get("source", ""))
    keypoints = _names(call.query.get("keypoints"), served.project.keypoint_names, "keypoint")
    views = _names(call.query.get("views"), served.views, "view")
    count = frames_of(source)
    start, stop = call.integer("start", 0), min(call.integer("stop", count), count)
    if not 0 <= start <= stop:
        raise RequestError(BAD, f"expected 0 <= start <= stop <= {count}, got {start} to {stop}")
    rig = served.known_rig(session.name)
    unit = (rig.unit if rig is not None else None) or "units"
    parts = parts_of(source, keypoints, views, unit)
    times = film_seconds(served, session, list(session.videos))
    name = f"{_plain(session.name)}_{_plain(source.name)}_{start}-{stop}.csv"
    headers = {
        "Content-Disposition": f"attachment; filename=\"{_plain(name)}\"; filename*=UTF-8''{quote(name)}",
        "Cache-Control": "no-store",
    }
    lines = write_rows(parts, start, stop, times)
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


def clip(served: Served, call: Call) -> Response:
    """Start drawing a part of the videos with a source's keypoints, as a job."""
    session, body = session_of(served, call), record(call.body)
    source = source_of(session, str(body.get("source", "")))
    options = record(body.get("options") or {})
    start, stop = (_number(body, key, 0, frames_of(source), whole=True) for key in ("start", "stop"))
    if stop <= start:
        raise RequestError(BAD, "a clip needs a frame at least: stop must be larger than start")
    views = _names(options.get("views"), tuple(source.views), "view")
    videos = {view: path for view in views if (path := video_path(served, session.name, view)) is not None}
    if not videos:
        raise RequestError(CONFLICT, f"{source.name}: there is no view with both a video and pixels to draw.")
    mosaic = len(videos) > 1 and options.get("mosaic", True) is not False
    stem = f"{_plain(session.name)}_{start}-{stop}_{time.strftime('%Y%m%d-%H%M%S')}"
    out = served.folder / CLIPS / (f"{stem}.mp4" if mosaic or len(videos) == 1 else stem)
    command = [
        *LITPOSE, "draw", "--video", *map(str, videos.values()), "--poses",
        *(str(source.views[view]) for view in videos), "--project", str(served.folder), "--out", str(out),
        "--start", str(start), "--stop", str(stop), *_flags(options),
        *(["--mosaic"] if mosaic else []), "--progress_file", "{progress}",
    ]  # fmt: skip
    title = f"Clip of {session.name}, frames {start} to {stop - 1}, {source.name}"
    return say({"job": start_job(served.folder, "clip", title, command).id})


def _flags(options: Mapping[str, Any]) -> list[str]:
    """Return the options of the clip as `litpose draw` has them.

    Raises:
        RequestError: when one is none.
    """
    flags = ["--trail", str(_number(options, "trail", 0, LONGEST_TRAIL, whole=True, default=0))]
    flags += ["--confidence_threshold", str(_number(options, "confidence_threshold", 0, 1, default=0))]
    if options.get("dot_size") is not None:
        flags += ["--dot_size", str(_number(options, "dot_size", 0.1, LARGEST_DOT))]
    return flags + [f"--{name}" for name in ("ellipses", "opaque") if options.get(name) is True]


def _number(
    body: Any, key: str, low: float, high: float, *, whole: bool = False, default: float | None = None
) -> Any:
    """Return a number of a body, within limits.

    Raises:
        RequestError: when it is none.
    """
    value = body.get(key, default)
    kinds = (int,) if whole else (int, float)
    if type(value) not in kinds or not low <= value <= high:
        kind = "whole number" if whole else "number"
        raise RequestError(BAD, f"{key}: expected a {kind} from {low:g} to {high:g}, got {value!r:.40}")
    return value


def _names(given: Any, known: Sequence[str], what: str) -> list[str]:
    """Return names that are given, as a list or with commas between them; all where none are.

    Raises:
        RequestError: when one is none of those that are known.
    """
    if given is None or given == "":
        return list(known)
    names = next(csv.reader([given])) if isinstance(given, str) else given
    if not isinstance(names, list) or not names or not all(name in known for name in names):
        raise RequestError(BAD, f"{what}s: expected some of {', '.join(map(repr, known))}")
    return [name for name in known if name in names]


def _plain(name: str) -> str:
    """Return a name that a file may have everywhere."""
    return re.sub(r"[^\w.+=-]+", "_", name, flags=re.ASCII).strip("_.") or "session"


def clip_files(folder: Path, command: Sequence[str]) -> list[Path]:
    """Return what a clip's command has written so far."""
    out = Path(command[command.index("--out") + 1]) if "--out" in command else None
    if out is None or not out.resolve().is_relative_to(folder / CLIPS):
        return []
    return [out] if out.is_file() else sorted(out.glob("[!.]*.mp4"))
