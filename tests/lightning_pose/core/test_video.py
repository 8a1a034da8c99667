"""Frames by number are checked against the number that is drawn in them."""

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from lightning_pose.core.errors import VideoError
from lightning_pose.core.video import VideoReader, VideoWriter, frames, probe

MakeVideo = Callable[..., Path]
ReadNumber = Callable[[np.ndarray], int]

KINDS = {
    "b_frames.mp4": {"bf": "3"},
    "open_gop.mp4": {"bf": "2", "x264-params": "open-gop=1"},
    "one_key.mp4": {"g": "500"},
    "intra.mp4": {"g": "1", "bf": "0"},
    "plain.mkv": {},
    "h264.avi": {"bf": "0"},
    "b_frames.avi": {},
    "mjpeg.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "mpeg4_b.avi": {"codec": "mpeg4", "bf": "2", "g": "12", "qscale": "2", "b": "4000000"},
    "mpeg4_b.mp4": {"codec": "mpeg4", "bf": "2", "g": "12", "b": "4000000"},
    "broadcast.ts": {},
    "mpeg1.mpg": {"codec": "mpeg1video", "b": "4000000"},
    "vp9.webm": {"codec": "libvpx-vp9", "g": "12", "deadline": "realtime", "cpu-used": "8"},
}


@pytest.fixture(scope="module")
def varying(tmp_path_factory: pytest.TempPathFactory, make_video: MakeVideo) -> tuple[Path, np.ndarray]:
    """A video of 60 frames that follow one another after 1/60 to 1/15 s, and their stamps in s."""
    stamps = np.concatenate([[0], np.random.default_rng(4).integers(50, 200, 59)]).cumsum()
    path = tmp_path_factory.mktemp("varying") / "varying.mp4"
    return make_video(path, stamps=stamps.tolist()), stamps / 3000


@pytest.mark.parametrize("name", KINDS)
def test_every_frame_comes_in_the_order_shown(
    tmp_path: Path, make_video: MakeVideo, read_number: ReadNumber, name: str
) -> None:
    path = make_video(tmp_path / name, **KINDS[name])
    assert probe(path).n_frames == 60
    assert probe(path).fps == pytest.approx(30, rel=1e-3)
    assert [read_number(frame) for frame in frames(path)] == list(range(60))


@pytest.mark.parametrize("name", KINDS)
def test_random_access_returns_exactly_the_frame_asked_for(
    tmp_path: Path, make_video: MakeVideo, read_number: ReadNumber, name: str, rng: np.random.Generator
) -> None:
    order = [59, 0, 24, 23, 25, 11, 12, 13, *rng.integers(0, 60, 12).tolist(), -1, -60]
    with VideoReader(make_video(tmp_path / name, **KINDS[name])) as video:
        assert [read_number(video[i]) for i in order] == [i % 60 for i in order]


def test_a_variable_rate_does_not_shift_frames(
    varying: tuple[Path, np.ndarray], read_number: ReadNumber
) -> None:
    path, times = varying
    with VideoReader(path) as video:
        assert [read_number(video[i]) for i in (41, 7, 58, 30)] == [41, 7, 58, 30]
        np.testing.assert_allclose(video.times, times, atol=1e-4)
    assert probe(path).fps == pytest.approx(60 / probe(path).duration, rel=0.01)


def test_a_range_starts_and_stops_where_told(
    tmp_path: Path, make_video: MakeVideo, read_number: ReadNumber
) -> None:
    path = make_video(tmp_path / "v.mp4")
    assert [read_number(frame) for frame in frames(path, start=17, stop=31)] == list(range(17, 31))
    assert [read_number(frame) for frame in frames(path, start=55, stop=99)] == list(range(55, 60))


def test_numbers_outside_the_video_are_index_errors(tmp_path: Path, make_video: MakeVideo) -> None:
    with VideoReader(make_video(tmp_path / "v.mp4", n=5)) as video:
        with pytest.raises(IndexError, match="frame 5 of 5"):
            video[5]
        with pytest.raises(IndexError, match="frame -6 of 5"):
            video[-6]


def test_probing_counts_packets_without_decoding(real_data: Path) -> None:
    path = real_data / "mirror-mouse" / "videos" / "test_vid.mp4"
    capture = cv2.VideoCapture(str(path))
    told = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FPS)
    info = probe(path)
    assert info[:4] == tuple(capture.get(what) for what in told)
    assert info.codec == "h264"
    assert info.duration == pytest.approx(994 / 250)


def test_frames_agree_with_opencv(real_data: Path) -> None:
    path = real_data / "human-4cam" / "videos" / "balancing_cam1.mp4"
    capture = cv2.VideoCapture(str(path))
    for ours in frames(path, stop=5, rgb=False):
        theirs = capture.read()[1]
        assert np.abs(ours.astype(int) - theirs).mean() < 1.5  # rounding of two colour conversions


@pytest.mark.parametrize("size", [(128, 96), (64, 128), (300, 200)])
@pytest.mark.parametrize("colour", [(1, 1, 1), (1, 0, 0)])
def test_resizing_keeps_pixel_centres(
    tmp_path: Path, size: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    width, height = 256, 192
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    blob = np.exp(-((x - 100.3) ** 2 + (y - 70.6) ** 2) / (2 * 10.0**2))
    with VideoWriter(tmp_path / "blob.mp4", width, height, 25, crf=4) as writer:
        writer.write((255 * blob[..., None] * np.array(colour)).astype(np.uint8))
    small = next(frames(tmp_path / "blob.mp4", size=size))[..., 0].astype(float)
    assert small.shape == (size[1], size[0])
    small[small < 8] = 0  # what compression leaves far from the blob has a long lever
    scale = np.array([width / size[0], height / size[1]])
    moments = [small.sum(axis=axis) @ np.arange(length) for axis, length in enumerate(size)]
    centre = np.array(moments) / small.sum()
    np.testing.assert_allclose((centre + 0.5) * scale - 0.5, [100.3, 70.6], atol=0.1)


def test_a_resized_frame_is_an_average_over_areas(real_data: Path) -> None:
    path = real_data / "mirror-mouse" / "videos" / "test_vid.mp4"
    full, small = next(frames(path)), next(frames(path, size=(198, 203)))
    np.testing.assert_allclose(cv2.resize(full, (198, 203), interpolation=cv2.INTER_AREA), small, atol=3)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_video_filmed_on_its_side_is_shown_upright(
    tmp_path: Path, make_video: MakeVideo, read_number: ReadNumber, rotation: int
) -> None:
    path = make_video(tmp_path / "phone.mp4", n=5, rotation=rotation)
    capture = cv2.VideoCapture(str(path))  # OpenCV turns frames too
    for _ in range(4):
        theirs = capture.read()[1]
    with VideoReader(path, rgb=False) as video:
        ours = video[3]
        assert ours.shape == (video.info.height, video.info.width, 3) == theirs.shape
    assert np.abs(ours.astype(int) - theirs).mean() < 3
    small = next(frames(path, size=(48, 64) if rotation % 180 else (64, 48)))
    assert read_number(np.rot90(small, -rotation // 90)) == 0


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("notes.mp4", b"these are notes\n" * 50, "not a video"),
        ("zero.mp4", b"", "empty"),
        ("random.mp4", np.random.default_rng(0).bytes(5000), "not a video"),
    ],
)
def test_a_file_that_is_not_a_video_is_said_to_be_none(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(VideoError, match=rf"{name}.*{message}"):
        probe(tmp_path / name)
    with pytest.raises(VideoError, match="no such video"):
        probe(tmp_path / "absent.mp4")
    with pytest.raises(VideoError, match="is a folder"):
        probe(tmp_path)


def test_a_file_with_sound_only_is_not_a_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    with pytest.raises(VideoError, match="no pictures, only: audio"):
        probe(tmp_path / "sound.mp4")


@pytest.mark.parametrize("name", ["cut.mp4", "cut.mkv", "cut.avi"])
def test_a_video_that_stops_half_way_says_where(tmp_path: Path, make_video: MakeVideo, name: str) -> None:
    path = make_video(tmp_path / name)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * 0.6)])
    with pytest.raises(VideoError, match=r"stops half way: 3\d of 60 frames"):
        probe(path)
    with pytest.raises(VideoError, match=r"stops half way: 3\d of 60 frames"):
        list(frames(path))


def test_a_video_without_its_index_says_it_was_interrupted(tmp_path: Path, make_video: MakeVideo) -> None:
    path = make_video(tmp_path / "index_last.mp4")
    with av.open(str(path)) as source, av.open(str(tmp_path / "late.mp4"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    whole = (tmp_path / "late.mp4").read_bytes()
    (tmp_path / "late.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(VideoError, match="interrupted before the index"):
        probe(tmp_path / "late.mp4")


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.97])
@pytest.mark.parametrize("name", ["cut.mp4", "vfr.mp4", "fragments.mp4", "cut.mkv", "cut.avi", "mpeg4.avi"])
def test_a_video_that_stops_half_way_can_be_read_as_far_as_it_goes(
    tmp_path: Path, make_video: MakeVideo, read_number: ReadNumber, name: str, kept: float
) -> None:
    stamps = np.random.default_rng(4).integers(50, 200, 60).cumsum().tolist() if name == "vfr.mp4" else None
    options = {"codec": "mpeg4", "bf": "2", "g": "12", "b": "4000000"} if name == "mpeg4.avi" else {"bf": "3"}
    flags = "frag_keyframe+empty_moov" if name == "fragments.mp4" else "+faststart"
    path = make_video(tmp_path / name, stamps=stamps, movflags=flags, **options)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with VideoReader(path, partial=True) as video:
        found = [None if frame is None else read_number(frame) for frame in video.stream()]
        later = [None if frame is None else read_number(frame) for frame in video.stream(7)]
        assert len(found) == len(video) == len(video.times) == video.info.n_frames
        assert (np.diff(video.times) > 0).all()
    there = [place for place, number in enumerate(found) if number is not None]
    assert [found[place] for place in there] == there
    assert later == found[7:]
    assert probe(path, partial=True).missing == len(found) - len(there)
    if name != "fragments.mp4":  # they announce no more than the one that is cut
        assert len(found) == 60
        assert abs(len(there) - 60 * kept) < 5


def test_damage_in_the_middle_is_an_error_not_a_shift(tmp_path: Path, make_video: MakeVideo) -> None:
    path = make_video(tmp_path / "damaged.mp4", bf="0", g="60", threads="1")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40_000] = bytes(40_000)
    path.write_bytes(content)
    with pytest.raises(VideoError, match=r"\d+ of 60 frames could be read"):
        list(frames(path))
