"""Presentation times out of the index of an mp4 or mov, without touching its pictures.

Reading every packet of an hour takes a second and gigabytes of disk; its index is a few megabytes. What is
not plain (fragments, frames that an edit list cuts away, a file that stops half way) is left to whoever reads
packets.

Source: ISO/IEC 14496-12, 8.3 to 8.6: mdhd, elst, stts, ctts, stsz.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

LARGEST = 1 << 28  # bytes of an index
LONGEST = 1 << 24  # frames: three days at 60/s
INSIDE = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts")
KEPT = (b"mvhd", b"mdhd", b"hdlr", b"elst", b"stts", b"ctts", b"stsz", b"stz2", b"mvex", b"trak")
PLAIN_RATE = 1 << 16
EMPTY = -1  # media time of an edit that shows nothing


class Edit(NamedTuple):
    """A stretch of an edit list: how long (movie clock), and from when in the media (media clock)."""

    duration: int
    begin: int
    rate: int


def indexed_times(video: Path) -> Float64[np.ndarray, "T"] | None:
    """Return when each frame is shown (s, the file's own clock); None where the index alone does not tell."""
    try:
        with video.open("rb") as file:
            moov = _index(file, video.stat().st_size)
        if moov is None:
            return None
        tracks = _tracks(moov)
        films = [track for track in tracks if track.get(b"hdlr", b"")[8:12] == b"vide"]
        if len(films) != 1:
            return None
        return _times(films[0], struct.unpack_from(">I", tracks[0][b"mvhd"], _clock(tracks[0][b"mvhd"]))[0])
    except (OSError, KeyError, struct.error, ValueError, IndexError):
        return None


def _index(file: BinaryIO, size: int) -> bytes | None:
    """Return the content of the box `moov`; None where there is none, or the file stops inside of a box."""
    place, found = 0, None
    while place < size:
        file.seek(place)
        head = file.read(16)
        length, kind = struct.unpack(">I4s", head[:8])
        lead = 8
        if length == 1:
            (length,), lead = struct.unpack(">Q", head[8:16]), 16
        elif length == 0:
            length = size - place
        if length < lead or place + length > size or kind == b"moof":
            return None
        if kind == b"moov":
            if length > LARGEST:
                return None
            file.seek(place + lead)
            found = file.read(length - lead)
        place += length
    return found


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of boxes, those inside of others too."""
    place = 0
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        if length < 8:
            return
        content = data[place + 8 : place + length]
        yield kind, content
        if kind in INSIDE:
            yield from _boxes(content)
        place += length


def _tracks(moov: bytes) -> list[dict[bytes, bytes]]:
    """Return the boxes that matter: of the movie first, joined to those of each track.

    Raises:
        ValueError: when the index goes on in fragments.
    """
    movie: dict[bytes, bytes] = {}
    tracks: list[dict[bytes, bytes]] = []
    for kind, content in _boxes(moov):
        if kind == b"mvex":
            raise ValueError("in fragments")
        if kind == b"trak":
            tracks.append(dict(movie))
        elif kind in KEPT:
            (tracks[-1] if tracks and kind != b"mvhd" else movie).setdefault(kind, content)
    return [{**movie, **track} for track in tracks]


def _times(track: dict[bytes, bytes], movie_clock: int) -> Float64[np.ndarray, "T"] | None:
    """Return the times of a track's frames; None where its edit list cuts some away."""
    (clock,) = struct.unpack_from(">I", track[b"mdhd"], _clock(track[b"mdhd"]))
    steps = _runs(track[b"stts"], ">u4")
    shown = np.cumsum(steps) - steps
    if b"ctts" in track:
        offsets = _runs(track[b"ctts"], ">i4")  # of the unsigned kind none is that large
        if len(offsets) != len(shown):
            return None
        shown = shown + offsets
    (count,) = struct.unpack_from(">I", track[b"stsz"], 8)
    if not count or count != len(shown):
        return None
    edits = _edits(track.get(b"elst"))
    wait = edits.pop(0).duration / movie_clock if len(edits) > 1 and edits[0].begin == EMPTY else 0.0
    if not edits:
        return np.sort(shown) / clock
    if len(edits) > 1 or edits[0].begin < 0 or edits[0].rate != PLAIN_RATE:
        return None
    [edit] = edits
    end = edit.begin + edit.duration * clock / movie_clock
    if shown.min() < edit.begin or (edit.duration and shown.max() >= end):
        return None
    wait = round(wait * clock)  # the reader of packets counts in the media's clock
    return (np.sort(shown) - edit.begin + wait) / clock


def _edits(data: bytes | None) -> list[Edit]:
    if data is None:
        return []
    kind = ">QqI" if data[0] == 1 else ">IiI"
    (count,) = struct.unpack_from(">I", data, 4)
    return [
        Edit(*struct.unpack_from(kind, data, 8 + place * struct.calcsize(kind))) for place in range(count)
    ]


def _runs(data: bytes, kind: str) -> Int64[np.ndarray, "T"]:
    """Return a table of run lengths, written out.

    Raises:
        ValueError: when it is longer than any recording.
    """
    (count,) = struct.unpack_from(">I", data, 4)
    lengths = np.frombuffer(data, ">u4", 2 * count, 8)[::2].astype(np.int64)
    values = np.frombuffer(data, kind, 2 * count, 8)[1::2].astype(np.int64)
    if lengths.sum() > LONGEST:
        raise ValueError("too long")
    return np.repeat(values, lengths)


def _clock(data: bytes) -> int:
    """Return where the ticks per second stand in a box of a movie or a medium."""
    return 20 if data[0] == 1 else 12
