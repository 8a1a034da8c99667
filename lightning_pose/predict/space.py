"""World points from what every view says, frame by frame, with an honest uncertainty."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.special import chdtri

from lightning_pose.core.calibration import Rig
from lightning_pose.core.triangulate import point_covariance

SAMPLE = 2000  # frames that the noise is learned from
REJECT_SHARE, REJECT_LEAST_PX = 0.02, 10.0  # views farther than this from the others' point are left out
PRIOR = 10.0  # degrees of freedom that the session's pixel noise is worth against those of a single point
NOISE_LEAST_PX = 0.05  # no detector of pixels is better


class World(NamedTuple):
    """World points (units of the calibration), how well they are known, and what the views make of them."""

    xyz: Float[np.ndarray, "T K 3"]
    uncertainty: Float[np.ndarray, "T K"]  # standard deviation in the direction known least
    error: Float[np.ndarray, "V T K"]  # px, from every view's own point; NaN where it has none
    n_views: Int[np.ndarray, "T K"]  # views that the point was made of

    @property
    def mean_error(self) -> Float[np.ndarray, "T K"]:
        """Mean over the views that have the point (px)."""
        known = np.isfinite(self.error)
        with np.errstate(invalid="ignore"):
            return np.where(known, self.error, 0).sum(axis=0) / known.sum(axis=0)


def lift(
    xy: Float[np.ndarray, "V T K 2"],
    confidence: Float[np.ndarray, "V T K"],
    rig: Rig,
    noise: float,
    spread: Float[np.ndarray, "V T K"] | None = None,
) -> World:
    """Triangulate every keypoint of some frames from all views, leaving out views that the others contradict.

    A pixel's variance is taken to be s^2 / c + m, with c its confidence and m the variance between the
    members of an ensemble. The uncertainty is the square root of the largest eigenvalue of the point's
    covariance, times (n + chi^2) / (n + f): chi^2 is what the views of this very point disagree by, f its
    degrees of freedom, and n = 10 how many of them the session's s is worth.

    Args:
        xy: pixels; NaN where missing.
        confidence: in [0, 1]; 0 is missing.
        rig: one camera per view.
        noise: s (px) of the session; see `pixel_noise`.
        spread: variance between members (px^2) per axis; none for a single network.
    """
    spread = np.zeros(confidence.shape) if spread is None else spread
    weights = _weights(confidence, spread, noise)
    found = rig.triangulate_robust(xy, weights, threshold_px=_threshold(rig))
    used = np.isfinite(found.error) & ~found.rejected & (weights > 0)
    with np.errstate(divide="ignore"):
        variance = np.where(used, noise**2 / weights, np.nan)
    covariance = point_covariance(found.xyz, rig.camera, np.stack([variance, variance], axis=-1))
    quotient = np.where(used, found.error**2 / variance, 0).sum(axis=0)
    freedom = np.maximum(2 * used.sum(axis=0) - 3, 1)
    largest = np.full(covariance.shape[:2], np.nan)
    known = np.isfinite(covariance).all(axis=(-2, -1))
    largest[known] = np.linalg.eigvalsh(covariance[known])[:, -1]
    uncertainty = np.sqrt(largest * (PRIOR + quotient) / (PRIOR + freedom))
    return World(found.xyz, uncertainty, found.error, found.n_views)


def sample_frames(n_frames: int) -> Int[np.ndarray, "N"]:
    """Return the frames, evenly spread over a session, that its noise is learned from."""
    return np.unique(np.linspace(0, n_frames - 1, min(SAMPLE, n_frames)).astype(int))


def pixel_noise(
    xy: Float[np.ndarray, "V T K 2"],
    confidence: Float[np.ndarray, "V T K"],
    rig: Rig,
    spread: Float[np.ndarray, "V T K"] | None = None,
) -> float:
    """Return s (px), the standard deviation of a sure pixel, from how far the views of a sample disagree.

    The weighted squared residuals of a point seen by n views follow s^2 chi^2 with 2 n - 3 degrees of
    freedom. The median over points of their quotient with that distribution's median is s^2, whatever
    outliers do.

    Args:
        xy: pixels of some frames, such as `sample_frames`; NaN where missing.
        confidence: in [0, 1]; 0 is missing.
        rig: one camera per view.
        spread: as in `lift`.
    """
    spread = np.zeros(confidence.shape) if spread is None else spread
    noise = 1.0
    for _ in range(2 if spread.any() else 1):  # where members differ, the weights depend on s
        weights = _weights(confidence, spread, noise)
        found = rig.triangulate_robust(xy, weights, threshold_px=_threshold(rig))
        used = np.isfinite(found.error) & ~found.rejected & (weights > 0)
        total = np.where(used, weights * np.nan_to_num(found.error) ** 2, 0).sum(axis=0)
        freedom = 2 * used.sum(axis=0) - 3
        known = (freedom > 0) & np.isfinite(found.xyz).all(axis=-1)
        if not known.any():
            return 1.0
        noise = max(float(np.sqrt(np.median(total[known] / chdtri(freedom[known], 0.5)))), NOISE_LEAST_PX)
    return noise


def _weights(
    confidence: Float[np.ndarray, "V T K"], spread: Float[np.ndarray, "V T K"], noise: float
) -> Float[np.ndarray, "V T K"]:
    """Return s^2 / variance: the confidence itself where members agree, less where they do not."""
    sure = np.clip(np.nan_to_num(confidence), 0, 1)
    return sure / (1 + sure * np.nan_to_num(spread) / noise**2)


def _threshold(rig: Rig) -> float:
    """Return the distance (px) from the others' point at which a view is left out."""
    return max(REJECT_LEAST_PX, REJECT_SHARE * float(rig.sizes.max()))
