"""What was written is read back."""

import errno
import resource
import signal
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from lightning_pose.core.errors import VideoError
from lightning_pose.core.video import VideoWriter, frames, probe


@pytest.mark.parametrize("size", [None, (32, 32), (128, 128)])
def test_what_is_written_comes_back_in_colour(tmp_path: Path, size: tuple[int, int] | None) -> None:
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (240, 240, 240), (5, 5, 5)]
    with VideoWriter(tmp_path / "out.mp4", 64, 48, 29.97, crf=10) as writer:
        for colour in colours:
            writer.write(np.full((48, 64, 3), colour, np.uint8))
    for frame, colour in zip(frames(tmp_path / "out.mp4", size), colours, strict=True):
        np.testing.assert_allclose(frame.mean(axis=(0, 1)), colour, atol=2 if size else 4)
    assert probe(tmp_path / "out.mp4").fps == pytest.approx(29.97, abs=1e-3)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].pix_fmt == "yuv420p"


def test_an_odd_size_repeats_the_last_column_and_row(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = np.repeat(np.repeat(rng.integers(0, 255, (8, 6, 3)), 8, axis=0), 8, axis=1)[:63, :47]
    with VideoWriter(tmp_path / "odd.mp4", 47, 63, Fraction(30000, 1001), crf=1) as writer:
        writer.write(frame.astype(np.uint8))
    back = next(frames(tmp_path / "odd.mp4"))
    assert back.shape == (64, 48, 3)
    np.testing.assert_allclose(back[63].astype(int), back[62], atol=12)


def test_an_exception_while_writing_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with pytest.raises(RuntimeError, match="half way"), VideoWriter(path, 64, 48, 30) as writer:
        writer.write(np.zeros((48, 64, 3), np.uint8))
        raise RuntimeError("half way")
    with pytest.raises(VideoError, match="not a single frame"), VideoWriter(path, 64, 48, 30):
        pass
    with pytest.raises(ValueError, match="expected uint8 frames"), VideoWriter(path, 64, 48, 30) as writer:
        writer.write(np.zeros((64, 48, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Files cannot grow beyond 20 kB, as on a disk that is full then."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limit[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_no_file(tmp_path: Path, rng: np.random.Generator, small_disk: None) -> None:
    with pytest.raises(OSError) as caught, VideoWriter(tmp_path / "out.mp4", 128, 128, 30) as writer:
        for _ in range(60):
            writer.write(rng.integers(0, 255, (128, 128, 3), np.uint8))
    assert caught.value.errno == errno.EFBIG
    assert list(tmp_path.iterdir()) == []


def test_a_timed_video_shows_every_frame_at_its_time(tmp_path, rng):
    seconds = np.cumsum(rng.uniform(0.01, 0.2, 40))
    seconds -= seconds[0]
    with VideoWriter(tmp_path / "v.mp4", 64, 48, 25, crf=1, timed=True) as writer:
        for number, second in enumerate(seconds):
            writer.write(np.full((48, 64, 3), 20 + 5 * number, np.uint8), second)
    with av.open(str(tmp_path / "v.mp4")) as container:  # PyAV alone, in the order of showing
        frames = [
            (frame.time, frame.to_ndarray(format="gray8").mean()) for frame in container.decode(video=0)
        ]
    np.testing.assert_allclose([time for time, _ in frames], seconds, atol=1e-4)
    assert np.all(np.diff([grey for _, grey in frames]) > 2)
