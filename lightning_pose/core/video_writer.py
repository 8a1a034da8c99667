"""H.264 files of our own, which appear whole or not at all."""

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter
from jaxtyping import UInt8

from lightning_pose.core.errors import VideoError
from lightning_pose.core.files import atomic_path

TICK = Fraction(1, 90_000)  # s, to which the times of frames are written


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
        timed: bool = False,
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
            timed: every frame is written with its own time; else they follow one another at the rate.
        """
        self.path = Path(path)
        self._shape = (height, width, 3)
        self._rate = Fraction(fps).limit_denominator(1001)
        self._tick = TICK if timed else 1 / self._rate
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
            try:
                self._container = av.open(str(temporary), "w", options=options)
                stack.callback(self._container.close)
                self._stream = self._container.add_stream("libx264", rate=self._rate, options=self._options)
            except ValueError as error:  # it knows files by the ends of their names
                raise VideoError(
                    f"{self.path}: expected the name of a video, such as {self.path.stem}.mp4 ({error})"
                ) from error
            self._stream.height, self._stream.width = (length + length % 2 for length in self._shape[:2])
            self._stream.pix_fmt = "yuv420p"
            context = self._stream.codec_context
            context.time_base = self._tick
            context.colorspace = int(Colorspace.ITU709)
            context.color_primaries = int(ColorPrimaries.BT709)
            context.color_trc = int(ColorTrc.BT709)
            context.color_range = int(ColorRange.MPEG)
            self._stack = stack.pop_all()
        return self

    def write(self, frame: UInt8[np.ndarray, "H W 3"], seconds: float | None = None) -> None:
        """Append one RGB frame.

        Args:
            frame: pixels.
            seconds: when it is shown, after the one before it; of a `timed` video.

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
        picture.pts = self._written if seconds is None else round(seconds / self._tick)
        picture.time_base = self._tick
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
