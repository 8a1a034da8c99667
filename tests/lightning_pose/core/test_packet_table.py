"""The stamps of the packets against those of the decoded frames."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.errors import VideoError
from lightning_pose.core.packet_table import PacketTable, VideoInfo, open_stream, read_packet_table

MakeVideo = Callable[..., Path]


@pytest.fixture
def video(tmp_path: Path, make_video: MakeVideo) -> Path:
    return make_video(tmp_path / "v.mp4", bf="3", g="10")


def test_stamps_are_those_of_the_frames_in_the_order_shown(video: Path) -> None:
    table = read_packet_table(video)
    container, stream = open_stream(video)
    with container:
        decoded = [(frame.pts, frame.key_frame) for frame in container.decode(stream)]
    assert table.pts.tolist() == [stamp for stamp, _ in decoded]
    assert table.key_pts.tolist() == [stamp for stamp, key in decoded if key]
    assert len(table.key_pts) >= 6
    assert np.diff(table.pts * float(table.time_base)) == pytest.approx(1 / 30, abs=1e-4)


def test_the_table_of_a_file_is_read_again_only_when_the_file_changes(
    video: Path, make_video: MakeVideo
) -> None:
    table = read_packet_table(video)
    assert isinstance(table, PacketTable) and isinstance(table.info, VideoInfo)
    assert read_packet_table(str(video)) is table
    make_video(video, n=7)
    assert read_packet_table(video).info.n_frames == 7


def test_a_file_that_cannot_be_opened_is_a_fault_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(b"RIFF")
    with pytest.raises(VideoError, match=r"v\.mp4: is not a video"):
        open_stream(tmp_path / "v.mp4")
