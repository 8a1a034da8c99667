"""Errors that last: the kernels of the smoothers, and what they do to a variance."""

import numpy as np
import pytest

from eks.kalman import Gaussian, Motion, Potentials, smooth
from eks.persistence import Persistence, kernel_of
from eks.velocity import A, B


def kernel_by_smoothing(motion: str, variance: float, s: float) -> np.ndarray:
    """The weights of all frames in the middle one, by smoothing an impulse."""
    n_frames, row = 801, np.array([1.0]) if motion == "walk" else np.array([A, B])
    size = len(row)
    precision = np.tile((row[:, None] * row / variance)[None, ..., None], (n_frames, 1, 1, 1))
    pulse = np.zeros((n_frames, size, 1))
    pulse[400] = (row / variance)[:, None]
    seen = Potentials(precision, pulse, 0 * pulse, np.zeros((n_frames, 1)))
    transition = None if motion == "walk" else np.array([[1, 1 / A], [0, 1]])[..., None]
    vague = Gaussian(np.zeros((size, 1)), 1e6 * np.eye(size)[..., None])
    state, _ = smooth(seen, vague, Motion(np.array([s]), transition))
    return state.mean[..., 0] @ row


@pytest.mark.parametrize("motion", ["walk", "velocity"])
@pytest.mark.parametrize("s", [0.003, 0.3, 5.0])
def test_the_response_is_the_transform_of_the_smoothers_weights(motion, s):
    weights = kernel_by_smoothing(motion, 2.0, s)
    response = kernel_of(motion, np.array([2.0]), np.array([s]))[0]
    expected = np.fft.irfft(response)
    np.testing.assert_allclose(weights[400:440], expected[:40], atol=1e-4 * expected[0])


def test_the_variance_is_that_of_weighted_correlated_errors():
    weights = kernel_by_smoothing("velocity", 1.0, 0.05)
    lags = np.abs(np.subtract.outer(np.arange(801), np.arange(801)))
    fading = np.where(lags <= 30, 0.8**lags, 0.0)
    correlation = 0.8 ** np.arange(31.0)
    expected = weights @ fading @ weights / (weights @ weights)
    got = Persistence(correlation[None], np.zeros(1)).inflation(
        kernel_of("velocity", np.ones(1), np.array([0.05]))
    )
    np.testing.assert_allclose(got, expected, rtol=1e-3)


def test_an_error_that_stays_is_not_averaged_away():
    """Of noise with a share c that stays, the fading part is smoothed, and the staying part adds c."""
    kernel = kernel_of("walk", np.ones(1), np.array([0.1]))
    weights = np.fft.irfft(kernel[0])
    c = 0.25
    correlation = np.concatenate([[1.0], np.full(20, c)])[None]
    got = Persistence(correlation, np.array([c])).inflation(kernel)
    assert got == pytest.approx((1 - c + c / (weights**2).sum()) / (1 - c), rel=1e-6)
