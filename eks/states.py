"""The models of the state: its basis, the prior of its first frame, and where to begin.

The plain models are those of Lightning Pose's smoother, so that a given s means the same; the robust ones
are free of units and take the same step for every axis, since the noisiest axis would otherwise be smoothed
least.
"""

import warnings
from itertools import combinations

import numpy as np
from jaxtyping import Float

from eks.ensemble import Recording, plain_variance
from eks.kalman import Gaussian
from eks.observe import Basis, Calibrated, Emission
from eks.rounds import Model, chunks_of
from lightning_pose.core.camera import Camera, undistort_views

MAD = 1.4826  # of a Gaussian: standard deviation over median absolute deviation
FIRST = 10  # frames that tell where a keypoint begins


def robust_model(emission: Emission, recording: Recording) -> Model:
    """Return a basis of one step per unit, and a prior that is vague.

    Args:
        emission: how states become pixels.
        recording: what the members say.
    """
    start = solve_frames(emission, recording)
    size = start.shape[-1]
    step = np.median(_typical_step(start), axis=-1)
    start = fill(start)
    centre = np.stack([np.nanmedian(keypoint, axis=0) for keypoint in start.swapaxes(0, 1)])
    extent = np.nanmax(np.ptp(start, axis=0), initial=0.0) or 1.0
    known = np.isfinite(step) & (step > 0)
    usual = np.median(step[known]) if known.any() else 1e-3 * extent
    step = np.where(known, np.maximum(step, 1e-2 * usual), usual)
    basis = Basis(centre, step[:, None, None] * np.eye(size))
    vague = (np.ptp(start, axis=0).max(-1) / step + 100.0) ** 2
    first = np.median(basis.inner(start[:FIRST]), axis=0)
    return Model(basis, Gaussian(first.T, np.eye(size)[..., None] * vague), start)


def solve_frames(emission: Emission, recording: Recording) -> Float[np.ndarray, "T K D"]:
    """Return the state of each frame from its views alone, weighted by the plain variance; NaN if unseen."""
    _, n_frames, n_keypoints = recording.shape
    found = []
    for rows in chunks_of(n_frames, n_keypoints):
        part = recording.rows(rows)
        found.append(emission.invert(part.pixels, 1 / plain_variance(part).mean(-1)))
    return np.concatenate(found)


def fill(points: Float[np.ndarray, "T K D"]) -> Float[np.ndarray, "T K D"]:
    """Bridge missing points in straight lines, in place.

    A keypoint that is never there sits amid the others.
    """
    rows = np.arange(len(points))
    for k in range(points.shape[1]):
        there = np.isfinite(points[:, k]).all(-1)
        if there.all():
            continue
        if not there.any():
            everywhere = points[np.isfinite(points).all(-1)]
            points[:, k] = np.median(everywhere, axis=0) if len(everywhere) else 0.0
            continue
        for d in range(points.shape[2]):
            points[:, k, d] = np.interp(rows, rows[there], points[there, k, d])
    return points


def _typical_step(points: Float[np.ndarray, "T K D"]) -> Float[np.ndarray, "K D"]:
    """Return the robust standard deviation of the change from frame to frame; NaN where there is none."""
    step = np.full(points.shape[1:], np.nan)
    for k in range(points.shape[1]):
        change = np.diff(points[:, k], axis=0)
        change = change[np.isfinite(change).all(-1)]
        if len(change):
            step[k] = MAD * np.median(np.abs(change - np.median(change, axis=0)), axis=0)
    return step


def plain_model(emission: Calibrated, points: Float[np.ndarray, "M V T K 2"], jitter: float = 1e-4) -> Model:
    """Return the plain model of points in the world.

    Every member is triangulated from pairs of cameras (the median over the pairs), and the members
    averaged. Then m0 is the mean of the first frames, S0 the variance of all (plus `jitter`), and Q is the
    squared robust standard deviation of the change from frame to frame, per axis.

    Args:
        emission: the cameras.
        points: pixels of every member.
        jitter: world units squared.
    """
    start = np.concatenate(
        [_mean_of_pairs(points[:, :, rows], emission.camera) for rows in chunks_of(*points.shape[2:4])]
    )
    step = _typical_step(start)
    step = np.where(np.isfinite(step), step, 0.0)
    step = np.maximum(step, 1e-3 * max(float(np.median(step)), 1e-12))
    start = fill(start)
    size = start.shape[-1]
    centre = start[:FIRST].mean(0)
    variance = np.stack([keypoint.var(0) for keypoint in start.swapaxes(0, 1)])
    spread = (variance + jitter) / step**2
    prior = Gaussian(np.zeros((size, len(step))), np.eye(size)[..., None] * spread.T[:, None])
    return Model(Basis(centre, step[..., None] * np.eye(size)), prior, start)


def _mean_of_pairs(points: Float[np.ndarray, "M V T K 2"], camera: Camera) -> Float[np.ndarray, "T K 3"]:
    """Return the mean of all members' triangulations; NaN where no member has one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing but NaN
        return np.nanmean(np.stack([_between_pairs(member, camera) for member in points]), axis=0)


def _between_pairs(pixels: Float[np.ndarray, "V T K 2"], camera: Camera) -> Float[np.ndarray, "T K 3"]:
    """Return the median over pairs of cameras of the point that solves both cameras' linear equations.

    Each view gives x P3 - P1 and y P3 - P2 for its normalised pixel (x, y) and P = [R | t]; the homogeneous
    point is the right singular vector of the smallest singular value.
    """
    normal = undistort_views(pixels, camera).points
    pose = np.concatenate([camera.rotation, camera.translation[..., None]], axis=-1)  # (V, 3, 4)
    rows = normal[..., None] * pose[:, None, None, None, 2] - pose[:, None, None, :2]  # (V, T, K, 2, 4)
    found = []
    for a, b in combinations(range(len(pixels)), 2):
        system = np.concatenate([rows[a], rows[b]], axis=-2)
        seen = np.isfinite(system).all((-1, -2))
        point = np.full((*seen.shape, 3), np.nan)
        homogeneous = np.linalg.svd(system[seen])[2][:, -1]
        point[seen] = homogeneous[:, :3] / homogeneous[:, 3:]
        found.append(point)
    return np.nanmedian(np.stack(found), axis=0)
