"""What a container announces and its file does not hold: how many frames a video was to have."""

from fractions import Fraction
from typing import NamedTuple

import av
from av.container import InputContainer
from av.video.stream import VideoStream

# Containers round time stamps and durations, so the end of the last frame is known to about one frame.
END_TOLERANCE_FRAMES = 1.5
# Where the container states only its own length, sound or a pause may be longer than the picture by a little.
END_TOLERANCE_SECONDS = 0.5
AVI_CHUNK_HEADER = 8  # bytes between where the index of an AVI points and the packet


class Packets(NamedTuple):
    """The packets of one video stream, in the order of the file.

    Attributes:
        pts: when each frame is shown.
        keys: those of all packets where decoding can start, also of frames that are not shown.
        pos: place in the file (bytes).
        decoded_at: the last dts.
        duration: of the frame that is shown last.
        skipped: packets before the first that can be decoded alone.
        cut_off: whether a further one is there in part.
    """

    pts: list[int | None]
    keys: list[int | None]
    pos: list[int | None]
    decoded_at: int | None
    duration: int
    skipped: int
    cut_off: bool


def expected_frames(
    container: InputContainer, stream: VideoStream, packets: Packets, fps: float
) -> int | None:
    """Return how many frames a video that stops half way was to have; None where it is whole."""
    known = [stamp for stamp in packets.pts if stamp is not None]
    listed = _listed(stream, len(packets.pts)) - packets.skipped
    if stream.duration is not None and stream.time_base is not None:
        start = stream.start_time if stream.start_time is not None else min(known, default=0)
        missing = (start + stream.duration - max(known, default=0)) * stream.time_base * fps - 1
        stops = stream.frames > len(packets.pts) and missing > END_TOLERANCE_FRAMES - 1
    elif container.duration and len(container.streams) == 1 and "DURATION" not in stream.metadata:
        missing = container.duration / av.time_base * fps - len(packets.pts)
        stops = missing > END_TOLERANCE_SECONDS * fps
    else:
        tag = _seconds(stream.metadata.get("DURATION", ""))  # Matroska's, of this stream alone
        base = stream.time_base or 0
        shown = max(Fraction(1 / fps), packets.duration * base)  # the last frame, which may stay for long
        missing = (tag - max(known, default=0) * base - shown) * fps if tag else 0
        stops = missing > END_TOLERANCE_FRAMES
    if listed > len(packets.pts):
        return listed
    if not (stops or packets.cut_off):
        return None
    return max(stream.frames, len(packets.pts) + max(round(float(missing)), packets.cut_off))


def _seconds(text: str) -> Fraction:
    """Return the seconds in h:m:s; 0 where the text is none."""
    try:
        hours, minutes, seconds = text.split(":")
        return 3600 * int(hours) + 60 * int(minutes) + Fraction(seconds)
    except ValueError:
        return Fraction(0)


def _listed(stream: VideoStream, found: int) -> int:
    """Return the frames in the index of an mp4 or mov, which is whole where the file is not, if more."""
    if "mov" not in stream.container.format.name or len(stream.index_entries) <= found:
        return 0
    return sum(1 for entry in stream.index_entries if entry.size and not entry.is_discard)


def numbered_frames(container: InputContainer, stream: VideoStream, packets: Packets) -> int:
    """Return how many frames of a video that is not whole have stamps that say which they are.

    In AVI the stamps are counted off. The last is a guess where frames are not shown in the order of
    decoding, and so are those behind packets that its index at the end knows, but that damage hides.
    """
    if "avi" not in container.format.name:
        return len(packets.pts)
    listed = [entry.pos + AVI_CHUNK_HEADER for entry in stream.index_entries if entry.size]
    equal = [a == b for a, b in zip(packets.pos, listed, strict=False)]
    found = equal.index(False) if False in equal else len(packets.pts)
    return max(1, found - bool(stream.codec_context.has_b_frames))


def settled_stamp(stream: VideoStream, packets: Packets) -> int | None:
    """Return the stamp up to which all frames are in the file: no later packet is shown before its dts."""
    return packets.decoded_at if stream.frames or _listed(stream, len(packets.pts)) else None
