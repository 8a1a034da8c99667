"""The training of a per-view heatmap network."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from jaxtyping import Float
from torch import Tensor

from lightning_pose.data.augment import Augmentation
from lightning_pose.data.batch import LabeledBatch
from lightning_pose.data.heatmaps import render_targets
from lightning_pose.losses.base import WeightedLoss, weighted_sum
from lightning_pose.models.pose2d import Pose2D
from lightning_pose.tasks.schedule import Course, unfreeze


class Optimisation(NamedTuple):
    """How weights are changed.

    Attributes:
        optimizer: `Adam` or `AdamW`.
        learning_rate: that the course is a factor of.
        weight_decay: None is the optimiser's own default.
        course: of the learning rate.
        steps_per_epoch: batches per epoch.
        unfreeze_step: before it the backbone does not learn.
        seed: of the augmentation.
    """

    optimizer: str
    learning_rate: float
    weight_decay: float | None
    course: Course
    steps_per_epoch: int
    unfreeze_step: int = 0
    seed: int = 0


class Pose2DTask(pl.LightningModule):
    """Augment, predict, compare.

    The augmentation of a batch depends on the seed, the epoch and the batch's place in it, and on nothing
    else.
    """

    def __init__(
        self,
        network: Pose2D,
        losses: Sequence[WeightedLoss],
        augmentation: Augmentation,
        optimisation: Optimisation,
    ) -> None:
        super().__init__()
        self.network = network
        self.losses = tuple(losses)
        self.augmentation = augmentation
        self.optimisation = optimisation

    def training_step(self, batch: LabeledBatch, batch_idx: int) -> Float[Tensor, ""]:
        """Return the loss of a batch."""
        place = self.current_epoch * self.optimisation.steps_per_epoch + batch_idx
        generator = torch.Generator(self.device).manual_seed(self.optimisation.seed * 1_000_003 + place)
        # drawing, moving and rendering need full precision and are no work for reduced one
        with torch.autocast(self.device.type, enabled=False):
            moved = self.augmentation(batch, generator)
            images = moved.images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
            size = (images.shape[2] // self.network.stride, images.shape[3] // self.network.stride)
            targets = render_targets(moved.xy.float(), moved.visible, size, self.network.stride)
        logits = self.network.logits(images).unflatten(0, moved.images.shape[:2])
        with torch.autocast(self.device.type, enabled=False):
            total = weighted_sum(self.losses, {"logits": logits}, {"targets": targets})
        self.log("train_loss", total.loss.detach())
        if len(self.losses) > 1:
            self.log_dict({f"train_{name}": part.detach() for name, part in total.parts.items()})
        return total.loss

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Freeze the backbone while it is to be frozen, its running statistics included."""
        frozen = self.global_step < self.optimisation.unfreeze_step
        self.network.backbone.requires_grad_(not frozen)
        self.network.backbone.train(not frozen)

    def configure_optimizers(self) -> dict[str, Any]:
        """Return the optimiser and the course of its learning rate."""
        settings = self.optimisation
        kind = {"Adam": torch.optim.Adam, "AdamW": torch.optim.AdamW}[settings.optimizer]
        groups = [
            {"params": list(self.network.backbone.parameters()), "name": "backbone"},
            {"params": list(self.network.head.parameters()), "name": "head"},
        ]
        decay = {} if settings.weight_decay is None else {"weight_decay": settings.weight_decay}
        optimizer = kind(groups, lr=settings.learning_rate, **decay)
        backbone = settings.course
        if settings.unfreeze_step:
            backbone = unfreeze(settings.course, settings.unfreeze_step, settings.steps_per_epoch)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, [backbone, settings.course])
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
