"""Supervised losses between coordinates and labels."""

import torch
from jaxtyping import Float
from torch import Tensor

from lightning_pose.core.poses import VISIBLE
from lightning_pose.data.batch import Outputs, Truth

BETA = 0.5  # how far the errors of keypoints that are hard to find still count


def laplace(outputs: Outputs, truth: Truth) -> Float[Tensor, ""]:
    """Return the surprise at the labels if distances follow the law that the network states, in nats.

    With d the distance of a label and s the scale that is predicted for it, both in network pixels, a point
    has the density exp(-d / s) / (2 pi s^2), so that d / s + 2 log s is to be small. Each term counts s^beta
    without gradient, or else a keypoint that is poorly known is hardly learned any more. It is the mean over
    visible labels, weighted where weights are given; without any label it is 0 with a gradient of zeros.

    Source: Seitzer et al. 2022, "On the pitfalls of heteroscedastic uncertainty estimation with probabilistic
        neural networks", eq. 6.
    """
    xy, log_scale = outputs["xy"], outputs["log_scale"]
    labeled = (truth["visible"] == VISIBLE) & truth["xy"].isfinite().all(dim=-1)
    weight = labeled.to(xy.dtype)
    if "weight" in truth:
        weight = torch.where(labeled, truth["weight"].to(xy.dtype), 0.0)
    difference = torch.where(labeled[..., None], truth["xy"].to(xy.dtype) - xy, 0.0)
    distance = torch.linalg.vector_norm(difference, dim=-1)
    surprise = distance * torch.exp(-log_scale) + 2 * log_scale
    term = torch.exp(BETA * log_scale.detach()) * surprise
    return (weight * term).sum() / weight.sum().clamp_min(torch.finfo(xy.dtype).tiny)
