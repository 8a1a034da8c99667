"""The training of a pose network, of any kind: augment, predict, compare."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from jaxtyping import Float
from torch import Tensor, nn

from lightning_pose.data.augment import Augmentation, Moved, MovedLabels, move_points
from lightning_pose.data.batch import LabeledBatch, Outputs, TrainingBatch, Truth, UnlabeledBatch
from lightning_pose.data.heatmaps import expected_xy, render_targets
from lightning_pose.data.masking import AnyBatch, PatchMasking, kept_views, take_views
from lightning_pose.losses.base import Total, WeightedLoss, weighted_sum
from lightning_pose.models.base import PoseNetwork
from lightning_pose.tasks.freezing import Stage, stages, whole
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
        strength: of the annealed losses, a function of the step.
        masking: what a multi-view network does not see.
        view_dropout: probability that a view is left out of a step.
        gradual: unfreeze the backbone stage by stage, one in each epoch, the last first.
        accumulate: batches per step of the optimiser.
    """

    optimizer: str
    learning_rate: float
    weight_decay: float | None
    course: Course
    steps_per_epoch: int
    unfreeze_step: int = 0
    seed: int = 0
    strength: Course = lambda step: 1.0
    masking: PatchMasking | None = None
    view_dropout: float = 0.0
    gradual: bool = False
    accumulate: int = 1


class _Seen(NamedTuple):
    """What the network sees of a batch, the sizes of its images on disk, and which views these are."""

    moved: Moved
    native_size: Float[Tensor, "B V 2"]
    views: list[int] | None


class Pose2DTask(pl.LightningModule):
    """Augment, predict, compare.

    The augmentation of a batch depends on the seed, the epoch, the batch's place in it and the process that
    sees it, and on nothing else.
    """

    def __init__(
        self,
        network: PoseNetwork,
        losses: Sequence[WeightedLoss],
        augmentation: Augmentation,
        optimisation: Optimisation,
    ) -> None:
        """Put them together.

        Args:
            network: to be trained.
            losses: modules among them keep what they learned of the labels, and are saved along.
            augmentation: of training batches.
            optimisation: how weights are changed.
        """
        super().__init__()
        self.network = network
        self.losses = tuple(losses)
        self.fitted = nn.ModuleDict({e.name: e.loss for e in losses if isinstance(e.loss, nn.Module)})
        self.augmentation = augmentation
        self.optimisation = optimisation
        self.parts: dict[str, Tensor] = {}  # of the last step's loss, where it is a sum
        self.stages: list[tuple[Stage, int]] = []  # of the backbone, each with the step at which it learns

    def training_step(self, batch: TrainingBatch, batch_idx: int) -> Float[Tensor, ""]:
        """Return the loss of a batch."""
        place = self.current_epoch * self.optimisation.steps_per_epoch + batch_idx
        seed = self.optimisation.seed * 1_000_003 + place + self.global_rank * 1_000_000_007
        generator = torch.Generator(self.device).manual_seed(seed)
        strength = self.optimisation.strength(self.global_step)
        total = self._labeled(batch["labeled"], generator, strength)
        parts = dict(total.parts)
        loss = total.loss
        if "unlabeled" in batch and (strength or not all(e.annealed for e in self.losses if e.unlabeled)):
            other = self._unlabeled(batch["unlabeled"], generator, strength)
            loss, parts = loss + other.loss, parts | other.parts
        self.log("train_loss", loss.detach())
        self.parts = {name: part.detach() for name, part in parts.items()} if len(parts) > 1 else {}
        self.log_dict({f"train_{name}": part for name, part in self.parts.items()})
        return loss

    @torch.no_grad()
    def validation_loss(self, batch: LabeledBatch) -> Float[Tensor, ""]:
        """Return the losses that look at labels, weighted as they are now, of images as they are."""
        with torch.autocast(self.device.type, enabled=False):
            moved, labels = Augmentation()(batch, torch.Generator(self.device))
        seen, strength = (
            _Seen(moved, batch["native_size"], None),
            self.optimisation.strength(self.global_step),
        )
        return self._compare(seen, self._truth(batch, moved, labels), unlabeled=False, strength=strength).loss

    def _labeled(self, batch: LabeledBatch, generator: torch.Generator, strength: float) -> Total:
        """Return the losses that look at labels."""
        # drawing and moving need full precision and are no work for reduced one
        with torch.autocast(self.device.type, enabled=False):
            batch, views = self._drop_views(batch, generator)
            moved, labels = self.augmentation(batch, generator)
        seen = _Seen(self._masked(moved, generator), batch["native_size"], views)
        if moved.residual is not None and moved.residual.isfinite().any():
            self.log("train_world_residual_px", moved.residual.nanmean())
        truth = self._truth(batch, moved, labels)
        return self._compare(seen, truth, unlabeled=False, strength=strength)

    def _truth(self, batch: LabeledBatch, moved: Moved, labels: MovedLabels) -> Truth:
        """Return what the losses compare with, in the moved images."""
        stride = self.network.stride
        truth = Truth(xy=labels.xy, visible=labels.visible, stride=stride)
        if any(entry.needs_targets and not entry.unlabeled for entry in self.losses):
            size = (moved.images.shape[-2] // stride, moved.images.shape[-1] // stride)
            with torch.autocast(self.device.type, enabled=False):
                truth["targets"] = render_targets(labels.xy.float(), labels.visible, size, stride)
        if labels.weight is not None:
            truth["weight"] = labels.weight
        return truth

    def _unlabeled(self, batch: UnlabeledBatch, generator: torch.Generator, strength: float) -> Total:
        """Return the losses that look at video without labels."""
        with torch.autocast(self.device.type, enabled=False):
            batch, views = self._drop_views(batch, generator)
            moved = self.augmentation.unlabeled(batch, generator)
        truth = Truth(clip=batch["clip"], stride=self.network.stride)
        if views is not None:
            truth["views"] = views
        seen = _Seen(self._masked(moved, generator), batch["native_size"], views)
        return self._compare(seen, truth, unlabeled=True, strength=strength)

    def _drop_views(self, batch: AnyBatch, generator: torch.Generator) -> tuple[AnyBatch, list[int] | None]:
        """Leave views out of a batch; return it and which stay, None for all."""
        views = kept_views(batch["images"].shape[1], self.optimisation.view_dropout, generator)
        return (batch, None) if views is None else (take_views(batch, views), views)

    def _masked(self, moved: Moved, generator: torch.Generator) -> Moved:
        """Hide patches, where the network is to do without."""
        masking = self.optimisation.masking
        if masking is None:
            return moved
        return moved._replace(images=masking(moved.images, self.global_step, generator))

    def _compare(self, seen: "_Seen", truth: Truth, *, unlabeled: bool, strength: float) -> Total:
        """Predict moved images and evaluate the losses that look at such instants."""
        if seen.moved.camera is not None:
            truth["camera"] = seen.moved.camera
        losses = [entry for entry in self.losses if entry.unlabeled == unlabeled]
        outputs = self.network(seen.moved.images, seen.moved.camera, seen.views)
        with torch.autocast(self.device.type, enabled=False):
            if any(entry.needs_xy for entry in losses):
                outputs = self._with_coordinates(outputs, seen)
            return weighted_sum(losses, outputs, truth, strength)

    def _with_coordinates(self, outputs: Outputs, seen: "_Seen") -> Outputs:
        """Add differentiable coordinates, in the moved images and in those on disk."""
        if "logits" in outputs:
            xy, confidence = expected_xy(outputs["logits"], self.network.stride)
            outputs = Outputs(logits=outputs["logits"], xy=xy, confidence=confidence)
        height, width = seen.moved.images.shape[-2:]
        size = torch.tensor([width, height], device=seen.native_size.device)
        still = move_points(outputs["xy"].double(), torch.linalg.inv(seen.moved.affine))
        outputs["xy_frame"] = (still + 0.5) * (seen.native_size / size)[..., None, :] - 0.5
        return outputs

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Freeze the stages of the backbone whose time has not come."""
        for stage, start in self.stages:
            stage.freeze(self.global_step < start)

    def configure_optimizers(self) -> dict[str, Any]:
        """Return the optimiser and the course of its learning rate, of each stage and of the rest."""
        settings, network = self.optimisation, self.network
        kind = {"Adam": torch.optim.Adam, "AdamW": torch.optim.AdamW}[settings.optimizer]
        epoch = math.ceil(settings.steps_per_epoch / settings.accumulate)
        gradual = settings.gradual and settings.unfreeze_step > 0
        parts = stages(network.backbone) if gradual else whole(network.backbone)
        n = len(parts)
        self.stages = [(part, settings.unfreeze_step + (n - 1 - i) * epoch) for i, part in enumerate(parts)]
        groups, courses = [], []
        for i, (part, start) in enumerate(self.stages):
            groups.append({"params": part.parameters, "name": f"backbone_{i}" if gradual else "backbone"})
            courses.append(unfreeze(settings.course, start, epoch) if start else settings.course)
        head = [p for name, p in network.named_parameters() if not name.startswith("backbone.")]
        groups.append({"params": head, "name": "head"})
        decay = {} if settings.weight_decay is None else {"weight_decay": settings.weight_decay}
        optimizer = kind(groups, lr=settings.learning_rate, **decay)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, [*courses, settings.course])
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
