"""A table in binary, from which a window of all columns and a column of all frames are a few short reads.

    "litpose columns 1" and a line feed, length of the header (uint32), the header (JSON), zeros up to a
    multiple of 4096; then blocks of 1024 frames: column after column, 1024 little-endian float32 each.

NaN is missing. Frame t of a video is row t, whether the text has a row of it or not. A copy is good for one
state of its text, which its file name says; it may be deleted at any time. It is read with `pread`, since
what a memory map touches counts as memory of the process.
"""

import json
import os
import struct
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from jaxtyping import Float32, Int64

from apps.results.rows import Head, open_file, read_at
from lightning_pose.core.errors import DataError

MAGIC = b"litpose columns 1\n"
ROWS, PAGE = 1024, 4096
FEW = 8  # times as many columns as are asked for, from which on single ones are read
OBSERVED = ("x_ens_median", "y_ens_median")  # what the smoother was given
KEPT = ("x", "y", "z", "likelihood", *OBSERVED, "value")  # and the variances
VARIANCE = "_posterior_var"

Cell = tuple[str, str]


class CopyHead(NamedTuple):
    """What a copy says of itself.

    Attributes:
        cells: keypoint and coordinate of every column.
        frames: number of rows.
        offset: where the blocks begin, bytes.
    """

    cells: dict[Cell, int]
    frames: int
    offset: int


class CopyWriter:
    """Writes a copy; the rows come in ascending order of frames."""

    def __init__(self, file: BinaryIO, head: Head) -> None:
        """Begin an empty file."""
        self.cells = [cell for cell in head.cells if cell[1] in KEPT or cell[1].endswith(VARIANCE)]
        self._columns = np.array([head.cells[cell] for cell in self.cells])
        self._file = file
        self._length = len(self._record(2**53))
        self._file.write(self._header(0))
        self._block = self._empty()
        self._number = 0
        self.frames = 0

    def add(self, frames: Int64[np.ndarray, "n"], columns: Sequence[np.ndarray]) -> None:
        """Write the rows of some frames, all columns of the text given."""
        place = 0
        while place < len(frames):
            block = int(frames[place]) // ROWS
            while self._number < block:
                self._flush()
            stop = place + int(np.searchsorted(frames[place:], (block + 1) * ROWS))
            rows = frames[place:stop] - block * ROWS
            for row, column in enumerate(self._columns):
                self._block[row, rows] = columns[column][place:stop]
            place = stop
            self.frames = int(frames[stop - 1]) + 1

    def finish(self) -> None:
        """Write what is left, and how much it was."""
        if self.frames > self._number * ROWS:
            self._flush()
        self._file.seek(0)
        self._file.write(self._header(self.frames))

    def _flush(self) -> None:
        self._file.write(self._block.tobytes())
        self._block = self._empty()
        self._number += 1

    def _empty(self) -> np.ndarray:
        return np.full((len(self.cells), ROWS), np.nan, dtype="<f4")

    def _header(self, frames: int) -> bytes:
        head = MAGIC + struct.pack("<I", self._length) + self._record(frames).ljust(self._length)
        return head.ljust(-(-len(head) // PAGE) * PAGE, b"\0")

    def _record(self, frames: int) -> bytes:
        return json.dumps({"frames": frames, "cells": self.cells}).encode()


class Copy:
    """A copy, open. A context manager, not for several threads at a time."""

    def __init__(self, path: Path) -> None:
        """Open a copy.

        Raises:
            DataError: when it is none, or not whole.
            OSError: when it is not there.
        """
        self._file = open_file(path)
        try:
            stat = os.fstat(self._file)
            self.head = _read_head(_Opened(self._file, path, stat.st_ino, stat.st_size))
        except (ValueError, KeyError, TypeError, struct.error) as error:
            os.close(self._file)
            raise DataError(f"{path} is not a copy of a table") from error

    def __enter__(self) -> "Copy":
        return self

    def __exit__(self, *_: Any) -> None:
        os.close(self._file)

    def column(self, cell: Cell, start: int, stop: int) -> Float32[np.ndarray, "T"]:
        """Return one column from `start` to `stop`; NaN where the table has no such column or frame."""
        place = self.head.cells.get(cell)
        values = np.full(stop - start, np.nan, dtype=np.float32)
        end = min(stop, self.head.frames)
        if place is None or start >= end:
            return values
        first, last = start // ROWS, (end - 1) // ROWS + 1
        width = len(self.head.cells) * ROWS * 4
        parts = [
            read_at(self._file, ROWS * 4, self.head.offset + block * width + place * ROWS * 4)
            for block in range(first, last)
        ]
        read = np.frombuffer(b"".join(parts), dtype="<f4")
        values[: end - start] = read[start - first * ROWS : end - first * ROWS]
        return values

    def window(self, cells: Sequence[Cell], start: int, stop: int) -> Float32[np.ndarray, "T C"]:
        """Return several columns from `start` to `stop`, see `column`."""
        values = np.full((stop - start, len(cells)), np.nan, dtype=np.float32)
        known = [(to, self.head.cells[cell]) for to, cell in enumerate(cells) if cell in self.head.cells]
        end = min(stop, self.head.frames)
        if not known:
            return values
        if FEW * len(known) < len(self.head.cells):
            for to, _ in known:
                values[:, to] = self.column(cells[to], start, stop)
            return values
        targets, places = np.array(known).T
        width = len(self.head.cells) * ROWS * 4
        for block in range(start // ROWS, -(-end // ROWS)):
            data = read_at(self._file, width, self.head.offset + block * width)
            rows = np.frombuffer(data, dtype="<f4").reshape(-1, ROWS)[places].T
            low, high = max(start, block * ROWS), min(end, (block + 1) * ROWS)
            values[low - start : high - start, targets] = rows[low - block * ROWS : high - block * ROWS]
        return values


class _Opened(NamedTuple):
    """An open file; of one that is the same, but for being opened again, what it says is remembered."""

    file: int
    path: Path
    inode: int
    size: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Opened) and self[1:] == other[1:]

    def __hash__(self) -> int:
        return hash(self[1:])


@lru_cache(maxsize=256)
def _read_head(opened: _Opened) -> CopyHead:
    """Return what an open file says of itself.

    Raises:
        ValueError: when it is not a copy, or not whole.
    """
    file = opened.file
    begin = len(MAGIC) + 4
    lead = read_at(file, begin, 0)
    if lead[: len(MAGIC)] != MAGIC:
        raise ValueError("not a copy")
    (length,) = struct.unpack("<I", lead[len(MAGIC) :])
    record = json.loads(read_at(file, length, begin))
    cells = {(str(name), str(coord)): place for place, (name, coord) in enumerate(record["cells"])}
    offset = -(-(begin + length) // PAGE) * PAGE
    blocks = -(-int(record["frames"]) // ROWS)
    if opened.size != offset + blocks * len(cells) * ROWS * 4:
        raise ValueError("not whole")
    return CopyHead(cells, int(record["frames"]), offset)
