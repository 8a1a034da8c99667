"""How videos reach the networks: every frame once, in order, all views of an instant together."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lightning_pose.core.camera import Camera
from lightning_pose.core.sessions import Session, check_session
from lightning_pose.core.video import VideoWriter, probe
from lightning_pose.models.backbones import Backbone
from lightning_pose.models.context import ContextPose2D
from lightning_pose.models.regression import RegressionPose2D
from lightning_pose.predict.network import Predictor
from lightning_pose.predict.tracks import Found, joined
from lightning_pose.predict.videos import Stretch, overlapping, predict_blocks


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


class Grey:
    """Says how light every image is: its first member as x, the second one more."""

    workers = 1

    def __init__(self, context: int = 0, workers: int = 1) -> None:
        self.context, self.workers = context, workers
        self.sizes: list[int] = []
        self.views: list[list[int] | None] = []

    def sequence(self, images: np.ndarray, camera: Camera | None = None, views: object = None) -> Found:
        self.sizes.append((images.shape[0] - 2 * self.context) * images.shape[1])
        self.views.append(views if views is None else list(views))  # type: ignore[call-overload]
        grey = images.mean(axis=(2, 3, 4))
        grey = grey[self.context : len(grey) - self.context]
        xy = np.stack([grey, np.zeros_like(grey)], axis=-1)[None, :, :, None]
        return Found(np.concatenate([xy, xy + 1]), np.stack([grey, grey])[..., None])

    def __call__(self, images: np.ndarray, camera: Camera | None = None) -> Found:
        raise AssertionError("films are asked about as sequences")

    def pose_errors(self, member: str, xy: np.ndarray) -> dict[str, np.ndarray]:
        return {}


GREYS = np.array([10 + 10 * np.arange(11), 15 + 10 * np.arange(11)])


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("batch_size", "largest"), [(1, 2), (6, 6), (7, 6), (100, 22)])
def test_instants_come_in_order_with_all_their_views(
    session: Session, batch_size: int, largest: int, workers: int
) -> None:
    predictor = Grey(workers=workers)
    blocks = list(predict_blocks(session, predictor, (32, 32), batch_size=batch_size))
    assert max(predictor.sizes) == largest and sum(predictor.sizes) == 22
    assert [block.start for block in blocks] == [0, *(block.stop for block in blocks[:-1])]
    found = joined(blocks)
    np.testing.assert_allclose(found.confidence[0, :, :, 0], GREYS, atol=1.5)
    # x of the second member: one more in the network's pixels, twice that in the frame's
    np.testing.assert_allclose(found.xy[1] - found.xy[0], np.broadcast_to([2, 1.5], (2, 11, 1, 2)), atol=1e-4)
    x = (found.confidence[0, :, :, 0] + 0.5) * 2 - 0.5
    np.testing.assert_allclose(found.xy[0, :, :, 0, 0], x, atol=1e-3)


@pytest.mark.parametrize("context", [0, 2])
@pytest.mark.parametrize("start", [1, 2, 5, 10, 11])
def test_what_is_said_from_the_middle_on_is_what_is_said_from_the_beginning(
    session: Session, start: int, context: int
) -> None:
    whole = joined(predict_blocks(session, Grey(context), (32, 32), batch_size=4))
    blocks = list(predict_blocks(session, Grey(context), (32, 32), batch_size=6, start=start))
    if start == 11:
        assert not blocks
        return
    assert blocks[0].start == start and blocks[-1].stop == 11
    np.testing.assert_array_equal(joined(blocks).xy, whole.xy[:, :, start:])


def test_a_view_that_ends_early_is_left_out_from_there_on(
    film_session: Callable[..., dict[str, Path]],
) -> None:
    videos = film_session("s", counts={"cam1": 3, "cam2": 6, "cam3": 4})
    session = Session("s", videos, {view: probe(path) for view, path in videos.items()})
    predictor = Grey()
    found = joined(predict_blocks(session, predictor, (32, 32), batch_size=3))
    assert predictor.views == [None, None, None, [1, 2], [1], [1]]
    known = np.isfinite(found.xy).all(axis=(0, 3, 4))
    assert known.sum(axis=1).tolist() == [3, 6, 4] and known[0, :3].all() and known[2, :4].all()
    assert (found.confidence[:, ~known] == 0).all() and (found.confidence[:, known] > 0).all()


def test_a_session_of_some_views_says_which(session: Session) -> None:
    predictor = Grey()
    list(predict_blocks(session, predictor, (32, 32), batch_size=22, views=[2, 0]))
    assert predictor.views == [[2, 0]]


def test_a_fault_of_the_network_ends_the_reading_threads(session: Session) -> None:
    class Full(Grey):
        def sequence(self, images: np.ndarray, camera: Camera | None = None, views: object = None) -> Found:
            raise RuntimeError("out of memory")

    before = threading.active_count()
    with pytest.raises(RuntimeError, match="out of memory"):
        list(predict_blocks(session, Full(), (32, 32), batch_size=4))
    assert threading.active_count() == before


def test_who_stops_asking_ends_the_threads(session: Session) -> None:
    before = threading.active_count()
    blocks = predict_blocks(session, Grey(), (32, 32), batch_size=2)
    next(blocks)
    blocks.close()
    assert threading.active_count() == before


class Middle(Grey):
    """Says the middle of an image of 96 x 64."""

    def sequence(self, images: np.ndarray, camera: Camera | None = None, views: object = None) -> Found:
        middle = np.array([[[47.5, 31.5]]])
        return Found(np.tile(middle, (1, len(images), 2, 1, 1)), np.ones((1, len(images), 2, 1)))


def test_unequal_sizes_are_scaled_view_by_view(film_session: Callable[..., dict[str, Path]]) -> None:
    videos = film_session("s", counts={"cam1": 2, "cam2": 2})
    session = check_session("s", videos, ("cam1", "cam2"))
    found = joined(predict_blocks(session, Middle(), (64, 96), batch_size=4))
    np.testing.assert_allclose(found.xy[0, 0, :, 0], [[79.5, 59.5]] * 2)
    np.testing.assert_allclose(found.xy[0, 1, :, 0], [[59.5, 79.5]] * 2)


@pytest.mark.parametrize("context", [1, 2])
@pytest.mark.parametrize("sizes", [[1] * 7, [3, 1, 2, 1], [7], [5, 2], [1], [2]])
def test_every_frame_is_in_one_stretch_with_its_neighbours(sizes: list[int], context: int) -> None:
    """The first frame and the last stand in for what is before and after."""
    numbers = np.arange(sum(sizes), dtype=np.uint8)
    frames = numbers[:, None, None, None, None] + np.zeros((1, 4, 4, 3), np.uint8)
    cuts = np.cumsum(sizes)[:-1]
    seen = np.ones((len(numbers), 1), dtype=bool)
    stretches = map(Stretch, np.split(frames, cuts), np.split(seen, cuts))
    windows = []
    for stretch in overlapping(stretches, context):
        values = stretch.images[:, 0, 0, 0, 0].astype(int)
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
    whole = joined(predict_blocks(session, context_predictor, (64, 96), batch_size=99))
    assert whole.xy.shape == (1, 2, 11, 2, 2) and np.ptp(whole.xy[0, 0, :, 0, 0]) > 0
    for batch_size in (1, 6, 8, 20):
        part = joined(predict_blocks(session, context_predictor, (64, 96), batch_size=batch_size))
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
    found = joined(predict_blocks(session, Predictor({"": network}, "cpu"), (64, 96), batch_size=4))
    np.testing.assert_allclose(found.xy[0, 0], np.broadcast_to([79.5, 59.5], (2, 2, 2)), atol=1e-3)
    np.testing.assert_allclose(found.xy[0, 1], np.broadcast_to([59.5, 79.5], (2, 2, 2)), atol=1e-3)
