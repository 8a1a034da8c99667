"""Video in and out: what a file holds, its frames in order or by number, and H.264 files of our own.

Frames are uint8 arrays, height x width x 3, upright, the top-left pixel first. A frame's number is its place
in the order shown. Resizing happens inside the decoder's colour conversion, averaging over areas, with pixel
centres at whole numbers: what lies at u in the frame lies at (u + 0.5) s - 0.5 in the resized one.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from jaxtyping import Float64, UInt8

from lightning_pose.core.decoding import Decoder
from lightning_pose.core.errors import VideoError
from lightning_pose.core.packet_table import VideoInfo, read_packet_table
from lightning_pose.core.salvage import next_key, salvage
from lightning_pose.core.video_writer import VideoWriter

# Without the last two flags, what is resized comes out two grey levels too dark.
AVERAGE = int(Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT)

__all__ = ["VideoInfo", "VideoReader", "VideoWriter", "frames", "probe"]


def probe(path: Path | str, *, partial: bool = False) -> VideoInfo:
    """Return size (px), number of frames, mean rate (1/s), codec and duration (s), from the packet table.

    Args:
        path: the video.
        partial: accept a video that stops half way; `missing` says how many of its frames are not there.

    Raises:
        VideoError: when the file is not a video, has no frame, or, unless `partial`, stops half way.
    """
    return read_packet_table(path, partial=partial).info


def frames(
    path: Path | str,
    size: tuple[int, int] | None = None,
    start: int = 0,
    stop: int | None = None,
    rgb: bool = True,
) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
    """Iterate over the frames `start` to `stop` of a video.

    Args:
        path: the video.
        size: width and height in px to resize to; the video's own by default.
        start: number of the first frame.
        stop: number of the frame to stop before; the end by default.
        rgb: channels in the order red, green, blue; otherwise as OpenCV has them.

    Raises:
        VideoError: when the file is not a video, or a frame cannot be decoded.
    """
    with VideoReader(path, size=size, rgb=rgb) as reader:
        yield from reader.frames(start, stop)


class VideoReader:
    """Frames of one video by number: `reader[i]` is exactly frame i, wherever its key frame lies.

    Neighbours in ascending order cost no seek. Not for several threads at a time.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        size: tuple[int, int] | None = None,
        rgb: bool = True,
        partial: bool = False,
        threads: int = 0,
    ) -> None:
        """Open a video.

        Args:
            path: the video.
            size: width and height in px to resize to; the video's own by default.
            rgb: channels in the order red, green, blue; otherwise as OpenCV has them.
            partial: accept a video that stops half way or is damaged: `len` counts the frames that it was to
                have, and `stream` gives None for those that are not there.
            threads: to decode on; 0 for as many as help.

        Raises:
            VideoError: when the file is not a video, has no frame, or, unless `partial`, stops half way.
        """
        self.path = Path(path)
        self._table = read_packet_table(path, partial=partial)
        self._partial = partial
        self._size = size or (self.info.width, self.info.height)
        self._format = "rgb24" if rgb else "bgr24"
        self._reformatter = VideoReformatter()
        self._decoder = Decoder(self.path, self._table, threads)

    @property
    def info(self) -> VideoInfo:
        """What the file says about itself."""
        return self._table.info

    @property
    def times(self) -> Float64[np.ndarray, "T"]:
        """When each frame is shown, in seconds from the first."""
        if not self._table.seekable:
            return np.arange(len(self)) / self.info.fps
        return (self._table.pts - self._table.pts[0]) * float(self._table.time_base)

    def __len__(self) -> int:
        return self.info.n_frames

    def __getitem__(self, index: int) -> UInt8[np.ndarray, "H W 3"]:
        """Return one frame; negative numbers count from the end.

        Raises:
            IndexError: when the video has no such frame.
            VideoError: when it cannot be decoded.
        """
        number = index + len(self) if index < 0 else index
        if not 0 <= number < len(self):
            raise IndexError(f"{self.path}: frame {index} of {len(self)}")
        return self._array(self._decoder.frame(number))

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
        """Iterate over a range of frames.

        Raises:
            VideoError: when a frame cannot be decoded.
        """
        for number in range(start, len(self) if stop is None else min(stop, len(self))):
            yield self._array(self._decoder.frame(number))

    def stream(self, start: int = 0) -> Iterator[UInt8[np.ndarray, "H W 3"] | None]:
        """Iterate over all frames from `start` on, with None in the place of each that cannot be decoded.

        Raises:
            VideoError: unless the reader is `partial`, when a frame cannot be decoded.
        """
        number = start
        while number < len(self):
            try:
                frame = self._decoder.frame(number)
            except VideoError:
                if not self._partial:
                    raise
                resume = self._resume(number)
                yield from self._salvaged(number, resume)
                number = resume
            else:
                yield self._array(frame)
                number += 1

    def close(self) -> None:
        """Close the file."""
        self._decoder.close()

    def __enter__(self) -> "VideoReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _resume(self, number: int) -> int:
        """Return the number of the frame to go on at when one cannot be decoded."""
        if not self._table.present[number]:
            return number + 1
        # Without stamps nothing tells which frames come after damage.
        return next_key(self._table, number) if self._table.seekable else len(self)

    def _salvaged(self, number: int, stop: int) -> Iterator[UInt8[np.ndarray, "H W 3"] | None]:
        """Iterate over the frames from a damaged one to before `stop`, with None for those that are lost."""
        if self._table.present[number] and self._table.seekable:
            for place, frame in salvage(self.path, self._table, number):
                yield from [None] * (place - number)
                yield self._array(frame)
                number = place + 1
        yield from [None] * (stop - number)

    def _array(self, frame: VideoFrame) -> UInt8[np.ndarray, "H W 3"]:
        """Return a frame's pixels, resized and upright."""
        turn = self._table.rotation
        width, height = self._size if turn in (0, 180) else self._size[::-1]
        how = AVERAGE if (width, height) != (frame.width, frame.height) else None
        scaled = self._reformatter.reformat(frame, width, height, format=self._format, interpolation=how)
        pixels = scaled.to_ndarray()
        return pixels if turn == 0 else np.ascontiguousarray(np.rot90(pixels, turn // 90))


def _chain(first: VideoFrame, rest: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """Put a frame back in front of the decoder's others."""
    yield first
    yield from rest
