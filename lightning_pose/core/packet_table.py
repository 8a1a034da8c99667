"""What a video holds, read from its packets: how many frames, when each is shown, where decoding can start.

Compressed frames lie in a file as packets with two stamps: `dts`, when to decode, and `pts`, when to show.
Their order differs where frames are predicted from later ones (B-frames). Frame i of a video is the one with
the i-th smallest pts; nothing else is exact, least of all `i / fps`. Reading the packets needs no decoding.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, cast

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream
from jaxtyping import Int64

from lightning_pose.core.errors import VideoError

# Containers round time stamps and durations, so the end of the last frame is known to about one frame.
END_TOLERANCE_FRAMES = 1.5
# Where the container states only its own length, sound or a pause may be longer than the picture by a little.
END_TOLERANCE_SECONDS = 0.5

Rotation = Literal[0, 90, 180, 270]


class VideoInfo(NamedTuple):
    """What there is to know about a video before a frame of it is decoded; `duration` in seconds."""

    width: int
    height: int
    n_frames: int
    fps: float
    codec: str
    duration: float


@dataclass(frozen=True)
class PacketTable:
    """Time stamps of every frame, in the order shown, and of every point where decoding can start.

    Attributes:
        info: size as shown, number of frames, mean rate, codec, seconds.
        pts: when each frame is shown, in units of `time_base`, ascending.
        key_pts: those of the key frames.
        time_base: seconds per unit.
        seekable: whether the stamps tell frames apart; where they do not, frames can only be counted off.
        rotation: degrees counter-clockwise by which the decoded picture must be turned to be upright.
    """

    info: VideoInfo
    pts: Int64[np.ndarray, "T"]
    key_pts: Int64[np.ndarray, "G"]
    time_base: Fraction
    seekable: bool
    rotation: Rotation


class _Packets(NamedTuple):
    """The packets of one video stream, in the order of the file."""

    pts: list[int | None]
    is_key: list[bool]
    duration: list[int]
    cut_off: bool


def read_packet_table(path: Path | str) -> PacketTable:
    """Read the packet table of a video; a file that has not changed since is not read again.

    Raises:
        VideoError: when the file is not a video, has no frame, or stops half way.
    """
    path = Path(path)
    if path.is_dir():
        raise VideoError(f"{path}: expected a video, but it is a folder")
    if not path.exists():
        raise VideoError(f"{path}: no such video")
    stat = path.stat()
    if not stat.st_size:
        raise VideoError(f"{path}: expected a video, but the file is empty (0 bytes)")
    return _read(path, stat.st_mtime_ns, stat.st_size)


def open_stream(path: Path | str) -> tuple[InputContainer, VideoStream]:
    """Open a file and pick its first video stream, with decoding on as many threads as help.

    Raises:
        VideoError: when the file is not a video or holds only sound.
    """
    try:
        container = cast(InputContainer, av.open(str(path)))
    except PermissionError:
        raise
    except (av.FFmpegError, OSError) as error:
        raise VideoError(
            f"{path}: is not a video that can be read ({error.strerror}). If it was being recorded or "
            "copied, that was interrupted before the index of its frames was written."
        ) from error
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        container.close()
        raise VideoError(f"{path}: expected a video, but the file holds no pictures, only: {kinds}")
    streams[0].thread_type = "AUTO"
    return container, streams[0]


@lru_cache(maxsize=256)
def _read(path: Path, mtime_ns: int, size: int) -> PacketTable:
    """Read the packets of one state of a file; the arguments beside `path` only tell the states apart."""
    container, stream = open_stream(path)
    with container:
        packets = _demux(container, stream)
        if not packets.pts and stream.frames:
            raise _stops_half_way(path, 0, stream.frames)
        if not packets.pts:
            raise VideoError(f"{path}: is a video without a single frame")
        time_base = stream.time_base or Fraction(1, 1000)
        known = [stamp for stamp in packets.pts if stamp is not None]
        seekable = len(known) == len(set(known)) == len(packets.pts)
        pts = np.sort(np.array(known if seekable else range(len(packets.pts)), dtype=np.int64))
        stated = stream.average_rate or stream.guessed_rate
        duration = float((pts[-1] - pts[0] + packets.duration[-1]) * time_base) if seekable else 0.0
        fps = len(pts) / duration if duration > 0 else float(stated or 0)
        if stated and (not seekable or abs(fps - float(stated)) < 0.01 * fps):
            fps = float(stated)  # exact where ours carries the container's rounding
        if not fps > 0:
            raise VideoError(f"{path}: the video does not say how many frames a second it has")
        total = _expected_frames(container, stream, packets, fps)
        if total is not None:
            raise _stops_half_way(path, len(pts) - packets.cut_off, total)
        rotation, width, height = _first_picture(path, container, stream)
        codec = stream.codec_context.name
    info = VideoInfo(width, height, len(pts), fps, codec, duration or len(pts) / fps)
    pairs = zip(packets.pts, packets.is_key, strict=True)
    keys = np.array(sorted(stamp for stamp, key in pairs if key and stamp is not None), dtype=np.int64)
    return PacketTable(info, pts, keys, time_base, seekable, rotation)


def _demux(container: InputContainer, stream: VideoStream) -> _Packets:
    """Collect the stamps of all packets that become frames, from the first one that can be decoded alone."""
    pts: list[int | None] = []
    is_key: list[bool] = []
    duration: list[int] = []
    cut_off = False
    try:
        for packet in container.demux(stream):
            if not packet.size or packet.is_discard or not (pts or packet.is_keyframe):
                continue
            pts.append(packet.pts)
            is_key.append(packet.is_keyframe)
            duration.append(packet.duration or 0)
            cut_off = packet.is_corrupt
    except av.FFmpegError:
        cut_off = True
    return _Packets(pts, is_key, duration, cut_off)


def _expected_frames(
    container: InputContainer, stream: VideoStream, packets: _Packets, fps: float
) -> int | None:
    """Return how many frames a video that stops half way was to have; None where it is whole."""
    known = [stamp for stamp in packets.pts if stamp is not None]
    if stream.duration is not None and stream.time_base is not None:
        start = stream.start_time if stream.start_time is not None else min(known, default=0)
        missing = (start + stream.duration - max(known, default=0)) * stream.time_base * fps - 1
        stops = stream.frames > len(packets.pts) and missing > END_TOLERANCE_FRAMES - 1
    elif container.duration is not None and len(container.streams) == 1:
        missing = container.duration / av.time_base * fps - len(packets.pts)
        stops = missing > END_TOLERANCE_SECONDS * fps
    else:
        missing, stops = 0, False
    if not (stops or packets.cut_off):
        return None
    return max(stream.frames, len(packets.pts) + max(round(float(missing)), 0))


def _stops_half_way(path: Path, read: int, total: int) -> VideoError:
    """Return the error for a video that is shorter than it says."""
    rest = f", or cut it to what is whole (ffmpeg -i {path.name} -frames:v {read} whole{path.suffix})"
    return VideoError(
        f"{path}: the video stops half way: {read} of {total} frames could be read. Copy or record it again"
        + (rest if read else "")
    )


def _first_picture(
    path: Path, container: InputContainer, stream: VideoStream
) -> tuple[Rotation, int, int]:
    """Decode one frame for what only a frame can say: the turn to be upright, and its size after it."""
    container.seek(0)
    try:
        frame = next(container.decode(stream))
    except (av.FFmpegError, StopIteration) as error:
        raise VideoError(f"{path}: not a single frame of the video can be decoded ({error})") from error
    turn = frame.rotation % 360
    if turn not in (0, 90, 180, 270):
        raise VideoError(f"{path}: is to be shown turned by {turn} degrees; only quarter turns are supported")
    size = (frame.height, frame.width) if turn in (90, 270) else (frame.width, frame.height)
    return cast(Rotation, turn), *size
