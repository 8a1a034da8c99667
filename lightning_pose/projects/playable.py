"""What a browser plays, and copies of what it does not, frame for frame."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple, cast

import av
import numpy as np
from av.container import OutputContainer
from jaxtyping import Int64

from lightning_pose.core.errors import VideoError
from lightning_pose.core.files import atomic_path
from lightning_pose.core.packet_table import PacketTable, open_stream, read_packet_table
from lightning_pose.core.video import VideoReader, VideoWriter

CODECS = ("h264", "vp9", "av1")
PLAIN = ("yuv420p", "yuvj420p")  # 8 bits, one colour for 2 x 2 pixels
CONTAINERS = (".mp4", ".m4v")
LONGEST_GOP = 60  # frames from one key frame to the next; seeking in longer ones takes too long
LATE = 0.4  # frames by which a video may begin late: half a frame more, and a browser shows a neighbour
STEADY = 0.02  # share of a frame's duration by which steps may differ, besides the rounding of stamps

Progress = Callable[[int, int], None]


class Verdict(NamedTuple):
    """What to do with a video so that every browser plays it, exactly.

    Attributes:
        action: `as is`; `remux`, its frames in another container; `transcode`, its frames encoded anew.
        reasons: why not as it is.
    """

    action: Literal["as is", "remux", "transcode"]
    reasons: tuple[str, ...]


def judge(path: Path | str) -> Verdict:
    """Return whether a browser plays a video and shows the frame that it is asked for.

    Raises:
        VideoError: when it is not a video, or stops half way.
    """
    path = Path(path)
    table = read_packet_table(path)
    container, stream = open_stream(path)
    with container:
        pixels = stream.codec_context.pix_fmt
        aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1
        codec = stream.codec_context.name.removeprefix("lib").split("-")[0]
    codec = {"dav1d": "av1", "vpx": "vp9"}.get(codec, codec)
    reasons = []
    if codec not in CODECS:
        reasons.append(f"browsers do not play {table.info.codec}")
    if pixels not in PLAIN:
        reasons.append(f"not all browsers play pixels of the kind {pixels}")
    if aspect != 1:
        reasons.append(f"its pixels are not square ({aspect}), so a browser stretches it")
    if table.seekable and abs(float(table.pts[0] * table.time_base)) * table.info.fps > LATE:
        reasons.append(f"it begins at {float(table.pts[0] * table.time_base):.3g} s instead of 0")
    if not table.seekable:
        reasons.append("its time stamps do not tell frames apart")
    elif not is_steady(table):
        reasons.append("the time between frames changes")
    gop = longest_gop(table)
    if gop > LONGEST_GOP:
        reasons.append(f"up to {gop} frames lie between key frames, so that seeking takes long")
    if reasons:
        return Verdict("transcode", tuple(reasons))
    if path.suffix.lower() not in CONTAINERS:
        return Verdict("remux", (f"not all browsers play {path.suffix} files",))
    return Verdict("as is", ())


def is_steady(table: PacketTable) -> bool:
    """Return whether frames follow each other at a constant rate, but for the rounding of their stamps."""
    if len(table.pts) < 3:
        return True
    times = (table.pts - table.pts[0]).astype(float)
    step = times[-1] / (len(times) - 1)
    off = np.abs(times - step * np.arange(len(times)))
    return bool(off.max() <= 1 + STEADY * step)


def longest_gop(table: PacketTable) -> int:
    """Return the most frames from one key frame to the next."""
    if not table.seekable:
        return len(table.pts)
    places = np.searchsorted(table.pts, table.key_pts)
    return int(np.diff(np.concatenate([[0], places, [len(table.pts)]])).max())


def make_playable(source: Path, target: Path, action: str, progress: Progress | None = None) -> None:
    """Write a copy that a browser plays, with the same number of frames; the source is only read.

    Raises:
        VideoError: when the source cannot be read, or the copy does not have all of its frames.
    """
    if action == "remux":
        remux(source, target)
    else:
        transcode(source, target, progress)


def transcode(source: Path | str, target: Path | str, progress: Progress | None = None) -> None:
    """Write a video's frames to H.264 at a constant rate: frame k of the copy is frame k of the source.

    Args:
        source: only read.
        target: `.mp4`; appears whole or not at all.
        progress: called with the frames that are done, and all.

    Raises:
        VideoError: when the source stops half way, or the copy does not have all of its frames.
    """
    target = Path(target)
    with VideoReader(source) as reader:
        info = reader.info
        with VideoWriter(target, info.width, info.height, info.fps) as writer:
            for done, frame in enumerate(reader.frames(), start=1):
                writer.write(frame)
                if progress is not None:
                    progress(done, len(reader))
    _check(target, info.n_frames)


def remux(source: Path | str, target: Path | str) -> None:
    """Put a video's packets into another container: the same frames, bit for bit, in seconds.

    Raises:
        VideoError: when the source cannot be read, or the copy does not have all of its frames.
    """
    target = Path(target)
    when = _decoding_times(source)
    container, stream = open_stream(source)
    settings = {"movflags": "+faststart"}
    with container, atomic_path(target) as copy, av.open(str(copy), "w", options=settings) as opened:
        output = cast(OutputContainer, opened)
        written = output.add_stream_from_template(stream)
        packets = (packet for packet in container.demux(stream) if packet.size)
        for packet, dts in zip(packets, when.tolist(), strict=True):
            packet.dts = dts
            packet.stream = written
            output.mux(packet)
    _check(target, read_packet_table(source).info.n_frames)


def _decoding_times(source: Path | str) -> Int64[np.ndarray, "T"]:
    """Return when each packet is to be decoded, in the order of the file.

    Some containers say only when a frame is shown. Decoding in order at the same pace, as late as every frame
    is still in time for being shown, is what an encoder would have said.
    """
    container, stream = open_stream(source)
    with container:
        shown = np.array([packet.pts for packet in container.demux(stream) if packet.size], dtype=np.int64)
    ordered = np.sort(shown)
    return ordered - (ordered - shown).max()


def _check(target: Path, count: int) -> None:
    found = read_packet_table(target).info.n_frames
    if found != count:
        target.unlink()
        raise VideoError(f"{target}: the copy has {found} frames, its source {count}, so it was removed")
