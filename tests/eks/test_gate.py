"""The gate: leave-one-out against a dense solve, and the right view is found."""

from typing import NamedTuple

import numpy as np

from eks.gate import GATE, Lines, _left_out, judge


def as_lines(error, jacobian, variance) -> Lines:
    """From arrays with coordinates last."""
    parts = [variance[..., 0], variance[..., 1]]
    return Lines(
        [error[..., 0], error[..., 1]],
        [[jacobian[..., i, d] for d in range(jacobian.shape[-1])] for i in range(2)],
        parts,
        parts,
        np.ones(error.shape[:-1], bool),
    )


class Raw(NamedTuple):
    error: np.ndarray  # (V, T, 1, 2)
    jacobian: np.ndarray  # (V, T, 1, 2, D)
    variance: np.ndarray


def lines_of(rng, views=4, frames=5, size=3) -> Raw:
    shape = (views, frames, 1)
    return Raw(
        rng.normal(size=(*shape, 2)), rng.normal(size=(*shape, 2, size)), rng.uniform(0.5, 2, (*shape, 2))
    )


def posterior(raw: Raw, rest: np.ndarray) -> tuple[Lines, np.ndarray]:
    """Solve every frame with a prior precision, and put the residuals at the solution."""
    error, covariances = raw.error.copy(), []
    for t in range(raw.error.shape[1]):
        jacobian, weight = raw.jacobian[:, t, 0].reshape(-1, 3), (1 / raw.variance[:, t, 0]).ravel()
        covariance = np.linalg.inv(rest + (jacobian * weight[:, None]).T @ jacobian)
        shift = covariance @ (jacobian.T @ (weight * raw.error[:, t, 0].ravel()))
        error[:, t, 0] -= (jacobian @ shift).reshape(-1, 2)
        covariances.append(covariance)
    return as_lines(error, raw.jacobian, raw.variance), np.stack(covariances)[..., None]


def test_leaving_a_camera_out_is_solving_without_it(rng):
    raw, rest = lines_of(rng), 0.1 * np.eye(3)
    lines, covariance = posterior(raw, rest)
    got = _left_out(lines, covariance, np.ones(lines.there.shape))
    v, t = 2, 3
    others = np.delete(np.arange(4), v)
    jacobian, weight = raw.jacobian[others, t, 0].reshape(-1, 3), (1 / raw.variance[others, t, 0]).ravel()
    spread = np.linalg.inv(rest + (jacobian * weight[:, None]).T @ jacobian)
    predicted = raw.jacobian[v, t, 0] @ spread @ jacobian.T @ (weight * raw.error[others, t, 0].ravel())
    off = raw.error[v, t, 0] - predicted
    whole = np.diag(raw.variance[v, t, 0]) + raw.jacobian[v, t, 0] @ spread @ raw.jacobian[v, t, 0].T
    np.testing.assert_allclose(got[v, t, 0], off @ np.linalg.solve(whole, off), rtol=1e-9)


def test_the_view_that_is_wrong_loses_its_weight_and_no_other(rng):
    raw = lines_of(rng, frames=20)
    raw.error[:] = 0.3 * rng.normal(size=raw.error.shape)
    raw.error[1, ::2, 0] += 60
    lines, covariance = posterior(raw, 0.5 * np.eye(3))
    belief = judge(lines, covariance, np.ones(lines.there.shape))
    assert (belief[1, ::2] < 0.02).all()
    assert (belief[[0, 2, 3]] == 1).all()
    assert (belief[1, 1::2] == 1).all()


def test_two_bad_views_of_five_are_found(rng):
    raw = lines_of(rng, views=5, frames=20)
    raw.error[:] = 0.3 * rng.normal(size=raw.error.shape)
    raw.error[0, :, 0] += 50
    raw.error[3, :, 0] -= 70
    lines, covariance = posterior(raw, 0.5 * np.eye(3))
    belief = judge(lines, covariance, np.ones(lines.there.shape))
    assert (belief[[0, 3]] < 0.05).all()
    assert (belief[[1, 2, 4]] == 1).all()


def test_inliers_keep_their_weight(rng):
    raw = lines_of(rng, frames=400)
    raw.error[:] = np.sqrt(raw.variance) * rng.normal(size=raw.error.shape)
    lines, covariance = posterior(raw, 0.01 * np.eye(3))
    belief = judge(lines, covariance, np.ones(lines.there.shape))
    assert (belief < 1).mean() < 0.01
    assert belief.min() > GATE / 40
