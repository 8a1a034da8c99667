"""How far poses are from the truth, from each other over time, and from what cameras see.

Points are arrays "*N K D": any axes before, K keypoints, D coordinates. A missing point is NaN in any of its
coordinates; it counts for nothing, and where nothing is left the result is NaN. Functions of one value per
point take `reduction`: "none" keeps "*N K", "sample" averages over keypoints, "keypoint" over everything
else, "mean" over all points with the same weight. Lengths come out in the unit of the points.
"""

from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from lightning_pose.core.camera import Camera
from lightning_pose.core.triangulate import leave_one_out_error, reprojection_error

Reduction = Literal["none", "sample", "keypoint", "mean"]
Points = Float[np.ndarray, "*N K D"]
Reduced = Float[np.ndarray, "*R"] | float


def pixel_error(predicted: Points, truth: Points, reduction: Reduction = "none") -> Reduced:
    """Return the Euclidean distance of each point from the truth, per keypoint by default."""
    return reduce(np.linalg.norm(predicted - truth, axis=-1), reduction)


def mpjpe(predicted: Points, truth: Points, reduction: Reduction = "mean") -> Reduced:
    """Return the mean per-joint position error, mean |p - t|.

    Source: Ionescu et al. 2014, Human3.6M, eq. 8.
    """
    return pixel_error(predicted, truth, reduction)


def n_mpjpe(predicted: Points, truth: Points, reduction: Reduction = "mean") -> Reduced:
    """Return the error after the best scale per sample, s = sum p.t / sum p.p, without centring.

    Source: Rhodin et al. 2018, Unsupervised Geometry-Aware Representation for 3D Human Pose Estimation.
    """
    valid = _valid(predicted, truth)
    p, t = _zero_where_missing(predicted, valid), _zero_where_missing(truth, valid)
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = (p * t).sum(axis=(-2, -1)) / (p * p).sum(axis=(-2, -1))
    return pixel_error(scale[..., None, None] * predicted, truth, reduction)


def pa_mpjpe(predicted: Points, truth: Points, reduction: Reduction = "mean") -> Reduced:
    """Return the error after the best rotation, scale and shift per sample (Procrustes).

    NaN where fewer than D + 1 keypoints are in both, or where they lie so that no rotation is best.

    Source: Gower 1975, Generalized Procrustes analysis; Umeyama 1991, eqs. 39-42.
    """
    return pixel_error(procrustes(predicted, truth), truth, reduction)


def procrustes(points: Points, target: Points) -> Points:
    """Return the points moved by the similarity a R p + b, per sample, that brings them nearest to a target.

    With the means taken off, P' T = U S W', R = W diag(1, .., det W U') U' and a = tr(S diag(..)) / tr P' P.
    """
    valid = _valid(points, target)
    count = valid.sum(axis=-1)[..., None, None]
    p, t = _zero_where_missing(points, valid), _zero_where_missing(target, valid)
    with np.errstate(invalid="ignore", divide="ignore"):
        p_mean, t_mean = p.sum(axis=-2, keepdims=True) / count, t.sum(axis=-2, keepdims=True) / count
    p = np.where(valid[..., None], p - np.nan_to_num(p_mean), 0)
    t = np.where(valid[..., None], t - np.nan_to_num(t_mean), 0)
    U, S, Wt = np.linalg.svd(np.swapaxes(p, -1, -2) @ t)
    mirror = np.sign(np.linalg.det(U) * np.linalg.det(Wt))
    signs = np.ones_like(S)
    signs[..., -1] = mirror
    R = U * signs[..., None, :] @ Wt  # acts on row vectors
    with np.errstate(invalid="ignore", divide="ignore"):
        a = (S * signs).sum(axis=-1) / (p * p).sum(axis=(-2, -1))
    moved = a[..., None, None] * (points - p_mean) @ R + t_mean
    # rank D - 1 still fixes a rotation (mirroring is excluded); below that a family of them is equally good
    fixed = (count[..., 0, 0] > points.shape[-1]) & (S[..., -2] > 1e-9 * S[..., 0])
    return np.where(fixed[..., None, None] & valid[..., None], moved, np.nan)


def pck(
    predicted: Points,
    truth: Points,
    threshold: float | Float[np.ndarray, "*N"],
    reduction: Reduction = "mean",
) -> Reduced:
    """Return the share of points within a distance of the truth (percentage of correct keypoints, 0-1).

    A point that the truth has and the prediction has not counts as wrong.

    Args:
        predicted: points.
        truth: their true places.
        threshold: a length in the unit of the points, or one per sample, such as a share of its body length.
        reduction: see the module.

    Source: Yang and Ramanan 2013, Articulated Human Detection with Flexible Mixtures of Parts.
    """
    error = np.linalg.norm(predicted - truth, axis=-1)
    limit = np.asarray(threshold)[..., None] if np.ndim(threshold) else threshold
    in_truth = np.isfinite(truth).all(axis=-1)
    return reduce(np.where(in_truth, (error <= limit).astype(float), np.nan), reduction)


def temporal_norm(points: Float[np.ndarray, "T K D"]) -> Float[np.ndarray, "T K"]:
    """Return how far each point moved since the frame before, |x_t - x_(t-1)|; NaN in the first frame."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=-1)
    return np.concatenate([np.full((min(len(points), 1), points.shape[1]), np.nan), steps])


def jitter(points: Float[np.ndarray, "T K D"], fps: float = 1.0, reduction: Reduction = "mean") -> Reduced:
    """Return the third time derivative, |x_(t+3) - 3 x_(t+2) + 3 x_(t+1) - x_t| fps^3.

    What moves with constant acceleration has none. Unit: that of the points per s^3, per frame^3 by default.

    Source: Flash and Hogan 1985, The coordination of arm movements, eq. 1 (jerk).
    """
    return reduce(np.linalg.norm(np.diff(points, n=3, axis=0), axis=-1) * fps**3, reduction)


def interval_coverage(
    mean: Points, variance: Points, truth: Points, level: float = 0.95, reduction: Reduction = "mean"
) -> Reduced:
    """Return the share of true coordinates inside the central normal interval of a level, mean +- z sd.

    Honest variances give the level itself. Each point counts with the share of its coordinates.
    """
    z = NormalDist().inv_cdf(0.5 + level / 2)
    inside = np.abs(truth - mean) <= z * np.sqrt(variance)
    known = np.isfinite(truth + mean + variance).all(axis=-1)
    return reduce(np.where(known, inside.mean(axis=-1), np.nan), reduction)


class Reliability(NamedTuple):
    """Predictions in bins of equal count, from the least to the most confident."""

    confidence: Float[np.ndarray, "B"]  # mean of the bin
    share: Float[np.ndarray, "B"]  # of its predictions that are right
    count: Int[np.ndarray, "B"]

    @property
    def error(self) -> float:
        """The expected calibration error: mean |confidence - share| over predictions, NaN without any."""
        if not len(self.count):
            return float("nan")
        return float(np.average(np.abs(self.confidence - self.share), weights=self.count))


def reliability(
    confidence: Float[np.ndarray, "*N"], right: Float[np.ndarray, "*N"], bins: int = 10
) -> Reliability:
    """Compare confidences with how often predictions are right (1, else 0); NaN in either is left out.

    Bins hold equally many predictions, so that none of them says much of a few. Predictions of the very same
    confidence are in one bin, or else their order would decide.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, eq. 3; bins of Nguyen and O'Connor
    2015, Posterior calibration and exploratory analysis for natural language processing models.
    """
    confidence, right = confidence.ravel().astype(float), right.ravel().astype(float)
    known = np.isfinite(confidence + right)
    confidence, right = confidence[known], right[known]
    if not len(confidence):
        return Reliability(np.zeros(0), np.zeros(0), np.zeros(0, dtype=int))
    order = np.argsort(confidence)
    confidence, right = confidence[order], right[order]
    starts = np.linspace(0, len(confidence), bins, endpoint=False).astype(int)
    starts = np.unique(np.searchsorted(confidence, confidence[starts]))
    count = np.diff([*starts, len(confidence)])
    return Reliability(
        np.add.reduceat(confidence, starts) / count, np.add.reduceat(right, starts) / count, count
    )


def reprojection(
    xyz: Float[np.ndarray, "*N 3"],
    xy: Float[np.ndarray, "V *N 2"],
    camera: Camera,
) -> Float[np.ndarray, "V *N"]:
    """Return the distance (px) of what each view saw from the image of the world point."""
    return reprojection_error(xyz, xy, camera)


def leave_one_out(
    xy: Float[np.ndarray, "V *N 2"], camera: Camera, weights: Float[np.ndarray, "V *N"] | None = None
) -> Float[np.ndarray, "V *N"]:
    """Return the distance (px) of what each view saw from the image of the point that the other views make.

    Unlike `reprojection`, a view cannot pull the point towards itself; NaN with fewer than two other views.
    """
    return leave_one_out_error(xy, camera, weights)


def reduce(values: Float[np.ndarray, "*N K"], reduction: Reduction) -> Reduced:
    """Average values per point over what a reduction names, NaN left out; NaN where nothing is left."""
    if reduction == "none":
        return values
    axes = {"sample": (-1,), "keypoint": tuple(range(values.ndim - 1)), "mean": tuple(range(values.ndim))}
    known = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, values, 0).sum(axis=axes[reduction]) / known.sum(axis=axes[reduction])
    return float(mean) if mean.ndim == 0 else mean


def _valid(a: Points, b: Points) -> Bool[np.ndarray, "*N K"]:
    """Return where both have a point."""
    return np.asarray(np.isfinite(a + b).all(axis=-1))


def _zero_where_missing(points: Points, valid: Bool[np.ndarray, "*N K"]) -> Points:
    """Return the points with those that do not count at the origin."""
    return np.where(valid[..., None], points, 0.0)
