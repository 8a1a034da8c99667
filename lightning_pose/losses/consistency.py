"""A loss on unlabeled video of calibrated cameras: what the views say must be one point in the world.

The views teach each other. Their confident predictions are triangulated to a consensus point, views that the
others contradict are left out of it, and every view is drawn to the image of that point. The point is a
target, with no gradient through it: a view can only come nearer to what the others see, and cannot move the
others' target to where it is easy to be. That all views drift together, which satisfies any such loss, is
what the labels in the same step are against.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from lightning_pose.core.camera import Camera, project_views
from lightning_pose.core.triangulate import triangulate_robust
from lightning_pose.data.batch import Outputs, Truth
from lightning_pose.data.heatmaps import SIGMA
from lightning_pose.losses.base import Loss
from lightning_pose.losses.geometry import rho, views_first

AGREE = 3.0  # standard deviations of the heatmap target within which views confirm each other


class Teaching(NamedTuple):
    """What views are taught."""

    image: Float[Tensor, "V *N 2"]  # of the consensus point, px; NaN where there is none
    trust: Float[Tensor, "V *N"]  # confidence of the surest other view that confirms the point; 0 to 1


def view_consistency(epsilon: float = 0.5, prob_threshold: float = 0.05) -> Loss:
    """Return the loss mean c rho(r), r = relu(d - epsilon) / sigma, rho(r) = sqrt(1 + r^2) - 1.

    d is the distance (heatmap pixels) of a view's prediction from the image of the consensus point, c how far
    that is to be trusted, and sigma the standard deviation of the heatmap target. With two views, d is the
    distance from the best correction of both to their epipolar lines. The mean is over all points that have a
    consensus, so an unsure network is taught little.

    Args:
        epsilon: distance (heatmap pixels) that costs nothing.
        prob_threshold: confidence below which a view does not take part in the consensus; it is taught.
    """

    def loss(outputs: Outputs, truth: Truth) -> Float[Tensor, ""]:
        xy, stride = outputs["xy"].movedim(1, 0).double(), truth["stride"]
        confidence = outputs["confidence"].movedim(1, 0).double()
        with torch.no_grad():
            weights = torch.where(confidence >= prob_threshold, confidence, 0.0)
            lesson = teach(xy, views_first(truth["camera"]), weights, AGREE * SIGMA * stride)
        known = torch.isfinite(xy + lesson.image).all(dim=-1)
        offset = torch.where(known[..., None], xy - lesson.image, 0.0)
        distance = torch.linalg.vector_norm(offset, dim=-1) / stride
        cost = rho(torch.relu(distance - epsilon)[..., None] / SIGMA)
        total = (lesson.trust * cost * known).sum() / known.sum().clamp_min(1)
        return total.to(outputs["xy"].dtype)

    return loss


def teach(
    xy: Float[Tensor, "V *N 2"], camera: Camera, weights: Float[Tensor, "V *N"], threshold_px: float
) -> Teaching:
    """Return where each view should see the point that the views agree on, and how far to believe it.

    A point stands when most of the views that take part are near it: two rays among many may meet by chance.
    Where only two take part it stands as well, since two cannot be outvoted. Each view believes it as far as
    the surest other view does that is near it.

    Args:
        xy: pixels; NaN where missing.
        camera: fields "V *C", where C are the first axes of N; NaN where there is none.
        weights: confidences, 0 for views that take no part.
        threshold_px: distance within which views agree.
    """
    found = triangulate_robust(xy, camera, weights, threshold_px)
    image = project_views(found.xyz, camera)
    takes_part = torch.isfinite(found.error) & (weights > 0)
    n_views = takes_part.sum(dim=0)
    near = takes_part & ((found.error <= threshold_px) | (n_views == 2))
    support = torch.where(near & (2 * near.sum(dim=0) > n_views), weights, 0.0)
    own = torch.eye(len(xy), dtype=torch.bool, device=xy.device)
    others = support[None].masked_fill(own.reshape(*own.shape, *(1,) * (support.ndim - 1)), 0.0)
    return Teaching(image, others.amax(dim=1))
