"""The linearised observations: gradients, and what a frame alone says."""

import numpy as np
import pytest

from eks.kalman import Gaussian, Motion, smooth
from eks.observe import Basis, Linear, Seen, each_frame_alone, relate


@pytest.fixture
def problem(rng):
    """Two keypoints, three linear cameras, a basis that is not the identity."""
    emission = Linear(rng.normal(size=(3, 2, 2, 3)), rng.normal(size=(3, 2, 2)))
    basis = Basis(rng.normal(size=(2, 3)), np.eye(3) + 0.2 * rng.normal(size=(2, 3, 3)))
    pixels = rng.normal(size=(3, 6, 2, 2))
    pixels[1, 2] = np.nan
    seen = Seen(
        pixels, rng.uniform(0.5, 2, pixels.shape), rng.uniform(0.5, 1, pixels.shape[:3]), np.array([1.0, 0.7])
    )
    state = Gaussian(rng.normal(size=(6, 3, 2)), np.zeros((6, 3, 3, 2)))
    return emission, basis, seen, state


def log_density(emission, basis, seen, mean):
    """log p(y | x) of every frame and keypoint, written out."""
    off = seen.pixels - emission.predict(basis.outer(np.moveaxis(mean, 1, 2)))
    variance = seen.variance * seen.fading[:, None] / seen.belief[..., None]
    each = -0.5 * (off**2 / variance + np.log(2 * np.pi * variance))
    return np.nansum(each, axis=(0, -1))


def test_potentials_are_the_log_density_of_linear_cameras(problem, rng):
    emission, basis, seen, state = problem
    potentials = relate(emission, basis, seen, state, gate=False).potentials
    away = rng.normal(size=state.mean.shape)
    square = np.einsum("tik,tijk,tjk->tk", away, potentials.precision, away)
    got = -0.5 * square + (potentials.gradient * away).sum(1) - 0.5 * potentials.constant
    np.testing.assert_allclose(got, log_density(emission, basis, seen, state.mean + away), atol=1e-10)


def test_each_frame_alone_is_weighted_least_squares(problem):
    emission, basis, seen, state = problem
    alone = each_frame_alone(relate(emission, basis, seen, state, gate=False).potentials)
    points = basis.outer(np.moveaxis(alone.mean, 1, 2))
    t, k = 4, 1
    weights = np.sqrt(seen.belief[:, t, k, None] / (seen.variance[:, t, k] * seen.fading[k])).ravel()
    matrix = emission.weights[:, k].reshape(6, 3)
    target = (seen.pixels[:, t, k] - emission.mean[:, k]).ravel()
    expected = np.linalg.lstsq(matrix * weights[:, None], target * weights, rcond=None)[0]
    np.testing.assert_allclose(points[t, k], expected, atol=1e-6)


def test_linear_cameras_need_no_second_round(problem):
    """The linearisation is exact: whatever the point it is made at, the smoothed states are the same."""
    emission, basis, seen, state = problem
    prior = Gaussian(np.zeros((3, 2)), np.eye(3)[..., None] * np.full(2, 4.0))
    elsewhere = Gaussian(state.mean + 5.0, state.covariance)
    results = [
        smooth(relate(emission, basis, seen, start, gate=False).potentials, prior, Motion(np.ones(2)))
        for start in (state, elsewhere)
    ]
    np.testing.assert_allclose(results[0][0].mean, results[1][0].mean, atol=1e-9)
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-9)
