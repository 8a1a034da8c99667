"""How long errors last, and what that does to the variance of a smoothed state.

Smoothing averages errors away only as far as they differ from frame to frame. Errors of cameras and
networks last: a calibration is off for good, a network mistakes the same texture for many frames. The
residuals of frames that are seen by more cameras than they need show it: their autocorrelation rho(l)
contains no motion. A smoother that weighs frames like a^|l| then has the variance of independent noise
times

    sum_l rho(l) c(l) / c(0),    c(l) / c(0) = a^l (1 + l (1 - a^2) / (1 + a^2)),

where the part of rho that does not fade counts with the square of the sum of the weights. That part is
left out of the noise that smoothing (and the choice of s) sees, since it does not blur the motion, and comes
back in the variance.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

CLIP = 3.0
SHRINK = 2000.0  # products that speak for a keypoint being like all others
LONGEST = 100  # frames


class Persistence(NamedTuple):
    """Autocorrelation of errors per keypoint at lags 0, 1, ..., and the share of variance that stays."""

    correlation: Float[np.ndarray, "K L"]
    lasting: Float[np.ndarray, "K"]

    @property
    def duration(self) -> float:
        """For how many frames a typical error lasts: 1 + 2 sum_l rho(l)."""
        return float(1 + 2 * np.median(self.correlation, axis=0)[1:].sum())

    def inflation(self, decay: Float[np.ndarray, "K"]) -> Float[np.ndarray, "K"]:
        """Return the factor on the covariance of a smoother whose weights fall like decay^|l|."""
        a = decay[:, None]
        lags = np.arange(self.correlation.shape[1])
        overlap = a**lags * (1 + lags * (1 - a**2) / (1 + a**2))
        fading = (self.correlation - self.lasting[:, None]) * overlap
        count = ((1 + decay) / (1 - decay)) ** 2 * (1 - decay**2) / (1 + decay**2)
        total = fading[:, 0] + 2 * fading[:, 1:].sum(1) + self.lasting * count
        return np.maximum(total / (1 - self.lasting), 1.0)


def white(n_keypoints: int) -> Persistence:
    """Return errors that do not last."""
    return Persistence(np.ones((n_keypoints, 1)), np.zeros(n_keypoints))


def measure(
    standardised: Float[np.ndarray, "V L SK 2"], n_keypoints: int, longest: int = LONGEST
) -> Persistence:
    """Measure how long errors last.

    Args:
        standardised: residuals of each frame alone over their standard deviation; NaN where there is none.
        n_keypoints: K; the third axis is pieces times keypoints.
        longest: lag (frames); at most a quarter of the length is used.
    """
    length = standardised.shape[1]
    longest = min(longest, length // 4)
    there = np.isfinite(standardised)
    if longest < 4 or there.sum() < 50 * n_keypoints:
        return white(n_keypoints)
    u = np.where(there, np.clip(standardised, -CLIP, CLIP), 0.0)
    sums, counts = [], []
    for lag in range(longest + 1):
        product = (u[:, : length - lag] * u[:, lag:]).sum((0, 1, 3))
        pairs = (there[:, : length - lag] & there[:, lag:]).sum((0, 1, 3))
        sums.append(product.reshape(-1, n_keypoints).sum(0))
        counts.append(pairs.reshape(-1, n_keypoints).sum(0))
    total, pairs = np.stack(sums, 1), np.stack(counts, 1).astype(float)
    pooled = total.sum(0) / np.maximum(pairs.sum(0), 1)
    each = (total + SHRINK * pooled) / (pairs + SHRINK)
    correlation = np.clip(each / np.maximum(each[:, :1], 1e-9), 0.0, 1.0)
    lasting = np.minimum(correlation[:, longest // 2 :].mean(1), 0.95)
    correlation = np.maximum(correlation, lasting[:, None])
    correlation[:, 0] = 1.0
    return Persistence(correlation, lasting)


def decay_of(variance: Float[np.ndarray, "K"], noise: Float[np.ndarray, "K"]) -> Float[np.ndarray, "K"]:
    """Return a of the smoother's weights a^|l|, for a random walk of step variance q seen with variance r.

    a = 1 + q / 2r - sqrt(q / r + q^2 / 4r^2).
    """
    ratio = noise / np.maximum(variance, 1e-300)
    return np.clip(1 / (1 + ratio / 2 + np.sqrt(ratio + ratio**2 / 4)), 0.0, 0.9999)
