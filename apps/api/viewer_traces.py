"""Traces: a number of a keypoint over all frames or some, for a plot that is so many pixels wide."""

import sys
from collections.abc import Sequence
from typing import cast, get_args

import numpy as np
from jaxtyping import Float
from starlette.responses import Response
from starlette.routing import Route

from apps.api.answers import BAD, Call, RequestError, endpoint, say
from apps.api.desk import Desk, Served
from apps.api.images import video_path
from apps.api.viewer import frames_of, numbers, session_of, source_of
from apps.results.film import frame_times
from apps.results.residuals import Work
from apps.results.rows import VALUE
from apps.results.sources import Session, Source
from apps.results.traces import (
    SHORT,
    Asked,
    Quantity,
    Series,
    Space,
    bin_series,
    knows_errors,
    read_series,
    step_of,
    tables_of,
    unit_of,
)
from apps.results.windows import version_of
from lightning_pose.core.errors import DataError, VideoError

WIDTH, WIDEST = 1000, 8192  # bins


def routes(desk: Desk) -> list[Route]:
    """Return the routes of traces."""
    address = "/api/projects/{pid}/recordings/{session}/traces/{source}"
    return [Route(address, endpoint(desk, trace), methods=["GET"])]


def trace(served: Served, call: Call) -> Response:
    """Answer the lowest and highest values of bins; 202 and the share done while a table is copied."""
    session = session_of(served, call)
    source = source_of(session, call.path["source"])
    asked, step = _asked(served, source, call)
    for _ in range(3):
        version = version_of(source.tables)
        found = series_of(served, session, source, asked)
        if not isinstance(found, tuple):
            return say({"building": found}, 202)
        if version == version_of(source.tables):
            series, timed = found
            bins = bin_series(series, asked.start, step)
            rig = served.known_rig(session.name)
            head = {
                "start": asked.start, "stop": asked.stop, "step": step, "band": series.half is not None,
                "unit": unit_of(asked, None if rig is None else rig.unit, timed), "complete": 1.0,
                "version": version,
            }  # fmt: skip
            return numbers(head, [bins.rows])
    raise RequestError(BAD, f"{source.name}: its tables are being written; wait a moment.")


def series_of(served: Served, session: Session, source: Source, asked: Asked) -> tuple[Series, bool] | float:
    """Return a series, and whether its frames have times; or the share of the copies that is done.

    Raises:
        DataError: when the source does not say this, or a table cannot be read.
    """
    brief = asked.stop - asked.start <= SHORT
    if asked.quantity == "reprojection" and not knows_errors(source, asked.view):
        return _residuals(served, session, source, asked, brief)
    tables = tables_of(source, asked)
    if not brief and (share := served.shelf.want(tables)) < 1:
        return share
    times = None
    if asked.quantity == "speed":
        times = film_seconds(served, session, [asked.view] if asked.space == "px" else list(session.videos))
    rig = served.known_rig(session.name)
    return read_series(source, asked, served.shelf, rig, times), times is not None


def _asked(served: Served, source: Source, call: Call) -> tuple[Asked, int]:
    """Return what is asked for, checked, and the frames of a bin; the bins begin at multiples of these.

    Raises:
        RequestError: when it is nothing there could be.
    """
    query = call.query
    quantity, space = query.get("quantity", "x"), query.get("space", "px")
    for value, kind, key in ((quantity, Quantity, "quantity"), (space, Space, "space")):
        if value not in get_args(kind):
            raise RequestError(BAD, f"{key}: expected one of {', '.join(get_args(kind))}, got {value[:40]!r}")
    keypoint = query.get("keypoint", "")
    if keypoint not in served.project.keypoint_names:
        raise RequestError(BAD, f"There is no keypoint {keypoint[:80]!r} in this project.")
    view = query.get("view", "")
    if space == "px" or quantity in ("confidence", "reprojection"):
        served.check_view(view)
    count = frames_of(source)
    start, stop = call.integer("start", 0), call.integer("stop", count)
    width = call.integer("width", WIDTH)
    if not 0 <= start <= stop or not 1 <= width <= WIDEST:
        raise RequestError(BAD, f"expected 0 <= start <= stop and a width of 1 to {WIDEST}")
    start, stop = min(start, count), min(stop, count)
    step = step_of(stop - start, width)
    start, stop = start // step * step, min(count, -(-stop // step) * step)
    asked = Asked(cast(Quantity, quantity), cast(Space, space), view, keypoint, start, stop)
    return asked, step


def _residuals(
    served: Served, session: Session, source: Source, asked: Asked, brief: bool
) -> tuple[Series, bool] | float:
    """Return reprojection errors that nobody has written."""
    rig, calibration = served.known_rig(session.name), session.calibration
    if rig is None or calibration is None or len(source.views) < 2 or asked.view not in source.views:
        raise DataError("there are no reprojection errors: they need pixels of two views, and cameras")
    work = Work(served.folder, calibration, source.views, source.world, asked.keypoint)
    path = served.shelf.place([*work.tables, calibration], asked.keypoint)
    copy = served.shelf.open_copy(path)
    if copy is not None:
        with copy:
            return Series(copy.column((asked.view, VALUE), asked.start, asked.stop)), False
    if brief:
        errors = work.errors(rig.select(list(source.views)), asked.start, asked.stop, served.shelf)
        return Series(errors[list(source.views).index(asked.view)]), False
    share = served.shelf.want(work.tables)
    if share == 1:
        module, told = work.program
        done = served.shelf.ask(path, (sys.executable, "-m", module, str(path), told))
        if done == 1:  # a moment ago
            return _residuals(served, session, source, asked, brief)
        return 0.5 + done / 2
    return share / 2


def film_seconds(served: Served, session: Session, views: Sequence[str]) -> Float[np.ndarray, "T"] | None:
    """Return when frames were filmed (s), by the first of these views that tells; None where none does."""
    for view in views:
        try:
            path = video_path(served, session.name, view)  # the recording: a copy may have another rate
            if path is not None:
                return frame_times(path)
        except (RequestError, VideoError):
            continue
    return None
