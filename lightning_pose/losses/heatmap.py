"""Supervised losses between heatmaps and their targets.

Each is the mean over the keypoints that have a target, weighted where weights are given; a map of zeros is
no target. Without any target the loss is 0 with a gradient of zeros, never NaN.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

TINY = 1e-10  # keeps the logarithm of an empty pixel finite

Maps = Float[Tensor, "*N h w"]
Weights = Float[Tensor, "*N"]
HeatmapLoss = Callable[[Maps, Maps, Weights | None], Float[Tensor, ""]]


def cross_entropy(logits: Maps, targets: Maps, weight: Weights | None = None) -> Float[Tensor, ""]:
    """Cross entropy of soft targets less their own entropy: sum t (log t - log p), in nats; 0 is perfect.

    From the logits directly, so that it stays exact where p underflows, unlike `kl`.
    """
    log_p = logits.flatten(-2).log_softmax(dim=-1).reshape(logits.shape)
    return _mean_over_targets(
        (torch.xlogy(targets, targets) - targets * log_p).sum(dim=(-2, -1)), targets, weight
    )


def mse(logits: Maps, targets: Maps, weight: Weights | None = None) -> Float[Tensor, ""]:
    """Squared difference summed over pixels: sum (p - t)^2."""
    return _mean_over_targets(((_softmax(logits) - targets) ** 2).sum(dim=(-2, -1)), targets, weight)


def kl(logits: Maps, targets: Maps, weight: Weights | None = None) -> Float[Tensor, ""]:
    """Kullback-Leibler divergence of the map from its target: sum t log(t / p)."""
    return _mean_over_targets(_divergence(targets, _softmax(logits)), targets, weight)


def js(logits: Maps, targets: Maps, weight: Weights | None = None) -> Float[Tensor, ""]:
    """Jensen-Shannon divergence: (KL(t, m) + KL(p, m)) / 2 with m = (t + p) / 2."""
    p = _softmax(logits)
    middle = (p + targets) / 2
    return _mean_over_targets((_divergence(targets, middle) + _divergence(p, middle)) / 2, targets, weight)


HEATMAP_LOSSES: dict[str, HeatmapLoss] = {"ce": cross_entropy, "mse": mse, "kl": kl, "js": js}


def _softmax(logits: Float[Tensor, "*N h w"]) -> Float[Tensor, "*N h w"]:
    return logits.flatten(-2).softmax(dim=-1).reshape(logits.shape)


def _divergence(p: Float[Tensor, "*N h w"], q: Float[Tensor, "*N h w"]) -> Float[Tensor, "*N"]:
    """Return sum p log(p / q) over space."""
    return (p * ((p + TINY).log() - (q + TINY).log())).sum(dim=(-2, -1))


def _mean_over_targets(
    values: Float[Tensor, "*N"], targets: Float[Tensor, "*N h w"], weight: Float[Tensor, "*N"] | None
) -> Float[Tensor, ""]:
    """Return the weighted mean of the values whose target is not all zeros."""
    valid = targets.flatten(-2).any(dim=-1)
    weight = valid.to(values.dtype) if weight is None else torch.where(valid, weight, 0.0)
    return (weight * torch.where(valid, values, 0.0)).sum() / weight.sum().clamp_min(TINY)
