"""The decoder of a video that is whole, and of one that is not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.decoding import Decoder
from lightning_pose.core.errors import VideoError
from lightning_pose.core.packet_table import read_packet_table
from lightning_pose.core.video import VideoReader

MakeVideo = Callable[..., Path]
ReadNumber = Callable[[np.ndarray], int]

N = 24
CODECS = {
    "h264": {"codec": "libx264", "bf": "3", "g": "6", "sc_threshold": "0"},
    "hevc": {
        "codec": "libx265", "crf": "20", "preset": "ultrafast",
        "x265-params": "log-level=none:keyint=6:min-keyint=6:bframes=2:open-gop=1",
    },
    "vp9": {"codec": "libvpx-vp9", "g": "12", "cpu-used": "5", "auto-alt-ref": "1", "lag-in-frames": "10"},
    "av1": {"codec": "libsvtav1", "preset": "12", "crf": "30", "g": "6"},
    "mpeg4": {"codec": "mpeg4", "bf": "2", "g": "6", "b": "4000000"},
    "mjpeg": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
}  # fmt: skip
NOT_ALLOWED = {("vp9", "mov"), ("av1", "mov"), ("hevc", "avi")}
PAIRS = [
    (codec, suffix)
    for codec in CODECS
    for suffix in ("mp4", "mov", "mkv", "avi")
    if (codec, suffix) not in NOT_ALLOWED
]
QUICK = {("h264", "mp4"), ("h264", "avi"), ("hevc", "mkv"), ("vp9", "mp4"), ("av1", "mkv"), ("mpeg4", "avi")}


@pytest.mark.parametrize("varying", [False, True], ids=["constant", "varying"])
@pytest.mark.parametrize(
    ("codec", "suffix"),
    [pytest.param(*pair, marks=() if pair in QUICK else pytest.mark.slow) for pair in PAIRS],
)
def test_every_codec_in_every_container_gives_exactly_the_frame_asked_for(
    tmp_path: Path, make_video: MakeVideo, read_number: ReadNumber, codec: str, suffix: str, varying: bool
) -> None:
    stamps = np.random.default_rng(4).integers(50, 200, N).cumsum().tolist() if varying else None
    path = make_video(tmp_path / f"v.{suffix}", n=N, stamps=stamps, **CODECS[codec])
    every = list(range(N))
    with VideoReader(path) as video:
        assert len(video) == video.info.n_frames == N and video.info.missing == 0
        assert [read_number(frame) for frame in video.frames()] == every
        assert [read_number(video[number]) for number in reversed(every)] == every[::-1]
        assert [read_number(video[number]) for number in every[::5]] == every[::5]
        for start in (0, 1, 7, N - 1):
            found = [None if frame is None else read_number(frame) for frame in video.stream(start)]
            assert found == every[start:]
        assert (read_number(video[0]), read_number(video[-1])) == (0, N - 1)


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
