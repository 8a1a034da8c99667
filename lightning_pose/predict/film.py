"""The whole frames of a session's videos, batch by batch, kept until they are given up."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice

import numpy as np
from jaxtyping import Bool, UInt8

from lightning_pose.core.sessions import Session
from lightning_pose.core.video import VideoReader
from lightning_pose.crops.cut import resize
from lightning_pose.predict.footage import Stretch

Frame = UInt8[np.ndarray, "_ _ 3"]


class Film:
    """The videos of a session from `begin` on, batch by batch; a thread per view decodes one batch ahead."""

    def __init__(self, session: Session, instants: int, begin: int, *, keep_from: int, threads: int) -> None:
        self.begin, self.sizes = begin, np.array([info[:2] for info in session.infos.values()])
        self._instants, self._kept_from, self._n_frames = instants, max(keep_from, begin), session.n_frames
        self._stack = ExitStack()
        self._kept: list[deque[Frame]] = [deque() for _ in session.videos]
        self._seen: deque[Bool[np.ndarray, "V"]] = deque()
        self._read: list[tuple[ThreadPoolExecutor, Iterator[Frame | None]]] = []
        for path in session.videos.values():
            reader = self._stack.enter_context(VideoReader(path, partial=True, threads=threads))
            pool = ThreadPoolExecutor(1, "decoder")
            self._stack.callback(pool.shutdown, wait=True, cancel_futures=True)
            self._read.append((pool, reader.stream(begin)))

    def close(self) -> None:
        """Close the videos."""
        self._stack.close()

    def stretches(self, size: tuple[int, int] = (0, 0)) -> Iterator[Stretch]:
        """Yield small copies of all frames, of this height and width, and keep the frames themselves."""
        last: list[Frame] = [np.zeros((height, width, 3), np.uint8) for width, height in self.sizes]
        number = self.begin
        waiting = self._submit(size)
        while number < self._n_frames:
            parts = [future.result() for future in waiting]
            waiting = self._submit(size)
            count = min(self._instants, self._n_frames - number)
            images = np.zeros((count, len(parts), *size, 3), np.uint8)
            seen = np.zeros((count, len(parts)), dtype=bool)
            for view, (frames, copies) in enumerate(parts):
                for place in range(count):
                    frame = frames[place] if place < len(frames) else None
                    if frame is not None:
                        last[view], images[place, view], seen[place, view] = frame, copies[place], True
                    if number + place >= self._kept_from:
                        self._kept[view].append(last[view])
            self._seen.extend(seen[max(0, self._kept_from - number) :])
            number += count
            yield Stretch(images, seen)

    def frame(self, number: int, view: int) -> Frame:
        """Return a frame that is kept; the first or last for one before or after the video."""
        number = min(max(number, 0), self._n_frames - 1)
        return self._kept[view][number - self._kept_from]

    def seen(self, number: int) -> Bool[np.ndarray, "V"]:
        """Return in which views a frame could be decoded."""
        return self._seen[number - self._kept_from]

    def forget(self, before: int) -> None:
        """Give up the frames before this number."""
        for _ in range(self._kept_from, before):
            for frames in self._kept:
                frames.popleft()
            self._seen.popleft()
        self._kept_from = max(self._kept_from, before)

    def _submit(self, size: tuple[int, int]) -> list[Future]:
        """Let every view decode its next frames."""
        return [pool.submit(_take, frames, self._instants, size) for pool, frames in self._read]


def _take(
    frames: Iterator[Frame | None], count: int, size: tuple[int, int]
) -> tuple[list[Frame | None], list[Frame]]:
    """Return the next frames, fewer at the end, and their small copies; empty ones for a size of 0."""
    taken = list(islice(frames, count))
    empty = np.zeros((*size, 3), np.uint8)
    small = [
        empty if frame is None or not all(size) else resize(frame, (size[1], size[0])) for frame in taken
    ]
    return taken, small
