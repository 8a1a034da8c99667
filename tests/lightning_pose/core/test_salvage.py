"""Frames around damage carry their number: those that come are right, and none is given up without need."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from lightning_pose.core.packet_table import read_packet_table
from lightning_pose.core.salvage import next_key, salvage
from lightning_pose.core.video import VideoReader

MakeVideo = Callable[..., Path]
ReadNumber = Callable[[np.ndarray], int]
KEY_EVERY = 12


def blank(path: Path, number: int) -> None:
    """Overwrite the packet of a frame, in a file that holds it once, behind its first bytes."""
    stamp = read_packet_table(path).pts[number]
    with av.open(str(path)) as container:
        packet = next(p for p in container.demux(video=0) if p.pts == stamp)
        content = bytes(packet)
    whole = path.read_bytes()
    assert whole.count(content) == 1
    path.write_bytes(whole.replace(content, content[:5] + bytes(len(content) - 5)))


def read(path: Path, read_number: ReadNumber) -> list[int | None]:
    with VideoReader(path, partial=True) as video:
        return [None if frame is None else read_number(frame) for frame in video.stream()]


@pytest.mark.parametrize(
    "options",
    [{"bf": "0", "sc_threshold": "0"}, {"bf": "2", "sc_threshold": "0"}, {"codec": "libx265", "bf": "0"}],
)
def test_what_follows_damage_is_lost_up_to_the_next_key_frame_and_no_more(
    tmp_path: Path, make_video: MakeVideo, read_number: ReadNumber, options: dict[str, str]
) -> None:
    quiet = {"x265-params": f"log-level=none:keyint={KEY_EVERY}:no-open-gop=1:bframes=0"}
    path = make_video(tmp_path / "v.mp4", **options, **(quiet if "codec" in options else {}))
    blank(path, 27)
    found = read(path, read_number)
    assert len(found) == 60
    assert all(number == place for place, number in enumerate(found) if number is not None)
    lost = [place for place, number in enumerate(found) if number is None]
    assert 27 in lost and min(lost) >= 24 and max(lost) < 36
    if options.get("bf") == "0":
        assert lost == list(range(27, 36))


def test_every_picture_of_mjpeg_stands_alone(
    tmp_path: Path, make_video: MakeVideo, read_number: ReadNumber
) -> None:
    path = make_video(tmp_path / "v.mkv", n=20, codec="mjpeg", pix_fmt="yuvj420p")
    table = read_packet_table(path)
    assert next_key(table, 7) == 8 and next_key(table, 19) == 20
    assert [place for place, _ in salvage(path, table, 7)] == [7]


def test_a_damaged_key_frame_costs_its_group(
    tmp_path: Path, make_video: MakeVideo, read_number: ReadNumber
) -> None:
    path = make_video(tmp_path / "v.mp4", n=40, bf="0", sc_threshold="0")
    blank(path, 12)
    expected = [None if 12 <= place < 24 else place for place in range(40)]
    assert read(path, read_number) == expected
    with VideoReader(path, partial=True) as video:
        assert [None if f is None else read_number(f) for f in video.stream(20)] == expected[20:]
