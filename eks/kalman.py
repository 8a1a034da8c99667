"""Kalman filter and smoother of x_t = F x_{t-1} + w_t, w_t ~ N(0, s I), for many keypoints at once.

What is observed at time t comes as a potential around a point p_t, in information form:

    log p(y_t | x) = -1/2 (x - p_t)' L_t (x - p_t) + g_t' (x - p_t) - 1/2 q_t,

with L = J' R^-1 J, g = J' R^-1 r, q = r' R^-1 r + log |2 pi R| for a residual r = y - h(p) and a diagonal R.
So the cost does not depend on the number of cameras, and what is missing is L = 0, g = 0, q = 0. A process
noise that is not s I is made so by a change of basis (`eks.observe`).

The recursions run in parallel over blocks of frames, exactly: within each block the map from the state at its
start to the state at its end is composed (all blocks at once), the maps are chained over the blocks, and
then all blocks are filtered at once from their known starts: 3 sqrt(T) steps instead of T. Axes: T, then D,
then batch. Everything is written for numpy and JAX alike; with JAX arrays the loops become `lax.scan`.

Source: Sarkka and Garcia-Fernandez, "Temporal parallelization of Bayesian smoothers", IEEE TAC 66 (2021),
lemmas 7-10, with the observation in information form; the smoother is Rauch-Tung-Striebel's.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from eks.matrices import dot, identity_like, matmul, matvec, spd_inverse, symmetric, transpose

Array = Any  # numpy.ndarray or jax.Array
BLOCKS_FROM = 64  # frames; below, one block costs less than three sweeps


class Potentials(NamedTuple):
    """What is observed at each time, around a point (see the module)."""

    precision: Float[Array, "T D D *B"]
    gradient: Float[Array, "T D *B"]
    point: Float[Array, "T D *B"]
    constant: Float[Array, "T *B"]


class Gaussian(NamedTuple):
    """Mean (D, *B) and covariance (D, D, *B) of a state; for many frames an axis T comes first."""

    mean: Float[Array, "..."]
    covariance: Float[Array, "..."]


class Motion(NamedTuple):
    """x_t = F x_{t-1} + w, w ~ N(0, s I): s per batch entry; F None is the identity, a random walk."""

    noise: Float[Array, "*B"]
    transition: Float[Array, "D D *B"] | None = None

    def transport(self, matrix: Float[Array, "D E *B"]) -> Float[Array, "D E *B"]:
        """Return F M."""
        if self.transition is None:
            return matrix
        f = self.transition
        return matmul(f[:, :, None] if f.ndim < matrix.ndim else f, matrix)

    def ahead(self, now: Gaussian) -> Gaussian:
        """Predict the state one frame ahead: N(F m, F P F' + s I)."""
        mean = self.transport(now.mean[:, None])[:, 0]
        spread = now.covariance
        if self.transition is not None:
            spread = self.transport(transpose(self.transport(spread)))
        return Gaussian(mean, spread + self.noise * identity_like(spread))


class _Link(NamedTuple):
    """Through a block: end | u ~ N(A u + b, C); the block says exp(-u'Ju/2 + e'u) of its start u."""

    slope: Array
    offset: Array
    covariance: Array
    precision: Array
    vector: Array


def filter_states(
    seen: Potentials, prior: Gaussian, motion: Motion
) -> tuple[Gaussian, Gaussian, Float[Array, "*B"]]:
    """Return the filtered states of T frames, the state predicted for the frame after, and log p(y).

    Args:
        seen: potentials of T frames.
        prior: state at the first frame, before anything of it is seen.
        motion: dynamics of the state.
    """
    n_frames, n_blocks = seen.constant.shape[0], _n_blocks(seen.constant.shape[0])
    blocks = Potentials(
        *(_to_blocks(part, n_blocks, d, at_end=True) for part, d in zip(seen, (2, 1, 1, 0), strict=True))
    )

    def step(carry: Gaussian, at: tuple) -> tuple[Gaussian, tuple]:
        now, log_likelihood = _update(carry, Potentials(*at))
        return motion.ahead(now), (now.mean, now.covariance, log_likelihood)

    starts = Gaussian(prior.mean[:, None], prior.covariance[:, :, None])
    if n_blocks > 1:
        links = _links(blocks, motion)
        chained = tuple(_blocks_first(part, d) for part, d in zip(links, (2, 1, 2, 2, 1), strict=True))
        _, (means, covariances) = _scan(
            lambda carry, link: (_through(carry, _Link(*link)), (carry.mean, carry.covariance)),
            prior,
            chained,
        )
        starts = Gaussian(_blocks_back(means, 1), _blocks_back(covariances, 2))
    _, (means, covariances, gains) = _scan(step, starts, blocks)
    mean, covariance = _from_blocks(means, 1)[:n_frames], _from_blocks(covariances, 2)[:n_frames]
    filtered = Gaussian(mean, covariance)
    return filtered, motion.ahead(Gaussian(mean[-1], covariance[-1])), gains.sum((0, 1))


def log_likelihood(seen: Potentials, prior: Gaussian, motion: Motion) -> Float[Array, "*B"]:
    """Return log p(y) alone: one sweep without blocks that keeps no states, for many candidates at once."""

    def step(carry: Gaussian, at: tuple) -> tuple[Gaussian, tuple]:
        now, gain = _update(carry, Potentials(*at))
        return motion.ahead(now), (gain,)

    return _scan(step, prior, seen)[1][0].sum(0)


def smooth_back(filtered: Gaussian, after: Gaussian, motion: Motion) -> Gaussian:
    """Return the smoothed states of T frames.

    Args:
        filtered: filtered states of these frames.
        after: smoothed state of the frame after the last; at the end of a recording the predicted one.
        motion: dynamics of the state.
    """
    n_frames, n_blocks = filtered.mean.shape[0], _n_blocks(filtered.mean.shape[0])
    # padding goes before the first frame: what flows backward never comes out of it
    blocks = (
        _to_blocks(filtered.mean, n_blocks, 1, at_end=False),
        _to_blocks(filtered.covariance, n_blocks, 2, at_end=False),
    )

    def step(carry: Gaussian, at: tuple) -> tuple[Gaussian, tuple]:
        gain, predicted, rest = _backward(Gaussian(*at), motion)
        mean = at[0] + matvec(gain, carry.mean - predicted)
        covariance = rest + matmul(matmul(gain, carry.covariance), transpose(gain))
        carry = Gaussian(mean, symmetric(covariance))
        return carry, tuple(carry)

    ends = Gaussian(after.mean[:, None], after.covariance[:, :, None])
    if n_blocks > 1:

        def compose(carry: tuple, at: tuple) -> tuple[tuple, tuple]:
            slope, offset, rest = carry
            gain, predicted, own = _backward(Gaussian(*at), motion)
            offset = at[0] + matvec(gain, offset - predicted)
            rest = own + matmul(matmul(gain, rest), transpose(gain))
            return (matmul(gain, slope), offset, rest), ()

        zero = blocks[1][0] * 0
        (slope, offset, rest), _ = _scan(compose, (identity_like(zero), zero[0], zero), blocks, reverse=True)
        chained = (_blocks_first(slope, 2), _blocks_first(offset, 1), _blocks_first(rest, 2))

        def chain(carry: Gaussian, link: tuple) -> tuple[Gaussian, tuple]:
            slope, offset, rest = link
            mean = matvec(slope, carry.mean) + offset
            covariance = matmul(matmul(slope, carry.covariance), transpose(slope)) + rest
            return Gaussian(mean, symmetric(covariance)), tuple(carry)

        _, (means, covariances) = _scan(chain, after, chained, reverse=True)
        ends = Gaussian(_blocks_back(means, 1), _blocks_back(covariances, 2))
    _, (means, covariances) = _scan(step, ends, blocks, reverse=True)
    start = _from_blocks(means, 1).shape[0] - n_frames
    return Gaussian(_from_blocks(means, 1)[start:], _from_blocks(covariances, 2)[start:])


def smooth(seen: Potentials, prior: Gaussian, motion: Motion) -> tuple[Gaussian, Float[Array, "*B"]]:
    """Return the smoothed states of all frames and the log-likelihood log p(y) of everything seen."""
    filtered, after, log_likelihood = filter_states(seen, prior, motion)
    return smooth_back(filtered, after, motion), log_likelihood


def _update(state: Gaussian, at: Potentials) -> tuple[Gaussian, Array]:
    """Condition a predicted state on what one frame shows; also return log p(y_t | y_<t).

    P+ = (P^-1 + L)^-1, m+ = m + P+ g(m), and with g, q moved from the point to the mean:
    log p = -1/2 [q(m) - g(m)' P+ g(m) + log |P| + log |P^-1 + L|].
    """
    away = state.mean - at.point
    bent = matvec(at.precision, away)
    gradient = at.gradient - bent
    constant = at.constant - 2 * dot(away, at.gradient) + dot(away, bent)
    precision, log_det = spd_inverse(state.covariance)
    covariance, log_det_after = spd_inverse(precision + at.precision)
    shift = matvec(covariance, gradient)
    log_likelihood = -0.5 * (constant - dot(gradient, shift) + log_det + log_det_after)
    return Gaussian(state.mean + shift, covariance), log_likelihood


def _links(blocks: Potentials, motion: Motion) -> _Link:
    """Compose each block from its frames, all blocks at once; see `_Link`."""
    first = Potentials(*(part[0] for part in blocks))
    exact = Gaussian(first.point * 0, first.precision * 0)  # the start itself: x = u, without spread
    opened = motion.ahead(exact)
    carry = _Link(
        motion.transport(identity_like(first.precision)),
        opened.mean,
        opened.covariance,
        first.precision,
        first.gradient + matvec(first.precision, first.point),
    )

    def absorb(link: _Link, at: tuple) -> tuple[_Link, tuple]:
        seen = Potentials(*at)
        inverse, _ = spd_inverse(link.covariance)
        covariance, _ = spd_inverse(inverse + seen.precision)
        slope = matmul(covariance, matmul(inverse, link.slope))
        pull = seen.gradient - matvec(seen.precision, link.offset - seen.point)
        precision = link.precision + matmul(transpose(link.slope), matmul(seen.precision, slope))
        vector = link.vector + matvec(transpose(slope), pull)
        ahead = motion.ahead(Gaussian(link.offset + matvec(covariance, pull), covariance))
        return _Link(motion.transport(slope), ahead.mean, ahead.covariance, symmetric(precision), vector), ()

    return _scan(absorb, carry, tuple(part[1:] for part in blocks))[0]


def _through(state: Gaussian, link: _Link) -> Gaussian:
    """Carry a predicted state from the start of a block to the start of the next."""
    precision, _ = spd_inverse(state.covariance)
    covariance, _ = spd_inverse(precision + link.precision)
    mean = state.mean + matvec(covariance, link.vector - matvec(link.precision, state.mean))
    spread = matmul(matmul(link.slope, covariance), transpose(link.slope)) + link.covariance
    return Gaussian(matvec(link.slope, mean) + link.offset, symmetric(spread))


def _backward(now: Gaussian, motion: Motion) -> tuple[Array, Array, Array]:
    """Return the gain G = P F' (F P F' + s I)^-1, the mean predicted for the next frame, and P - G F P."""
    moved, predicted = motion.transport(now.covariance), motion.ahead(now)
    inverse, _ = spd_inverse(predicted.covariance)
    gain = matmul(transpose(moved), inverse)
    return gain, predicted.mean, now.covariance - matmul(gain, moved)


def _scan(step: Callable, carry: Any, parts: tuple, *, reverse: bool = False) -> tuple[Any, tuple]:
    """Fold `step` over the first axis of `parts`: `lax.scan` for JAX arrays, a loop for numpy's."""
    parts = tuple(parts)
    if not isinstance(parts[0], np.ndarray):
        from jax import lax

        return lax.scan(step, carry, parts, reverse=reverse)
    order = range(parts[0].shape[0])
    outputs: tuple = ()
    for t in reversed(order) if reverse else order:
        carry, output = step(carry, tuple(part[t] for part in parts))
        if not outputs:
            outputs = tuple(np.empty((len(order), *part.shape)) for part in output)
        for whole, part in zip(outputs, output, strict=True):
            whole[t] = part
    return carry, outputs


def _n_blocks(n_frames: int) -> int:
    """Return about sqrt(T) blocks, or one where three sweeps would not pay."""
    return 1 if n_frames < BLOCKS_FROM else math.isqrt(n_frames)


def _to_blocks(part: Array, n_blocks: int, n_axes: int, *, at_end: bool) -> Array:
    """Cut (T, D.., B..) into N blocks of L frames: (L, D.., N, B..); D.. is `n_axes` axes.

    What is missing to full blocks is zeros after the last frame, or copies of the first before it.
    """
    xp = part.__array_namespace__()
    length = -(-part.shape[0] // n_blocks)
    missing = length * n_blocks - part.shape[0]
    if missing:
        filler = xp.broadcast_to(part[:1] * 0 if at_end else part[:1], (missing, *part.shape[1:]))
        part = xp.concatenate([part, filler] if at_end else [filler, part])
    return xp.moveaxis(part.reshape(n_blocks, length, *part.shape[1:]), 0, 1 + n_axes)


def _from_blocks(part: Array, n_axes: int) -> Array:
    """Undo `_to_blocks`; the padding stays."""
    xp = part.__array_namespace__()
    whole = xp.moveaxis(part, 1 + n_axes, 0)
    return whole.reshape(-1, *whole.shape[2:])


def _blocks_first(part: Array, n_axes: int) -> Array:
    """Move the axis of blocks to the front, to scan over it: (D.., N, B..) to (N, D.., B..)."""
    return part.__array_namespace__().moveaxis(part, n_axes, 0)


def _blocks_back(part: Array, n_axes: int) -> Array:
    """Undo `_blocks_first`."""
    return part.__array_namespace__().moveaxis(part, 0, n_axes)
