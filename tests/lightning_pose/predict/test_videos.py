"""How videos reach the networks: every frame once, in order, all views of an instant together."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.video import VideoWriter
from lightning_pose.predict.inputs import Session, check_session
from lightning_pose.predict.tracks import Found
from lightning_pose.predict.videos import predict_session


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """Two views of 11 frames of one grey: 10, 20, ... in the first view, 5 more in the second."""
    videos = {}
    for view, more in (("a", 0), ("b", 5)):
        videos[view] = tmp_path / f"s_{view}.mp4"
        with VideoWriter(videos[view], 64, 48, 30, crf=1) as writer:
            for number in range(11):
                writer.write(np.full((48, 64, 3), 10 + 10 * number + more, np.uint8))
    return check_session("s", videos, ("a", "b"))


@pytest.mark.parametrize(("batch_size", "largest"), [(1, 2), (6, 6), (7, 6), (100, 22)])
def test_instants_come_in_order_with_all_their_views(session: Session, batch_size: int, largest: int) -> None:
    sizes, told = [], []

    def predictor(images: np.ndarray) -> Found:
        assert images.shape[1:] == (2, 32, 32, 3)
        sizes.append(images.shape[0] * images.shape[1])
        grey = images.mean(axis=(2, 3, 4))
        xy = np.stack([grey, np.zeros_like(grey)], axis=-1)[None, :, :, None]
        return Found(np.concatenate([xy, xy + 1]), np.stack([grey, grey])[..., None])

    found = predict_session(session, predictor, (32, 32), batch_size=batch_size, on_frames=told.append)
    assert max(sizes) == largest and sum(sizes) == 22
    assert sum(told) == 11
    expected = np.array([10 + 10 * np.arange(11), 15 + 10 * np.arange(11)])
    np.testing.assert_allclose(found.confidence[0, :, :, 0], expected, atol=1.5)
    # x of the second member: one more in the network's pixels, twice that in the frame's
    np.testing.assert_allclose(found.xy[1] - found.xy[0], np.broadcast_to([2, 1.5], (2, 11, 1, 2)), atol=1e-4)
    x = (found.confidence[0, :, :, 0] + 0.5) * 2 - 0.5
    np.testing.assert_allclose(found.xy[0, :, :, 0, 0], x, atol=1e-3)


def test_a_fault_of_the_network_ends_the_reading_threads(session: Session) -> None:
    def predictor(images: np.ndarray) -> Found:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        predict_session(session, predictor, (32, 32), batch_size=4)


def test_unequal_sizes_are_scaled_view_by_view(film_session: Callable[..., dict[str, Path]], world) -> None:
    videos = film_session("s", counts={"cam1": 2, "cam2": 2})
    session = check_session("s", videos, ("cam1", "cam2"))

    def predictor(images: np.ndarray) -> Found:
        middle = np.array([[[47.5, 31.5]]])  # of 96 x 64
        return Found(np.tile(middle, (1, len(images), 2, 1, 1)), np.ones((1, len(images), 2, 1)))

    found = predict_session(session, predictor, (64, 96), batch_size=4)
    np.testing.assert_allclose(found.xy[0, 0, :, 0], [[79.5, 59.5]] * 2)
    np.testing.assert_allclose(found.xy[0, 1, :, 0], [[59.5, 79.5]] * 2)
