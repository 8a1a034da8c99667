"""How long errors last, and what that does to the variance of a smoothed state.

Smoothing averages errors away only as far as they differ from frame to frame. Errors of cameras and
networks last: a calibration is off for good, a network mistakes the same texture for many frames. The
residuals of frames that are seen by more cameras than they need show it: their autocorrelation rho(l)
contains no motion. A smoother that weighs frames with a kernel of autocorrelation c(l) then has the variance
of independent noise times

    sum_l rho(l) c(l) / c(0),

where the part of rho that does not fade counts with the square of the sum of the weights. That part is
left out of the noise that smoothing (and the choice of s) sees, since it does not blur the motion, and comes
back in the variance.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from eks.rounds import Kind
from eks.velocity import spectrum

CLIP = 3.0
SHRINK = 2000.0  # products that speak for a keypoint being like all others
LONGEST = 100  # frames
FREQUENCIES = 2**15 + 1


class Persistence(NamedTuple):
    """Autocorrelation of errors per keypoint at lags 0, 1, ..., and the share of variance that stays."""

    correlation: Float[np.ndarray, "K L"]
    lasting: Float[np.ndarray, "K"]

    @property
    def duration(self) -> float:
        """For how many frames a typical error lasts: 1 + 2 sum_l rho(l)."""
        return float(1 + 2 * np.median(self.correlation, axis=0)[1:].sum())

    def inflation(self, kernel: Float[np.ndarray, "K F"]) -> Float[np.ndarray, "K"]:
        """Return the factor on the covariance of a smoother of this frequency response."""
        power = np.fft.irfft(kernel**2, axis=1)
        overlap = power[:, : self.correlation.shape[1]] / power[:, :1]
        fading = (self.correlation - self.lasting[:, None]) * overlap
        total = fading[:, 0] + 2 * fading[:, 1:].sum(1) + self.lasting / power[:, 0]
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


def kernel_of(
    motion: Kind, variance: Float[np.ndarray, "K"], noise: Float[np.ndarray, "K"]
) -> Float[np.ndarray, "K F"]:
    """Return the frequency response S / (S + r) of the smoother of a motion of power S seen with variance r.

    Args:
        motion: of the state.
        variance: r of an observation.
        noise: s of the motion.
    """
    frequency = np.pi * np.arange(FREQUENCIES) / (FREQUENCIES - 1)
    still = 1 / (2 - 2 * np.cos(np.maximum(frequency, 1e-6)))
    power = still if motion == "walk" else spectrum(np.maximum(frequency, 1e-3 / FREQUENCIES))
    signal = noise[:, None] * power
    response = signal / (signal + np.maximum(variance, 1e-300)[:, None])
    response[:, 0] = 1.0
    return response
