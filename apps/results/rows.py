"""Rows of a long CSV by frame number, without reading what lies before them.

The first cell of every row is the number of its frame, in ascending order, and rows are about equally long.
So a frame is found as a name in a telephone book: open where it should be, and halve what is left. Nothing is
kept, and the last frame of an hour costs as much as the first.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64

from lightning_pose.core.csv_header import SET, read_header, read_lines
from lightning_pose.core.csv_numbers import columns_of
from lightning_pose.core.errors import DataError

STRETCH = 1 << 16  # bytes looked at around a guess; longer rows are met by looking at more
LONGEST_ROW = 1 << 22
CELL = 32  # bytes in which the number of a frame ends
VALUE = "value"  # the one coordinate of a metric


class State(NamedTuple):
    """What tells the states of a file apart."""

    mtime_ns: int
    size: int

    @property
    def version(self) -> str:
        """As text, for addresses and file names."""
        return f"{self.mtime_ns:x}-{self.size:x}"


def state_of(path: Path) -> State:
    """Return the state that a file is in.

    Raises:
        DataError: when it is gone.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): was it moved or deleted?") from error
    return State(stat.st_mtime_ns, stat.st_size)


def open_file(path: Path) -> int:
    """Open a file for `read_at`.

    Raises:
        OSError: when it cannot be read.
    """
    return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))


def read_at(file: int, count: int, place: int) -> bytes:
    """Return so many bytes of an open file from a place on, fewer at its end."""
    if hasattr(os, "pread"):
        return os.pread(file, count, place)
    os.lseek(file, place, os.SEEK_SET)
    return os.read(file, count)


class Head(NamedTuple):
    """Which column of a table holds what.

    Attributes:
        names: keypoints, in order.
        coords: what there is of every keypoint, such as x, y and likelihood; `value` in a table of a metric.
        cells: column of a keypoint and a coordinate.
        text: columns that are no numbers.
        width: number of columns.
        lines: number of lines before the first row.
    """

    names: tuple[str, ...]
    coords: tuple[str, ...]
    cells: dict[tuple[str, str], int]
    text: tuple[int, ...]
    width: int
    lines: int


def read_head(path: Path) -> Head:
    """Read the header of a table of poses, or of a metric.

    Raises:
        DataError: when it is neither.
    """
    first = read_lines(path, 1)[0]
    if first[:1] == ["scorer"]:
        header = read_header(path)
        return Head(header.names, header.coords, header.cells, header.sets, header.width, header.lines)
    names = tuple(first[1:])
    text = tuple(place for place, name in enumerate(first) if place and name == SET)
    kept = tuple(name for name in names if name != SET)
    if not kept:
        raise DataError(f"{path}: expected a table of poses or of a metric, got '{','.join(first)[:60]}'")
    cells = {(name, VALUE): place for place, name in enumerate(names, start=1) if name != SET}
    return Head(kept, (VALUE,), cells, text, len(first), 1)


@lru_cache(maxsize=1024)
def _head(path: Path, state: State) -> Head:
    """Return the header of one state of a table."""
    return read_head(path)


class Rows:
    """The rows of one table of numbers, open. A context manager, not for several threads at a time."""

    def __init__(self, path: Path) -> None:
        """Open a table of poses or of a metric.

        Raises:
            DataError: when it is neither, or cannot be read.
        """
        self.path = path
        self.head = _head(path, state_of(path))
        try:
            self._file = open_file(path)
        except OSError as error:
            raise DataError(f"{path} cannot be read ({error.strerror})") from error
        self._size = os.fstat(self._file).st_size
        self._begin = 0
        for _ in range(self.head.lines):
            self._begin = self._row_end(self._begin)

    def __enter__(self) -> "Rows":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def first(self) -> int | None:
        """Return the number of the first frame; None of a table without rows."""
        return self._frame(self._begin) if self._begin < self._size else None

    def last(self) -> int | None:
        """Return the number of the last frame; None of a table without rows."""
        place = self._size
        for back in (STRETCH, LONGEST_ROW):
            start = max(self._begin, self._size - back)
            lines = read_at(self._file, self._size - start, start).rstrip(b"\r\n").rsplit(b"\n", 1)
            place = start + len(lines[0]) + 1 if len(lines) == 2 else start
            if len(lines) == 2 or start == self._begin:
                break
        return self._frame(place) if place < self._size else None

    def read(self, start: int, stop: int) -> tuple[Int64[np.ndarray, "n"], Float[np.ndarray, "n C"]]:
        """Return the numbers of the frames from `start` to `stop` that have a row, and all cells of the rows.

        Raises:
            DataError: when rows are cut off or faulty, or frames are no numbers.
        """
        low, high = self._place(start), self._place(stop)
        body = read_at(self._file, max(0, high - low), low)
        columns = columns_of(self.path, self.head.lines, body, self.head.width)
        cells = np.stack(columns, axis=1) if body else np.zeros((0, self.head.width))
        frames = cells[:, 0]
        if not np.array_equal(frames, np.rint(frames)) or (np.diff(frames) <= 0).any():
            raise DataError(f"{self.path}: expected a row per frame in ascending order, around frame {start}")
        keep = (frames >= start) & (frames < stop)
        return frames[keep].astype(np.int64), cells[keep]

    def _place(self, frame: int) -> int:
        """Return where the first row begins whose frame is not before this one; the end where none is."""
        low, high = self._begin, self._size  # the row is at or behind low, and at or before high
        first, last = self.first(), self.last()
        if first is None or last is None or frame <= first:
            return low
        if frame > last:
            return high
        low_frame, high_frame = first, last + 1
        guess = False
        while high - low > STRETCH:
            guess = not guess  # in turn with halving, which ends also where rows differ much in length
            share = (frame - low_frame) / (high_frame - low_frame) if guess else 0.5
            middle = self._row_end(low + int(share * (high - low)))
            if middle >= high and guess:
                continue
            if middle >= high:  # one row is most of what is left
                break
            found = self._frame(middle)
            if found < frame:
                low, low_frame = middle, found
            else:
                high, high_frame = middle, found
        left = read_at(self._file, high - low, low)
        place = 0
        while place < len(left) and self._number(left[place : place + CELL]) < frame:
            place = left.find(b"\n", place) + 1 or len(left)
        return low + place

    def _row_end(self, place: int) -> int:
        """Return where the next row begins behind a place."""
        step = 4096
        while place < self._size:
            stretch = read_at(self._file, step, place)
            found = stretch.find(b"\n")
            if found >= 0:
                return place + found + 1
            place += len(stretch)
            step = STRETCH
        return self._size

    def _frame(self, place: int) -> int:
        """Return the number of the frame whose row begins at a place.

        Raises:
            DataError: when the first cell is none.
        """
        return self._number(read_at(self._file, CELL, place))

    def _number(self, text: bytes) -> int:
        """Return the number of the frame whose row begins so.

        Raises:
            DataError: when the first cell is none.
        """
        cell = text.split(b",", 1)[0].strip()
        try:
            number = float(cell)
            if number != int(number):
                raise ValueError
        except (ValueError, OverflowError):
            raise DataError(
                f"{self.path}: expected the number of a frame at the start of every row, got "
                f"'{cell[:24].decode(errors='replace')}'"
            ) from None
        return int(number)
