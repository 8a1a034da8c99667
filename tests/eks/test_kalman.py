"""The filter and smoother against a dense joint Gaussian solve."""

from typing import NamedTuple

import numpy as np
import pytest
import scipy.linalg

from eks.kalman import Gaussian, Motion, Potentials, filter_states, smooth, smooth_back


class Problem(NamedTuple):
    seen: Potentials
    prior: Gaussian
    noise: np.ndarray
    transition: np.ndarray | None
    matrix: np.ndarray  # (T, N, D) observation matrices
    variance: np.ndarray  # (T, N), inf where missing
    values: np.ndarray  # (T, N)


def problem(rng, n_frames, *, size=3, n_seen=4, noise=0.3, missing=0.3, transition=None) -> Problem:
    matrix = rng.normal(size=(n_frames, n_seen, size))
    variance = rng.uniform(0.1, 2, (n_frames, n_seen))
    variance[rng.random(variance.shape) < missing] = np.inf
    variance[n_frames // 3 : n_frames // 3 + 3] = np.inf  # a gap, and nothing at the end
    variance[-2:] = np.inf
    values = rng.normal(size=(n_frames, n_seen)) * 3
    point = rng.normal(size=(n_frames, size))
    weight = 1 / variance
    residual = values - np.einsum("tnd,td->tn", matrix, point)
    seen = Potentials(
        np.einsum("tnd,tn,tne->tde", matrix, weight, matrix)[..., None],
        np.einsum("tnd,tn,tn->td", matrix, weight, residual)[..., None],
        point[..., None],
        np.where(weight > 0, weight * residual**2 + np.log(2 * np.pi * np.where(weight > 0, variance, 1)), 0)
        .sum(1)[:, None],
    )  # fmt: skip
    half = rng.normal(size=(size, size))
    prior = Gaussian(rng.normal(size=(size, 1)), (half @ half.T + np.eye(size))[..., None])
    return Problem(seen, prior, np.array([noise]), transition, matrix, variance, values)


def dense(p: Problem) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean (T, D), covariance (T, D, D) and log-likelihood from one joint Gaussian over all frames."""
    n_frames, _, size = p.matrix.shape
    f = np.eye(size) if p.transition is None else p.transition
    lower = np.eye(n_frames * size)
    for t in range(1, n_frames):
        lower[t * size : (t + 1) * size, (t - 1) * size : t * size] = -f
    response = np.linalg.inv(lower)
    shocks = np.kron(np.eye(n_frames), p.noise[0] * np.eye(size))
    shocks[:size, :size] = p.prior.covariance[..., 0]
    joint = response @ shocks @ response.T
    mean = response @ np.concatenate([p.prior.mean[:, 0], np.zeros((n_frames - 1) * size)])
    observed = scipy.linalg.block_diag(*p.matrix)
    there = np.isfinite(p.variance.ravel())
    observed = observed[there]
    spread = observed @ joint @ observed.T + np.diag(p.variance.ravel()[there])
    off = p.values.ravel()[there] - observed @ mean
    gain = np.linalg.solve(spread, observed @ joint).T
    after = joint - gain @ observed @ joint
    blocks = np.array([after[i : i + size, i : i + size] for i in range(0, len(after), size)])
    log_likelihood = -0.5 * (
        off @ np.linalg.solve(spread, off) + np.linalg.slogdet(spread)[1] + there.sum() * np.log(2 * np.pi)
    )
    return (mean + gain @ off).reshape(n_frames, size), blocks, log_likelihood


VELOCITY = np.array([[1, 0.5, 0], [0, 1, 0], [0, 0, 0.9]])


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize("n_frames", [1, 2, 40, 100, 131])
@pytest.mark.parametrize("transition", [None, VELOCITY], ids=["walk", "velocity"])
def test_smoother_is_the_dense_joint_solve(rng, backend, n_frames, transition):
    p = problem(rng, n_frames, transition=transition)
    mean, covariance, log_likelihood = dense(p)
    got, got_likelihood = solve(p, backend)
    np.testing.assert_allclose(got.mean[..., 0], mean, atol=1e-9)
    np.testing.assert_allclose(got.covariance[..., 0], covariance, atol=1e-9)
    np.testing.assert_allclose(got_likelihood[0], log_likelihood, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("noise", [1e-6, 1e6])
def test_extreme_process_noise_keeps_its_digits(rng, noise):
    p = problem(rng, 100, noise=noise, missing=0)
    mean, covariance, log_likelihood = dense(p)
    got, got_likelihood = smooth(p.seen, p.prior, Motion(p.noise))
    np.testing.assert_allclose(got.mean[..., 0], mean, atol=2e-8 * max(1, noise))
    np.testing.assert_allclose(got.covariance[..., 0], covariance, atol=1e-8 * max(1, noise))
    np.testing.assert_allclose(got_likelihood[0], log_likelihood, rtol=1e-8)


def test_chunks_hand_over_exactly(rng):
    p = problem(rng, 150, transition=VELOCITY)
    motion = Motion(p.noise, VELOCITY[..., None])
    whole, log_likelihood = smooth(p.seen, p.prior, motion)
    pieces, carry, total = [], p.prior, 0.0
    for start in (0, 70, 120):
        chunk = Potentials(*(part[start : {0: 70, 70: 120, 120: 150}[start]] for part in p.seen))
        filtered, carry, part = filter_states(chunk, carry, motion)
        pieces.append(filtered)
        total += part[0]
    means = []
    for filtered in reversed(pieces):
        smoothed = smooth_back(filtered, carry, motion)
        carry = Gaussian(smoothed.mean[0], smoothed.covariance[0])
        means.insert(0, smoothed.mean)
    np.testing.assert_allclose(np.concatenate(means), whole.mean, atol=1e-12)
    np.testing.assert_allclose(total, log_likelihood[0], rtol=1e-12)


def test_every_entry_of_the_batch_is_smoothed_on_its_own(rng):
    problems = [problem(rng, 80, noise=noise) for noise in (0.01, 1.0, 50.0)]
    seen = Potentials(*(np.concatenate(parts, -1) for parts in zip(*(p.seen for p in problems), strict=True)))
    prior = Gaussian(*(np.concatenate(parts, -1) for parts in zip(*(p.prior for p in problems), strict=True)))
    got, log_likelihood = smooth(seen, prior, Motion(np.concatenate([p.noise for p in problems])))
    for k, p in enumerate(problems):
        alone, value = smooth(p.seen, p.prior, Motion(p.noise))
        np.testing.assert_allclose(got.mean[..., k], alone.mean[..., 0], atol=1e-12)
        np.testing.assert_allclose(got.covariance[..., k], alone.covariance[..., 0], atol=1e-12)
        np.testing.assert_allclose(log_likelihood[k], value[0], rtol=1e-12)


def solve(p: Problem, backend: str) -> tuple[Gaussian, np.ndarray]:
    transition = None if p.transition is None else p.transition[..., None]
    if backend == "numpy":
        return smooth(p.seen, p.prior, Motion(p.noise, transition))
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        seen, prior = jax.tree.map(jax.numpy.asarray, (p.seen, p.prior))
        got, value = jax.jit(smooth)(seen, prior, Motion(jax.numpy.asarray(p.noise), transition))
        return Gaussian(*map(np.asarray, got)), np.asarray(value)
