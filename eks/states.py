"""The models of the state: its basis, the prior of its first frame, and where to begin.

The plain models are those of Lightning Pose's smoother, so that a given s means the same; the robust ones
are free of units and take the same step for every axis, since the noisiest axis would otherwise be smoothed
least.
"""

import warnings

import numpy as np
from jaxtyping import Float

from eks.ensemble import Ensemble
from eks.kalman import Gaussian
from eks.observe import Basis, Calibrated, Emission
from eks.rounds import Model
from lightning_pose.core.camera import Camera
from lightning_pose.core.triangulate import triangulate

MAD = 1.4826  # of a Gaussian: standard deviation over median absolute deviation
FIRST = 10  # frames that tell where a keypoint begins


def robust_model(emission: Emission, ensemble: Ensemble, weight: Float[np.ndarray, "V T K"]) -> Model:
    """Return a basis of one step per unit, and a prior that is vague.

    Args:
        emission: how states become pixels.
        ensemble: what the members say.
        weight: of the observations, 1 / px^2.
    """
    raw = emission.invert(ensemble.pixels, weight)
    start = fill(raw)
    size = raw.shape[-1]
    centre = np.nanmedian(start, axis=0)
    step = np.median(_typical_step(raw), axis=-1)
    known = np.isfinite(step) & (step > 0)
    extent = np.nanmax(np.ptp(start, axis=0), initial=0.0) or 1.0
    usual = np.median(step[known]) if known.any() else 1e-3 * extent
    step = np.where(known, np.maximum(step, 1e-2 * usual), usual)
    basis = Basis(centre, step[:, None, None] * np.eye(size))
    z = basis.inner(start)
    vague = (np.ptp(z, axis=0).max(-1) + 100.0) ** 2
    first = np.median(z[:FIRST], axis=0)
    return Model(basis, Gaussian(first.T, np.eye(size)[..., None] * vague), start)


def fill(points: Float[np.ndarray, "T K D"]) -> Float[np.ndarray, "T K D"]:
    """Bridge missing points in straight lines; a keypoint that is never there sits amid the others."""
    filled = points.copy()
    rows = np.arange(len(points))
    for k in range(points.shape[1]):
        there = np.isfinite(points[:, k]).all(-1)
        if there.all():
            continue
        if not there.any():
            everywhere = points[np.isfinite(points).all(-1)]
            filled[:, k] = np.median(everywhere, axis=0) if len(everywhere) else 0.0
            continue
        for d in range(points.shape[2]):
            filled[:, k, d] = np.interp(rows, rows[there], points[there, k, d])
    return filled


def _typical_step(points: Float[np.ndarray, "T K D"]) -> Float[np.ndarray, "K D"]:
    """Return the robust standard deviation of the change from frame to frame; NaN where there is none."""
    change = np.diff(points, axis=0)
    change = np.where(np.isfinite(change).all(-1, keepdims=True), change, np.nan)
    step = np.full(points.shape[1:], np.nan)
    for k in range(points.shape[1]):
        own = change[np.isfinite(change[:, k, 0]), k]
        if len(own):
            step[k] = MAD * np.median(np.abs(own - np.median(own, axis=0)), axis=0)
    return step


def plain_model(emission: Calibrated, points: Float[np.ndarray, "M V T K 2"], jitter: float = 1e-4) -> Model:
    """Return the plain model of points in the world.

    Every member is triangulated from pairs of cameras (the median over the pairs), and the members
    averaged. Then m0 and S0 are the mean and the variance (plus `jitter`) of the first frames, and Q is the
    squared robust standard deviation of the change from frame to frame, per axis.

    Args:
        emission: the cameras.
        points: pixels of every member.
        jitter: world units squared.
    """
    views = points.shape[1]
    pairs = [(a, b) for a in range(views) for b in range(a + 1, views)]
    cameras = {pair: Camera(*(part[list(pair)] for part in emission.camera)) for pair in pairs}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a frame that no pair sees is NaN, and filled below
        members = [
            np.nanmedian(np.stack([triangulate(member[list(pair)], cameras[pair]) for pair in pairs]), axis=0)
            for member in points
        ]
        raw = np.nanmean(np.stack(members), axis=0)
    step = _typical_step(raw)
    step = np.where(np.isfinite(step), step, 0.0)
    step = np.maximum(step, 1e-3 * max(float(np.median(step)), 1e-12))
    start = fill(raw)
    size = start.shape[-1]
    centre = start[:FIRST].mean(0)
    spread = (start[:FIRST].var(0) + jitter) / step**2
    prior = Gaussian(np.zeros((size, len(step))), np.eye(size)[..., None] * spread.T[:, None])
    return Model(Basis(centre, step[..., None] * np.eye(size)), prior, start)
