"""A synthetic session and its noisy ensemble, shared by the smoother's tests."""

from typing import NamedTuple

import numpy as np
import pytest

from lightning_pose.core.poses import Poses
from lightning_pose.synthetic.ensemble import simulate_ensemble
from lightning_pose.synthetic.session import Truth, simulate_truth


class World(NamedTuple):
    truth: Truth
    members: dict[str, list[Poses]]  # camera to its members


def by_camera(ensemble: dict[int, dict[str, Poses]]) -> dict[str, list[Poses]]:
    cameras = next(iter(ensemble.values()))
    return {camera: [views[camera] for views in ensemble.values()] for camera in cameras}


@pytest.fixture(scope="session")
def world() -> World:
    """Three cameras, three members with occlusions, outliers, swaps, teleports and correlated errors."""
    truth = simulate_truth(3, 300, seed=1)
    return World(truth, by_camera(simulate_ensemble(truth, (0, 1, 2), seed=1)))


@pytest.fixture(scope="session")
def few(world: World) -> World:
    """The same with four keypoints."""
    names = world.truth.poses.names[:4]
    members = {camera: [poses.select(names) for poses in each] for camera, each in world.members.items()}
    return World(world.truth, members)


def error_3d(world: World, points: np.ndarray) -> float:
    known = world.truth.poses.points[:, : points.shape[1]]
    return float(np.nanmean(np.linalg.norm(points - known, axis=-1)))
