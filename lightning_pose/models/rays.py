"""Where in the world each patch of an image looks, in a frame that is not the calibration's own."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from lightning_pose.core import camera as cameras
from lightning_pose.core.camera import Camera


class Rays(NamedTuple):
    """What `patch_rays` returns, where it was worked out before: an exported network takes it for cameras."""

    values: Float[Tensor, "B V P 6"]


@torch.no_grad()
def patch_rays(camera: Camera, size: tuple[int, int], grid: tuple[int, int]) -> Float[Tensor, "B V P 6"]:
    """Return the Plücker coordinates (d, o x d) of the ray through every patch's centre, d of length 1.

    The calibration's frame is arbitrary, so rays are given in the rig's own: its origin is the point that the
    optical axes pass nearest to, its unit the cameras' mean distance from there, its vertical the mean of the
    images' vertical, and its azimuth that of the camera that is farthest away. All of it is symmetric in the
    views that are given, and made of these alone: without one of them, the rays of the others are in another
    frame, in training (`view_dropout`) as in prediction. Where a lens has no ray for a patch, they are zeros.

    Args:
        camera: fields (B, V, ...), of the images.
        size: height and width of the images (px).
        grid: rows and columns of patches.

    Source: Plücker 1865; as input of a network, Sitzmann et al. 2021, "Light field networks", eq. 2.
    """
    rotation, origin = camera.rotation.double(), optical_centres(camera)
    # one camera alone has the origin just ahead of it: from the calibration's own, that would be rounded off
    origin = origin - origin.mean(dim=1, keepdim=True)
    frame, centre, unit = rig_frame(rotation, origin)
    pixels = patch_centres(size, grid).to(rotation).expand(*rotation.shape[:-2], -1, -1)
    plane = cameras.undistort(pixels, cameras.as_backend(camera, pixels)).points
    seen = torch.isfinite(plane).all(dim=-1, keepdim=True)
    ahead = torch.cat([torch.where(seen, plane, 0.0), torch.ones_like(plane[..., :1])], dim=-1)
    direction = (ahead @ rotation) @ frame.transpose(-1, -2)[:, None]
    direction = direction / direction.norm(dim=-1, keepdim=True)
    start = ((origin - centre) / unit) @ frame.transpose(-1, -2)
    moment = torch.linalg.cross(start[..., None, :].expand_as(direction), direction)
    return torch.where(seen, torch.cat([direction, moment], dim=-1), 0.0)


def patch_centres(size: tuple[int, int], grid: tuple[int, int]) -> Float[Tensor, "P 2"]:
    """Return the pixels at the middle of every patch, row by row."""
    y = (torch.arange(grid[0], dtype=torch.float64) + 0.5) * (size[0] / grid[0]) - 0.5
    x = (torch.arange(grid[1], dtype=torch.float64) + 0.5) * (size[1] / grid[1]) - 0.5
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).flatten(0, 1)


def optical_centres(camera: Camera) -> Float[Tensor, "B V 3"]:
    """Return where the cameras are, -R^T t (world units)."""
    rotation, translation = camera.rotation.double(), camera.translation.double()
    return -(rotation.transpose(-1, -2) @ translation[..., None])[..., 0]


def rig_frame(
    rotation: Float[Tensor, "B V 3 3"], origin: Float[Tensor, "B V 3"]
) -> tuple[Float[Tensor, "B 3 3"], Float[Tensor, "B 1 3"], Float[Tensor, "B 1 1"]]:
    """Return axes (rows), origin and unit of the frame that `patch_rays` describes.

    The origin c minimises sum |(I - a a^T)(c - o)|^2 over optical axes (o, a), with a weak pull to the point
    one mean spacing ahead of the cameras for axes that are parallel.
    """
    axis, down = rotation[..., 2, :], rotation[..., 1, :]
    middle = origin.mean(dim=1, keepdim=True)
    spacing = (origin - middle).norm(dim=-1, keepdim=True).mean(dim=1, keepdim=True).clamp_min(1e-9)
    ahead = middle + spacing * axis.mean(dim=1, keepdim=True)
    eye = torch.eye(3, dtype=axis.dtype, device=axis.device)
    across = eye - axis[..., :, None] * axis[..., None, :]
    pull = 1e-3 * eye
    total = across.sum(dim=1) + pull
    right = (across @ origin[..., None]).sum(dim=1) + pull @ ahead.transpose(-1, -2)
    centre = torch.linalg.solve(total, right).transpose(-1, -2)
    distance = (origin - centre).norm(dim=-1)
    unit = distance.mean(dim=1)[:, None, None].clamp_min(1e-9)
    up = torch.nn.functional.normalize(-down.mean(dim=1), dim=-1)
    farthest = distance.argmax(dim=1)[:, None, None].expand(-1, 1, 3)
    toward = (origin - centre).gather(1, farthest)[:, 0]
    level = toward - (toward * up).sum(dim=-1, keepdim=True) * up
    # a rig that looks straight down has no azimuth there; the image's own vertical stands in
    spare = torch.linalg.cross(up, axis[:, 0])
    level = torch.where(level.norm(dim=-1, keepdim=True) > 1e-3 * unit[:, 0], level, spare)
    first = torch.nn.functional.normalize(level, dim=-1)
    return torch.stack([first, torch.linalg.cross(up, first), up], dim=1), centre, unit
