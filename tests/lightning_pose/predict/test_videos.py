"""How videos reach the networks: every frame once, in order, all views of an instant together."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lightning_pose.core.video import VideoWriter
from lightning_pose.models.backbones import Backbone
from lightning_pose.models.context import ContextPose2D
from lightning_pose.models.regression import RegressionPose2D
from lightning_pose.predict.inputs import Session, check_session
from lightning_pose.predict.network import Predictor
from lightning_pose.predict.tracks import Found
from lightning_pose.predict.videos import overlapping, predict_session


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


@pytest.mark.parametrize("context", [1, 2])
@pytest.mark.parametrize("sizes", [[1] * 7, [3, 1, 2, 1], [7], [5, 2], [1], [2]])
def test_every_frame_is_in_one_stretch_with_its_neighbours(sizes: list[int], context: int) -> None:
    """The first frame and the last stand in for what is before and after."""
    numbers = np.arange(sum(sizes), dtype=np.uint8)
    batches = np.split(numbers[:, None, None, None] + np.zeros((4, 4, 3), np.uint8), np.cumsum(sizes)[:-1])
    windows = []
    for stretch in overlapping(batches, context):
        values = stretch[:, 0, 0, 0].astype(int)
        windows += np.lib.stride_tricks.sliding_window_view(values, 2 * context + 1).tolist()
    around = np.arange(-context, context + 1)
    expected = (numbers[:, None].astype(int) + around).clip(0, len(numbers) - 1)
    assert windows == expected.tolist()


class Patches(Backbone):
    """One feature map of stride 4."""

    strides, channels = (4,), (4,)

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 4, stride=4)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        return [self.convolution(images)]


class Finest(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.logits = nn.Conv2d(4, 2, 1)

    def forward(self, pyramid: list[torch.Tensor]) -> torch.Tensor:
        return self.logits(pyramid[0])


@pytest.fixture
def context_predictor() -> Predictor:
    torch.manual_seed(0)
    network = ContextPose2D(Patches(), Finest(), 2, 4)
    nn.init.normal_(network.recurrence.answer.weight)
    return Predictor({"": network.eval()}, "cpu")


def test_chunks_of_any_size_say_what_the_whole_film_says(
    film_session: Callable[..., dict[str, Path]], context_predictor: Predictor
) -> None:
    session = check_session("s", film_session("s", counts={"cam1": 11, "cam2": 11}), ("cam1", "cam2"))
    whole = predict_session(session, context_predictor.sequence, (64, 96), batch_size=99, context=2)
    assert whole.xy.shape == (1, 2, 11, 2, 2) and np.ptp(whole.xy[0, 0, :, 0, 0]) > 0
    for batch_size in (1, 6, 8, 20):
        told: list[int] = []
        part = predict_session(
            session, context_predictor.sequence, (64, 96),
            batch_size=batch_size, context=2, on_frames=told.append,
        )  # fmt: skip
        assert sum(told) == 11
        np.testing.assert_allclose(part.xy, whole.xy, atol=1e-3)
        np.testing.assert_allclose(part.confidence, whole.confidence, atol=1e-5)


def test_a_regressing_network_answers_in_pixels_of_the_video(
    film_session: Callable[..., dict[str, Path]],
) -> None:
    """A new one says the middle of its image, whatever that shows."""
    network = RegressionPose2D(Patches(), 2)
    nn.init.zeros_(network.attention.weight)
    nn.init.zeros_(network.weight)
    session = check_session("s", film_session("s", counts={"cam1": 2, "cam2": 2}), ("cam1", "cam2"))
    found = predict_session(session, Predictor({"": network}, "cpu").sequence, (64, 96), batch_size=4)
    np.testing.assert_allclose(found.xy[0, 0], np.broadcast_to([79.5, 59.5], (2, 2, 2)), atol=1e-3)
    np.testing.assert_allclose(found.xy[0, 1], np.broadcast_to([59.5, 79.5], (2, 2, 2)), atol=1e-3)
