"""What containers announce, of videos that are cut off at a known packet."""

from collections.abc import Callable
from pathlib import Path

import av
import pytest

from lightning_pose.core.announced_frames import Packets, expected_frames, numbered_frames, settled_stamp
from lightning_pose.core.packet_table import open_stream, read_packet_table

MakeVideo = Callable[..., Path]


def packets_of(path: Path) -> Packets:
    """Return what the file of a whole video holds."""
    with av.open(str(path)) as container:
        found = [packet for packet in container.demux(video=0) if packet.size]
    return Packets(
        [p.pts for p in found], [p.pts for p in found if p.is_keyframe], [p.pos for p in found],
        found[-1].dts, found[-1].duration or 0, skipped=0, cut_off=False,
    )  # fmt: skip


def first(packets: Packets, count: int) -> Packets:
    """Return the first packets, as a file would hold them that was cut off after them."""
    return packets._replace(pts=packets.pts[:count], pos=packets.pos[:count], cut_off=True)


@pytest.mark.parametrize("name", ["v.mp4", "v.mov", "v.mkv", "v.avi"])
def test_a_whole_video_lacks_nothing_and_one_that_is_cut_off_what_it_announced(
    tmp_path: Path, make_video: MakeVideo, name: str
) -> None:
    path = make_video(tmp_path / name)
    packets = packets_of(path)
    container, stream = open_stream(path)
    with container:
        assert expected_frames(container, stream, packets, 30.0) is None
        assert expected_frames(container, stream, first(packets, 25), 30.0) == 60


def test_frames_of_an_avi_are_numbered_up_to_the_first_packet_that_its_index_has_elsewhere(
    tmp_path: Path, make_video: MakeVideo
) -> None:
    path = make_video(tmp_path / "v.avi", codec="mjpeg", pix_fmt="yuvj420p")
    packets = packets_of(path)
    hidden = packets._replace(pos=packets.pos[:20] + packets.pos[23:])
    container, stream = open_stream(path)
    with container:
        assert numbered_frames(container, stream, packets) == 60
        assert numbered_frames(container, stream, hidden) == 20


def test_no_frame_can_be_lacking_before_the_last_dts_of_an_mp4(tmp_path: Path, make_video: MakeVideo) -> None:
    path = make_video(tmp_path / "v.mp4")
    packets = packets_of(path)
    container, stream = open_stream(path)
    with container:
        assert settled_stamp(stream, packets) == packets.decoded_at
    container, stream = open_stream(make_video(tmp_path / "v.mkv"))
    with container:
        assert settled_stamp(stream, packets) is None


@pytest.mark.parametrize("bf", ["2", "3"])
def test_h264_in_avi_with_reordered_frames_can_only_be_counted_off(
    tmp_path: Path, make_video: MakeVideo, bf: str
) -> None:
    assert not read_packet_table(make_video(tmp_path / "v.avi", bf=bf)).seekable
    assert read_packet_table(make_video(tmp_path / "plain.avi", bf="0")).seekable


@pytest.mark.parametrize("name", ["long.mp4", "long.mkv"])
def test_a_last_frame_that_stays_for_long_is_no_missing_frames(
    tmp_path: Path, make_video: MakeVideo, name: str
) -> None:
    with av.open(str(make_video(tmp_path / "v.mp4", 30))) as old:
        packets = [packet for packet in old.demux(video=0) if packet.pts is not None]
        latest = max(packets, key=lambda packet: packet.pts or 0)
        with av.open(str(tmp_path / name), "w") as new:
            stream = new.add_stream_from_template(old.streams.video[0])
            for packet in packets:
                packet.duration = (packet.duration or 0) * (20 if packet is latest else 1)
                packet.stream = stream
            new.mux(packets)
    info = read_packet_table(tmp_path / name).info  # refuses what stops half way
    assert (info.n_frames, info.missing) == (30, 0)
    assert info.duration == pytest.approx((29 + 20) / 30, abs=2e-3)
