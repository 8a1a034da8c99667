"""Frames decoded by the video engine of an NVIDIA GPU, which stay in its memory.

torchcodec drives the engine. Its frames are put on their numbers by their time stamps, as those of
`core.video.VideoReader` are; what the engine cannot do, or does otherwise, is left to that reader.
"""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor
from torch.nn import functional

from lightning_pose.core.packet_table import PacketTable, VideoInfo, read_packet_table
from lightning_pose.core.video import VideoReader

AT_ONCE = 32  # frames that are asked for together


class Opened(NamedTuple):
    """A reader, and why it is not the GPU's; None where it is."""

    reader: "VideoReader | NvdecReader"
    reason: str | None


def open_reader(
    path: Path | str, size: tuple[int, int] | None, device: torch.device | str, *, partial: bool = True
) -> Opened:
    """Open a video on the GPU's decoder where that can read it, else with PyAV.

    Args:
        path: the video.
        size: width and height in px to resize to; the video's own by default.
        device: of the networks.
        partial: accept a video that stops half way or is damaged; see `VideoReader`.

    Raises:
        VideoError: when the file is not a video, or, unless `partial`, stops half way.
    """
    table = read_packet_table(path, partial=partial)
    decoder, reason = _engine(Path(path), table, torch.device(device))
    if reason is not None:
        return Opened(VideoReader(path, size=size, partial=partial), reason)
    return Opened(NvdecReader(Path(path), table, decoder, size, torch.device(device), partial), None)


def open_streams(
    path: Path, size: tuple[int, int], device: str
) -> tuple["VideoReader | Downloaded", str | None]:
    """Open a video as `open_reader` does, for who wants frames in the processor's memory; see there."""
    reader, reason = open_reader(path, size, device)
    return (Downloaded(reader) if isinstance(reader, NvdecReader) else reader), reason


class Downloaded:
    """A video that the GPU decodes and resizes, as arrays."""

    def __init__(self, reader: "NvdecReader") -> None:
        self._reader = reader

    def stream(self, start: int = 0) -> Iterator[UInt8[np.ndarray, "H W 3"] | None]:
        """Iterate over all frames from `start` on; see `NvdecReader.stream`."""
        for frame in self._reader.stream(start):
            yield None if frame is None else frame.cpu().numpy()

    def __enter__(self) -> "Downloaded":
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()


class NvdecReader:
    """Frames of one video on the GPU, in the manner of `VideoReader.stream`."""

    def __init__(
        self,
        path: Path,
        table: PacketTable,
        decoder: Any,
        size: tuple[int, int] | None,
        device: torch.device,
        partial: bool,
    ) -> None:
        """Take over a decoder of torchcodec's that gives frames as "N H W C"."""
        self.path = path
        self._table, self._device, self._partial = table, device, partial
        self._decoder: Any = decoder
        self._size = size or (table.info.width, table.info.height)

    @property
    def info(self) -> VideoInfo:
        """What the file says about itself."""
        return self._table.info

    def __len__(self) -> int:
        return self.info.n_frames

    def stream(self, start: int = 0) -> Iterator[UInt8[Tensor, "H W 3"] | None]:
        """Iterate over all frames from `start` on, with None in the place of each that cannot be decoded.

        From the first frame on that the engine fails at, or that is not the expected one by its stamp, frames
        come from PyAV.

        Raises:
            VideoError: unless the reader is `partial`, when a frame cannot be decoded.
        """
        for first in range(start, len(self), AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, len(self)))
            frames = self._decode(numbers)
            if frames is None:
                yield from self._without_engine(first)
                return
            yield from frames

    def close(self) -> None:
        """Let go of the decoder."""
        self._decoder = None

    def __enter__(self) -> "NvdecReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _decode(self, numbers: range) -> UInt8[Tensor, "N H W 3"] | None:
        """Return frames, resized; None where they are not those of these numbers."""
        try:
            batch = self._decoder.get_frames_in_range(numbers.start, numbers.stop)
        except RuntimeError:
            return None
        if not match(self._table, numbers, batch.pts_seconds.cpu().numpy()):
            return None
        width, height = self._size
        if batch.data.shape[1:3] == (height, width):
            return batch.data
        planes = batch.data.permute(0, 3, 1, 2).float()
        small = functional.interpolate(planes, (height, width), mode="area")
        return small.round().to(torch.uint8).permute(0, 2, 3, 1)

    def _without_engine(self, start: int) -> Iterator[UInt8[Tensor, "H W 3"] | None]:
        with VideoReader(self.path, size=self._size, partial=self._partial) as reader:
            for frame in reader.stream(start):
                yield None if frame is None else torch.from_numpy(frame).to(self._device)


def match(table: PacketTable, numbers: range, seconds: np.ndarray) -> bool:
    """Return whether frames shown at some seconds are those of these numbers, to half a unit of stamps."""
    expected = table.pts[numbers.start : numbers.stop]
    if len(seconds) != len(expected):
        return False
    found = np.rint(np.asarray(seconds, np.float64) / float(table.time_base)).astype(np.int64)
    return bool((found == expected).all())


def _engine(path: Path, table: PacketTable, device: torch.device) -> tuple[Any, str | None]:
    """Return torchcodec's decoder on a GPU, or why there is none."""
    if device.type != "cuda":
        return None, f"the device is {device.type}"
    if table.rotation or not table.seekable or table.info.missing:
        return None, "the video is turned, has no time stamps, or is not whole"
    try:
        decoders = importlib.import_module("torchcodec.decoders")
    except (ImportError, RuntimeError, OSError) as error:  # it loads FFmpeg's libraries when it is imported
        return None, f"torchcodec cannot be used ({error})"
    try:
        decoder = decoders.VideoDecoder(str(path), dimension_order="NHWC", device=str(device))
        first = decoder.get_frames_in_range(0, 1)
    except (RuntimeError, ValueError) as error:
        return None, f"the GPU cannot decode {table.info.codec} ({error})"
    if len(decoder) != len(table.pts):
        return None, f"torchcodec counts {len(decoder)} frames of {len(table.pts)}"
    if not match(table, range(1), first.pts_seconds.cpu().numpy()):
        return None, "the time stamps of torchcodec are others than those of the file"
    return decoder, None
