"""Predictions as proposals for labels: what the newest model says of a frame, read a row at a time."""

import math
from typing import TYPE_CHECKING

from apps.results.rows import state_of
from apps.results.sources import Source
from apps.results.windows import POINT, extent_of, read_cells
from lightning_pose.core.errors import DataError

if TYPE_CHECKING:
    from apps.api.desk import Served

LOOK = 30.0  # seconds between looks for new predictions

Proposals = dict[str, dict[str, tuple[float, float, float]]]


def proposals(served: "Served", session: str, frame: int) -> Proposals | None:
    """Return what was predicted for a frame of a video (px, and how likely); None where nothing was.

    Args:
        served: the project.
        session: of the frame.
        frame: its number in the video.
    """
    known = served.contents(LOOK).sessions.get(session)
    networks = [] if known is None else [one for one in known.sources.values() if one.kind == "network"]
    found = [(when, source) for source in networks if (when := _changed(source)) is not None]
    if frame < 0 or not found:
        return None
    return proposals_from(served, max(found, key=lambda one: one[0])[1], frame)


def proposals_from(served: "Served", source: Source, frame: int) -> Proposals | None:
    """Return what one source says of a frame, see `proposals`."""
    found: Proposals = {}
    names = served.project.keypoint_names
    cells = [(name, coord) for name in names for coord in POINT]
    for view, table in source.views.items():
        try:
            if frame >= extent_of(table).stop:
                continue
            row = read_cells(table, cells, frame, frame + 1, served.shelf)[0].reshape(-1, 3).tolist()
        except (DataError, OSError):  # being written, or another kind of table: no proposal
            continue
        points = {
            name: (round(x, 3), round(y, 3), sure if math.isfinite(sure) else 1.0)
            for name, (x, y, sure) in zip(names, row, strict=True)
            if math.isfinite(x + y)
        }
        if points:
            found[view] = points
    return found or None


def _changed(source: Source) -> int | None:
    """Return when the last of the tables of pixels changed; None where there are none, or they are gone."""
    try:
        return max((state_of(table).mtime_ns for table in source.views.values()), default=None)
    except DataError:
        return None
