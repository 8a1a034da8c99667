"""Predictions as proposals for labels: what the newest model says of a frame, read a row at a time."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from apps.results.rows import state_of
from apps.results.sources import Source
from apps.results.windows import POINT, extent_of, read_cells, read_window
from lightning_pose.core.errors import DataError

if TYPE_CHECKING:
    from apps.api.desk import Served

LOOK = 30.0  # seconds between looks for new predictions

Proposals = dict[str, dict[str, tuple[float, float, float]]]


def proposals(served: "Served", session: str, frame: int, wanted: str = "") -> Proposals | None:
    """Return what was predicted for a frame of a video (px, and how likely); None where nothing was.

    Args:
        served: the project.
        session: of the frame.
        frame: its number in the video.
        wanted: name of the predictions that the frame was found by; the newest of a network where these are
            gone, or say nothing of it.
    """
    known = served.contents(LOOK).sessions.get(session)
    if frame < 0 or known is None:
        return None
    if wanted in known.sources:
        said = proposals_from(served, known.sources[wanted], session, frame)
        if said is not None:
            return said
    networks = [one for one in known.sources.values() if one.kind == "network"]
    found = [(when, source) for source in networks if (when := _changed(source)) is not None]
    return proposals_from(served, max(found, key=lambda one: one[0])[1], session, frame) if found else None


def proposals_from(served: "Served", source: Source, session: str, frame: int) -> Proposals | None:
    """Return what one source says of a frame, see `proposals`."""
    found: Proposals = {}
    names = served.project.keypoint_names
    if not source.views:
        return _projected(served, source, session, frame)
    cells = [(name, coord) for name in names for coord in POINT]
    for view, table in source.views.items():
        try:
            if frame >= extent_of(table).stop:
                continue
            row = read_cells(table, cells, frame, frame + 1, served.shelf)[0].reshape(-1, 3).tolist()
        except (DataError, OSError):  # being written, or another kind of table: no proposal
            continue
        if points := _points(names, row):
            found[view] = points
    return found or None


def _projected(served: "Served", source: Source, session: str, frame: int) -> Proposals | None:
    """Return where the cameras see the world points of a source that has these alone."""
    try:
        window = read_window(
            source, served.project.keypoint_names, frame, frame + 1, served.shelf, served.known_rig(session)
        )
    except (DataError, OSError):
        return None
    rows = (_points(served.project.keypoint_names, xy.tolist()) for xy in window.xy[0, :, :, :3])
    return {view: row for view, row in zip(window.views, rows, strict=True) if row} or None


def _points(names: Sequence[str], row: Sequence[Sequence[float]]) -> dict[str, tuple[float, float, float]]:
    """Return the points that there are, by keypoint; one that is not said to be likely is."""
    return {
        name: (round(x, 3), round(y, 3), sure if math.isfinite(sure) else 1.0)
        for name, (x, y, sure) in zip(names, row, strict=True)
        if math.isfinite(x + y)
    }


def _changed(source: Source) -> int | None:
    """Return when the last of the tables of pixels changed; None where there are none, or they are gone."""
    try:
        return max((state_of(table).mtime_ns for table in source.views.values()), default=None)
    except DataError:
        return None
