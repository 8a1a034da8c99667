"""Video in and out: what a file holds, its frames in order or by number, and H.264 files of our own.

Frames are uint8 arrays, height x width x 3, upright, the top-left pixel first. A frame's number is its place
in the order shown. Resizing happens inside the decoder's colour conversion, averaging over areas, with pixel
centres at whole numbers: what lies at u in the frame lies at (u + 0.5) s - 0.5 in the resized one.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)
from jaxtyping import Float64, UInt8

from lightning_pose.core.errors import VideoError
from lightning_pose.core.files import atomic_path
from lightning_pose.core.packet_table import VideoInfo, open_stream, read_packet_table

# Without the last two flags, what is resized comes out two grey levels too dark.
AVERAGE = int(Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT)

__all__ = ["VideoInfo", "VideoReader", "VideoWriter", "frames", "probe"]


def probe(path: Path | str) -> VideoInfo:
    """Return size (px), number of frames, mean rate (1/s), codec and duration (s), from the packet table.

    Raises:
        VideoError: when the file is not a video, has no frame, or stops half way.
    """
    return read_packet_table(path).info


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

    def __init__(self, path: Path | str, *, size: tuple[int, int] | None = None, rgb: bool = True) -> None:
        """Open a video; see `frames` for the arguments.

        Raises:
            VideoError: when the file is not a video, has no frame, or stops half way.
        """
        self.path = Path(path)
        self._table = read_packet_table(path)
        self._size = size or (self.info.width, self.info.height)
        self._format = "rgb24" if rgb else "bgr24"
        self._reformatter = VideoReformatter()
        self._container, self._stream = open_stream(path)
        self._decoded = self._container.decode(self._stream)
        self._next = 0  # number of the frame that the decoder gives next

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
        """Return one frame; negative numbers count from the end."""
        number = index + len(self) if index < 0 else index
        if not 0 <= number < len(self):
            raise IndexError(f"{self.path}: frame {index} of {len(self)}")
        return self._array(self._frame(number))

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
        """Iterate over a range of frames.

        Raises:
            VideoError: when a frame cannot be decoded.
        """
        for number in range(start, len(self) if stop is None else min(stop, len(self))):
            yield self._array(self._frame(number))

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def __enter__(self) -> "VideoReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _frame(self, number: int) -> VideoFrame:
        """Return a decoded frame, seeking only where that is shorter than decoding on."""
        pts, keys = self._table.pts, self._table.key_pts
        key = int(np.searchsorted(keys, pts[number], side="right")) - 1 if self._table.seekable else -1
        behind = number < self._next
        if behind or (key >= 0 and keys[key] > pts[min(self._next, len(pts) - 1)]):
            # Some containers land behind the key frame asked for: step back, at last to the beginning.
            for candidate in range(key, -1, -1):
                if self._seek(int(keys[candidate])) <= number:
                    break
            else:
                self._rewind()
        while self._next < number:
            self._decode()
        return self._decode()

    def _seek(self, stamp: int) -> int:
        """Make the decoder start at a key frame; return the number of the frame it gives first."""
        self._container.seek(stamp, stream=self._stream, backward=True)
        self._decoded = self._container.decode(self._stream)
        try:
            first = next(self._decoded, None)
        except av.FFmpegError:  # not a place to start after all; an earlier one may be
            first = None
        if first is None or first.pts is None:
            return len(self)
        self._decoded = _chain(first, self._decoded)
        self._next = int(np.searchsorted(self._table.pts, first.pts))
        return self._next

    def _rewind(self) -> None:
        """Start at the beginning of the file."""
        self._container.close()
        self._container, self._stream = open_stream(self.path)
        self._decoded = self._container.decode(self._stream)
        self._next = 0

    def _decode(self) -> VideoFrame:
        """Return the decoder's next frame, made sure by its time stamp to be the one expected."""
        number = self._next
        try:
            frame = next(self._decoded, None)
        except av.FFmpegError as error:
            raise self._broken(number, str(error.strerror)) from error
        if frame is None:
            raise self._broken(number, "the data ends")
        if self._table.seekable and frame.pts != self._table.pts[number]:
            raise self._broken(number, "the frame is damaged")
        self._next = number + 1
        return frame

    def _broken(self, number: int, reason: str) -> VideoError:
        """Return the error for a frame that does not come out of the decoder."""
        return VideoError(
            f"{self.path}: the video stops half way: {number} of {len(self)} frames could be read "
            f"({reason}). Copy or record it again."
        )

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


class VideoWriter:
    """Writes RGB frames to an H.264 file (yuv420p, plays in browsers) that appears whole or not at all.

    yuv420p has one colour for 2 x 2 pixels, so an odd width or height grows by one: the last column or row is
    repeated. Used as a context manager; an exception inside leaves no file.
    """

    def __init__(
        self,
        path: Path | str,
        width: int,
        height: int,
        fps: int | float | Fraction,
        *,
        crf: int = 18,
        preset: str = "veryfast",
        key_every: int = 30,
    ) -> None:
        """Describe the file; it is opened by `with`.

        Args:
            path: file to write, usually `.mp4`.
            width: of the frames that will come, px.
            height: likewise.
            fps: frames a second.
            crf: quality of x264: 0 lossless, 18 hardly visible losses, 28 small files.
            preset: effort of x264 to make the file small.
            key_every: frames from one point where decoding can start to the next.
        """
        self.path = Path(path)
        self._shape = (height, width, 3)
        self._rate = Fraction(fps).limit_denominator(1001)
        # Colour conversion puts the one colour in the middle of its 2 x 2 pixels: a reader that is not told
        # takes it to be on their left, and what it resizes has colours half a pixel beside the shapes.
        sited = {"x264-params": "chromaloc=1"}
        self._options = {"crf": str(crf), "preset": preset, "g": str(key_every), **sited}
        self._reformatter = VideoReformatter()
        self._stack = ExitStack()
        self._written = 0

    def __enter__(self) -> "VideoWriter":
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_path(self.path))
            # The index goes to the front: a browser can start to play before it has the whole file.
            options = {"movflags": "+faststart"} if self.path.suffix in (".mp4", ".mov") else {}
            self._container = av.open(str(temporary), "w", options=options)
            stack.callback(self._container.close)
            self._stream = self._container.add_stream("libx264", rate=self._rate, options=self._options)
            self._stream.height, self._stream.width = (length + length % 2 for length in self._shape[:2])
            self._stream.pix_fmt = "yuv420p"
            context = self._stream.codec_context
            context.colorspace = int(Colorspace.ITU709)
            context.color_primaries = int(ColorPrimaries.BT709)
            context.color_trc = int(ColorTrc.BT709)
            context.color_range = int(ColorRange.MPEG)
            self._stack = stack.pop_all()
        return self

    def write(self, frame: UInt8[np.ndarray, "H W 3"]) -> None:
        """Append one RGB frame.

        Raises:
            ValueError: when the frame has another shape or type than announced.
            OSError: when the disk is full.
        """
        if frame.shape != self._shape or frame.dtype != np.uint8:
            raise ValueError(f"expected uint8 frames of shape {self._shape}, got {frame.dtype} {frame.shape}")
        odd = [(0, length % 2) for length in self._shape[:2]] + [(0, 0)]
        if any(after for _, after in odd):
            frame = np.pad(frame, odd, mode="edge")
        picture = VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        picture = self._reformatter.reformat(picture, format="yuv420p", dst_colorspace=Colorspace.ITU709)
        picture.pts = self._written
        picture.time_base = 1 / self._rate
        self._container.mux(self._stream.encode(picture))
        self._written += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            if not self._written:
                raise VideoError(f"{self.path}: not a single frame was given to write")
            self._container.mux(self._stream.encode(None))
