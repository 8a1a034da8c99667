"""Poses of some frames in all views of a source, as the viewer draws them."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from apps.results.copies import Cell
from apps.results.rows import Head, Rows, State, state_of
from apps.results.shelf import Shelf
from apps.results.sources import Source
from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import DataError

POINT, VARIANCES = ("x", "y", "likelihood"), ("x_posterior_var", "y_posterior_var")
FIELDS, FIELDS_VARIANCE = ("x", "y", "confidence"), ("x", "y", "confidence", "sxx", "sxy", "syy")
WORLD = ("x", "y", "z")


class Window(NamedTuple):
    """Poses of the frames from `start` on; NaN is missing.

    Attributes:
        start: number of the first frame.
        views: whose pixels there are.
        fields: of a keypoint in a view: x, y (px), confidence, and the covariance (px^2) where there is one.
        xy: those.
        xyz: world points (world units); None where the source has none.
        faults: sentences on the tables that cannot be read now; their numbers are missing.
    """

    start: int
    views: tuple[str, ...]
    fields: tuple[str, ...]
    xy: Float32[np.ndarray, "T V K F"]
    xyz: Float32[np.ndarray, "T K 3"] | None
    faults: list[str]


class Extent(NamedTuple):
    """What a table holds, known from its first and last lines.

    Attributes:
        head: its header.
        stop: number of the frame behind its last one.
    """

    head: Head
    stop: int


def extent_of(table: Path) -> Extent:
    """Return what a table holds.

    Raises:
        DataError: when it cannot be read.
    """
    return _extent(table, state_of(table))


def version_of(tables: Sequence[Path]) -> str:
    """Return what changes when any of the tables does; of one that is gone, that it is."""
    states = []
    for table in tables:
        try:
            states.append(state_of(table).version)
        except DataError:
            states.append("gone")
    return hashlib.sha256(" ".join(states).encode()).hexdigest()[:16]


def read_cells(
    table: Path, cells: Sequence[Cell], start: int, stop: int, shelf: Shelf
) -> Float32[np.ndarray, "T C"]:
    """Return some columns of the frames from `start` to `stop`, from the copy of a table or its text.

    Raises:
        DataError: when the table cannot be read.
    """
    copy = shelf.open(table)
    if copy is not None:
        with copy:
            return copy.window(cells, start, stop)
    values = np.full((stop - start, len(cells)), np.nan, dtype=np.float32)
    with Rows(table) as rows:
        frames, found = rows.read(start, stop)
        known = [(to, rows.head.cells[cell]) for to, cell in enumerate(cells) if cell in rows.head.cells]
    if known and len(frames):
        targets, places = np.array(known).T
        values[np.ix_(frames - start, targets)] = found[:, places]
    return values


def read_window(
    source: Source, names: Sequence[str], start: int, stop: int, shelf: Shelf, rig: Rig | None = None
) -> Window:
    """Return the poses of some frames.

    Args:
        source: whose.
        names: keypoints in order; those that it lacks are missing.
        start: first frame.
        stop: frame to stop before.
        shelf: of the copies.
        rig: with it, a source that has world points alone gets the pixels of these.

    Raises:
        DataError: when none of its tables can be read.
    """
    faults: list[str] = []
    varied = has_variance(source)
    coords = POINT + VARIANCES if varied else POINT
    fields = FIELDS_VARIANCE if varied else FIELDS
    xy = np.full((stop - start, len(source.views), len(names), len(fields)), np.nan, dtype=np.float32)
    for v, table in enumerate(source.views.values()):
        values = _cells_or_none(table, [(n, c) for n in names for c in coords], start, stop, shelf, faults)
        if values is not None:
            block = values.reshape(stop - start, len(names), len(coords))
            xy[:, v, :, :3] = block[..., :3]
            if varied:
                xy[:, v, :, 3], xy[:, v, :, 5] = block[..., 3], block[..., 4]
                xy[:, v, :, 4] = np.where(np.isfinite(block[..., 3]), 0, np.nan)
    xyz = None
    if source.world is not None:
        values = _cells_or_none(
            source.world, [(n, c) for n in names for c in WORLD], start, stop, shelf, faults
        )
        if values is not None:
            xyz = values.reshape(stop - start, len(names), 3)
    if faults and len(faults) == len(source.tables):
        raise DataError(faults[0])
    views = tuple(source.views)
    if not views and xyz is not None and rig is not None:
        views, xy = rig.names, projected(xyz, rig)
    return Window(start, views, fields, xy, xyz, faults)


def projected(xyz: Float32[np.ndarray, "T K 3"], rig: Rig) -> Float32[np.ndarray, "T V K 3"]:
    """Return where the cameras see world points (px), with a confidence that is not known."""
    pixels = np.moveaxis(rig.project(xyz), 0, 1)
    return np.concatenate([pixels, np.full((*pixels.shape[:3], 1), np.nan)], axis=3).astype(np.float32)


def has_variance(source: Source) -> bool:
    """Return whether the tables of pixels say how sure they are; those that cannot be read say nothing."""
    return _says(next(iter(source.views.values()), None), VARIANCES[0])


def has_confidence(source: Source) -> bool:
    """Return whether the tables of pixels have confidences."""
    return _says(next(iter(source.views.values()), None), "likelihood")


def _says(table: Path | None, coord: str) -> bool:
    if table is None:
        return False
    try:
        return coord in extent_of(table).head.coords
    except DataError:
        return False


def _cells_or_none(
    table: Path, cells: list[Cell], start: int, stop: int, shelf: Shelf, faults: list[str]
) -> Float32[np.ndarray, "T C"] | None:
    """Return `read_cells`, or None and the reason among the faults."""
    try:
        return read_cells(table, cells, start, stop, shelf)
    except DataError as error:
        faults.append(str(error))
        return None


@lru_cache(maxsize=1024)
def _extent(table: Path, state: State) -> Extent:
    with Rows(table) as rows:
        last = rows.last()
        return Extent(rows.head, 0 if last is None else last + 1)
