"""Bones: keypoints that keep a distance, softly, smoothed together.

A bone of keypoints i and j is one more observation of every frame, |x_i - x_j| = l + e, e ~ N(0, sigma^2).
Length and sigma are learned from the trajectories smoothed without it. A skeleton flexes slowly, and a length
that is off is off for many frames: sigma^2 is the variance of the length times the frames that its deviations
last, so that a bone says no more than it knows.

All keypoints z of a frame are then one state, and the trajectory solves a block tridiagonal system,

    H_tt = Lambda_t + 2 / s,    H_t,t+1 = -1 / s,

with the cameras' information in the diagonal blocks of Lambda_t and the bones' between them. Elimination
forth and back gives the mean and the covariance exactly; linearised anew until it moves no more, the mean is
the most probable trajectory.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from eks.kalman import Gaussian
from eks.observe import Basis, Emission, Seen, relate
from eks.progress import Progress, ignore
from eks.rounds import Iterated, Model, Settings, Watched, frames_moved
from eks.states import MAD
from eks.tune import Spans

STIFFEST = 0.01  # sigma of a bone, at least, as a share of its length
LONGEST = 60  # frames
ENTRIES = 2_000_000  # of the matrices that are kept at a time


class Bones(NamedTuple):
    """Pairs of keypoints, their lengths and how much these vary, in world units."""

    first: Int[np.ndarray, " N"]
    second: Int[np.ndarray, " N"]
    length: Float[np.ndarray, " N"]
    variance: Float[np.ndarray, " N"]


def learn_bones(basis: Basis, state: Gaussian, edges: Sequence[tuple[int, int]], spans: Spans) -> Bones:
    """Learn the lengths from trajectories, in the frames in which they are known best.

    Args:
        basis: of the states.
        state: trajectories that know nothing of bones.
        edges: pairs of keypoints.
        spans: frames to learn from, half-open.
    """
    first, second = np.asarray(edges, dtype=int).T
    lengths, blurs = [], []
    for rows in (slice(*span) for span in spans):
        x = basis.outer(np.moveaxis(state.mean[rows], 1, 2))
        spread = basis.outer_covariance(state.covariance[rows])
        apart = x[:, first] - x[:, second]
        lengths.append(np.linalg.norm(apart, axis=-1))
        along = apart / np.maximum(lengths[-1], 1e-300)[..., None]
        blurs.append(np.einsum("tni,tnij,tnj->tn", along, spread[:, first] + spread[:, second], along))
    length, blur = np.concatenate(lengths), np.concatenate(blurs)
    known = np.where(blur <= np.median(blur, axis=0), length, np.nan)
    middle = np.nanmedian(known, axis=0)
    total = (MAD * np.nanmedian(np.abs(known - middle), axis=0)) ** 2
    own = total - np.median(blur, axis=0)
    lasting = np.array([_duration([part[:, n] - middle[n] for part in lengths]) for n in range(len(middle))])
    return Bones(first, second, middle, np.maximum(own, (STIFFEST * middle) ** 2) * lasting)


def couple(
    emission: Emission,
    model: Model,
    seen: Seen | Watched,
    done: Iterated,
    *,
    s: Float[np.ndarray, "K"],
    bones: Bones,
    settings: Settings,
    progress: Progress = ignore,
) -> Iterated:
    """Smooth all keypoints together, from trajectories that know nothing of bones.

    `done.state` is overwritten. What is believed of the observations stays as it is.
    """
    state, count, moved = done.state, 0, np.inf
    n_frames, size, n_keypoints = state.mean.shape
    step = max(ENTRIES // (size * n_keypoints) ** 2, 2)
    chunks = [slice(start, min(start + step, n_frames)) for start in range(0, n_frames, step)]
    stiff = np.repeat(1 / s, size)
    former = np.empty_like(state.mean)
    while count < settings.max_rounds and moved > settings.tolerance:
        former[...], moved = state.mean, 0.0
        carries = [_start(model.prior)]
        for rows in chunks[:-1]:
            system = _system(emission, model.basis, seen.rows(rows), former[rows], bones)
            carries.append(_eliminate(*system, stiff, carries[-1], last=False)[-1])
        after = None
        for i, rows in reversed(list(enumerate(chunks))):
            progress(f"bones, round {count + 1}", 1 - rows.stop / n_frames)
            system = _system(emission, model.basis, seen.rows(rows), former[rows], bones)
            inverse, mean, _ = _eliminate(*system, stiff, carries[i], last=i + 1 == len(chunks))
            mean, covariance, after = _substitute(inverse, mean, stiff, after, n_keypoints)
            state.mean[rows], state.covariance[rows] = mean, covariance
            moved = max(moved, float(frames_moved(emission, model.basis, former[rows], mean).max()))
        count += 1
    return done._replace(rounds=done.rounds + count, moved=moved)


def bone_potentials(
    basis: Basis, mean: Float[np.ndarray, "T D K"], bones: Bones
) -> tuple[Float[np.ndarray, "T N E"], Float[np.ndarray, "T N"]]:
    """Return the derivatives of the bones' whitened lengths by both ends (E = 2 D), and what they lack."""
    x = basis.outer(np.moveaxis(mean, 1, 2))
    apart = x[:, bones.first] - x[:, bones.second]
    length = np.maximum(np.linalg.norm(apart, axis=-1), 1e-300)
    along, scale = apart / length[..., None], np.sqrt(bones.variance)
    ends = [np.einsum("tni,nij->tnj", along, basis.scale[which]) for which in (bones.first, bones.second)]
    slopes = np.concatenate([ends[0], -ends[1]], axis=-1) / scale[:, None]
    return slopes, (bones.length - length) / scale


def _system(
    emission: Emission, basis: Basis, seen: Seen, mean: Float[np.ndarray, "T D K"], bones: Bones
) -> tuple[Float[np.ndarray, "T N N"], Float[np.ndarray, "T N"]]:
    """Return what cameras and bones say of all keypoints at once: precision and precision times mean."""
    n_frames, size, n_keypoints = mean.shape
    blind = Gaussian(mean, np.zeros((n_frames, size, size, n_keypoints)))
    at = relate(emission, basis, seen, blind, gate=False).potentials
    precision = np.zeros((n_frames, n_keypoints, size, n_keypoints, size))
    every = np.arange(n_keypoints)
    precision[:, every, :, every, :] = np.moveaxis(at.precision, -1, 0)
    vector = np.moveaxis(at.gradient + (at.precision * mean[:, None]).sum(2), 1, 2)
    slopes, lacking = bone_potentials(basis, mean, bones)
    for n, (i, j) in enumerate(zip(bones.first, bones.second, strict=True)):
        both = np.concatenate([mean[:, :, i], mean[:, :, j]], axis=-1)
        pull = slopes[:, n] * (lacking[:, n] + (slopes[:, n] * both).sum(-1))[:, None]
        block = slopes[:, n, :, None] * slopes[:, n, None, :]
        for a, end in enumerate((i, j)):
            vector[:, end] += pull[:, a * size : (a + 1) * size]
            for b, other in enumerate((i, j)):
                part = block[:, a * size : (a + 1) * size, b * size : (b + 1) * size]
                precision[:, end, :, other, :] += part
    whole = size * n_keypoints
    return precision.reshape(n_frames, whole, whole), vector.reshape(n_frames, whole)


def _start(prior: Gaussian) -> tuple[np.ndarray, np.ndarray]:
    """Return what is known before the first frame: precision and precision times mean, of all keypoints."""
    size, n_keypoints = prior.mean.shape
    precision = np.zeros((n_keypoints, size, n_keypoints, size))
    own = np.linalg.inv(np.moveaxis(prior.covariance, -1, 0))
    precision[np.arange(n_keypoints), :, np.arange(n_keypoints), :] = own
    vector = np.einsum("kij,jk->ki", own, prior.mean)
    whole = size * n_keypoints
    return precision.reshape(whole, whole), vector.reshape(whole)


def _eliminate(
    precision: np.ndarray, vector: np.ndarray, stiff: np.ndarray, carry: tuple, *, last: bool
) -> tuple[np.ndarray, np.ndarray, tuple]:
    """Eliminate frame by frame; `carry` is what the frames before say of the first."""
    inverse, mean = np.empty_like(precision), np.empty_like(vector)
    known, pull = carry
    for t in range(len(precision)):
        matrix = precision[t] + known
        if not (last and t + 1 == len(precision)):
            matrix[np.diag_indices(len(stiff))] += stiff
        inverse[t] = np.linalg.inv(matrix)
        mean[t] = inverse[t] @ (vector[t] + pull)
        known = np.diag(stiff) - stiff[:, None] * inverse[t] * stiff
        pull = stiff * mean[t]
    return inverse, mean, (known, pull)


def _substitute(
    inverse: np.ndarray, mean: np.ndarray, stiff: np.ndarray, after: tuple | None, n_keypoints: int
) -> tuple[np.ndarray, np.ndarray, tuple]:
    """Return means (T, D, K) and covariances (T, D, D, K), and the first frame's joint ones."""
    n_frames, whole = mean.shape
    size = whole // n_keypoints
    every = np.arange(n_keypoints)
    covariance = np.empty((n_frames, size, size, n_keypoints))
    for t in reversed(range(n_frames)):
        spread = inverse[t]
        if after is not None:
            gain = inverse[t] * stiff
            mean[t] += gain @ after[0]
            spread = spread + gain @ after[1] @ gain.T
        after = (mean[t], spread)
        blocks = spread.reshape(n_keypoints, size, n_keypoints, size)[every, :, every, :]
        covariance[t] = np.moveaxis(blocks, 0, -1)
    assert after is not None
    return np.moveaxis(mean.reshape(n_frames, n_keypoints, size), 1, 2), covariance, after


def _duration(pieces: Sequence[Float[np.ndarray, " _"]]) -> float:
    """Return for how many frames a deviation lasts: 1 + 2 sum_l rho(l), as far as rho falls."""
    together = np.concatenate(pieces)
    bound = 3 * MAD * np.median(np.abs(together))
    clipped = [np.clip(part, -bound, bound) for part in pieces]
    power = max(sum((part**2).sum() for part in clipped) / len(together), 1e-300)
    total = 1.0
    for lag in range(1, LONGEST):
        pairs = [part[lag:] * part[:-lag] for part in clipped if len(part) > lag]
        if not pairs:
            break
        correlation = np.concatenate(pairs).mean() / power
        if correlation <= 0:
            break
        total += 2 * correlation
    return float(total)
