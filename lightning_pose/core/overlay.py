"""Labeled videos: poses drawn on their videos, view by view and as a mosaic.

Every video is decoded once. Decoding, drawing and encoding go on at the same time in threads of their own.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lightning_pose.core.drawing import Frame, draw_skeleton, draw_text, mosaic, mosaic_tile
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.core.video import VideoInfo, VideoReader, VideoWriter, probe

__all__ = ["Style", "draw_skeleton", "draw_text", "mosaic", "mosaic_tile", "write_labeled_videos"]

SHORTEST_SIDE = 384  # px: smaller videos are enlarged, for lines and letters to be told apart
PRESET = "superfast"  # of x264: half the time of "veryfast" for files a third larger
AHEAD = 4  # frames that wait between two threads


class Style(NamedTuple):
    """What labeled videos show besides points, lines and the number of the frame.

    Attributes:
        trail: frames of the past that the lines behind the points show.
        ellipses: show where the truth is with 95 % probability, of poses that have variances.
        confidence_threshold: points of less confidence are not drawn; the others are as opaque as theirs.
        opaque: draw every point with full opacity.
        radius: of the points in px of the output; grows with the frame by default.
    """

    trail: int = 0
    ellipses: bool = False
    confidence_threshold: float = 0.0
    opaque: bool = False
    radius: float | None = None


def write_labeled_videos(
    videos: Mapping[str, Path],
    poses: Mapping[str, Poses],
    skeleton: Skeleton,
    *,
    outputs: Mapping[str, Path],
    mosaic_output: Path | None = None,
    start: int = 0,
    stop: int | None = None,
    style: Style = Style(),  # noqa: B008  immutable
    on_frame: Callable[[], object] | None = None,
) -> None:
    """Draw poses on the videos of one session: a video per view, and one of all views side by side.

    Small videos are enlarged. A frame that cannot be decoded is black and says so, and so does the tile of a
    view that has ended before the others.

    Args:
        videos: view to video.
        poses: view to its poses, one row per frame of the video.
        skeleton: lines and colours for the poses' keypoints.
        outputs: view to the labeled video to write; views that are not in it get none.
        mosaic_output: the video of all views; none by default.
        start: number of the first frame to draw.
        stop: number of the frame to stop before; the end by default.
        style: what is shown.
        on_frame: called after each frame, to show progress.

    Raises:
        DataError: when a video and its poses differ in length, or there is no frame between `start` and
            `stop`.
        VideoError: when a file is not a video.
        OSError: when the disk is full.
    """
    infos = {view: probe(path, partial=True) for view, path in videos.items()}
    _check_lengths({view: info.n_frames for view, info in infos.items()}, poses)
    last = max(info.n_frames for info in infos.values())
    last = last if stop is None else min(stop, last)
    if not 0 <= start < last:
        raise DataError(f"expected a start before the end, {last}, got {start}: there is no frame to draw")
    columns = math.ceil(math.sqrt(len(videos)))
    with ExitStack() as stack:
        views = {
            view: _View(path, infos[view], poses[view], skeleton, style, start=start, stack=stack)
            for view, path in videos.items()
        }
        writers = {
            view: _Encoder(VideoWriter(path, *views[view].size, infos[view].fps, preset=PRESET), stack)
            for view, path in outputs.items()
        }
        tile = mosaic_tile(np.array([view.size for view in views.values()]), columns)
        whole = None
        if mosaic_output is not None:
            size, fps = (
                (columns * tile[0], math.ceil(len(views) / columns) * tile[1]),
                next(iter(infos.values())).fps,
            )
            whole = _Encoder(VideoWriter(mosaic_output, *size, fps, preset=PRESET), stack)
        for number in range(start, last):
            drawn = {name: view.draw(name, number) for name, view in views.items() if number < len(view)}
            for name in drawn.keys() & writers.keys():
                writers[name].write(drawn[name])
            if whole is not None:
                tiles = [drawn[name] if name in drawn else view.ended(name) for name, view in views.items()]
                whole.write(mosaic(tiles, tile, columns))
            if on_frame is not None:
                on_frame()
        for writer in (*writers.values(), *([whole] if whole else [])):
            writer.finish()


class _View:
    """The frames of one video, decoded ahead in a thread, with its poses drawn on them."""

    def __init__(
        self,
        path: Path,
        info: VideoInfo,
        poses: Poses,
        skeleton: Skeleton,
        style: Style,
        *,
        start: int,
        stack: ExitStack,
    ) -> None:
        """Open a video; the stack closes it."""
        self.size = _drawn_size(info.width, info.height)
        self._length, self._style = info.n_frames, style
        self._skeleton = skeleton.select(poses.names)
        scale = np.array(self.size) / (info.width, info.height)
        self._points = (poses.points + 0.5) * scale - 0.5
        self._deviation = None
        if style.ellipses and poses.variance is not None:
            self._deviation = np.sqrt(poses.variance) * scale
        self._confidence = poses.likelihood
        if poses.likelihood is not None:
            sure = poses.likelihood >= style.confidence_threshold  # NaN compares false
            self._points[~sure & (style.confidence_threshold > 0)] = np.nan
        reader = stack.enter_context(VideoReader(path, size=self.size, partial=True))
        self._frames = _ahead(reader.stream(start), stack)

    def __len__(self) -> int:
        return self._length

    def draw(self, name: str, number: int) -> Frame:
        """Return the next frame with its poses; `number` is its own."""
        frame = next(self._frames)
        label = f"{name}  {number}/{self._length}".strip()
        if frame is None:
            return self._black(f"{label}  missing")
        before = slice(max(0, number - self._style.trail), number)
        draw_skeleton(
            frame,
            self._points[number],
            self._skeleton,
            None if self._confidence is None or self._style.opaque else self._confidence[number],
            self._style.radius,
            deviation=None if self._deviation is None else self._deviation[number],
            trail=self._points[before] if self._style.trail else None,
            copy=False,
        )
        return draw_text(frame, label, copy=False)

    def ended(self, name: str) -> Frame:
        """Return what stands for frames after the last one."""
        return self._black(f"{name}  ended after {self._length}".strip())

    def _black(self, text: str) -> Frame:
        return draw_text(np.zeros((*self.size[::-1], 3), np.uint8), text, copy=False)


class _Encoder:
    """A video that is encoded in a thread of its own."""

    def __init__(self, writer: VideoWriter, stack: ExitStack) -> None:
        """Open a file; the stack closes it."""
        self._writer = stack.enter_context(writer)
        self._pool = stack.enter_context(ThreadPoolExecutor(1))
        self._waiting: deque[Future] = deque()

    def write(self, frame: Frame) -> None:
        """Hand over a frame, which is not changed any more; wait where the encoder is far behind."""
        if len(self._waiting) >= AHEAD:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self._writer.write, frame))

    def finish(self) -> None:
        """Wait until everything is encoded."""
        while self._waiting:
            self._waiting.popleft().result()


def _ahead(frames: Iterator[Frame | None], stack: ExitStack) -> Iterator[Frame | None]:
    """Iterate over frames that a thread of their own has decoded before they are asked for."""
    pool = stack.enter_context(ThreadPoolExecutor(1))
    waiting = deque(pool.submit(next, frames, _END) for _ in range(AHEAD))
    stack.callback(lambda: [future.cancel() for future in waiting])
    while not isinstance(frame := waiting.popleft().result(), _End):
        waiting.append(pool.submit(next, frames, _END))
        yield frame


class _End:
    """What comes after the last frame."""


_END = _End()


def _drawn_size(width: int, height: int) -> tuple[int, int]:
    """Return the even size (px) in which a video is drawn: its own, or larger where that is small."""
    scale = max(1.0, SHORTEST_SIDE / min(width, height))
    return 2 * math.ceil(width * scale / 2), 2 * math.ceil(height * scale / 2)


def _check_lengths(lengths: Mapping[str, int], poses: Mapping[str, Poses]) -> None:
    """Raise unless every video has a row of poses for every frame."""
    wrong = [
        f"{view or 'the video'}: {length} frames and poses for {len(poses[view])}"
        for view, length in lengths.items()
        if length != len(poses[view])
    ]
    if wrong:
        raise DataError(f"poses cannot be drawn on these videos: {'; '.join(wrong)}")
