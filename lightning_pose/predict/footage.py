"""The frames of a session's videos at the network's size, decoded ahead of who takes them."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from jaxtyping import Bool, UInt8

from lightning_pose.core.sessions import Session
from lightning_pose.core.video import VideoReader

AHEAD_BYTES = 128 * 2**20  # of all views of a session
AHEAD_LEAST = 16  # frames of a view, where they are large

Frame = UInt8[np.ndarray, "H W 3"]


class Stretch(NamedTuple):
    """Consecutive instants of a film, those of the neighbours on both sides included.

    Attributes:
        images: of all views; what cannot be decoded looks like the frame before it.
        seen: whether each frame could be decoded.
    """

    images: UInt8[np.ndarray, "S *V H W 3"]
    seen: Bool[np.ndarray, "S *V"]


class Streams(Protocol):
    """What gives the frames of one video one after the other, as `VideoReader` does."""

    def stream(self, start: int = 0) -> Iterator[Frame | None]:
        """Iterate over all frames from `start` on, with None in the place of each that cannot be decoded."""
        ...


Open = Callable[[Path], AbstractContextManager[Streams]]  # opens a video at the network's size


class Footage:
    """All views of a session from one instant on; a thread for each decodes until enough frames wait.

    It begins at once, and so decodes while a program loads its networks. One thread takes.

    Attributes:
        start: number of the instant that is taken next.
    """

    def __init__(
        self,
        session: Session,
        size: tuple[int, int],
        start: int = 0,
        *,
        threads: int = 0,
        opened: Open | None = None,
    ) -> None:
        """Begin to decode.

        Args:
            session: the videos.
            size: height and width of the frames (px).
            start: number of the first instant.
            threads: that decode each video; 0 for as many as help.
            opened: opens a video otherwise than with PyAV.
        """
        self.start = start
        height, width = size

        def with_pyav(path: Path) -> VideoReader:
            return VideoReader(path, size=(width, height), partial=True, threads=threads)

        room = AHEAD_BYTES // (3 * height * width * len(session.videos))
        self._size = size
        self._views = [
            _View(opened or with_pyav, path, size, start, max(AHEAD_LEAST, room))
            for path in session.videos.values()
        ]

    def take(self, count: int) -> Stretch:
        """Return the next instants, fewer at the end of the longest view and none after it.

        Raises:
            VideoError: when a video cannot be opened.
        """
        parts = [view.take(count) for view in self._views]
        there = max(len(seen) for _, seen in parts)
        images = np.zeros((there, len(parts), *self._size, 3), np.uint8)
        seen = np.zeros((there, len(parts)), dtype=bool)
        for view, (frames, known) in enumerate(parts):
            if frames:
                np.stack(frames, out=images[: len(frames), view])
            seen[: len(known), view] = known
        self.start += there
        return Stretch(images, seen)

    def stretches(self, count: int) -> Iterator[Stretch]:
        """Yield all that is left, so many instants at a time.

        Raises:
            VideoError: when a video cannot be opened.
        """
        while len((stretch := self.take(count)).seen):
            yield stretch

    def close(self) -> None:
        """Stop decoding, and close the videos."""
        for view in self._views:
            view.stop()
        for view in self._views:
            view.join()


class _View:
    """One video, decoded by a thread of its own that waits when `room` frames are there."""

    def __init__(self, opened: Open, path: Path, size: tuple[int, int], start: int, room: int) -> None:
        self._open, self._path, self._start, self._room = opened, path, start, room
        self._last: Frame = np.zeros((*size, 3), np.uint8)
        self._frames: deque[Frame | None] = deque()
        self._changed = threading.Condition()
        self._stopped = self._ended = False
        self._wanted = 0
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="decoder", daemon=True)
        self._thread.start()

    def take(self, count: int) -> tuple[list[Frame], list[bool]]:
        """Return the next frames, and which of them could be decoded; in place of the others the one before.

        Raises:
            VideoError: when the video cannot be opened.
        """
        with self._changed:
            self._wanted = count
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._ended or len(self._frames) >= count)
            if self._fault is not None:
                raise self._fault
            taken = [self._frames.popleft() for _ in range(min(count, len(self._frames)))]
            self._wanted = 0
            self._changed.notify_all()
        images = []
        for frame in taken:
            self._last = self._last if frame is None else frame
            images.append(self._last)
        return images, [frame is not None for frame in taken]

    def stop(self) -> None:
        """Let the thread end at its next frame."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()

    def _run(self) -> None:
        """Decode until the end, or until nobody wants more."""
        try:
            with self._open(self._path) as reader:
                for frame in reader.stream(self._start):
                    if not self._put(frame):
                        return
        except BaseException as error:  # whatever it is, who waits for frames is to know
            self._fault = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _put(self, frame: Frame | None) -> bool:
        """Add a frame once there is room; return whether more are wanted."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or len(self._frames) < max(self._room, self._wanted))
            self._frames.append(frame)
            if self._wanted and len(self._frames) >= self._wanted:
                self._changed.notify_all()
            return not self._stopped
