"""Constant velocity: a state with a velocity that walks, in place of a position that walks.

Per axis, in units of the basis of the walk, the state is (p, v) with

    p' = p + v + w_p,    v' = v + w_v,    (w_p, w_v) ~ N(0, s [[1/3, 1/2], [1/2, 1]]),

white acceleration integrated over a frame. With the upper Cholesky factor U = [[a, 1/2], [0, 1]], a^2 = 1/12,
and (p, v) = U z, the process noise of z is s I, its transition U^-1 F U = [[1, 1/a], [0, 1]], and the
position a linear map of z: what `eks.observe.Basis` is made for. z holds all first numbers, then all second.
"""

import numpy as np
from jaxtyping import Float

from eks.kalman import Gaussian
from eks.observe import Basis
from eks.rounds import Model

A, B = np.sqrt(1 / 12), 0.5
FASTEST = 100.0  # units of the walk's basis per frame; the prior's standard deviation of a velocity
STILL = 1e-3  # variance of a velocity of which nothing is known yet, over that of the position


def with_velocity(model: Model) -> Model:
    """Return the model of a walk with a velocity added; before the first frame it is unknown."""
    scale, size = model.basis.scale, model.start.shape[-1]
    basis = Basis(model.basis.centre, np.concatenate([A * scale, B * scale], axis=-1))
    place, zero = model.prior.covariance, np.zeros_like(model.prior.covariance)
    pace = FASTEST**2 * np.eye(size)[..., None] + zero
    covariance = _blocks((place + B**2 * pace) / A**2, -B / A * pace, pace)
    mean = np.concatenate([model.prior.mean / A, np.zeros_like(model.prior.mean)])
    transition = np.kron([[1.0, 1 / A], [0.0, 1.0]], np.eye(size))[..., None]
    return Model(basis, Gaussian(mean, covariance), model.start, transition)


def at_rest(state: Gaussian) -> Gaussian:
    """Return states of a walk (T, D, K) as states at rest: only what is known of the place counts."""
    size = state.mean.shape[1]
    place = np.moveaxis(state.covariance, 0, 2) / A**2
    pace = STILL * np.einsum("ii...->...", place) / size * np.eye(size)[..., None, None]
    mean = np.concatenate([state.mean / A, np.zeros_like(state.mean)], axis=1)
    return Gaussian(mean, np.moveaxis(_blocks(place, 0 * place, pace), 2, 0))


def spectrum(frequency: Float[np.ndarray, " N"]) -> Float[np.ndarray, " N"]:
    """Return the power of the position at angular frequencies (per frame), for s = 1."""
    return (2 + np.cos(frequency)) / 3 / (2 - 2 * np.cos(frequency)) ** 2


def _blocks(
    a: Float[np.ndarray, "D D *B"], b: Float[np.ndarray, "D D *B"], c: Float[np.ndarray, "D D *B"]
) -> Float[np.ndarray, "E E *B"]:
    """Return [[A, B], [B', C]]."""
    return np.concatenate([np.concatenate([a, b], axis=1), np.concatenate([b.swapaxes(0, 1), c], axis=1)])
