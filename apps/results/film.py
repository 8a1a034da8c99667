"""What a browser will show of a video: its size, its frames, and when each is shown.

A browser reports the presentation time that the container says, in the file's own clock: what an edit list
cuts off is taken away, the time of the first frame is not (Chromium 156, with mp4, mov, mkv and webm).
"""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from jaxtyping import Float64

from apps.results.boxes import indexed_times
from apps.results.rows import State, state_of
from lightning_pose.core.errors import VideoError
from lightning_pose.core.packet_table import open_stream, read_packet_table
from lightning_pose.projects.playable import CODECS, PLAIN

INDEXED = (".mp4", ".m4v", ".mov")
SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm")
SAME = 1e-6  # seconds by which a frame may be off and the rate still be constant
NAMES = {"dav1d": "av1", "vpx": "vp9"}


class Film(NamedTuple):
    """What a video says of itself before its packets are read.

    Attributes:
        width: as shown, px.
        height: as shown, px.
        frames: their number, as the container states it; counted where it does not.
        fps: mean rate, 1/s.
        playable: whether browsers know its coding.
    """

    width: int
    height: int
    frames: int
    fps: float
    playable: bool


def look_at(video: Path) -> Film:
    """Return what a video says of itself.

    Raises:
        DataError: when it is gone.
        VideoError: when it is none that can be read.
    """
    return _look(video, state_of(video))


def frame_times(video: Path) -> Float64[np.ndarray, "T"]:
    """Return when each frame is shown, in seconds of the file's own clock.

    Raises:
        DataError: when it is gone.
        VideoError: when it is none that can be read.
    """
    if video.suffix.lower() in INDEXED:
        found = _indexed(video, state_of(video))
        if found is not None:
            return found
    table = read_packet_table(video, partial=True)
    if not table.seekable:
        return np.arange(table.info.n_frames) / table.info.fps
    return table.pts * float(table.time_base)


def constant_rate(times: Float64[np.ndarray, "T"], fps: float) -> bool:
    """Return whether frame t is shown at t / fps."""
    return bool(np.abs(times - np.arange(len(times)) / fps).max(initial=0) < SAME)


@lru_cache(maxsize=12)
def _indexed(video: Path, state: State) -> Float64[np.ndarray, "T"] | None:
    return indexed_times(video)


@lru_cache(maxsize=1024)
def _look(video: Path, state: State) -> Film:
    container, stream = open_stream(video, threads=1)
    with container:
        codec = stream.codec_context.name.removeprefix("lib").split("-")[0]
        known = NAMES.get(codec, codec) in CODECS and stream.codec_context.pix_fmt in PLAIN
        rate, count = stream.average_rate or stream.guessed_rate, stream.frames
        try:
            frame = next(container.decode(stream), None)
        except av.FFmpegError as error:
            raise VideoError(f"{video}: its first frame cannot be decoded ({error.strerror})") from error
        if frame is None:
            raise VideoError(f"{video}: is a video without a single frame")
        turned = frame.rotation % 180 == 90
        width, height = (frame.height, frame.width) if turned else (frame.width, frame.height)
    if not count or not rate:
        info = read_packet_table(video, partial=True).info
        count, rate = info.n_frames, info.fps
    return Film(width, height, count, float(rate), known and video.suffix.lower() in SUFFIXES)
