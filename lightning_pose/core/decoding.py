"""Decoded frames of one video by number, each made sure by its time stamp."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame

from lightning_pose.core.errors import VideoError
from lightning_pose.core.packet_table import PacketTable, open_stream


class Decoder:
    """The decoder of one video, for one thread at a time. Neighbours in ascending order cost no seek.

    Attributes:
        next: number of the frame that it gives next.
    """

    def __init__(self, path: Path, table: PacketTable, threads: int = 0) -> None:
        """Open a video.

        Args:
            path: the video.
            table: its packets.
            threads: to decode on; 0 for as many as help.

        Raises:
            VideoError: when the file is not a video.
        """
        self._path, self._table, self._threads = path, table, threads
        self._open()

    def frame(self, number: int) -> VideoFrame:
        """Return a frame, seeking only where that is shorter than decoding on.

        Raises:
            VideoError: when the frame is not in the file, or it or one on the way to it cannot be decoded.
        """
        pts, keys = self._table.pts, self._table.key_pts
        if not self._table.present[number]:
            raise self._broken(number, "the frame is not in the file")
        key = int(np.searchsorted(keys, pts[number], side="right")) - 1 if self._table.seekable else -1
        behind = number < self.next
        if behind or (key >= 0 and keys[key] > pts[min(self.next, len(pts) - 1)]):
            # Some containers land behind the key frame asked for: step back, at last to the beginning.
            for candidate in range(key, -1, -1):
                if self._seek(int(keys[candidate])) <= number:
                    break
            else:
                self.close()
                self._open()
        while self.next < number:
            self._decode()
        return self._decode()

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _open(self) -> None:
        """Start at the beginning of the file."""
        self._container, self._stream = open_stream(self._path, self._threads)
        self._decoded = self._container.decode(self._stream)
        self.next = 0

    def _seek(self, stamp: int) -> int:
        """Start at a key frame; return the number of the frame that comes first."""
        self._container.seek(stamp, stream=self._stream, backward=True)
        self._decoded = self._container.decode(self._stream)
        try:
            first = next(self._decoded, None)
        except av.FFmpegError:  # not a place to start after all; an earlier one may be
            first = None
        if first is None or first.pts is None:
            return len(self._table.pts)
        self._decoded = _chain(first, self._decoded)
        self.next = int(np.searchsorted(self._table.pts, first.pts))
        return self.next

    def _decode(self) -> VideoFrame:
        """Return the next frame, made sure by its time stamp to be the one expected."""
        number = self.next
        while not self._table.present[number]:
            number += 1
        try:
            frame = next(self._decoded, None)
        except av.FFmpegError as error:
            raise self._broken(number, str(error.strerror)) from error
        if frame is None:
            raise self._broken(number, "the data ends")
        if frame.is_corrupt or (self._table.seekable and frame.pts != self._table.pts[number]):
            raise self._broken(number, "the frame is damaged")
        self.next = number + 1
        return frame

    def _broken(self, number: int, reason: str) -> VideoError:
        """Return the error for a frame that does not come out of the decoder, which starts anew after it."""
        total = self.next = len(self._table.pts)
        return VideoError(
            f"{self._path}: the video stops half way: {number} of {total} frames could be read "
            f"({reason}). Copy or record it again."
        )


def _chain(first: VideoFrame, rest: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """Put a frame back in front of the decoder's others."""
    yield first
    yield from rest
