"""One number of one keypoint over time, decimated to what a screen can show, or exact where it can."""

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Float32

from apps.results.copies import OBSERVED, VARIANCE
from apps.results.rows import VALUE
from apps.results.shelf import Shelf
from apps.results.sources import Source
from apps.results.windows import WORLD, extent_of, projected, read_cells
from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import DataError

BAND = 1.96  # half width of a 95 % interval of a Gaussian, in standard deviations
SHORT = 4096  # frames that are read from the text where there is no copy yet
Quantity = Literal["x", "y", "z", "speed", "confidence", "reprojection"]
Space = Literal["px", "world"]


class Asked(NamedTuple):
    """What is to be drawn.

    Attributes:
        quantity: the number; a speed is that of the step that ends in a frame.
        space: pixels of a view, or the world.
        view: whose pixels, confidence or reprojection error.
        keypoint: by name.
        start: first frame.
        stop: frame to stop before.
    """

    quantity: Quantity
    space: Space
    view: str
    keypoint: str
    start: int
    stop: int


class Series(NamedTuple):
    """A number per frame, NaN where missing, and half the width of its 95 % interval where that is known."""

    values: Float32[np.ndarray, "T"]
    half: Float32[np.ndarray, "T"] | None = None


class Bins(NamedTuple):
    """A series in bins of `step` frames, the first of which begins at `start`.

    Attributes:
        start: a multiple of the step, so that bins stay the same while one pans.
        step: frames of a bin; 1 for exact values.
        rows: lowest and highest of each bin, then of the interval where there is one; NaN of empty bins.
    """

    start: int
    step: int
    rows: Float32[np.ndarray, "R n"]


def step_of(count: int, width: int) -> int:
    """Return how many frames make a bin, so that there are no more bins than the width."""
    return max(1, -(-count // max(1, width)))


def bin_series(series: Series, start: int, step: int) -> Bins:
    """Return the lowest and highest values of bins.

    Args:
        series: from `start` on.
        start: number of the first frame, a multiple of the step.
        step: frames of a bin.
    """
    pairs = [(series.values, series.values)]
    if series.half is not None:
        pairs.append((series.values - series.half, series.values + series.half))
    rows = [
        fold.reduce(_padded(values, step).reshape(-1, step), axis=1)
        for low, high in pairs
        for fold, values in ((np.fmin, low), (np.fmax, high))
    ]
    return Bins(start, step, np.array(rows, dtype=np.float32))


def tables_of(source: Source, asked: Asked) -> list[Path]:
    """Return the tables that a series comes from; of reprojection errors, where `knows_errors`.

    Raises:
        DataError: when the source does not say this.
    """
    if asked.quantity == "reprojection":
        return [source.errors.get(asked.view) or source.views[asked.view]]
    if asked.space == "world" and asked.quantity != "confidence":
        return [_world(source)]
    if asked.view in source.views:
        return [source.views[asked.view]]
    if source.views or asked.quantity == "confidence":
        raise DataError(f"{source.name} has no {asked.quantity} in view {asked.view!r}")
    return [_world(source)]


def knows_errors(source: Source, view: str) -> bool:
    """Return whether the reprojection errors of a view are written, or seen from the view's table alone.

    The smoother's table of a view has the image of its world point, and beside it what the smoother was
    given: their distance is the error.

    Raises:
        DataError: when the table cannot be read.
    """
    if view in source.errors:
        return True
    return source.smoothed and view in source.views and _has(source.views[view], OBSERVED[0])


def read_series(
    source: Source, asked: Asked, shelf: Shelf, rig: Rig | None, times: Float[np.ndarray, "N"] | None
) -> Series:
    """Return a number per frame.

    Args:
        source: whose.
        asked: which, and where.
        shelf: of the copies.
        rig: of the session, for pixels of a source that has world points alone.
        times: when each frame was filmed (s), for speeds; None for speeds per frame.

    Raises:
        DataError: when the source does not say this, or a table cannot be read.
    """
    name, start, stop = asked.keypoint, asked.start, asked.stop
    if asked.quantity in ("confidence", "reprojection"):
        [table] = tables_of(source, asked)
        if table in source.errors.values() or asked.quantity == "confidence":
            coord = "likelihood" if asked.quantity == "confidence" else VALUE
            return Series(read_cells(table, [(name, coord)], start, stop, shelf)[:, 0])
        cells = [(name, coord) for coord in (*WORLD[:2], *OBSERVED)]
        values = read_cells(table, cells, start, stop, shelf)
        return Series(np.linalg.norm(values[:, :2] - values[:, 2:], axis=1))
    if asked.quantity == "speed":
        before = max(0, start - 1)
        points = read_points(source, asked._replace(start=before), shelf, rig)
        return Series(speeds(points, before, times)[start - before :])
    axis = WORLD.index(asked.quantity)
    points = read_points(source, asked, shelf, rig)
    if axis >= points.shape[1]:
        raise DataError("there is no z in pixels")
    half = None
    [table] = tables_of(source, asked)
    cell = (name, f"{asked.quantity}{VARIANCE}")
    if cell in extent_of(table).head.cells and (asked.space == "world" or table != source.world):
        half = BAND * np.sqrt(read_cells(table, [cell], start, stop, shelf)[:, 0])
    return Series(points[:, axis], half)


def read_points(source: Source, asked: Asked, shelf: Shelf, rig: Rig | None) -> Float32[np.ndarray, "T D"]:
    """Return a keypoint's pixels in a view, or its world points.

    Raises:
        DataError: as `read_series`.
    """
    [table] = tables_of(source, asked)
    if table != source.world:
        cells = [(asked.keypoint, axis) for axis in WORLD[:2]]
        return read_cells(table, cells, asked.start, asked.stop, shelf)
    cells = [(asked.keypoint, axis) for axis in WORLD]
    xyz = read_cells(table, cells, asked.start, asked.stop, shelf)
    if asked.space == "world":
        return xyz
    if rig is None or asked.view not in rig.names:
        raise DataError(f"{source.name} has no pixels, and there is no camera of view {asked.view!r}")
    return projected(xyz[:, None], rig.select([asked.view]))[:, 0, 0, :2]


def speeds(
    points: Float32[np.ndarray, "T D"], start: int, times: Float[np.ndarray, "N"] | None
) -> Float32[np.ndarray, "T"]:
    """Return the distance to the frame before over the time since; NaN in the first.

    Args:
        points: from frame `start` on.
        start: its number.
        times: when each frame was filmed (s); frames behind its end follow at the mean rate. None to count
            in frames.
    """
    steps = np.linalg.norm(np.diff(points.astype(np.float64), axis=0), axis=1)
    if times is not None and len(times) > 1:
        numbers = np.arange(start, start + len(points))
        mean = (times[-1] - times[0]) / (len(times) - 1)
        known = times[np.minimum(numbers, len(times) - 1)]
        seconds = np.diff(known + mean * np.maximum(0, numbers - len(times) + 1))
        steps = steps / np.where(seconds > 0, seconds, np.nan)
    return np.concatenate([[np.nan], steps]).astype(np.float32)[: len(points)]


def unit_of(asked: Asked, world_unit: str | None, timed: bool) -> str:
    """Return the unit of a series, in words."""
    if asked.quantity == "confidence":
        return ""
    space = "px" if asked.space == "px" or asked.quantity == "reprojection" else world_unit or "world units"
    return space if asked.quantity != "speed" else f"{space}/{'s' if timed else 'frame'}"


def _has(table: Path, coord: str) -> bool:
    return coord in extent_of(table).head.coords


def _world(source: Source) -> Path:
    if source.world is None:
        raise DataError(f"{source.name} has no world points")
    return source.world


def _padded(values: Float32[np.ndarray, "T"], step: int) -> Float32[np.ndarray, "N"]:
    """Return values filled up with missing ones to whole bins."""
    return np.concatenate([values, np.full(-len(values) % step, np.nan, dtype=values.dtype)])
