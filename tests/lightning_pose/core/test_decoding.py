"""The decoder of a video that is whole, and of one that is not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.decoding import Decoder
from lightning_pose.core.errors import VideoError
from lightning_pose.core.packet_table import read_packet_table

MakeVideo = Callable[..., Path]


def test_the_next_frame_needs_no_seek_and_one_far_ahead_starts_at_its_key(
    tmp_path: Path,
    make_video: MakeVideo,
    read_number: Callable[[np.ndarray], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = make_video(tmp_path / "v.mp4", sc_threshold="0")  # a key frame every 12
    decoder = Decoder(path, read_packet_table(path), threads=1)
    sought: list[int] = []
    seek = Decoder._seek
    monkeypatch.setattr(Decoder, "_seek", lambda self, stamp: sought.append(stamp) or seek(self, stamp))
    for number in (0, 1, 5, 40, 41, 3):
        assert read_number(decoder.frame(number).to_ndarray(format="rgb24")) == number
        assert decoder.next == number + 1
    table = read_packet_table(path)
    assert sought == [table.pts[36], table.pts[0]]
    decoder.close()


def test_a_frame_that_is_not_in_the_file_is_an_error_and_the_others_still_come(
    tmp_path: Path, make_video: MakeVideo, read_number: Callable[[np.ndarray], int]
) -> None:
    path = make_video(tmp_path / "v.mp4")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    decoder = Decoder(path, read_packet_table(path, partial=True))
    with pytest.raises(VideoError, match=r"50 of 60 frames could be read \(the frame is not in the file"):
        decoder.frame(50)
    assert read_number(decoder.frame(20).to_ndarray(format="rgb24")) == 20
    decoder.close()
