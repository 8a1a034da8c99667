"""Losses on unlabeled video: from one frame to the next, a keypoint does not jump.

Successive instants are compared where they are of the same stretch of video (`clip`); what lies on both sides
of a cut is not. Differences up to a tolerance epsilon cost nothing.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lightning_pose.data.batch import Outputs, Truth
from lightning_pose.losses.base import Loss

Tolerance = float | Sequence[float]  # of all keypoints, or of each


def temporal(epsilon: Tolerance = 20.0, prob_threshold: float = 0.05) -> Loss:
    """Return the loss mean relu(|x_(t+1) - x_t| - epsilon), in pixels of the video.

    The mean is over all pairs of successive frames, views and keypoints. A pair of which the network is not
    sure counts as 0.

    Args:
        epsilon: distance (px) that a keypoint may go from one frame to the next.
        prob_threshold: confidence below which a point is not sure.

    Source: Biderman et al. 2024, Lightning Pose, Nature Methods 21, "Temporal difference loss".
    """

    def loss(outputs: Outputs, truth: Truth) -> Float[Tensor, ""]:
        xy = outputs["xy_frame"]
        present = torch.isfinite(xy).all(dim=-1)
        known = present[1:] & present[:-1]
        step = torch.where(known[..., None], xy[1:] - xy[:-1], 0.0)
        sure = _both(outputs["confidence"] >= prob_threshold)
        distance = torch.linalg.vector_norm(step, dim=-1)
        return _mean(_beyond(distance, epsilon) * sure, known & _same_clip(truth["clip"]))

    return loss


def temporal_heatmap(
    kind: Literal["mse", "kl"], epsilon: Tolerance = 0.0, prob_threshold: float = 0.05
) -> Loss:
    """Return the same loss of successive heatmaps h, each summing to 1 over its pixels.

    Their difference is sum (h_(t+1) - h_t)^2 (mse), or the divergence sum h_(t+1) log(h_(t+1) / h_t) (kl).

    Args:
        kind: of difference.
        epsilon: difference that costs nothing.
        prob_threshold: as in `temporal`.
    """

    def loss(outputs: Outputs, truth: Truth) -> Float[Tensor, ""]:
        log_h = outputs["logits"].flatten(-2).log_softmax(dim=-1)
        now, then = log_h[:-1], log_h[1:]
        if kind == "mse":
            change = (then.exp() - now.exp()).square().sum(dim=-1)
        else:
            change = (then.exp() * (then - now)).sum(dim=-1)
        sure = _both(outputs["confidence"] >= prob_threshold)
        pairs = _same_clip(truth["clip"]).expand(change.shape)
        return _mean(_beyond(change, epsilon) * sure, pairs)

    return loss


def _same_clip(clip: Int[Tensor, "B"]) -> Bool[Tensor, "B-1 1 1"]:
    """Return which successive instants are of one stretch of video."""
    return (clip[1:] == clip[:-1])[:, None, None]


def _both(sure: Bool[Tensor, "B V K"]) -> Bool[Tensor, "B-1 V K"]:
    """Return where successive instants both are."""
    return sure[1:] & sure[:-1]


def _beyond(change: Float[Tensor, "*N K"], epsilon: Tolerance) -> Float[Tensor, "*N K"]:
    """Return by how much changes exceed the tolerance."""
    return torch.relu(change - torch.as_tensor(epsilon, dtype=change.dtype, device=change.device))


def _mean(values: Float[Tensor, "*N"], counted: Bool[Tensor, "*N"]) -> Float[Tensor, ""]:
    """Return the mean of what counts; 0 where nothing does."""
    return (values * counted).sum() / counted.sum().clamp_min(1)
