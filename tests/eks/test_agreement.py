"""Errors that all views have in common are found in how members differ."""

import numpy as np
import pytest

from eks.agreement import MOST, common_error
from eks.ensemble import collect
from eks.observe import Calibrated
from lightning_pose.core.camera import linearised_aligned, project_views
from lightning_pose.synthetic.session import simulate_truth


@pytest.fixture(scope="module")
def truth():
    return simulate_truth(4, 400, seed=0)


def members_of(truth, rng, displacement: float, noise: float = 1.0):
    """Three members that err by a displacement of the point (mm) and by independent noise in pixels."""
    points = truth.poses.points[:, :3]
    moved = [points + rng.normal(0, displacement, points.shape) for _ in range(3)]
    pixels = np.stack([project_views(each, truth.rig.camera) for each in moved])
    return collect(pixels + rng.normal(0, noise, pixels.shape))


def test_views_that_err_independently_have_nothing_in_common(truth, rng):
    found = common_error(Calibrated(truth.rig.camera), members_of(truth, rng, 0.0), [(0, 400)])
    np.testing.assert_allclose(found, 1.0, atol=0.08)


def test_a_displacement_is_found_with_its_size(truth, rng):
    """kappa = 1 + trace(J S J') / D for a displacement of covariance S, in pixels of unit noise."""
    deviation = 1.2
    _, _, rows, _ = linearised_aligned(truth.poses.points[None, :, :3], truth.rig.camera, 2)
    slopes = sum((np.broadcast_to(entry, (4, 400, 3)) ** 2).sum(0) for row in rows for entry in row)
    expected = 1 + deviation**2 * slopes.mean(0) / 3
    members = members_of(truth, rng, deviation)
    found = common_error(Calibrated(truth.rig.camera), members, [(0, 400)])
    assert (expected < MOST).all()
    np.testing.assert_allclose(found, expected, rtol=0.2)


def test_a_view_that_is_blind_or_blinks_changes_little_or_nothing(truth, rng):
    members = members_of(truth, rng, 1.2)
    emission = Calibrated(truth.rig.camera)
    blind = members.points.copy()
    blind[:, 1] = np.nan
    fewer = truth.rig.camera._replace(**{k: v[[0, 2, 3]] for k, v in truth.rig.camera._asdict().items()})
    expected = common_error(Calibrated(fewer), collect(members.points[:, [0, 2, 3]]), [(0, 400)])
    np.testing.assert_allclose(common_error(emission, collect(blind), [(0, 400)]), expected, rtol=1e-9)
    blinks = np.where((np.arange(400) % 3 == 0)[:, None, None], blind, members.points)
    got = common_error(emission, collect(blinks), [(0, 400)])
    np.testing.assert_allclose(got, common_error(emission, members, [(0, 400)]), rtol=0.15)


def test_one_member_tells_nothing(truth, rng):
    members = members_of(truth, rng, 0.0)
    assert common_error(Calibrated(truth.rig.camera), collect(members.points[:1]), [(0, 400)]) is None
