"""What placed points say about those not placed yet: curves, ghosts, residuals, and which view disagrees."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import chi2

from lightning_pose.core.camera import Camera, project_views, projection_jacobian
from lightning_pose.core.epipolar import Frusta, epipolar_curves
from lightning_pose.core.triangulate import (
    point_covariance,
    reprojection_error,
    triangulate,
    triangulate_robust,
)

NOISE_PX = 2.0  # of a hand and a calibration, until labels tell better
LEAST_NOISE_PX = 1.5
AGREE = 4.0  # standard deviations of that noise within which views agree


class Guidance(NamedTuple):
    """Help for one instant; K keypoints, V views, S points of a curve."""

    xyz: Float[np.ndarray, "K 3"]  # world units; NaN with fewer than two views
    ghosts: Float[np.ndarray, "V K 2"]  # px; where the others say it is, in views that lack or contradict it
    covariance: Float[np.ndarray, "V K 2 2"]  # px^2, of the ghosts
    residuals: Float[np.ndarray, "V K"]  # px, of the placed points
    suspect: Int[np.ndarray, "K"]  # the view that the others contradict, -1 for none
    curves: Float[np.ndarray, "V K S 2"]  # px; where one other view alone says what it can be


def guide(xy: Float[np.ndarray, "V K 2"], frusta: Frusta, noise_px: float = NOISE_PX) -> Guidance:
    """Return what the points placed so far say about the other views.

    In each view a keypoint has a curve where exactly one other view has the point, and a ghost where two or
    more others have it and this view has not. With three views or more the point is made of those that agree
    within 4 noise_px, and of those that do not, the farthest is named; its ghost is where the others put it.

    Args:
        xy: placed points (px), NaN where there is none.
        frusta: the cameras and what they see.
        noise_px: standard deviation of placed points in each coordinate; the covariances are in its units.
    """
    views, count = xy.shape[:2]
    given = Guidance(
        xyz=np.full((count, 3), np.nan),
        ghosts=np.full((views, count, 2), np.nan),
        covariance=np.full((views, count, 2, 2), np.nan),
        residuals=np.full((views, count), np.nan),
        suspect=np.full(count, -1),
        curves=_curves(xy, frusta),
    )
    placed = np.isfinite(xy[..., 0]) & np.isfinite(xy[..., 1])
    seen = np.flatnonzero(placed.sum(axis=0) >= 2)
    if len(seen):
        _locate(given, xy, placed, seen, frusta.camera, noise_px=noise_px)
    return given


def _locate(
    given: Guidance,
    xy: Float[np.ndarray, "V K 2"],
    placed: Bool[np.ndarray, "V K"],
    seen: Int[np.ndarray, "k"],
    camera: Camera,
    *,
    noise_px: float,
) -> None:
    """Fill in what follows from the points of keypoints that two views have or more."""
    found = triangulate_robust(xy[:, seen], camera, threshold_px=AGREE * noise_px)
    used = (placed[:, seen] & ~found.rejected)[..., None]
    suspect = _suspects(found.rejected, found.error)
    hidden = (placed[:, seen] & (np.arange(len(xy))[:, None] != suspect))[..., None]
    variance = np.where(used, noise_px**2, np.nan) * np.ones(2)
    covariance = _image_covariance(found.xyz, camera, variance)
    given.xyz[seen] = found.xyz
    given.ghosts[:, seen] = np.where(hidden, np.nan, project_views(found.xyz, camera))
    given.covariance[:, seen] = np.where(hidden[..., None], np.nan, covariance)
    given.residuals[:, seen] = np.where(placed[:, seen], found.error, np.nan)
    given.suspect[seen] = suspect


def label_noise(xy: Float[np.ndarray, "V *N 2"], camera: Camera) -> float:
    """Return the standard deviation (px) of labels in each coordinate, from how far their views disagree.

    The squared residuals of a point seen by n views sum to sigma^2 chi^2 with 2 n - 3 degrees of freedom; the
    median over points of their quotient with that distribution's median is sigma^2, whatever outliers do. No
    hand and no calibration is taken to be better than 1.5 px.
    """
    error = reprojection_error(triangulate(xy, camera), xy, camera)
    seen = np.isfinite(error)
    freedom = 2 * seen.sum(axis=0) - 3
    known = freedom > 0
    if not known.any():
        return NOISE_PX
    total = np.where(seen, error, 0.0)[:, known] ** 2
    return max(float(np.sqrt(np.median(total.sum(axis=0) / chi2.median(freedom[known])))), LEAST_NOISE_PX)


def bone_lengths(
    xyz: Float[np.ndarray, "*T K 3"], edges: Int[np.ndarray, "E 2"]
) -> Float[np.ndarray, "*T E"]:
    """Return the lengths of bones (world units); NaN where an end is missing."""
    return np.linalg.norm(xyz[..., edges[:, 0], :] - xyz[..., edges[:, 1], :], axis=-1)


class Usual(NamedTuple):
    """What lengths are usual; NaN where fewer than three are known."""

    median: Float[np.ndarray, "E"]
    mad: Float[np.ndarray, "E"]  # median absolute deviation, times 1.4826: the sigma of a Gaussian


def usual_lengths(lengths: Float[np.ndarray, "T E"]) -> Usual:
    """Return the median of each bone's length and its spread; at least 1 % of it, as no skeleton is rigid."""
    enough = np.isfinite(lengths).sum(axis=0) >= 3
    known = np.where(enough, lengths, 0.0)
    median = np.nanmedian(known, axis=0) if len(lengths) else np.zeros(lengths.shape[1])
    mad = 1.4826 * np.nanmedian(np.abs(known - median), axis=0) if len(lengths) else median
    mad = np.maximum(mad, 0.01 * median)
    return Usual(np.where(enough, median, np.nan), np.where(enough, mad, np.nan))


def _suspects(rejected: np.ndarray, error: Float[np.ndarray, "V K"]) -> Int[np.ndarray, "K"]:
    """Return the farthest of the rejected views of each keypoint, -1 where none is rejected."""
    far = np.where(rejected, np.nan_to_num(error, nan=np.inf), -1.0)
    return np.where(rejected.any(axis=0), far.argmax(axis=0), -1)


def _image_covariance(
    xyz: Float[np.ndarray, "K 3"], camera: Camera, variance: Float[np.ndarray, "V K 2"]
) -> Float[np.ndarray, "V K 2 2"]:
    """Return the covariance (px^2) of the images of points made from pixels of this variance, J C J'."""
    J = projection_jacobian(xyz, camera)
    return J @ point_covariance(xyz, camera, variance) @ np.swapaxes(J, -1, -2)


def _curves(xy: Float[np.ndarray, "V K 2"], frusta: Frusta) -> Float[np.ndarray, "V K S 2"]:
    """Return the curve in every view of the keypoints that exactly one other view has."""
    placed = np.isfinite(xy[..., 0]) & np.isfinite(xy[..., 1])
    others = placed.sum(axis=0) - placed
    target, keypoint = np.nonzero(others == 1)
    elsewhere = placed[:, keypoint] & (np.arange(len(xy))[:, None] != target)
    source = elsewhere.argmax(axis=0)
    drawn = epipolar_curves(xy[source, keypoint], source, target, frusta)
    curves = np.full((*placed.shape, drawn.shape[1], 2), np.nan)
    curves[target, keypoint] = drawn
    return curves
