"""What must hold for any data: order, units, direction of time, a generic optimiser's optimum."""

import dataclasses

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from eks.ensemble import combine
from eks.kalman import Gaussian, Motion, Potentials, smooth
from eks.multicam import Options
from eks.multicam import smooth as smooth_cameras
from eks.observe import Basis, Calibrated
from eks.rounds import Model, Settings
from eks.smoother import smooth_ensemble
from lightning_pose.core.camera import project_views

quick = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


def random_potentials(seed: int, n_frames: int, size: int, batch: int) -> tuple[Potentials, Gaussian, Motion]:
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(n_frames, size, size + 1, batch))
    precision = np.einsum("tijk,tljk->tilk", half, half) * np.exp(rng.normal(0, 3, (n_frames, 1, 1, batch)))
    precision[rng.random((n_frames, batch)).nonzero()[0][:3]] = 0
    gradient = rng.normal(size=(n_frames, size, batch)) * (precision.sum((1, 2)) > 0)[:, None]
    seen = Potentials(
        precision, gradient, rng.normal(size=(n_frames, size, batch)), np.zeros((n_frames, batch))
    )
    prior = Gaussian(np.zeros((size, batch)), np.eye(size)[..., None] * np.full(batch, 1e4))
    return seen, prior, Motion(np.exp(rng.normal(0, 2, batch)))


@quick
@given(st.integers(0, 10_000), st.integers(2, 150), st.integers(1, 4))
def test_time_runs_backwards_as_well(seed, n_frames, size):
    """The prior of the first frame is a potential; put there, a walk has no direction."""
    seen, prior, motion = random_potentials(seed, n_frames, size, 2)
    vague = np.eye(size)[..., None] / 1e4
    own = seen._replace(precision=seen.precision.copy(), gradient=seen.gradient.copy())
    own.precision[0] += vague[..., [0]]
    own.gradient[0] -= (vague * seen.point[0][None]).sum(1)
    own.precision[-1] += vague[..., [0]]
    own.gradient[-1] -= (vague * seen.point[-1][None]).sum(1)
    flat = Gaussian(prior.mean, prior.covariance * 1e8)
    forth, _ = smooth(own, flat, motion)
    back, _ = smooth(Potentials(*(part[::-1].copy() for part in own)), flat, motion)
    scale = np.sqrt(np.einsum("tiik->tik", forth.covariance))
    assert np.abs((back.mean[::-1] - forth.mean) / scale).max() < 1e-4
    np.testing.assert_allclose(back.covariance[::-1], forth.covariance, rtol=1e-4, atol=1e-8)


@quick
@given(st.integers(0, 10_000), st.integers(1, 300), st.permutations(range(4)))
def test_keypoints_do_not_know_their_order(seed, n_frames, order):
    seen, prior, motion = random_potentials(seed, n_frames, 3, 4)
    state, value = smooth(seen, prior, motion)
    other, other_value = smooth(
        Potentials(*(part[..., order] for part in seen)),
        Gaussian(*(part[..., order] for part in prior)),
        Motion(motion.noise[order]),
    )
    np.testing.assert_array_equal(other.mean, state.mean[..., order])
    np.testing.assert_array_equal(other_value, value[order])


@settings(quick, max_examples=3)
@given(st.permutations(range(3)), st.permutations(range(3)), st.permutations(range(4)))
def test_members_cameras_and_keypoints_do_not_know_their_order(few, members, cameras, keypoints):
    options = Options(s=2.0)
    short = {camera: [p.rows(slice(0, 60)) for p in each] for camera, each in few.members.items()}
    expected = smooth_cameras(short, few.truth.rig, options)
    names = [few.truth.rig.names[c] for c in cameras]
    chosen = [short[names[0]][0].names[k] for k in keypoints]
    turned = {name: [short[name][m] for m in members] for name in names}
    got = smooth_cameras(turned, few.truth.rig, dataclasses.replace(options, keypoints=chosen))
    for name in names:
        wanted = expected.views[name].select(chosen)
        np.testing.assert_allclose(got.views[name].points, wanted.points, atol=1e-5)
        np.testing.assert_allclose(got.views[name].variance, wanted.variance, rtol=1e-4)


def test_the_end_of_the_rounds_is_the_most_probable_trajectory(few, rng):
    """Against scipy's least squares on the whole trajectory; the cameras are near, so perspective counts."""
    n_frames, camera = 25, few.truth.rig.camera
    walk = few.truth.poses.points[:1, :1] + np.cumsum(rng.normal(0, 6.0, (n_frames, 1, 3)), axis=0)
    pixels = project_views(walk, camera) + rng.normal(0, 3.0, (3, n_frames, 1, 2))
    pixels[1, 5:9] = np.nan
    ensemble = combine(pixels[None], np.full((1, 3, n_frames, 1), 0.25))  # variance 1 / 0.25 = 4 px^2
    emission = Calibrated(camera)
    basis = Basis(walk.mean(0), 6.0 * np.eye(3)[None])
    prior = Gaussian(np.zeros((3, 1)), 9.0 * np.eye(3)[..., None])
    model = Model(basis, prior, np.broadcast_to(walk.mean(0), walk.shape))
    got = smooth_ensemble(
        emission, ensemble, model, Settings(s=(0.7,), robust=False, tolerance=1e-10, max_rounds=30)
    )

    def residuals(z):
        z = z.reshape(n_frames, 3)
        seen = (project_views(basis.outer(z[:, None]), camera) - pixels) / 2.0
        return np.concatenate(
            [seen[np.isfinite(seen)], (np.diff(z, axis=0) / np.sqrt(0.7)).ravel(), z[0] / 3.0]
        )

    best = least_squares(residuals, np.zeros(n_frames * 3), xtol=1e-14, ftol=1e-14, gtol=1e-12)
    assert got.moved <= 1e-10
    np.testing.assert_allclose(got.state[:, 0], basis.outer(best.x.reshape(n_frames, 1, 3))[:, 0], atol=1e-4)
    # the covariance is the inverse of the curvature at that trajectory
    curvature = np.linalg.inv(best.jac.T @ best.jac)[33:36, 33:36] * 36.0
    np.testing.assert_allclose(got.covariance[11, 0], curvature, rtol=1e-3, atol=1e-4)
