"""Cameras around the arena: different focal lengths, real lenses, and the small moves between sessions."""

import numpy as np

from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import make_camera
from lightning_pose.core.errors import ConfigError
from lightning_pose.core.rotations import look_at, matrix_from_rvec

FIELD = 450.0  # mm that a camera sees across at the arena's middle
_ELEVATIONS = (30, 46, 36, 54, 26, 76, 40, 50, 33, 62, 44, 28)  # degrees over the floor
MOST_VIEWS = len(_ELEVATIONS)


def make_rig(views: int, size: tuple[int, int], rng: np.random.Generator) -> Rig:
    """Place cameras in a ring, each with its own focal length and lens, all filming the arena's middle.

    Short lenses stand near and bend straight lines more. Names are `cam0`, `cam1` and so on; the unit is mm.

    Args:
        views: number of cameras.
        size: width and height of the images, px.
        rng: decides places and lenses.

    Raises:
        ConfigError: when there are too many cameras.
    """
    if not 1 <= views <= MOST_VIEWS:
        raise ConfigError(f"expected 1 to {MOST_VIEWS} views, got {views}")
    width, height = size
    short = min(size)
    azimuths = 2 * np.pi * (np.arange(views) + rng.uniform(-0.18, 0.18, views)) / views + 0.3
    focal = rng.permutation(np.linspace(1.15, 2.1, views))  # in units of the shorter image side
    matrices, distortions, rotations, translations = [], [], [], []
    for view in range(views):
        elevation = np.deg2rad(_ELEVATIONS[view] + rng.uniform(-3, 3))
        distance = focal[view] * FIELD * rng.uniform(0.97, 1.03)
        flat, rise = distance * np.cos(elevation), distance * np.sin(elevation)
        center = np.array([flat * np.cos(azimuths[view]), flat * np.sin(azimuths[view]), rise])
        rotation, translation = look_at(center, np.array([*rng.uniform(-8, 8, 2), 25.0]))
        roll = matrix_from_rvec(np.array([0.0, 0.0, rng.normal(0, 0.05)]))
        f = focal[view] * short * np.array([1.0, rng.uniform(0.995, 1.005)])
        middle = (np.array(size) - 1) / 2 + rng.normal(0, 0.012, 2) * size
        matrices.append(np.array([[f[0], 0, middle[0]], [0, f[1], middle[1]], [0, 0, 1]]))
        k1 = -0.32 * (1.15 / focal[view]) ** 2 * rng.uniform(0.7, 1.1)
        distortions.append([k1, -0.2 * k1 * rng.uniform(0.5, 1.0), *rng.normal(0, 8e-4, 2), 0.0])
        rotations.append(roll @ rotation)
        translations.append(roll @ translation)
    poses = np.stack(rotations), np.stack(translations)
    camera = make_camera(np.stack(matrices), np.array(distortions), *poses)
    names = tuple(f"cam{view}" for view in range(views))
    return Rig(names, np.tile([width, height], (views, 1)), camera, {}, "mm")


def jitter_rig(rig: Rig, rng: np.random.Generator, *, angle: float = 0.012, shift: float = 5.0) -> Rig:
    """Return the rig after somebody bumped into it: cameras turned, moved and refocused a little.

    Args:
        rig: the cameras before.
        rng: decides the moves.
        angle: standard deviation about each axis, rad.
        shift: standard deviation along each axis, mm.
    """
    views = len(rig)
    turn = matrix_from_rvec(rng.normal(0, angle, (views, 3)))
    zoom = 1 + rng.normal(0, 0.005, views)
    matrix = rig.camera.matrix.copy()
    matrix[:, :2, :2] *= zoom[:, None, None]
    moved = np.einsum("vij,vj->vi", turn, rig.camera.translation) + rng.normal(0, shift, (views, 3))
    camera = rig.camera._replace(matrix=matrix, rotation=turn @ rig.camera.rotation, translation=moved)
    return Rig(rig.names, rig.sizes, camera, rig.metadata, rig.unit)
