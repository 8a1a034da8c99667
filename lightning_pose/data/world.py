"""Move the world of an instant, and every image by the map that shows it best.

The labels make points X of the world. About their median c they are scaled, turned about the vertical and
shifted, X' = c + s R (X - c) + d, and in every view the images p of X and p' of X' give the similarity A (a
turn, a zoom and a shift of the image on disk) with the least sum of |A p - p'|^2. Image and labels are moved
by A, and the camera follows as K' = A K, so that the three agree exactly; what A cannot show of the new
perspective is the residual, which is for the log.

A similarity, not an affine: a row of keypoints, such as a spine, leaves the shear of an affine undetermined,
and a shear is not how animals look.

The vertical is the mean of the cameras' own upward directions, -y, which no calibration has to define.

Source: Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns",
IEEE PAMI 13(4); in the plane it is a division of complex numbers.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lightning_pose.core.camera import Camera, project_views
from lightning_pose.core.poses import VISIBLE
from lightning_pose.core.triangulate import triangulate

LEAST_POINTS = 3  # that a view's map is fitted to
WIDEST_ZOOM = 2.0  # either way; a point that comes near a camera would fill its image
LEAST_SPREAD = 1.0  # px, standard deviation of the points that a map is fitted to


class WorldMotion(NamedTuple):
    """How far the world is moved; the defaults leave it where it is."""

    scale: float = 0.0  # sizes from 1 - scale to 1 + scale
    shift: float = 0.0  # of the labels' extent along each axis of the world, either way
    rotation: float = 0.0  # degrees about the vertical, either way


class Shown(NamedTuple):
    """How images show the moved world."""

    affine: Float[Tensor, "B V 3 3"]  # of network-size pixels; the identity where nothing could be fitted
    residual: Float[Tensor, "B V"]  # mean |A p - p'|, network-size px; NaN where nothing was fitted


def move_world(
    xy: Float[Tensor, "B V K 2"],
    visible: Int[Tensor, "B V K"],
    camera: Camera,
    options: WorldMotion,
    *,
    stretch: Float[Tensor, "B V 2"],
    generator: torch.Generator,
) -> Shown:
    """Draw a motion of each instant's world and return how its images show it.

    An image stays as it is where fewer than three points are known, and where its map would zoom by more
    than two: its labels and camera still agree with it.

    Args:
        xy: labels in network-size pixels.
        visible: 2 where a label counts.
        camera: of the network-size images, fields (B, V, ...); NaN where there is none.
        options: how far the world moves.
        stretch: pixels on disk per network-size pixel, in x and y: similarities are of images on disk.
        generator: decides; of the labels' device.
    """
    rig = Camera(*(field.movedim(1, 0) for field in camera))
    labels = torch.where((visible == VISIBLE)[..., None], xy.double(), torch.nan)
    xyz = triangulate(labels.movedim(1, 0), rig)
    moved = _moved(xyz, _up(rig), options, generator)
    before, after = (project_views(points, rig).movedim(0, 1) for points in (xyz, moved))
    return fit_similarities(before, after, stretch)


def fit_similarities(
    before: Float[Tensor, "B V K 2"], after: Float[Tensor, "B V K 2"], stretch: Float[Tensor, "B V 2"]
) -> Shown:
    """Return the similarities z -> a z + b that bring points nearest to others, with z = x + iy on disk.

    With means m, m' over the points known in both, a = sum conj(z - m) (z' - m') / sum |z - m|^2 and
    b = m' - a m.

    Args:
        before: network-size pixels; NaN where not known.
        after: where they should be.
        stretch: pixels on disk per network-size pixel.
    """
    there = torch.isfinite(before).all(dim=-1) & torch.isfinite(after).all(dim=-1)
    z, z_after = (
        torch.view_as_complex(torch.where(there[..., None], p * stretch[..., None, :], 0.0).contiguous())
        for p in (before, after)
    )
    count = there.sum(dim=-1)
    mean, mean_after = ((points.sum(dim=-1) / count.clamp_min(1))[..., None] for points in (z, z_after))
    z, z_after = (torch.where(there, points - m, 0.0) for points, m in ((z, mean), (z_after, mean_after)))
    squares = z.abs().square().sum(dim=-1)
    fitted = (count >= LEAST_POINTS) & (squares > count * LEAST_SPREAD**2)
    a = (z.conj() * z_after).sum(dim=-1) / torch.where(fitted, squares, 1.0)
    fitted &= (a.abs() < WIDEST_ZOOM) & (a.abs() > 1 / WIDEST_ZOOM)
    b = (mean_after - a[..., None] * mean)[..., 0]
    A = _matrices(a, b, fitted, stretch)
    error = before @ A[..., :2, :2].transpose(-1, -2) + A[..., None, :2, 2] - after
    distance = torch.where(there, error.nan_to_num().norm(dim=-1), 0.0).sum(dim=-1) / count.clamp_min(1)
    return Shown(A, torch.where(fitted, distance, torch.nan))


def _matrices(a: Tensor, b: Tensor, fitted: Bool[Tensor, "B V"], stretch: Tensor) -> Tensor:
    """Return the similarities z -> a z + b of images on disk as maps of network-size pixels."""
    # z = stretch u leaves out the half pixel between the two kinds: a shift, which similarities do not see
    x, y = stretch[..., 0], stretch[..., 1]
    A = torch.eye(3, dtype=x.dtype, device=x.device).repeat(*x.shape, 1, 1)
    A[..., 0, 0], A[..., 0, 1], A[..., 0, 2] = a.real, -a.imag * y / x, b.real / x
    A[..., 1, 0], A[..., 1, 1], A[..., 1, 2] = a.imag * x / y, a.real, b.imag / y
    return torch.where(fitted[..., None, None], A, torch.eye(3).to(A))


def _moved(
    xyz: Float[Tensor, "B K 3"], up: Float[Tensor, "B 3"], options: WorldMotion, generator: torch.Generator
) -> Float[Tensor, "B K 3"]:
    """Return points scaled, turned and shifted at random about their median; NaN stays NaN."""
    unit = torch.rand(len(xyz), 5, generator=generator, device=xyz.device, dtype=xyz.dtype) * 2 - 1
    centre = xyz.nanmedian(dim=1, keepdim=True).values
    known = torch.isfinite(xyz)
    highest, lowest = (torch.where(known, xyz, -s * torch.inf) * s for s in (1, -1))
    extent = highest.amax(dim=1) + lowest.amax(dim=1)
    angle = unit[:, 4] * options.rotation * math.pi / 180
    R = torch.linalg.matrix_exp(angle[:, None, None] * _cross(up))
    size = (1 + unit[:, 3] * options.scale)[:, None, None]
    shift = options.shift * (extent * size[:, 0]).nan_to_num(0, 0, 0) * unit[:, :3]
    return centre + size * (xyz - centre) @ R.transpose(-1, -2) + shift[:, None]


def _up(rig: Camera) -> Float[Tensor, "B 3"]:
    """Return the upward direction of the world, as long as the cameras have one in common."""
    up = -rig.rotation[:, :, 1].nan_to_num().sum(dim=0)
    return up / up.norm(dim=-1, keepdim=True).clamp_min(1e-9)


def _cross(k: Float[Tensor, "B 3"]) -> Float[Tensor, "B 3 3"]:
    """Return the matrices of the cross product, [k]x v = k x v."""
    zero = torch.zeros_like(k[:, 0])
    x, y, z = k.unbind(dim=-1)
    rows = ((zero, -z, y), (z, zero, -x), (-y, x, zero))
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)
