"""The choice of s, against a generic optimiser and against the s that made the data."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from eks.kalman import Gaussian, Motion, Potentials, log_likelihood
from eks.tune import choose_spans, cut, maximise


def walks(rng, s, n_frames=600) -> tuple[Potentials, Gaussian]:
    """Random walks of given step variances, seen with a noise whose variance changes in time."""
    n = len(s)
    x = np.cumsum(rng.normal(size=(n_frames, 3, n)) * np.sqrt(s), axis=0)
    variance = np.exp(rng.normal(0, 1, (n_frames, 3, n)))
    y = x + rng.normal(size=x.shape) * np.sqrt(variance)
    precision = np.eye(3)[..., None] / variance[:, :, None]
    zero = np.zeros_like(y)
    constant = (y**2 / variance + np.log(2 * np.pi * variance)).sum(1)
    prior = Gaussian(np.zeros((3, n)), np.eye(3)[..., None] * np.full(n, 10.0))
    return Potentials(precision, y / variance, zero, constant), prior


def test_s_is_the_maximum_of_the_likelihood_and_near_the_truth(rng):
    true = np.array([0.01, 0.3, 8.0])
    seen, prior = walks(rng, true)
    tuned = maximise(seen, prior, np.arange(3))
    np.testing.assert_allclose(tuned.s, true, rtol=0.35)
    for k in range(3):
        one = Potentials(*(part[..., [k]] for part in seen))
        start = Gaussian(*(part[..., [k]] for part in prior))
        best = minimize_scalar(
            lambda log_s, one=one, start=start: -log_likelihood(one, start, Motion(np.exp([log_s])))[0],
            bounds=(-8, 6), method="bounded", options={"xatol": 1e-6},
        )  # fmt: skip
        np.testing.assert_allclose(np.log(tuned.s[k]), best.x, atol=0.02)
        np.testing.assert_allclose(tuned.log_likelihood[k], -best.fun, atol=0.01)


def test_pieces_are_independent_so_seams_are_no_jumps(rng):
    """Two pieces of a walk that are far apart give the s of the walk, not of the jump between them."""
    true = np.array([0.05])
    (first, prior), (second, _) = walks(rng, true, 700), walks(rng, true, 700)
    moved = second._replace(
        gradient=second.gradient + np.einsum("tijk,jk->tik", second.precision, np.full((3, 1), 500.0)),
        constant=second.constant
        + 2 * (second.gradient * 500).sum(1)
        + np.einsum("i,tijk,j->tk", np.full(3, 500.0), second.precision, np.full(3, 500.0)),
    )
    both = Potentials(*(np.concatenate(parts, -1) for parts in zip(first, moved, strict=True)))
    start = Gaussian(np.concatenate([prior.mean, prior.mean + 500], -1), np.tile(prior.covariance, 2))
    np.testing.assert_allclose(maximise(both, start, np.array([0])).s, true, rtol=0.3)


@pytest.mark.parametrize(
    ("n_frames", "asked", "expected"), [(100, None, ((0, 100),)), (100, ((3, 9),), ((3, 9),))]
)
def test_short_recordings_are_tuned_on_all_frames_and_asked_pieces_are_taken(n_frames, asked, expected):
    assert choose_spans(n_frames, 4000, asked) == expected


def test_long_recordings_are_tuned_on_pieces_spread_over_all_of_it():
    spans = choose_spans(50_000, 4000)
    assert sum(stop - start for start, stop in spans) == 4000
    assert spans[0][0] == 0
    assert spans[-1][1] == 50_000


def test_cut_puts_pieces_side_by_side(rng):
    part = rng.normal(size=(2, 30, 3, 2))
    got = cut(part, ((0, 4), (10, 13)))
    assert got.shape == (2, 4, 6, 2)
    np.testing.assert_array_equal(got[:, :, :3], part[:, :4])
    np.testing.assert_array_equal(got[:, :3, 3:], part[:, 10:13])
    assert np.isnan(got[:, 3, 3:]).all()
