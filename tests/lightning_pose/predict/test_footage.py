"""Frames that are decoded ahead: all of them, in order, no more than there is room for."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.errors import VideoError
from lightning_pose.core.sessions import Session, check_session
from lightning_pose.core.video import VideoWriter
from lightning_pose.predict import footage
from lightning_pose.predict.footage import Footage

LENGTHS = {"a": 40, "b": 30}
SIZE = (24, 32)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """Two views of different length; frame n of both has the grey 5 n."""
    videos = {view: tmp_path / f"s_{view}.mp4" for view in LENGTHS}
    for view, n_frames in LENGTHS.items():
        with VideoWriter(videos[view], 64, 48, 30, crf=1) as writer:
            for number in range(n_frames):
                writer.write(np.full((48, 64, 3), 5 * number, np.uint8))
    return check_session("s", videos, ("a", "b"), partial=True)


class Counted:
    """Gives the number of each frame as its grey, nothing for some, and counts what it has given."""

    def __init__(self, lost: tuple[int, ...] = ()) -> None:
        self.given, self.lost, self.closed = 0, lost, 0

    @contextmanager
    def __call__(self, path: Path) -> Iterator["Counted"]:
        yield self
        self.closed += 1

    def stream(self, start: int = 0) -> Iterator[np.ndarray | None]:
        for number in range(start, LENGTHS["a"]):
            self.given += 1
            yield None if number in self.lost else np.full((*SIZE, 3), number, np.uint8)


def settled(counted: Counted) -> int:
    """Return how many frames have been given once no more come."""
    while True:
        before = counted.given
        time.sleep(0.05)
        if counted.given == before:
            return before


@pytest.mark.parametrize("count", [1, 7, 100])
@pytest.mark.parametrize("start", [0, 33])
def test_every_instant_comes_once_with_the_views_that_last_so_long(session: Session, start: int, count: int):
    film = Footage(session, SIZE, start)
    stretches = list(film.stretches(count))
    film.close()
    assert max(len(stretch.seen) for stretch in stretches) <= count
    images = np.concatenate([stretch.images for stretch in stretches])
    seen = np.concatenate([stretch.seen for stretch in stretches])
    numbers = np.arange(start, 40)
    np.testing.assert_array_equal(seen, np.stack([numbers < 40, numbers < 30], axis=-1))
    greys = images.mean(axis=(2, 3, 4))
    np.testing.assert_allclose(greys[:, 0], 5 * numbers, atol=2)
    np.testing.assert_allclose(greys[numbers < 30, 1], 5 * numbers[numbers < 30], atol=2)
    assert film.start == 40


def test_a_frame_that_is_lost_looks_like_the_one_before_it(session: Session):
    film = Footage(session, SIZE, opened=Counted(lost=(0, 8, 9)))
    stretches = list(film.stretches(9))
    greys = np.concatenate([stretch.images for stretch in stretches])[:, 0, 0, 0, 0]
    seen = np.concatenate([stretch.seen for stretch in stretches])[:, 0]
    assert greys[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 10, 11]
    assert np.flatnonzero(~seen).tolist() == [0, 8, 9]


def test_frames_are_decoded_before_anybody_asks_as_many_as_there_is_room_for(
    session: Session, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(footage, "AHEAD_BYTES", 10 * 2 * 3 * SIZE[0] * SIZE[1])
    monkeypatch.setattr(footage, "AHEAD_LEAST", 1)
    readers = Counted()
    film = Footage(session, SIZE, opened=readers)
    assert settled(readers) == 2 * (10 + 1)  # one more is held until there is room
    assert len(film.take(30).seen) == 30  # more than there is room for
    assert settled(readers) == 2 * 40
    film.close()
    assert readers.closed == 2
    assert not [thread for thread in threading.enumerate() if thread.name == "decoder"]


def test_closing_ends_threads_that_wait_for_room(session: Session, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(footage, "AHEAD_BYTES", 0)
    readers = Counted()
    film = Footage(session, SIZE, opened=readers)
    settled(readers)
    film.close()
    assert readers.closed == 2 and readers.given < 2 * 40


def test_a_video_that_cannot_be_opened_is_said_to_who_takes(session: Session):
    next(iter(session.videos.values())).write_bytes(b"no video")
    film = Footage(session, SIZE)
    with pytest.raises(VideoError, match=r"s_a\.mp4"):
        film.take(1)
    film.close()
