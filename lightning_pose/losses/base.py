"""What every loss is: outputs and a batch in, a scalar out; and their weighted sum."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from lightning_pose.losses.heatmap import HeatmapLoss

Tensors = Mapping[str, Tensor]  # an outputs or a batch record of `data.batch`
Loss = Callable[[Tensors, Tensors], Float[Tensor, ""]]


class WeightedLoss(NamedTuple):
    """A loss, what it is called in logs, and how much it counts."""

    name: str
    loss: Loss
    weight: float = 1.0


class Total(NamedTuple):
    """The weighted sum, and its parts before weighting."""

    loss: Float[Tensor, ""]
    parts: dict[str, Float[Tensor, ""]]


def weighted_sum(losses: Sequence[WeightedLoss], outputs: Tensors, batch: Tensors) -> Total:
    """Evaluate every loss and add them up."""
    parts = {entry.name: entry.loss(outputs, batch) for entry in losses}
    total = sum(entry.weight * parts[entry.name] for entry in losses)
    assert isinstance(total, Tensor), "at least one loss"
    return Total(total, parts)


def supervised(loss: HeatmapLoss) -> Loss:
    """Return a heatmap loss as a loss of the outputs' logits and the batch's targets."""
    return lambda outputs, batch: loss(outputs["logits"], batch["targets"])
