from typing import Any

import pytest
import torch
from torch import nn

from lightning_pose.data.augment import Augmentation, Geometric
from lightning_pose.data.batch import LabeledBatch, Outputs, TrainingBatch, Truth, UnlabeledBatch
from lightning_pose.data.heatmaps import Decoded
from lightning_pose.data.masking import PatchMasking
from lightning_pose.losses.base import WeightedLoss
from lightning_pose.models.base import PoseNetwork
from lightning_pose.tasks.pose2d import Optimisation, Pose2DTask

B, V, K, H, W = 3, 3, 2, 32, 48
NATIVE = (96.0, 96.0)


class Recorder(PoseNetwork):
    """Says a fixed place, and remembers what it was shown."""

    n_keypoints, stride = K, 4

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Linear(1, 1)  # type: ignore[assignment]
        self.place = nn.Parameter(torch.tensor([10.0, 20.0]))
        self.shown: list[tuple[torch.Tensor, Any, Any]] = []

    def forward(self, images: torch.Tensor, camera: Any = None, views: Any = None) -> Outputs:
        self.shown.append((images, camera, views))
        shape = (*images.shape[:2], K)
        return Outputs(xy=self.place.expand(*shape, 2), confidence=torch.ones(shape))

    def decode(self, outputs: Outputs) -> Decoded:
        return Decoded(outputs["xy"], outputs["confidence"])


def labeled() -> LabeledBatch:
    generator = torch.Generator().manual_seed(0)
    return LabeledBatch(
        images=torch.randint(1, 255, (B, V, H, W, 3), generator=generator, dtype=torch.uint8),
        xy=torch.rand(B, V, K, 2, generator=generator, dtype=torch.float64) * H,
        visible=torch.full((B, V, K), 2),
        native_size=torch.tensor(NATIVE, dtype=torch.float64).expand(B, V, 2),
        index=torch.arange(B),
    )


def unlabeled() -> UnlabeledBatch:
    one = labeled()
    return UnlabeledBatch(
        images=one["images"], native_size=one["native_size"], clip=torch.zeros(B, dtype=torch.long)
    )


def a_task(losses: list[WeightedLoss], geometric: Geometric | None = None, **settings: Any) -> Pose2DTask:
    optimisation = Optimisation("AdamW", 1e-3, None, lambda step: 1.0, steps_per_epoch=5, **settings)
    task = Pose2DTask(Recorder(), losses, Augmentation(geometric), optimisation)
    task.log = task.log_dict = lambda *args, **options: None  # type: ignore[method-assign]
    return task


def seen_by(kept: list[tuple[Outputs, Truth]], **options: Any) -> WeightedLoss:
    """A loss that keeps what it is given and returns the sum of the coordinates."""

    def loss(outputs: Outputs, truth: Truth) -> torch.Tensor:
        kept.append((outputs, truth))
        return outputs["xy"].sum() / outputs["xy"].numel()

    return WeightedLoss("kept", loss, **options)


def test_annealed_losses_count_as_much_as_their_course_says():
    kept: list[Any] = []
    losses = [seen_by(kept, weight=2.0), seen_by(kept, weight=3.0, annealed=True)]
    loss = a_task(losses, strength=lambda step: 0.25).training_step(TrainingBatch(labeled=labeled()), 0)
    assert loss.item() == pytest.approx(15 * (2 + 0.25 * 3))


def test_labeled_and_unlabeled_losses_see_their_own_instants():
    kept: list[Any] = []
    losses = [seen_by(kept), seen_by(kept, unlabeled=True)]
    a_task(losses).training_step(TrainingBatch(labeled=labeled(), unlabeled=unlabeled()), 0)
    assert "targets" in kept[0][1] and "clip" not in kept[0][1]
    assert "clip" in kept[1][1] and "targets" not in kept[1][1]


def test_heatmaps_of_the_labels_are_drawn_only_for_losses_that_look_at_them(monkeypatch):
    kept: list[Any] = []
    task = a_task([seen_by(kept, needs_targets=False), seen_by(kept, unlabeled=True)])
    monkeypatch.setattr("lightning_pose.tasks.pose2d.render_targets", None)
    task.training_step(TrainingBatch(labeled=labeled(), unlabeled=unlabeled()), 0)
    task.validation_loss(labeled())
    assert "targets" not in kept[0][1] and "xy" in kept[0][1]


def test_coordinates_in_the_frame_undo_augmentation_and_size():
    kept: list[Any] = []
    far = Geometric(rotation=40, zoom=0.3, shift=0.2)
    task = a_task([seen_by(kept, needs_xy=True)], far)
    task.training_step(TrainingBatch(labeled=labeled()), 0)
    outputs, _ = kept[0]
    generator = torch.Generator().manual_seed(0)
    moved, _ = Augmentation(far)(labeled(), generator)
    still = (outputs["xy_frame"] + 0.5) * torch.tensor([W / NATIVE[0], H / NATIVE[1]]) - 0.5
    again = still @ moved.affine[..., :2, :2].transpose(-1, -2) + moved.affine[..., None, :2, 2]
    torch.testing.assert_close(again, outputs["xy"].double(), atol=1e-4, rtol=0)


def test_dropped_views_are_gone_from_images_and_truth_alike():
    kept: list[Any] = []
    task = a_task([seen_by(kept)], view_dropout=0.5)
    for step in range(8):
        task.training_step(TrainingBatch(labeled=labeled()), step)
    network = task.network
    assert isinstance(network, Recorder)
    sizes = set()
    for (images, _, views), (_, truth) in zip(network.shown, kept, strict=True):
        n = V if views is None else len(views)
        assert images.shape[1] == truth["targets"].shape[1] == truth["xy"].shape[1] == n
        sizes.add(n)
    assert len(sizes) > 1


def test_labeled_and_unlabeled_images_are_masked_alike():
    losses = [seen_by([]), seen_by([], unlabeled=True)]
    task = a_task(losses, masking=PatchMasking(0, 0, 0.5, 0.5))
    task.training_step(TrainingBatch(labeled=labeled(), unlabeled=unlabeled()), 0)
    assert isinstance(task.network, Recorder)
    shares = [(images == 0).double().mean().item() for images, _, _ in task.network.shown]
    assert shares == [pytest.approx(0.5, abs=1e-3)] * 2


def test_the_validation_loss_is_that_of_images_and_labels_as_they_are():
    kept: list[Any] = []
    hidden = {"masking": PatchMasking(0, 0, 0.5, 0.5), "view_dropout": 0.9, "strength": lambda step: 0.5}
    task = a_task([seen_by(kept, annealed=True)], Geometric(rotation=40, shift=0.3), **hidden)
    loss = task.validation_loss(labeled())
    assert loss.item() == pytest.approx(0.5 * 15)
    _, truth = kept[0]
    torch.testing.assert_close(truth["xy"], labeled()["xy"])
    assert isinstance(task.network, Recorder)
    assert not (task.network.shown[0][0] == 0).any()
    assert not loss.requires_grad
