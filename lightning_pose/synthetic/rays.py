"""The rays of a camera's pixels through its full lens model, and the boxes that parts can touch."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera, camera_centers, project, undistort
from lightning_pose.synthetic.body import Parts

SAMPLES = 2  # rays per pixel along each image axis
_MARGIN = 1.5  # px around a part's box, for what a lens bends between its corners


class Rays(NamedTuple):
    """One camera's rays center + t direction; t is the depth along the optical axis, mm.

    Attributes:
        center: mm, world.
        directions: `SAMPLES` x `SAMPLES` rays per pixel, evenly spread over it; components first.
    """

    center: Float[np.ndarray, "3"]
    directions: Float[np.ndarray, "3 h w"]


def make_rays(rig: Rig, view: int) -> Rays:
    """Undistort the pixels of one view into rays; NaN where the lens maps no ray to the pixel."""
    width, height = rig.sizes[view]
    camera = _one_camera(rig, view)
    u, v = ((np.arange(n * SAMPLES) + 0.5) / SAMPLES - 0.5 for n in (width, height))
    pixels = np.stack(np.meshgrid(u, v), axis=-1)
    x, y = np.moveaxis(undistort(pixels.reshape(-1, 2), camera).points.reshape(pixels.shape), -1, 0)
    r = camera.rotation
    directions = np.stack([x * r[0, i] + y * r[1, i] + r[2, i] for i in range(3)])
    return Rays(camera_centers(camera), directions.astype(np.float32))


def boxes(rig: Rig, view: int, parts: Parts) -> Int[np.ndarray, "T P 4"]:
    """Return the box of samples (left, top, right, bottom; the last two exclusive) that each part lies in.

    A part behind the camera has an empty box.
    """
    camera = _one_camera(rig, view)
    corners = parts.corners()
    xy = project(corners.reshape(-1, 3), camera).reshape(*corners.shape[:-1], 2)
    low, high = xy.min(axis=-2) - _MARGIN, xy.max(axis=-2) + _MARGIN
    limits = rig.sizes[view] * SAMPLES
    first = np.clip(np.floor((low + 0.5) * SAMPLES), 0, limits)
    last = np.clip(np.ceil((high + 0.5) * SAMPLES), 0, limits)
    box = np.concatenate([first, last], axis=-1)
    return np.where(np.isnan(box).any(axis=-1, keepdims=True), 0, box).astype(int)


def _one_camera(rig: Rig, view: int) -> Camera:
    """Return one camera of a rig, without the axis of views."""
    return Camera(*(np.asarray(field[view]) for field in rig.camera))
