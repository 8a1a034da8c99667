"""Cameras without a calibration: what they see of a point, as a linear map of a few latent numbers.

A point seen by V cameras has 2V pixel coordinates, which its three coordinates in the world decide: nearly
linearly, if the lenses are long. So the principal components of the ensemble's medians take the place of
the projection.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from eks.ensemble import Ensemble, Recording, plain_variance
from eks.kalman import Gaussian
from eks.observe import Basis, Linear
from eks.rounds import Model
from eks.states import fill, solve_frames
from lightning_pose.core.errors import DataError

TRIMS = 3  # rounds of leaving out rows that the components do not explain
FAR = 25.0  # squared distance of a row, in units of the typical one, beyond which it is left out


class Latent(NamedTuple):
    """The linear observation and the statistics of its latent numbers over the good frames."""

    emission: Linear
    spread: Float[np.ndarray, "K D"]  # variance of the latent numbers
    step: Float[np.ndarray, "K D D"]  # covariance of their changes from frame to frame


def good_frames(
    ensemble: Ensemble, keep: float, names: tuple[str, ...], size: int
) -> list[Bool[np.ndarray, " T"]]:
    """Return the frames in which all members agree on a keypoint in all cameras.

    Their largest variance over cameras and axes is at or below a percentile. All keypoints are cut to as
    many frames as the least has, the earliest.

    Args:
        ensemble: what the members say.
        keep: percentile of frames to keep.
        names: keypoints, for the message.
        size: numbers of the state.

    Raises:
        DataError: when a keypoint is seen by all cameras in too few frames.
    """
    worst = plain_variance(ensemble).max((0, 3))  # (T, K)
    whole = np.asarray(np.isfinite(ensemble.pixels).all((0, 3)))
    chosen, faults = [], []
    for k, name in enumerate(names):
        own = worst[whole[:, k], k]
        if len(own) < size + 2:
            faults.append(f"{name} ({len(own)} frames)")
            continue
        chosen.append(whole[:, k] & (worst[:, k] <= np.percentile(own, keep)))
    if faults:
        raise DataError(
            f"without a calibration the geometry is learned from frames that all cameras see: expected at "
            f"least {size + 2} such frames, too few for: {', '.join(faults)}"
        )
    least = min(int(rows.sum()) for rows in chosen)
    return [rows & (np.cumsum(rows) <= least) for rows in chosen]


def fit_latent(ensemble: Ensemble, good: list[Bool[np.ndarray, " T"]], size: int, *, robust: bool) -> Latent:
    """Fit the principal components of every keypoint's pixels in all cameras.

    Args:
        ensemble: what the members say.
        good: frames to fit, per keypoint.
        size: number of components.
        robust: leave out, in turns, frames that the components of the others do not explain.

    Raises:
        DataError: when there are more components than pixel coordinates.
    """
    views = ensemble.pixels.shape[0]
    if not 1 <= size <= 2 * views:
        raise DataError(
            f"--n-latent {size}: {views} cameras give {2 * views} coordinates, expected 1 to {2 * views}"
        )
    weights, means, spreads, steps = [], [], [], []
    for k, rows in enumerate(good):
        pixels = np.moveaxis(ensemble.pixels[:, :, k], 1, 0).reshape(-1, 2 * views)  # (T, 2V)
        mean = pixels[rows].mean(0)
        kept, components = rows, _components(pixels[rows] - mean, size)
        for _ in range(TRIMS if robust else 0):
            off = pixels - mean
            left = ((off - off @ components @ components.T) ** 2).sum(-1)
            typical = np.median(left[rows])
            kept = rows & (left <= FAR * max(typical, 1e-12))
            if kept.sum() < size + 2:
                break
            mean = pixels[kept].mean(0)
            components = _components(pixels[kept] - mean, size)
        scores = (pixels[kept] - mean) @ components
        weights.append(components.reshape(views, 2, size))
        means.append(mean.reshape(views, 2))
        spreads.append(scores.var(axis=0, ddof=1))
        steps.append(np.atleast_2d(np.cov(np.diff(scores, axis=0).T)))
    emission = Linear(np.stack(weights, 1), np.stack(means, 1))
    return Latent(emission, np.stack(spreads), np.stack(steps))


def plain_latent_model(latent: Latent, recording: Recording) -> Model:
    """Return the plain model: Q = step covariance over its largest entry, m0 = 0, S0 = score variance."""
    step = latent.step / np.abs(latent.step).max((1, 2), keepdims=True)
    size = step.shape[-1]
    scale = np.linalg.cholesky(step + 1e-9 * np.eye(size))
    basis = Basis(np.zeros(step.shape[:2]), scale)
    inverse = np.linalg.inv(scale)
    spread = inverse * latent.spread[:, None, :] @ np.swapaxes(inverse, 1, 2)
    prior = Gaussian(np.zeros((size, len(step))), np.moveaxis(spread, 0, -1))
    start = fill(solve_frames(latent.emission, recording))
    return Model(basis, prior, start)


def _components(centred: Float[np.ndarray, "N P"], size: int) -> Float[np.ndarray, "P D"]:
    """Return the directions of largest variance as columns, each with its largest entry positive."""
    directions = np.linalg.svd(centred, full_matrices=False)[2][:size].T
    largest = np.abs(directions).argmax(0)
    return directions * np.sign(directions[largest, np.arange(directions.shape[1])])
