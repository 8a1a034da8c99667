"""Tables of any length, a stretch of frames at a time."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from lightning_pose.core.csv_header import SET, read_header, read_lines
from lightning_pose.core.csv_numbers import columns_of, iterate_columns
from lightning_pose.core.errors import DataError

VALUE = "value"  # the one coordinate of a metric
BYTES_AT_ONCE = 1 << 24


class Rows(NamedTuple):
    """Frames in a row of a table: their numbers, and what every coordinate is for every keypoint."""

    frames: Int[np.ndarray, "t"]
    columns: dict[str, Float[np.ndarray, "t K"]]


class Table:
    """A table of poses, or of a metric, that is indexed by frame numbers."""

    def __init__(self, path: Path | str) -> None:
        """Read the header.

        Raises:
            DataError: when there is no such file, or its header is none.
        """
        self.path = Path(path)
        first = read_lines(self.path, 1)[0]
        if first[:1] == ["scorer"]:
            header = read_header(self.path)
            if len(header.index) > 1 or header.sets:
                raise DataError(f"{self.path} is indexed by images: expected predictions of a video")
            self.names, self._skip, self._width = header.names, header.lines, header.width
            self._cells = {
                coord: [header.cells[name, coord] for name in header.names] for coord in header.coords
            }
        else:
            self.names, self._skip, self._width = tuple(first[1:]), 1, len(first)
            if SET in self.names:
                raise DataError(f"{self.path} is indexed by images: expected a metric of a video")
            self._cells = {VALUE: list(range(1, len(first)))}

    @property
    def coords(self) -> tuple[str, ...]:
        """What there is of every keypoint."""
        return tuple(self._cells)

    def blocks(self, rows: int) -> Iterator[Rows]:
        """Yield all rows in order, `rows` at a time; the last time those that are left.

        Raises:
            DataError: when rows have too few or too many cells or a cell is not a number, with the lines.
        """
        held: list[np.ndarray] = []
        given = count = 0
        for columns in iterate_columns(self.path, self._skip, self._width, []):
            held.append(np.stack(columns, axis=1))
            count += len(columns[0])
            while count - given >= rows:
                whole = np.concatenate(held)
                yield self._rows(whole[:rows])
                held, given = [whole[rows:]], given + rows
        if not count:
            raise DataError(f"{self.path} has a header but no rows")
        if count > given:
            yield self._rows(np.concatenate(held))

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self._lines) - 1

    def rows(self, start: int, stop: int) -> Rows:
        """Return some of the rows, counted from the first; those beyond the end are left out.

        Raises:
            DataError: as `blocks`.
        """
        first, last = (int(self._lines[min(row, self.count)]) for row in (start, stop))
        with self.path.open("rb") as source:
            source.seek(first)
            body = source.read(last - first)
        return self._rows(np.stack(columns_of(self.path, self._skip, body, self._width), axis=1))

    @cached_property
    def _lines(self) -> Int[np.ndarray, "_"]:
        """Return where in the file each row begins, and where the last one ends; blank lines are none."""
        ends, place = [np.zeros(1, dtype=np.int64)], 0
        with self.path.open("rb") as source:
            while data := source.read(BYTES_AT_ONCE):
                ends.append(np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + place + 1)
                place += len(data)
        bounds = np.concatenate(ends)
        bounds = bounds if bounds[-1] == place else np.append(bounds, place)
        bounds = bounds[self._skip :]
        written = np.diff(bounds) > len("\r\n")
        return np.append(bounds[:-1][written], place)

    def _rows(self, body: Float[np.ndarray, "t C"]) -> Rows:
        """Return rows as frames and coordinates."""
        if not np.isfinite(body[:, 0]).all():
            raise DataError(f"{self.path}: a row names no frame: its first cell is empty")
        frames = np.rint(body[:, 0]).astype(np.int64)
        return Rows(frames, {coord: body[:, cells] for coord, cells in self._cells.items()})
