"""What the viewer shows: sessions, the time of every frame, poses of some frames."""

import contextlib
import json
from typing import Any

import numpy as np
from starlette.responses import Response
from starlette.routing import Route

from apps.api.answers import ABSENT, BAD, Call, RequestError, endpoint, say
from apps.api.desk import Desk, Served
from apps.api.images import playable_path
from apps.api.projects import describe_cameras
from apps.results.bounds import world_bounds
from apps.results.film import Film, constant_rate, frame_times, look_at
from apps.results.marks import read_marks
from apps.results.sources import Session, Source
from apps.results.windows import (
    Window,
    extent_of,
    has_confidence,
    has_variance,
    read_window,
    version_of,
)
from apps.state import Contents
from lightning_pose.core.calibration import INDEX
from lightning_pose.core.errors import CalibrationError, DataError, PoseError, VideoError

LONGEST = 512  # frames of a window
NO_VIDEO = "There is no video of this view in the project's folder."
FRESH = 2.0  # seconds for which what a folder holds is believed


def routes(desk: Desk) -> list[Route]:
    """Return the routes of the viewer."""
    home = "/api/projects/{pid}/recordings"
    one = f"{home}/{{session}}"
    return [
        Route(home, endpoint(desk, recordings), methods=["GET"]),
        Route(one, endpoint(desk, recording), methods=["GET"]),
        Route(f"{one}/times/", endpoint(desk, times), methods=["GET"]),  # a single view has no name
        Route(f"{one}/times/{{view}}", endpoint(desk, times), methods=["GET"]),
        Route(f"{one}/poses/{{source}}", endpoint(desk, poses), methods=["GET"]),
    ]


def recordings(served: Served, call: Call) -> Response:
    """Answer all sessions; no video and no table is opened."""
    contents = served.contents()
    calibrated = _calibrated(contents)
    return say(
        {
            "sessions": [
                {
                    "name": session.name,
                    "views": list(session.videos),
                    "predicted": sum(source.kind == "network" for source in session.sources.values()),
                    "smoothed": any(source.smoothed for source in session.sources.values()),
                    "calibrated": session.name in calibrated,
                }
                for session in contents.sessions.values()
            ]
        }
    )


def recording(served: Served, call: Call) -> Response:
    """Answer what there is of one session: views, cameras, sources."""
    session = session_of(served, call, fresh=True)
    skeleton = served.project.skeleton
    shown = {*session.videos, *(view for source in session.sources.values() for view in source.views)}
    films = {view: _film(served, session, view) for view in served.views if view in shown}
    known = [film for film in films.values() if isinstance(film, Film)]
    sources = [_describe(served, session, source) for source in session.sources.values()]
    bounds = world_bounds(session.sources.values())
    rig, fault = None, ""
    try:
        rig = served.rig(session.name)
    except CalibrationError as error:
        fault = str(error)
    sizes = {} if rig is None else dict(zip(rig.names, rig.sizes.tolist(), strict=True))
    return say(
        {
            "name": session.name,
            "views": [_view(view, film, sizes.get(view)) for view, film in films.items()],
            "frames": max([*(film.frames for film in known), *(one["frames"] for one in sources), 0]),
            "fps": known[0].fps if known else None,
            "unit": None if rig is None else rig.unit,
            "cameras": None if rig is None else describe_cameras(rig),
            "calibration_fault": fault,
            "bounds": None if bounds is None else bounds.tolist(),
            "keypoints": skeleton.names,
            "edges": skeleton.edges,
            "colors": ["#" + bytes(color.tolist()).hex() for color in skeleton.keypoint_colors()],
            "sources": sources,
            "marks": _marks(served, session.name),
            "labeled": _labeled(served, session.name),
        }
    )


def times(served: Served, call: Call) -> Response:
    """Answer when each frame of a view is shown, as a browser reports it; nothing where t is frame / rate."""
    session = session_of(served, call)
    path = playable_path(served, session.name, served.check_view(call.view()))
    if path is None:
        raise RequestError(ABSENT, f"There is no video of session {session.name!r}, view {call.view()!r}.")
    stamps, film = frame_times(path), look_at(path)
    steady = constant_rate(stamps, film.fps)
    headers = {
        "X-Rate": repr(film.fps),
        "X-Frames": str(len(stamps)),
        "Cache-Control": "no-store",
    }
    body = b"" if steady else stamps.astype("<f8").tobytes()
    return Response(body, media_type="application/octet-stream", headers=headers)


def poses(served: Served, call: Call) -> Response:
    """Answer the poses of some frames: a line of JSON, then float32."""
    session = session_of(served, call)
    source = source_of(session, call.path["source"])
    start, stop = call.integer("start", 0), call.integer("stop", LONGEST)
    if not 0 <= start <= stop or stop - start > LONGEST:
        raise RequestError(
            BAD, f"expected 0 <= start <= stop and at most {LONGEST} frames, got {start} to {stop}"
        )
    stop = max(start, min(stop, frames_of(source)))
    version, window = _steady_window(served, session, source, start, stop)
    served.shelf.prepare(source.tables)  # traces of them come next
    head = {
        "start": start, "stop": stop, "views": window.views, "fields": window.fields,
        "world": window.xyz is not None, "version": version, "faults": window.faults,
    }  # fmt: skip
    return numbers(head, [window.xy] if window.xyz is None else [window.xy, window.xyz])


def numbers(head: dict[str, Any], arrays: list[np.ndarray], status: int = 200) -> Response:
    """Return a line of JSON, filled up to a multiple of four bytes, and float32 behind it."""
    line = json.dumps(head, ensure_ascii=False, allow_nan=False).encode()
    line += b" " * (-(len(line) + 1) % 4) + b"\n"
    body = b"".join([line, *(np.ascontiguousarray(array, dtype="<f4").tobytes() for array in arrays)])
    headers = {"Cache-Control": "no-store"}
    return Response(body, status, media_type="application/octet-stream", headers=headers)


def _calibrated(contents: Contents) -> set[str]:
    """Return the sessions that have a calibration, where `find_calibration` would find it."""
    home = contents.project.folder
    if (home / "calibration.toml").is_file():
        return set(contents.sessions)
    found = {path.stem for path in (home / "calibrations").glob("*.toml")}
    if (home / INDEX).is_file():
        for session in contents.sessions.values():
            with contextlib.suppress(CalibrationError):  # the session itself says it
                if session.name not in found and session.calibration is not None:
                    found.add(session.name)
    return found


def session_of(served: Served, call: Call, *, fresh: bool = False) -> Session:
    """Return the session of an address, as it was found a moment ago, or is now.

    Raises:
        RequestError: when there is none.
    """
    name = call.path["session"]
    found = None if fresh else served.contents(FRESH).sessions.get(name)
    found = found or served.contents().sessions.get(name)
    if found is None:
        raise RequestError(ABSENT, f"There is no session {name[:80]!r} in this project; look again.")
    return found


def source_of(session: Session, name: str) -> Source:
    """Return the source of an address.

    Raises:
        RequestError: when there is none.
    """
    if name not in session.by_id:
        raise RequestError(ABSENT, "These predictions are not there any more; look at the session again.")
    return session.by_id[name]


def frames_of(source: Source) -> int:
    """Return how many frames a source has, counted from 0; tables that cannot be read have none."""
    found = [0]
    for table in source.tables:
        try:
            found.append(extent_of(table).stop)
        except DataError:
            continue
    return max(found)


def _steady_window(
    served: Served, session: Session, source: Source, start: int, stop: int
) -> tuple[str, Window]:
    """Return a window and the version of all of it; read again where a table changed meanwhile."""
    names = served.project.keypoint_names
    for _ in range(3):
        version = version_of(source.tables)
        window = read_window(source, names, start, stop, served.shelf, served.known_rig(session.name))
        if version == version_of(source.tables):
            return version, window
    raise RequestError(BAD, f"{source.name}: its tables are being written; wait a moment.")


def _describe(served: Served, session: Session, source: Source) -> dict[str, Any]:
    """Return a source as the page is told."""
    world = source.world is not None
    projected = not source.views and world and served.known_rig(session.name) is not None
    return {
        "id": source.id,
        "name": source.name,
        "kind": source.kind,
        "views": list(served.views if projected else source.views),
        "world": world,
        "variance": has_variance(source),
        "confidence": has_confidence(source),
        "frames": frames_of(source),
        "version": version_of(source.tables),
        "faults": _faults(source),
    }


def _faults(source: Source) -> list[str]:
    """Return what is wrong with the tables of a source, in sentences."""
    found = []
    for table in source.tables:
        try:
            extent_of(table)
        except DataError as error:
            found.append(str(error))
    return found


def _film(served: Served, session: Session, view: str) -> Film | str:
    """Return what there is to know of a video, or why it cannot be shown."""
    try:
        path = playable_path(served, session.name, view)
        if path is None:
            return NO_VIDEO
        return look_at(path)
    except RequestError as error:
        return error.sentence
    except (PoseError, VideoError) as error:
        return str(error)


def _view(name: str, film: Film | str, size: list[int] | None) -> dict[str, Any]:
    """Return a view as the page is told; without a film its size is that of its calibrated camera."""
    if isinstance(film, str):
        width, height = size or (None, None)
        nothing = {"width": width, "height": height, "frames": None}
        return {"name": name, "video": film != NO_VIDEO, "playable": False, **nothing, "fault": film}
    return {
        "name": name, "video": True, "playable": film.playable, "width": film.width, "height": film.height,
        "frames": film.frames, "fault": "",
    }  # fmt: skip


def _marks(served: Served, session: str) -> list[dict[str, Any]]:
    """Return the marks of a session; none where their file is faulty: their own route says why."""
    try:
        return read_marks(served.folder, session).marks
    except DataError:
        return []


def _labeled(served: Served, session: str) -> list[int]:
    """Return the numbers of the frames that are in the project's table of labels."""
    table, _ = served.frames()
    return sorted(
        {
            index
            for name, index in zip(table.session, table.index, strict=True)
            if name == session and index >= 0
        }
    )
