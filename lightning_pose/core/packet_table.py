"""What a video holds, read from its packets: how many frames, when each is shown, where decoding can start.

Compressed frames lie in a file as packets with two stamps: `dts`, when to decode, and `pts`, when to show.
Their order differs where frames are predicted from later ones (B-frames). Frame i of a video is the one with
the i-th smallest pts; nothing else is exact, least of all `i / fps`. Reading the packets needs no decoding.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, cast

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from jaxtyping import Bool, Int64

from lightning_pose.core.announced_frames import (
    Packets,
    expected_frames,
    numbered_frames,
    settled_stamp,
)
from lightning_pose.core.errors import VideoError
from lightning_pose.core.missing_frames import place_frames

Rotation = Literal[0, 90, 180, 270]


class VideoInfo(NamedTuple):
    """What there is to know about a video before a frame of it is decoded; `duration` in seconds.

    `n_frames` counts the `missing` ones as well: frames that the container announces and the file has not.
    """

    width: int
    height: int
    n_frames: int
    fps: float
    codec: str
    duration: float
    missing: int = 0


@dataclass(frozen=True)
class PacketTable:
    """Time stamps of every frame, in the order shown, and of every point where decoding can start.

    Attributes:
        info: size as shown, number of frames, mean rate, codec, seconds.
        pts: when each frame is shown, in units of `time_base`, ascending; estimated for missing frames.
        present: which frames the file has.
        key_pts: those of the key frames, of which an edit list may hide the first.
        time_base: seconds per unit.
        seekable: whether the stamps tell frames apart; where they do not, frames can only be counted off.
        rotation: degrees counter-clockwise by which the decoded picture must be turned to be upright.
    """

    info: VideoInfo
    pts: Int64[np.ndarray, "T"]
    present: Bool[np.ndarray, "T"]
    key_pts: Int64[np.ndarray, "G"]
    time_base: Fraction
    seekable: bool
    rotation: Rotation

    def number(self, stamp: int | None) -> int | None:
        """Return the number of the frame of a stamp; None when the file has no such frame."""
        if stamp is None:
            return None
        place = int(np.searchsorted(self.pts, stamp))
        found = place < len(self.pts) and self.pts[place] == stamp and self.present[place]
        return place if found else None


def read_packet_table(path: Path | str, *, partial: bool = False) -> PacketTable:
    """Read the packet table of a video; a file that has not changed since is not read again.

    Args:
        path: the video.
        partial: accept a video that stops half way.

    Raises:
        VideoError: when the file is not a video, has no frame, or, unless `partial`, stops half way.
    """
    path = Path(path)
    if path.is_dir():
        raise VideoError(f"{path}: expected a video, but it is a folder")
    if not path.exists():
        raise VideoError(f"{path}: no such video")
    stat = path.stat()
    if not stat.st_size:
        raise VideoError(f"{path}: expected a video, but the file is empty (0 bytes)")
    table = _read(path, stat.st_mtime_ns, stat.st_size)
    if table.info.missing and not partial:
        raise _stops_half_way(path, table.info.n_frames - table.info.missing, table.info.n_frames)
    return table


def open_stream(path: Path | str, threads: int = 0) -> tuple[InputContainer, VideoStream]:
    """Open a file and pick its first video stream, to decode on so many threads; 0 for as many as help.

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
    streams[0].codec_context.thread_count = threads
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
        unique = len(known) == len(set(known)) == len(packets.pts)
        # AVI has no pts: where frames are shown in another order than decoded, rising ones are made up.
        ordered = "avi" not in container.format.name or not stream.codec_context.has_b_frames
        seekable = unique and (ordered or known != sorted(known))
        pts = np.sort(np.array(known if unique else range(len(packets.pts)), dtype=np.int64))
        shown = float((pts[-1] - pts[0] + packets.duration) * time_base) if unique else 0.0
        fps = _rate(path, stream, shown, len(pts))
        pts = pts if seekable else np.arange(len(pts))
        present = np.full(len(pts), True)
        total = expected_frames(container, stream, packets, fps)
        if total is not None:
            pts = pts[: numbered_frames(container, stream, packets)]
            if seekable:
                step = float(1 / (fps * time_base))
                pts, present = place_frames(pts, total, step, settled_stamp(stream, packets))
            else:
                pts, present = np.arange(total), np.arange(total) < len(pts)
        rotation, width, height = _first_picture(path, container, stream)
        codec = stream.codec_context.name
    duration = float((pts[-1] - pts[0] + packets.duration) * time_base) if seekable else len(pts) / fps
    info = VideoInfo(width, height, len(pts), fps, codec, duration, int((~present).sum()))
    keys = np.array(sorted(stamp for stamp in packets.keys if stamp is not None), dtype=np.int64)
    return PacketTable(info, pts, present, keys, time_base, seekable, rotation)


def _rate(path: Path, stream: VideoStream, duration: float, count: int) -> float:
    """Return frames per second: what the container states where that is what the stamps say, else theirs."""
    stated = stream.average_rate or stream.guessed_rate
    fps = count / duration if duration > 0 else float(stated or 0)
    if stated and (duration <= 0 or abs(fps - float(stated)) < 0.01 * fps):
        fps = float(stated)  # exact where ours carries the container's rounding
    if not fps > 0:
        raise VideoError(f"{path}: the video does not say how many frames a second it has")
    return fps


def _demux(container: InputContainer, stream: VideoStream) -> Packets:
    """Collect the stamps of all packets that become frames, from the first one that can be decoded alone."""
    pts: list[int | None] = []
    keys: list[int | None] = []
    pos: list[int | None] = []
    decoded_at, latest, duration, skipped = None, None, 0, 0
    cut_off = False
    try:
        for packet in container.demux(stream):
            if packet.size and packet.is_keyframe:
                keys.append(packet.pts)
            if not packet.size or packet.is_discard:  # cut off by an edit list
                continue
            if not keys:
                skipped += 1
                continue
            pts.append(packet.pts)
            pos.append(packet.pos)
            if packet.pts is None or latest is None or packet.pts >= latest:
                latest, duration = packet.pts, packet.duration or 0
            decoded_at = decoded_at if packet.dts is None else packet.dts
            cut_off = packet.is_corrupt
    except av.FFmpegError:
        cut_off = True
    else:
        if cut_off:
            del pts[-1], pos[-1]
    return Packets(pts, keys, pos, decoded_at, duration, skipped, cut_off)


def _stops_half_way(path: Path, read: int, total: int) -> VideoError:
    """Return the error for a video that is shorter than it says."""
    rest = f", or cut it to what is whole (ffmpeg -i {path.name} -frames:v {read} whole{path.suffix})"
    return VideoError(
        f"{path}: the video stops half way: {read} of {total} frames could be read. Copy or record it again"
        + (rest if read else "")
    )


def _first_picture(path: Path, container: InputContainer, stream: VideoStream) -> tuple[Rotation, int, int]:
    """Decode one frame for what only a frame can say: the turn to be upright, and its size after it."""
    container.seek(0)
    frame = next(_decodable(container, stream), None)
    if frame is None:
        raise VideoError(f"{path}: not a single frame of the video can be decoded")
    turn = frame.rotation % 360
    if turn not in (0, 90, 180, 270):
        raise VideoError(f"{path}: is to be shown turned by {turn} degrees; only quarter turns are supported")
    size = (frame.height, frame.width) if turn in (90, 270) else (frame.width, frame.height)
    return cast(Rotation, turn), *size


def _decodable(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Iterate over what can be decoded, leaving out what cannot."""
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.FFmpegError:
            continue
