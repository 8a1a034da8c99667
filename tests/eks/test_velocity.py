"""Constant velocity: the most probable trajectory of a generic optimiser, and what it is good for."""

import numpy as np
import pytest
import scipy.linalg
from scipy.optimize import least_squares

from eks.ensemble import combine
from eks.kalman import Gaussian
from eks.multicam import Options, smooth, smooth_points
from eks.observe import Basis, Calibrated
from eks.rounds import Model, Settings
from eks.smoother import smooth_ensemble
from eks.velocity import FASTEST, at_rest, with_velocity
from lightning_pose.core.camera import project_views
from tests.eks.conftest import error_3d

S = 0.7


def test_the_end_of_the_rounds_is_the_most_probable_trajectory_of_places_and_velocities(few, rng):
    """Against scipy's least squares over (p, v) of all frames, with the noise as the docstring has it."""
    n_frames, camera = 14, few.truth.rig.camera
    walk = few.truth.poses.points[:1, :1] + np.cumsum(rng.normal(0, 6.0, (n_frames, 1, 3)), axis=0)
    pixels = project_views(walk, camera) + rng.normal(0, 3.0, (3, n_frames, 1, 2))
    pixels[1, 5:9] = np.nan
    ensemble = combine(pixels[None], np.full((1, 3, n_frames, 1), 0.25))  # variance 1 / 0.25 = 4 px^2
    basis = Basis(walk.mean(0), 6.0 * np.eye(3)[None])
    prior = Gaussian(np.zeros((3, 1)), 9.0 * np.eye(3)[..., None])
    model = Model(basis, prior, np.broadcast_to(walk.mean(0), walk.shape))
    settings = Settings(s=(S,), robust=False, motion="velocity", tolerance=1e-10, max_rounds=30)
    got = smooth_ensemble(Calibrated(camera), ensemble, model, settings)
    whiten = np.linalg.inv(np.linalg.cholesky(S * np.array([[1 / 3, 1 / 2], [1 / 2, 1]])))

    def residuals(x):
        p, v = x.reshape(2, n_frames, 3)
        seen = (project_views(basis.outer(p[:, None]), camera) - pixels) / 2.0
        shock = np.stack([p[1:] - p[:-1] - v[:-1], v[1:] - v[:-1]])
        moved = np.einsum("ij,jtd->itd", whiten, shock)
        return np.concatenate([seen[np.isfinite(seen)], moved.ravel(), p[0] / 3.0, v[0] / FASTEST])

    best = least_squares(residuals, np.zeros(n_frames * 6), xtol=1e-14, ftol=1e-14, gtol=1e-12)
    assert got.moved <= 1e-10
    expected = basis.outer(best.x[: n_frames * 3].reshape(n_frames, 1, 3))
    np.testing.assert_allclose(got.state, expected, atol=1e-4)
    curvature = np.linalg.inv(best.jac.T @ best.jac)[18:21, 18:21] * 36.0
    np.testing.assert_allclose(got.covariance[6, 0], curvature, rtol=1e-3, atol=1e-4)


def test_the_process_noise_is_integrated_acceleration():
    """F Q F' + Q, the noise over two frames, is Q of a frame twice as long."""
    model = Model(Basis(np.zeros((1, 1)), np.eye(1)[None]), _prior(), np.zeros((3, 1, 1)))
    lifted = with_velocity(model)
    u = np.concatenate([lifted.basis.scale[0], [[0.0, 1.0]]])  # (p, v) = U z
    f = u @ lifted.transition[..., 0] @ np.linalg.inv(u)
    np.testing.assert_allclose(f, [[1, 1], [0, 1]], atol=1e-12)
    q = u @ u.T
    twice = f @ q @ f.T + q
    stretch = np.diag([2.0, 1.0])  # in units of two frames v is twice as large, and so is the noise's time
    np.testing.assert_allclose(twice, 2 * stretch @ q @ stretch, rtol=1e-12)


def _prior() -> Gaussian:
    return Gaussian(np.zeros((1, 1)), np.ones((1, 1, 1)))


def test_states_at_rest_keep_their_place_and_its_spread(rng):
    half = rng.normal(size=(4, 3, 3, 2))
    state = Gaussian(rng.normal(size=(4, 3, 2)), np.einsum("tijk,tljk->tilk", half, half))
    prior = Gaussian(np.zeros((3, 2)), np.eye(3)[..., None] * np.ones(2))
    walk = Model(Basis(np.zeros((2, 3)), np.tile(np.eye(3), (2, 1, 1))), prior, np.zeros((4, 2, 3)))
    still, basis = at_rest(state), with_velocity(walk).basis
    np.testing.assert_allclose(basis.outer(np.moveaxis(still.mean, 1, 2)), np.moveaxis(state.mean, 1, 2))
    spread = basis.outer_covariance(still.covariance)
    np.testing.assert_allclose(spread, np.moveaxis(state.covariance, -1, 1), rtol=0.02, atol=0.01)
    scipy.linalg.cholesky(still.covariance[0, ..., 0])  # and it has an inverse


def test_a_limb_that_swings_evenly_is_followed_more_closely(few):
    rng, rig = np.random.default_rng(3), few.truth.rig
    t = np.arange(300)[:, None]
    swing = np.stack([np.sin(2 * np.pi * t / 25), np.cos(2 * np.pi * t / 25), 0 * t], axis=-1)
    path = few.truth.poses.points[:1, :1] + 60 * swing
    points = project_views(path, rig.camera) + rng.normal(0, 2.0, (2, 3, 300, 1, 2))
    walk, velocity = (
        smooth_points(points, None, rig, Options(motion=motion)) for motion in ("walk", "velocity")
    )
    off = [np.linalg.norm(each.state - path, axis=-1).mean() for each in (walk, velocity)]
    assert off[1] < 0.8 * off[0]
    half = 1.96 * np.sqrt(np.diagonal(velocity.covariance, axis1=-2, axis2=-1))
    assert 0.88 <= (np.abs(velocity.state - path) < half).mean() <= 0.99


@pytest.mark.slow
def test_occlusions_and_outliers_are_survived_with_a_velocity_too(few):
    result = smooth(few.members, few.truth.rig, Options(motion="velocity"))
    assert error_3d(few, result.world.points) < 1.25 * error_3d(
        few, smooth(few.members, few.truth.rig).world.points
    )
