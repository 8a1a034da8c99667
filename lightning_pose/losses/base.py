"""What every loss is: outputs and the truth in, a scalar out; and their weighted sum."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from lightning_pose.data.batch import Outputs, Truth
from lightning_pose.losses.heatmap import HeatmapLoss

Loss = Callable[[Outputs, Truth], Float[Tensor, ""]]


class WeightedLoss(NamedTuple):
    """A loss, what it is called in logs, and how much it counts.

    Attributes:
        name: in logs and in the configuration.
        loss: a function, or a module that keeps what it learned of the labels in its buffers.
        weight: at its full strength.
        annealed: whether its weight rises over the training.
        unlabeled: whether it looks at unlabeled instants, else at labeled ones.
        needs_xy: whether it looks at coordinates, which the task then adds to the outputs.
        needs_targets: whether, of labeled instants, it looks at heatmaps of the labels, which the task then
            draws.
    """

    name: str
    loss: Loss
    weight: float = 1.0
    annealed: bool = False
    unlabeled: bool = False
    needs_xy: bool = False
    needs_targets: bool = True


class Total(NamedTuple):
    """The weighted sum, and its parts before weighting."""

    loss: Float[Tensor, ""]
    parts: dict[str, Float[Tensor, ""]]


def weighted_sum(
    losses: Sequence[WeightedLoss], outputs: Outputs, truth: Truth, strength: float = 1.0
) -> Total:
    """Evaluate every loss and add them up; those that are annealed count `strength` times their weight."""
    parts = {entry.name: entry.loss(outputs, truth) for entry in losses}
    total = sum(entry.weight * (strength if entry.annealed else 1.0) * parts[entry.name] for entry in losses)
    assert isinstance(total, Tensor), "at least one loss"
    return Total(total, parts)


def supervised(loss: HeatmapLoss) -> Loss:
    """Return a heatmap loss as a loss of the outputs' logits and the targets."""
    return lambda outputs, truth: loss(outputs["logits"], truth["targets"], truth.get("weight"))


def weight_from_log(log_weight: float) -> float:
    """Return 1 / (2 exp(log_weight)), as Lightning Pose writes weights."""
    return 0.5 * math.exp(-log_weight)
