"""Losses that hold the views of an instant together: what several cameras see must be one point in the world.

Both measure a distance r in standard deviations of the heatmap target, so that a weight means the same
whatever the number of views and keypoints, the size of the images and the unit of the world, and both end in

    rho(r) = sqrt(1 + r^2) - 1

which near 0 is r^2 / 2, the divergence of two such Gaussians in nats, and far away grows as r: the squared
difference of two rendered heatmaps, which Lightning Pose takes, has no gradient there.

A mean over the labels that count, weighted; 0 with a gradient of zeros where none does.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lightning_pose.core.camera import Camera, linearised_aligned
from lightning_pose.core.pointsolver import observe, solve_points
from lightning_pose.core.poses import VISIBLE
from lightning_pose.core.symmetric3 import inverse_entries, normal_matrix, symmetric
from lightning_pose.data.batch import Outputs, Truth
from lightning_pose.data.heatmaps import SIGMA
from lightning_pose.losses.heatmap import TINY


class Lifted(NamedTuple):
    """Points of the world, and their images in every view, differentiable by the pixels that made them."""

    xyz: Float[Tensor, "*N 3"]  # world units; 0 where not known
    image: Float[Tensor, "V *N 2"]  # px; 0 where not known
    known: Bool[Tensor, "V *N"]  # the point exists and lies in front of the camera
    jacobian: Float[Tensor, "V *N 2 3"]  # d pixel / d world at the point, without gradient
    spread: Float[Tensor, "*N"]  # trace of (sum w J'J)^-1, world units^2 per px^2


def lift(xy: Float[Tensor, "V *N 2"], camera: Camera, weights: Float[Tensor, "V *N"] | None = None) -> Lifted:
    """Triangulate pixels of V views at once, through the true lens, and project the points into every view.

    The points X are those of `core.triangulate`, the least squares in pixels, and found without gradient.
    Where the gradient of the squares vanishes, the implicit function theorem gives that of X,

        dX = (sum w J'J)^-1 sum w J' dxy        d image = J dX

    with the Jacobian J of the projection at X; left out are terms of the residual times the curvature of the
    projection. So the way back is two small products whatever the lens, nothing in it can be NaN, and
    (weighted) images of a point move no farther than the pixels that made it.

    Args:
        xy: pixels; NaN where missing.
        camera: fields "V *C", where C are the first axes of N; NaN where there is none.
        weights: of the squared pixel distances; all equal if None.

    Source: Hartley and Zisserman 2004, Multiple View Geometry, 5.2.4 (covariance by the implicit function).
    """
    exact = xy.double()
    given = [field.detach().cpu().numpy() for field in (exact, *camera)]
    weight = np.ones(xy.shape[:-1]) if weights is None else weights.detach().double().cpu().numpy()
    found = _solve(given[0], Camera(*given[1:]), weight)
    used, xyz, image, known, J, pull, spread = (torch.from_numpy(array).to(xy.device) for array in found)
    exact = torch.where(used[..., None], exact, 0.0)
    move = torch.einsum("v...ji,v...i->...j", pull, exact - exact.detach())
    return Lifted(xyz + move, image + torch.einsum("v...ij,...j->v...i", J, move), known, J, spread)


def reprojection(outputs: Outputs, truth: Truth) -> Float[Tensor, ""]:
    """Distance of each label from the image of the point that all views together predict.

    The point is made of all views, each with its confidence. r = |image - label| / (sigma stride).
    """
    camera, scale = views_first(truth["camera"]), SIGMA * truth["stride"]
    world = lift(outputs["xy"].movedim(1, 0), camera, outputs["confidence"].detach().movedim(1, 0))
    labels, weight = _labels(truth)
    counted = world.known & (weight > 0)
    difference = torch.where(counted[..., None], world.image - labels, 0.0) / scale
    return _mean(rho(difference), torch.where(counted, weight, 0.0)).to(outputs["xy"].dtype)


def pairwise_projections(outputs: Outputs, truth: Truth) -> Float[Tensor, ""]:
    """Distance of the point that each pair of views predicts from the point that all labels make.

    World units become pixels by the mean magnification of the labeled views, m^2 = mean |J|^2 / 2, so that
    r = m |X - X_label| / (sigma stride). A pair counts where both its views have a label, by the precision
    that its angle allows: 1 / (m^2 tr (sum J'J)^-1) is the inverse of how much r^2 exceeds the squared error
    of the pixels, which grows without bound as two rays become parallel.
    """
    camera, scale = views_first(truth["camera"]), SIGMA * truth["stride"]
    labels, weight = _labels(truth)
    with torch.no_grad():
        there = lift(torch.where((weight > 0)[..., None], labels, torch.nan), camera)
    seen = there.known & (weight > 0)
    squares = torch.where(seen, there.jacobian.square().sum(dim=(-2, -1)) / 2, 0.0).sum(dim=0)
    magnification2 = squares / seen.sum(dim=0).clamp_min(1)
    one, other = torch.combinations(torch.arange(len(labels))).T.tolist()  # none of one view
    predicted = outputs["xy"].movedim(1, 0)
    pairs = torch.stack([predicted[one], predicted[other]]).movedim(1, 2)
    of_pairs = Camera(*(torch.stack([field[one], field[other]]).movedim(1, 2) for field in camera))
    points = lift(pairs, of_pairs)  # axes: 2, instants, pairs, keypoints
    precision = 1 / (magnification2[:, None] * points.spread).clamp_min(TINY)
    share = torch.minimum(weight[one], weight[other]).movedim(0, 1)
    counted = points.known.all(dim=0) & (seen[one] & seen[other]).movedim(0, 1)
    magnification = magnification2.sqrt()[:, None, :, None]
    difference = torch.where(counted[..., None], points.xyz - there.xyz[:, None], 0.0) * magnification / scale
    return _mean(rho(difference), torch.where(counted, share * precision, 0.0)).to(predicted.dtype)


def views_first(camera: Camera) -> Camera:
    """Return a camera of axes (B, V) as one of (V, B)."""
    return Camera(*(field.movedim(1, 0) for field in camera))


def _solve(xy: np.ndarray, camera: Camera, weight: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return which pixels "V *N" are used, and points, images, known, J, (sum w J'J)^-1 w J' and spread.

    In numpy, since these are thousands of tiny steps without gradient: a third of torch's time on a CPU, and
    a GPU would spend more on starting each.
    """
    axes = xy.ndim - 1 - camera.fisheye.ndim
    camera, calibrated = _usable(camera, axes)
    seen = observe(xy, camera, np.where(calibrated, weight, 0.0))
    xyz = np.moveaxis(solve_points(seen, camera, seen.weight), 0, -1)
    exists = np.isfinite(xyz).all(axis=-1)
    u, v, rows, front = linearised_aligned(xyz[None], camera, axes)
    known = exists & front & calibrated
    rows = [[np.where(known, entry, 0.0) for entry in row] for row in rows]
    inverse, regular = inverse_entries(normal_matrix(rows, [seen.weight, seen.weight]))
    covariance = np.where((exists & regular)[..., None, None], symmetric(inverse), 0.0)
    J = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    pull = np.einsum("...jk,v...,v...ik->v...ji", covariance, seen.weight, J)
    image = np.where(known[..., None], np.stack([u, v], axis=-1), 0.0)
    xyz = np.where(exists[..., None], xyz, 0.0)
    return seen.weight > 0, xyz, image, known, J, pull, np.trace(covariance, axis1=-2, axis2=-1)


def _usable(camera: Camera, axes: int) -> tuple[Camera, np.ndarray]:
    """Return cameras that compute, also where there are none, and which these are, for `axes` more axes."""
    there = np.isfinite(camera.matrix).all(axis=(-2, -1))
    matrix, rotation = (
        np.where(there[..., None, None], field, np.eye(3)) for field in (camera.matrix, camera.rotation)
    )
    distortion, translation = (np.nan_to_num(f) for f in (camera.distortion, camera.translation))
    usable = Camera(matrix, distortion, rotation, translation, camera.fisheye)
    return usable, there.reshape(*there.shape, *(1,) * axes)


def _labels(truth: Truth) -> tuple[Float[Tensor, "V B K 2"], Float[Tensor, "V B K"]]:
    """Return the labels, and the weight of each: 0 where it is missing or not visible."""
    xy = truth["xy"].double()
    there = (truth["visible"] == VISIBLE) & torch.isfinite(xy).all(dim=-1)
    weight = torch.where(there, truth["weight"].double() if "weight" in truth else 1.0, 0.0)
    return torch.where(there[..., None], xy, 0.0).movedim(1, 0), weight.movedim(1, 0)


def rho(difference: Float[Tensor, "*N D"]) -> Float[Tensor, "*N"]:
    """Return sqrt(1 + r^2) - 1 of the length r of each difference; smooth where that is 0."""
    return torch.sqrt(1 + difference.square().sum(dim=-1)) - 1


def _mean(values: Float[Tensor, "*N"], weight: Float[Tensor, "*N"]) -> Float[Tensor, ""]:
    """Return the weighted mean, 0 without any weight."""
    return (values * weight).sum() / weight.sum().clamp_min(TINY)
