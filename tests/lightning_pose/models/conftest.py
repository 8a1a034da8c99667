"""A small rig, in its own world frame or in another one."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from lightning_pose.core.camera import Camera, as_backend, make_camera
from lightning_pose.core.rotations import look_at

PLACES = np.array([[4.0, 0, 2], [0, 5, 1.5], [-4.5, 1, 2.5]])  # of three cameras
TARGET = np.array([0.2, 0.1, 0.4])  # that all of them look at


@pytest.fixture
def rig() -> Callable[..., Camera]:
    """A function that returns three distorted cameras for images of 96 x 64, fields (1, 3, ...)."""

    def make(
        rotation: np.ndarray | None = None, scale: float = 1.0, shift: np.ndarray | float = 0.0
    ) -> Camera:
        """The world frame may be another one: X' = scale rotation X + shift."""
        Q = np.eye(3) if rotation is None else rotation
        cameras = []
        for place in PLACES:
            R, t = look_at(place, TARGET)
            K = np.array([[80.0, 0, 47], [0, 82, 31], [0, 0, 1]])
            moved = -R @ Q.T @ (scale * Q @ (-R.T @ t) + shift)
            cameras.append(make_camera(K, np.array([-0.1, 0.02, 1e-3, 0, 0]), R @ Q.T, moved))
        stacked = Camera(*(np.stack([getattr(c, name) for c in cameras])[None] for name in Camera._fields))
        return as_backend(stacked, torch.zeros(1, dtype=torch.float64))

    return make
