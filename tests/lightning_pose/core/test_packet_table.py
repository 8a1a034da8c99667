"""The stamps of the packets against those of the decoded frames."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
import pytest
from av.video.stream import VideoStream

from lightning_pose.core.errors import VideoError
from lightning_pose.core.packet_table import PacketTable, VideoInfo, open_stream, read_packet_table
from lightning_pose.core.video import VideoReader, probe

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


def shift(source: Path, target: Path, frames: int) -> Path:
    """Copy a video so that its first frame is shown at another time; before 0, an edit list cuts it off."""
    options = {"avoid_negative_ts": "disabled"}
    with av.open(str(source)) as old, av.open(str(target), "w", options=options) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.pts is not None and packet.dts is not None:
                by = round(frames * Fraction(1, 30) / packet.time_base)
                packet.stream, packet.pts, packet.dts = stream, packet.pts + by, packet.dts + by
                new.mux(packet)
    return target


def shown_by_opencv(path: Path) -> Iterator[np.ndarray]:
    """Yield what OpenCV makes of a video, as RGB."""
    capture = cv2.VideoCapture(str(path))
    while (frame := capture.read()[1]) is not None:
        yield frame[..., ::-1]


@pytest.mark.parametrize("name", ["v.mp4", "v.mov"])
@pytest.mark.parametrize("cut", [1, 5, 12, 14])
def test_frames_that_an_edit_list_cuts_off_do_not_count(
    tmp_path: Path, make_video: MakeVideo, read_number: Callable[[np.ndarray], int], name: str, cut: int
) -> None:
    source = make_video(tmp_path / "source.mp4", n=30)
    path = shift(source, tmp_path / name, -cut)
    theirs = [read_number(frame) for frame in shown_by_opencv(path)]
    with VideoReader(path) as video:
        assert len(video) == 30 - cut
        ours = [read_number(frame) for frame in video.frames()]
        assert ours == theirs == list(range(cut, 30))
        assert [read_number(video[i]) for i in (20 - cut, 0, 29 - cut, 3)] == [20, cut, 29, cut + 3]
        assert video.times[0] == 0


@pytest.mark.parametrize("name", ["v.mp4", "v.mov", "v.mkv"])
def test_a_video_may_begin_at_another_time_than_zero(
    tmp_path: Path, make_video: MakeVideo, read_number: Callable[[np.ndarray], int], name: str
) -> None:
    path = shift(make_video(tmp_path / "source.mp4", n=30), tmp_path / name, 100)
    with VideoReader(path) as video:
        assert [read_number(video[i]) for i in (29, 0, 17)] == [29, 0, 17]
        np.testing.assert_allclose(video.times, np.arange(30) / 30, atol=2e-3)


COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (240, 240, 240), (5, 5, 5)]
BT709, BT601, LIMITED, FULL = 1, 5, 1, 2


def write_colours(
    path: Path, codec: str, pix_fmt: str, *, matrix: int = 0, levels: int = 0, aspect: int = 1, odd: int = 0
) -> Path:
    """Write a frame of each colour, tagged with a matrix and a range unless they are 0."""
    with av.open(str(path), "w") as container:
        quality = {"q": "1"} if codec == "mjpeg" else {"crf": "4"}
        stream = cast(VideoStream, container.add_stream(codec, rate=30, options=quality))
        stream.width, stream.height, stream.pix_fmt = 64 - odd, 48 - odd, pix_fmt
        stream.codec_context.sample_aspect_ratio = Fraction(aspect, 1)
        if matrix:
            stream.codec_context.colorspace = matrix
        if levels:
            stream.codec_context.color_range = levels
        for number, colour in enumerate(COLOURS):
            pixels = np.full((48 - odd, 64 - odd, 3), colour, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
                format=pix_fmt, dst_colorspace=matrix or BT601, dst_color_range=levels or LIMITED
            )
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "matrix", "levels"),
    [
        ("libx264", "yuv420p", 0, 0),
        ("libx264", "yuv420p", BT601, LIMITED),
        ("libx264", "yuv420p", BT709, LIMITED),
        ("libx264", "yuvj420p", BT601, FULL),
        ("libx264", "yuv420p", BT709, FULL),
        ("libx264", "yuv444p", BT709, LIMITED),
        ("mjpeg", "yuvj420p", BT601, FULL),
    ],
)
def test_colours_are_those_that_were_filmed_and_that_opencv_shows(
    tmp_path: Path, codec: str, pix_fmt: str, matrix: int, levels: int
) -> None:
    path = write_colours(tmp_path / "v.mkv", codec, pix_fmt, matrix=matrix, levels=levels)
    with VideoReader(path) as video, VideoReader(path, size=(32, 24)) as small:
        for number, theirs in enumerate(shown_by_opencv(path)):
            np.testing.assert_allclose(video[number], theirs, atol=2)
            for ours in (video[number], small[number]):
                np.testing.assert_allclose(ours.mean(axis=(0, 1)), COLOURS[number], atol=4)


def test_pixels_that_are_not_square_are_the_pixels_that_are_stored(tmp_path: Path) -> None:
    path = write_colours(tmp_path / "v.mp4", "libx264", "yuv420p", aspect=2)
    assert probe(path)[:2] == (64, 48)
    with VideoReader(path) as video:
        assert video[0].shape == next(shown_by_opencv(path)).shape == (48, 64, 3)


def test_odd_sizes_are_kept(tmp_path: Path) -> None:
    path = write_colours(tmp_path / "v.avi", "mjpeg", "yuvj420p", odd=1)
    assert probe(path)[:2] == (63, 47)
    with VideoReader(path) as video:
        np.testing.assert_allclose(video[1].mean(axis=(0, 1)), COLOURS[1], atol=4)
