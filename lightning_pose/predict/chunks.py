"""What has been predicted of a session that is not finished, on disk, so that a killed run goes on.

A file begins with a line of JSON that says what it is of. Then come the blocks, each with its place, its
length and a checksum before its numbers; they are appended as they are predicted and never changed. What a
kill, a crash of the machine or a full disk leaves half-written at the end fails its checksum and is cut off.
"""

import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from lightning_pose.core.errors import DataError
from lightning_pose.predict.identity import differences
from lightning_pose.predict.tracks import Block

MAGIC = "litpose partial predictions 1"
_HEAD = struct.Struct("<QQI")  # first instant, number of instants, CRC-32 of the numbers


class Shape(NamedTuple):
    """What every instant of a session has."""

    members: int
    views: int
    keypoints: int


class Chunks:
    """The blocks of one unfinished session, in order and without gaps. One process at a time.

    Attributes:
        path: the file.
        stop: number of the instant after the last that is there.
        refused: why what was there before could not be used; empty where it could, or nothing was.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any], shape: Shape, *, anew: bool = False) -> None:
        """Describe the file; it is opened by `with`.

        Args:
            path: its folder is made where it is missing.
            identity: all that the predictions depend on, as JSON knows it, by names for people; only a file
                that says the same is continued, any other is begun anew.
            shape: of an instant.
            anew: begin anew whatever there is, unless another process is writing it.
        """
        self.path, self.shape, self._anew = path, shape, anew
        self.stop, self.refused = 0, ""
        self._identity = json.loads(json.dumps({"format": MAGIC, "shape": list(shape), **identity}))

    def __enter__(self) -> "Chunks":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = self.path.open("r+b" if self.path.exists() else "x+b", buffering=0)
        try:
            self._claim()
            if self._anew or not self._continues():
                self._file.seek(0)
                self._file.truncate()
                self._file.write(json.dumps(self._identity).encode() + b"\n")
            self._begin = self._file.tell()
            self._file.truncate(self._walk())
            self._file.seek(0, os.SEEK_END)
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, block: Block) -> None:
        """Add the next instants.

        Raises:
            OSError: when the disk is full; what was there before stays.
        """
        assert block.start == self.stop, f"instant {block.start} after {self.stop}"
        numbers = np.concatenate([block.xy, block.confidence[..., None]], axis=-1)
        payload = np.ascontiguousarray(numbers.transpose(2, 0, 1, 3, 4), dtype="<f4").tobytes()
        head = _HEAD.pack(block.start, block.stop - block.start, zlib.crc32(payload))
        _write_all(self._file, head + payload)
        self.stop = block.stop

    def blocks(self, rows: int) -> Iterator[Block]:
        """Yield all instants in blocks of so many, the last one shorter, however they were appended."""
        held: list[np.ndarray] = []
        start = stop = 0
        for numbers in self._numbers():
            held.append(numbers)
            stop += len(numbers)
            while stop - start >= rows:
                whole = np.concatenate(held)
                yield _block(start, whole[:rows])
                held, start = [whole[rows:]], start + rows
        if stop > start:
            yield _block(start, np.concatenate(held))

    def discard(self) -> None:
        """Remove the file: all of it is in the tables now."""
        if os.name == "nt":  # which removes no file that is open
            self._file.close()
        self.path.unlink(missing_ok=True)
        self._file.close()  # only now: who waits for the lock must find that the file is gone

    def _claim(self) -> None:
        """Make sure that no other process writes the same predictions.

        Raises:
            DataError: when one does.
        """
        try:
            import fcntl
        except ImportError:  # Windows refuses the second opening for writing by itself
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(self._file.fileno()), self.path.stat()):
                return
        except (BlockingIOError, FileNotFoundError):
            pass
        except OSError:  # a network drive without locks
            return
        raise DataError(f"{self.path} is being written by another run of this program")

    def _continues(self) -> bool:
        """Return whether the file is of the same model and videos; else say why not."""
        with self.path.open("rb") as source:
            first = source.readline(1 << 20)
        if not first:
            return False
        try:
            there = json.loads(first)
            assert isinstance(there, dict) and first.endswith(b"\n")
        except (ValueError, AssertionError):
            self.refused = "it is damaged"
            return False
        if there.get("format") != MAGIC:
            self.refused = "it is of another version of this program"
            return False
        changed = differences(there, self._identity)
        self.refused = f"it is of {changed}" if changed else ""
        self._file.seek(len(first))
        return not changed

    def _walk(self) -> int:
        """Go through the blocks; return where the last whole one ends."""
        end = self._begin
        for numbers in self._numbers():
            self.stop += len(numbers)
            end += _HEAD.size + numbers.nbytes
        return end

    def _numbers(self) -> Iterator[np.ndarray]:
        """Yield the numbers of the blocks, t M V K 3, up to the first that is not whole."""
        row = 4 * 3 * int(np.prod(self.shape))
        expected = 0
        with self.path.open("rb") as source:
            source.seek(self._begin)
            while len(head := source.read(_HEAD.size)) == _HEAD.size:
                start, count, checksum = _HEAD.unpack(head)
                payload = source.read(count * row) if start == expected and count < 1 << 24 else b""
                if not count or len(payload) < count * row or zlib.crc32(payload) != checksum:
                    return
                expected += count
                yield np.frombuffer(payload, "<f4").reshape(count, *self.shape, 3)


def _block(start: int, numbers: np.ndarray) -> Block:
    """Return numbers t M V K 3 as a block."""
    by_view = np.ascontiguousarray(numbers.transpose(1, 2, 0, 3, 4))
    return Block(start, by_view[..., :2], by_view[..., 2])


def _write_all(file: BinaryIO, data: bytes) -> None:
    """Write to an unbuffered file, which may take it in pieces."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
