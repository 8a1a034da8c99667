"""Which observations to believe: those that contradict the other cameras and the motion are outliers.

First a test of every observation alone. With the trajectory's covariance P, which contains the view itself,
C = J P J' and, the view taken out again (leave one camera out),

    r = (I - C W)^-1 e,    C' = (I - C W)^-1 C,    chi^2 = r' (R + C')^-1 r.

One bad view makes the others look bad. So where a frame holds any chi^2 above `GATE`, the frame is taken
out of the trajectory as a whole; what is left, the prediction of all other frames, is a Gaussian prior; and
of all hypotheses "these views are bad" (none, one or two of them) the one is chosen that explains the frame
best: its evidence, with the variance of bad views a hundred times as large and a price for each. With one
camera it is the motion alone that tells; with two, the motion decides between them, and where it cannot,
both lose weight.

The belief in a bad view is GATE / chi^2 against the views that are left, the weight of a heavy-tailed noise.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

GATE = 9.21  # 99 % of a chi-square with 2 degrees of freedom
DOUBTED = 0.01  # precision of a bad view, as a share
PRICE = np.log(0.05)  # of a bad view, in log odds
MOST_BAD = 2  # views of a frame that are found bad at once
SMALLEST = 1e-12
AT_ONCE = 200_000  # frames times hypotheses


class Lines(NamedTuple):
    """Observations linearised at a trajectory; zero where missing. Lists: over x, y, and over the state."""

    error: list[Float[np.ndarray, "V T K"]]  # px
    jacobian: list[list[Float[np.ndarray, "V T K"]]]
    variance: list[Float[np.ndarray, "V T K"]]  # px^2, the part that smoothing sees
    whole: list[Float[np.ndarray, "V T K"]]  # px^2, with the part that lasts
    there: Bool[np.ndarray, "V T K"]


class _Frames(NamedTuple):
    """The frames in question, each of a keypoint: N of them."""

    error: Float[np.ndarray, "N V 2"]
    jacobian: Float[np.ndarray, "N V 2 D"]
    variance: Float[np.ndarray, "N V 2"]
    there: Bool[np.ndarray, "N V"]
    rest: Float[np.ndarray, "N D D"]  # precision of what all other frames predict
    pull: Float[np.ndarray, "N D"]  # its gradient at the trajectory


def judge(
    lines: Lines, covariance: Float[np.ndarray, "T D D K"], belief: Float[np.ndarray, "V T K"]
) -> Float[np.ndarray, "V T K"]:
    """Return the belief in every observation, in (0, 1].

    Args:
        lines: observations about the trajectory.
        covariance: of the trajectory, made with `belief`.
        belief: former.
    """
    chi2 = _left_out(lines, covariance, belief)
    asked = ((chi2 > GATE) | ((belief < 1) & lines.there)).any(0)
    fresh = np.ones_like(belief)
    rows, columns = np.nonzero(asked)
    n_guesses = len(_guesses(belief.shape[0]))
    for part in np.array_split(np.arange(len(rows)), max(1, len(rows) * n_guesses // AT_ONCE)):
        t, k = rows[part], columns[part]
        frames = _take_out(lines, covariance[t, :, :, k], belief[:, t, k].T, t, k)
        fresh[:, t, k] = _explain(frames).T
    return fresh


def project_covariance(
    jacobian: list[list], covariance: Float[np.ndarray, "T D D K"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the entries xx, yy, xy "V T K" of J P J'."""
    size = len(jacobian[0])
    moved = [
        [sum(row[d] * covariance[None, :, d, e] for d in range(size)) for e in range(size)]
        for row in jacobian
    ]
    pairs = ((0, 0), (1, 1), (0, 1))
    products = [[moved[i][e] * jacobian[j][e] for e in range(size)] for i, j in pairs]
    xx, yy, xy = (sum(terms[1:], start=terms[0]) for terms in products)
    return xx, yy, xy


def _left_out(
    lines: Lines, covariance: Float[np.ndarray, "T D D K"], belief: Float[np.ndarray, "V T K"]
) -> Float[np.ndarray, "V T K"]:
    """Return chi^2 of each observation against what all others predict."""
    xx, yy, xy = project_covariance(lines.jacobian, covariance)
    believed = np.where(lines.there, belief, 0.0)
    w0, w1 = (believed / lines.variance[i] for i in range(2))
    a, b, c, d = 1 - xx * w0, -xy * w1, -xy * w0, 1 - yy * w1  # I - C W
    # nearly 0 where no other observation fixes the state: what is left out is then unbounded, and chi^2 small
    det = np.maximum(a * d - b * c, SMALLEST)
    e0, e1 = lines.error
    r0, r1 = (d * e0 - b * e1) / det, (a * e1 - c * e0) / det
    s00 = lines.whole[0] + (d * xx - b * xy) / det
    s01 = (d * xy - b * yy) / det
    s11 = lines.whole[1] + (a * yy - c * xy) / det
    return np.where(lines.there, (s11 * r0**2 - 2 * s01 * r0 * r1 + s00 * r1**2) / (s00 * s11 - s01**2), 0.0)


def _take_out(
    lines: Lines, spread: np.ndarray, belief: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> _Frames:
    """Return frames with the prediction of all others: the trajectory's precision less the frame's own."""
    error, variance, whole = (
        np.stack([part[:, rows, columns].T for part in parts], axis=-1)
        for parts in (lines.error, lines.variance, lines.whole)
    )
    jacobian = np.stack(
        [np.stack([entry[:, rows, columns].T for entry in row], axis=-1) for row in lines.jacobian], axis=-2
    )
    there = lines.there[:, rows, columns].T
    own = np.where(there, belief, 0.0)[..., None] / variance
    size = spread.shape[-1]
    precision = np.linalg.inv(
        spread + SMALLEST * np.trace(spread, axis1=1, axis2=2)[:, None, None] * np.eye(size)
    )
    rest = precision - np.einsum("nvad,nva,nvae->nde", jacobian, own, jacobian)
    values, vectors = np.linalg.eigh(0.5 * (rest + np.swapaxes(rest, 1, 2)))
    values = np.maximum(
        values, SMALLEST * np.abs(values).max(-1, keepdims=True)
    )  # rounding, where frames stand alone
    rest = (vectors * values[:, None, :]) @ np.swapaxes(vectors, 1, 2)
    pull = -np.einsum("nvad,nva,nva->nd", jacobian, own, error)
    return _Frames(error, jacobian, whole, there, rest, pull)


def _explain(frames: _Frames) -> Float[np.ndarray, "N V"]:
    """Return the belief in the views of each frame under the hypothesis of largest evidence."""
    views = frames.there.shape[1]
    guesses = _guesses(views)  # (H, V)
    share = np.where(guesses, DOUBTED, 1.0)
    weight = np.where(frames.there, 1.0, 0.0)[..., None] / frames.variance
    own = np.einsum("nvad,nva,nvae->nvde", frames.jacobian, weight, frames.jacobian)
    pull = np.einsum("nvad,nva,nva->nvd", frames.jacobian, weight, frames.error)
    square = (weight * frames.error**2).sum(-1)
    precision = frames.rest[:, None] + np.einsum("hv,nvde->nhde", share, own)
    gradient = frames.pull[:, None] + np.einsum("hv,nvd->nhd", share, pull)
    shift = np.linalg.solve(precision, gradient[..., None])[..., 0]
    bad = guesses[None] & frames.there[:, None]  # a view that is missing cannot be bad
    evidence = 0.5 * (gradient * shift).sum(-1) - 0.5 * np.linalg.slogdet(precision)[1]
    evidence += -0.5 * square @ share.T + bad.sum(-1) * (np.log(DOUBTED) + PRICE)
    best = evidence.argmax(1)
    every = np.arange(len(best))
    covariance = np.linalg.inv(precision[every, best])
    moved = np.einsum("nvad,nd->nva", frames.jacobian, shift[every, best])
    chi2 = _chi2(frames, frames.error - moved, covariance)
    return np.where(bad[every, best] & (chi2 > GATE), GATE / np.maximum(chi2, GATE), 1.0)


def _chi2(frames: _Frames, error: np.ndarray, covariance: np.ndarray) -> Float[np.ndarray, "N V"]:
    """Return chi^2 of residuals against the variance of the observation and of its prediction."""
    spread = np.einsum("nvad,nde,nvbe->nvab", frames.jacobian, covariance, frames.jacobian)
    spread = spread + frames.variance[..., None] * np.eye(2)
    return (error * np.linalg.solve(spread, error[..., None])[..., 0]).sum(-1)


def _guesses(views: int) -> Bool[np.ndarray, "H V"]:
    """Return all hypotheses of which views are bad: none, one, two."""
    sets = [bad for count in range(min(MOST_BAD, views) + 1) for bad in combinations(range(views), count)]
    return np.array([[view in bad for view in range(views)] for bad in sets])
