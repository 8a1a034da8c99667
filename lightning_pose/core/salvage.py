"""What can be decoded of a damaged stretch of a video, frame by frame.

A decoder that meets damage makes pictures up from what it had before, and goes on predicting others from them
up to the next key frame. None of these was ever before the camera. What counts as decoded is therefore, of a
group (a key frame and what follows up to the next), the frames whose packets come before the first damaged
one; a damaged packet that no other frame needs is left out alone.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from lightning_pose.core.packet_table import PacketTable, open_stream


def salvage(path: Path, table: PacketTable, number: int) -> Iterator[tuple[int, VideoFrame]]:
    """Yield numbers and frames that damage has left, in order, from `number` to before the next key frame.

    The group is decoded twice: to find what is damaged, then without that.
    """
    unusable = _unusable(path, table, number)
    last = number - 1
    for _, frames in _decode_group(path, table, number, unusable):
        for frame in frames or ():
            place = table.number(frame.pts)
            if place is not None and place > last:
                yield place, frame
                last = place


def next_key(table: PacketTable, number: int) -> int:
    """Return the number of the first key frame after a frame; where there is none, the number of frames."""
    later = table.key_pts[table.key_pts > max(table.pts[number], table.key_pts[0])]
    return int(np.searchsorted(table.pts, later[0])) if len(later) else len(table.pts)


def _unusable(path: Path, table: PacketTable, number: int) -> set[int]:
    """Return the places in their group of the packets that are damaged or may need a damaged one."""
    damaged, free, place = set(), set(), {}
    for index, (packet, frames) in enumerate(_decode_group(path, table, number, set())):
        if packet is not None:
            place[packet.pts] = index
            if packet.is_disposable:
                free.add(index)
            if packet.is_corrupt or frames is None:
                damaged.add(index)
        damaged |= {place[frame.pts] for frame in frames or () if frame.is_corrupt and frame.pts in place}
    first = min(damaged - free, default=len(place))
    return damaged | set(range(first, len(place)))


def _decode_group(
    path: Path, table: PacketTable, number: int, without: set[int]
) -> Iterator[tuple[Packet | None, list[VideoFrame] | None]]:
    """Yield each packet of a frame's group with the frames that the decoder gives then, None at a fault.

    Last comes no packet, with the frames that the decoder has kept until then. One thread, so that a fault is
    told when its packet is.
    """
    container, stream, packets = _group(path, table, number)
    with container:
        for index, packet in enumerate(chain(packets, [None])):
            if index not in without:
                try:
                    yield packet, stream.codec_context.decode(packet)
                except av.FFmpegError:
                    yield packet, None


def _group(
    path: Path, table: PacketTable, number: int
) -> tuple[InputContainer, VideoStream, Iterator[Packet]]:
    """Open a file and return the packets from the key frame at or before a frame to before the next."""
    keys = table.key_pts
    stamp = int(table.pts[number])
    index = max(int(np.searchsorted(keys, stamp, side="right")) - 1, 0)
    start = int(keys[index])
    container, stream = open_stream(path, 1)
    for key in keys[index::-1].tolist():  # some containers land behind the key frame asked for
        container.seek(key, stream=stream, backward=True)
        packets = container.demux(stream)
        first = next(packets)
        if first.pts is not None and first.pts <= start:
            return container, stream, _cut(chain([first], packets), start, stamp)
    container.close()
    container, stream = open_stream(path, 1)
    return container, stream, _cut(container.demux(stream), start, stamp)


def _cut(packets: Iterator[Packet], key: int, stamp: int) -> Iterator[Packet]:
    """Yield the packets from a key frame on to before the first key frame that is after a stamp as well."""
    inside = False
    for packet in packets:
        inside = inside or packet.pts == key
        if not packet.size or (
            packet.is_keyframe and packet.pts is not None and packet.pts > max(key, stamp)
        ):
            return
        if inside:
            yield packet
