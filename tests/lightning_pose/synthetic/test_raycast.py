"""Rays against closed forms, and visibility against marching along the line of sight."""

import numpy as np
import pytest

from lightning_pose.core.camera import camera_centers
from lightning_pose.synthetic.body import Parts, keypoint_depths
from lightning_pose.synthetic.raycast import hit_cone, hit_ellipsoid, see_keypoints
from lightning_pose.synthetic.session import SynthConfig, make_session


def test_a_ray_meets_the_unit_ball_on_its_near_side():
    y = np.array([0.0, 0.6, 0.999, 1.001])
    t = hit_ellipsoid((-3.0, y, 0.0), (np.full(4, 2.0), np.zeros(4), np.zeros(4)))
    np.testing.assert_allclose(t[:3], (3 - np.sqrt(1 - y[:3] ** 2)) / 2, atol=1e-12)
    assert np.isinf(t[3])


def test_a_ray_meets_a_cone_between_its_ends_only():
    z = np.array([-0.1, 0.0, 2.0, 4.0, 4.1])
    t = hit_cone((-3.0, 0.0, z), (np.ones(5), np.zeros(5), np.zeros(5)), -0.1, 4.0)
    np.testing.assert_allclose(t[1:4], 3 - (1 - 0.1 * z[1:4]), atol=1e-12)
    assert np.isinf(t[[0, 4]]).all()


def test_random_hits_lie_on_the_cone_and_before_them_is_nothing(rng):
    origin = rng.normal(0, 1, (3, 2000)) + np.array([[-8.0], [0.0], [2.0]])
    direction = rng.normal(0, 0.2, (3, 2000)) + np.array([[1.0], [0.0], [0.0]])
    t = hit_cone(tuple(origin), tuple(direction), -0.12, 4.0)
    hit = np.isfinite(t)
    x, y, z = (origin + np.where(hit, t, 0) * direction)[:, hit]
    assert hit.sum() > 200
    np.testing.assert_allclose(np.hypot(x, y), 1 - 0.12 * z, atol=1e-9)
    for share in np.linspace(0, 0.999, 40):
        x, y, z = (origin + share * np.where(hit, t, 0) * direction)[:, hit]
        assert (np.hypot(x, y) >= 1 - 0.12 * z).all()


def inside(parts: Parts, points: np.ndarray) -> np.ndarray:
    """Return which of the points "T N 3" lie inside any part, from its axes alone."""
    found = np.zeros(points.shape[:2], dtype=bool)
    for p, (taper, length) in enumerate(zip(parts.taper, parts.length, strict=True)):
        offset = points - parts.center[:, p, None]
        axes = parts.axes[:, p]
        x, y, z = np.moveaxis((offset @ axes) / (axes**2).sum(axis=1)[:, None], -1, 0)
        if length:
            found |= (z >= 0) & (z <= length) & (np.hypot(x, y) < 1 + taper * z)
        else:
            found |= x * x + y * y + z * z < 1
    return found


@pytest.mark.parametrize("seed", [0, 4])
def test_visibility_is_that_of_marching_along_the_line_of_sight(seed):
    session = make_session(SynthConfig(sessions=1, frames=300, labels=1, seed=seed), 0)
    frames = slice(0, 300, 30)
    parts, points = session.parts.at(frames), session.truth.poses.points[frames]
    depths, step = keypoint_depths(session.animal), 0.8
    seen = []
    for center in camera_centers(session.truth.rig.camera):
        sight = center - points
        sight /= np.linalg.norm(sight, axis=-1, keepdims=True)
        covered = np.zeros(points.shape[:2], dtype=bool)
        for distance in np.arange(0, 300, step):
            covered |= inside(parts, points + (depths[:, None] + distance) * sight)
        seen.append(~covered)
    agree = np.stack(seen) == session.truth.visibility[:, frames]
    assert agree.mean() > 0.985  # what remains grazes a surface
    assert 0.4 < session.truth.visibility.mean() < 0.8


def test_what_is_outside_the_image_is_not_seen():
    session = make_session(SynthConfig(sessions=1, frames=30, labels=1), 0)
    rig, depths = session.truth.rig, keypoint_depths(session.animal)
    points = session.truth.poses.points.copy()
    points[:, 0] = [900.0, 0.0, 50.0]  # far outside the arena
    seen = see_keypoints(rig, session.parts, points, depths)
    assert not seen[:, :, 0].any()
    np.testing.assert_array_equal(seen[:, :, 1:], session.truth.visibility[:, :, 1:])
