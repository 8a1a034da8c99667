"""The numbers of a source as one CSV for other programs: a row per frame, a column per number."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from apps.results.copies import VARIANCE, Cell
from apps.results.rows import Rows, state_of
from apps.results.sources import Source
from apps.results.windows import WORLD, extent_of
from lightning_pose.core.errors import DataError

AT_ONCE = 2048  # frames
SHOWN = (*WORLD, "likelihood")


class Part(NamedTuple):
    """What is taken of one table.

    Attributes:
        table: CSV of a view, or of world points.
        cells: keypoints and coordinates.
        titles: of the columns that they become.
    """

    table: Path
    cells: list[Cell]
    titles: list[str]


def parts_of(source: Source, keypoints: Sequence[str], views: Sequence[str], unit: str) -> list[Part]:
    """Return what is taken of the tables of a source: pixels of views, then world points.

    Args:
        source: whose.
        keypoints: by name; those that a table lacks are left out.
        views: whose pixels.
        unit: of the world.

    Raises:
        DataError: when a table cannot be read.
    """
    tables = [(view or "video", table, "px") for view, table in source.views.items() if view in views]
    if source.world is not None:
        tables.append(("world", source.world, unit))
    found = []
    for where, table, own in tables:
        head = extent_of(table).head
        coords = [c for c in head.coords if c in SHOWN or c.endswith(VARIANCE)]
        cells = [(name, coord) for name in keypoints if name in head.names for coord in coords]
        titles = [f"{where}/{name}/{_title(coord, own)}" for name, coord in cells]
        found.append(Part(table, cells, titles))
    return found


def write_rows(
    parts: Sequence[Part], start: int, stop: int, times: Float[np.ndarray, "N"] | None
) -> Iterator[str]:
    """Yield the lines of the CSV, some at a time: frame, seconds, then the numbers as the tables have them.

    Args:
        parts: from `parts_of`.
        start: first frame.
        stop: frame to stop before.
        times: when frames were filmed (s); None, or its end, leaves cells empty.

    Raises:
        DataError: when a table is faulty, or changes meanwhile.
    """
    states = [state_of(part.table) for part in parts]
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(
        ["frame", "seconds", *(title for part in parts for title in part.titles)]
    )
    yield line.getvalue()
    for begin in range(start, stop, AT_ONCE):
        end = min(stop, begin + AT_ONCE)
        columns: dict[int, np.ndarray] = {0: np.arange(begin, end), 1: _seconds(times, begin, end)}
        for part, state in zip(parts, states, strict=True):
            values = np.full((end - begin, len(part.cells)), np.nan)
            with Rows(part.table) as rows:
                frames, found = rows.read(begin, end)
                values[frames - begin] = found[:, [rows.head.cells[cell] for cell in part.cells]]
            if state_of(part.table) != state:
                raise DataError(f"{part.table} changed while it was read")
            columns |= {len(columns) + place: column for place, column in enumerate(values.T)}
        yield pd.DataFrame(columns).to_csv(header=False, index=False, lineterminator="\n")


def _seconds(times: Float[np.ndarray, "N"] | None, begin: int, end: int) -> Float[np.ndarray, "n"]:
    values = np.full(end - begin, np.nan)
    if times is not None:
        known = times[begin:end] - times[0]
        values[: len(known)] = np.round(known, 9)
    return values


def _title(coord: str, unit: str) -> str:
    """Return what a column is called: the coordinate, with its unit."""
    if coord == "likelihood":
        return "confidence"
    if coord.endswith(VARIANCE):
        return f"{coord.removesuffix(VARIANCE)}_variance_{unit}2"
    return f"{coord}_{unit}"
