"""What browsers play, and copies of the rest, frame for frame by a bar code in the picture."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from lightning_pose.core.errors import VideoError
from lightning_pose.core.packet_table import read_packet_table
from lightning_pose.core.video import VideoReader, VideoWriter, probe
from lightning_pose.projects.playable import (
    Verdict,
    is_steady,
    judge,
    longest_gop,
    make_playable,
    remux,
    transcode,
)

FRAMES, WIDTH, HEIGHT, BITS = 40, 96, 64, 6


def picture(number: int) -> np.ndarray:
    """A frame whose upper half says its number in six bars of 16 px."""
    frame = np.full((HEIGHT, WIDTH, 3), 128, dtype=np.uint8)
    for bit in range(BITS):
        frame[: HEIGHT // 2, 16 * bit : 16 * bit + 16] = 255 * (number >> bit & 1)
    return frame


def numbers(path: Path) -> list[int]:
    """Return what the frames of a video say their numbers are."""
    with VideoReader(path) as reader:
        bars = [frame[8:24, 8::16, 0].mean(axis=0) > 128 for frame in reader.frames()]
    return [int(sum(1 << bit for bit in range(BITS) if bar[bit])) for bar in bars]


def encode(
    path: Path,
    codec: str,
    pixels: str = "yuv420p",
    stamps: list[int] | None = None,
    aspect: str = "",
    **options: str,
) -> Path:
    """Write the numbered frames with any codec, and any times (1/1000 s)."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixels
        if aspect:
            stream.codec_context.sample_aspect_ratio = Fraction(aspect.replace(":", "/"))
        if stamps is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24").reformat(format=pixels)
            frame.pts = number if stamps is None else stamps[number]
            frame.time_base = Fraction(1, 25) if stamps is None else Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_our_own_videos_are_played_as_they_are(tmp_path):
    with VideoWriter(tmp_path / "a.mp4", WIDTH, HEIGHT, fps=25) as writer:
        for number in range(FRAMES):
            writer.write(picture(number))
    assert judge(tmp_path / "a.mp4") == Verdict("as is", ())


@pytest.mark.parametrize(
    ("name", "codec", "more", "action", "reason"),
    [
        ("a.mp4", "libx264", {"g": "30"}, "as is", ""),
        ("a.mkv", "libx264", {"g": "30"}, "remux", ".mkv"),
        ("a.mov", "libx264", {"g": "30"}, "remux", ".mov"),
        ("a.mp4", "libx264", {"g": "30", "pixels": "yuv444p"}, "transcode", "yuv444p"),
        ("a.mp4", "libx264", {"g": "30", "pixels": "yuv420p10le"}, "transcode", "yuv420p10le"),
        ("a.mp4", "mpeg4", {}, "transcode", "mpeg4"),
        ("a.avi", "mpeg4", {}, "transcode", "mpeg4"),
        ("a.avi", "mjpeg", {"pixels": "yuvj420p"}, "transcode", "mjpeg"),
        ("a.mp4", "libx265", {"x265-params": "log-level=none"}, "transcode", "hevc"),
        ("a.mkv", "libvpx-vp9", {"g": "30", "cpu-used": "8"}, "remux", ".mkv"),
    ],
)
def test_what_is_done_with_a_video_and_why(tmp_path, name, codec, more, action, reason):
    verdict = judge(encode(tmp_path / name, codec, **more))
    assert verdict.action == action
    assert reason in "; ".join(verdict.reasons)


@pytest.mark.parametrize(
    ("name", "codec", "more"),
    [
        ("a.mkv", "libx264", {"g": "30"}),
        ("a.avi", "mpeg4", {}),
        ("a.mp4", "libx264", {"pixels": "yuv444p"}),
        ("a.avi", "libx264", {"bf": "0"}),
    ],
)
def test_frame_k_of_the_copy_is_frame_k_of_the_source(tmp_path, name, codec, more):
    source = encode(tmp_path / name, codec, **more)
    before = source.read_bytes()
    make_playable(source, tmp_path / "proxy.mp4", judge(source).action)
    assert numbers(tmp_path / "proxy.mp4") == list(range(FRAMES))
    assert judge(tmp_path / "proxy.mp4").action == "as is"
    assert source.read_bytes() == before


def test_uneven_times_become_even_and_no_frame_is_lost(tmp_path):
    stamps = [40 * k + (25 if k > 20 else 0) + (150 if k > 30 else 0) for k in range(FRAMES)]
    source = encode(tmp_path / "a.mkv", "libx264", stamps=stamps, g="30")
    table = read_packet_table(source)
    assert not is_steady(table)
    assert "changes" in judge(source).reasons[0]
    seen = []
    transcode(source, tmp_path / "proxy.mp4", progress=lambda done, total: seen.append((done, total)))
    assert numbers(tmp_path / "proxy.mp4") == list(range(FRAMES))
    assert is_steady(read_packet_table(tmp_path / "proxy.mp4"))
    assert seen[-1] == (FRAMES, FRAMES)


def test_stamps_rounded_to_milliseconds_are_steady(tmp_path):
    stamps = [round(1000 * k / 30) for k in range(FRAMES)]
    source = encode(tmp_path / "a.mkv", "libx264", stamps=stamps, g="30")
    assert is_steady(read_packet_table(source))
    assert judge(source).action == "remux"


def test_key_frames_too_far_apart_are_a_reason(tmp_path):
    with VideoWriter(tmp_path / "a.mp4", WIDTH, HEIGHT, fps=25, key_every=250) as writer:
        for number in range(70):
            writer.write(picture(number % 64))
    assert longest_gop(read_packet_table(tmp_path / "a.mp4")) == 70
    verdict = judge(tmp_path / "a.mp4")
    assert verdict.action == "transcode"
    assert "70 frames" in verdict.reasons[0]


def test_a_remuxed_video_is_the_same_bit_for_bit_when_decoded(tmp_path):
    source = encode(tmp_path / "a.mkv", "libx264", g="10", bf="2")
    remux(source, tmp_path / "b.mp4")
    with VideoReader(source) as one, VideoReader(tmp_path / "b.mp4") as other:
        assert len(one) == len(other) == FRAMES
        for a, b in zip(one.frames(), other.frames(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_source_that_stops_half_way_leaves_no_copy(tmp_path):
    source = encode(tmp_path / "a.avi", "mpeg4")
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    with pytest.raises(VideoError):
        transcode(source, tmp_path / "proxy.mp4")
    assert not (tmp_path / "proxy.mp4").exists()


def test_odd_sizes_grow_by_a_pixel_and_keep_their_frames(tmp_path):
    with av.open(str(tmp_path / "odd.avi"), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 97, 65, "yuvj444p"
        for number in range(5):
            frame = np.full((65, 97, 3), 40 * number, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    transcode(tmp_path / "odd.avi", tmp_path / "proxy.mp4")
    assert probe(tmp_path / "proxy.mp4").n_frames == 5


def test_pixels_that_are_not_square_are_a_reason(tmp_path):
    source = encode(tmp_path / "a.mp4", "libx264", g="30", aspect="4:3")
    assert probe(source).width == WIDTH
    verdict = judge(source)
    assert verdict.action == "transcode"
    assert "square" in verdict.reasons[0]
    transcode(source, tmp_path / "proxy.mp4")
    assert judge(tmp_path / "proxy.mp4").action == "as is"
    assert probe(tmp_path / "proxy.mp4")[:2] == (WIDTH, HEIGHT)


def test_a_video_that_does_not_begin_at_zero_is_made_to(tmp_path):
    source = encode(tmp_path / "a.mkv", "libx264", stamps=[40 * k + 500 for k in range(FRAMES)], g="30")
    verdict = judge(source)
    assert verdict.action == "transcode"
    assert "0.5 s" in verdict.reasons[0]
    transcode(source, tmp_path / "proxy.mp4")
    assert judge(tmp_path / "proxy.mp4").action == "as is"
    assert numbers(tmp_path / "proxy.mp4") == list(range(FRAMES))
