"""Predictions of an ensemble that was never trained: the truth with the errors that real networks make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from scipy.signal import lfilter

from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses
from lightning_pose.synthetic.animal import SKELETON
from lightning_pose.synthetic.session import Truth, stream

SCORER = "synthetic_tracker"


@dataclass(frozen=True)
class NoiseModel:
    """How the members of an ensemble err.

    Attributes:
        noise: standard deviation at a clearly seen keypoint, px.
        spread: standard deviation of the logarithm of the noise over keypoints and time.
        shared: share of the variance that all members have in common, which no ensemble reveals.
        correlation: of the shared error from one frame to the next.
        occluded: factor on the noise where the camera does not see the keypoint.
        bias: slowly drifting offset of hidden keypoints, common to all, in units of `noise * occluded`.
        outliers: probability that a point of one member is somewhere else.
        joint_outliers: probability that it is somewhere else for all members.
        teleports: episodes per 1000 frames, keypoint and view in which one member holds on to a wrong place.
        swaps: episodes per 1000 frames and view in which one member confuses left and right.
        missing: probability that a point of one member is NaN.
    """

    noise: float = 1.0
    spread: float = 0.4
    shared: float = 0.3
    correlation: float = 0.6
    occluded: float = 4.0
    bias: float = 0.5
    outliers: float = 0.01
    joint_outliers: float = 0.002
    teleports: float = 0.5
    swaps: float = 1.0
    missing: float = 0.005


CLEAN = NoiseModel(
    spread=0.0, shared=0.0, occluded=1.0, bias=0.0, outliers=0.0, joint_outliers=0.0, teleports=0.0,
    swaps=0.0, missing=0.0,
)  # fmt: skip
"""Independent Gaussian noise of one standard deviation, and nothing else: a smoother's own assumptions."""


def simulate_ensemble(
    truth: Truth, seeds: Sequence[int] = (0, 1, 2), *, model: NoiseModel | None = None, seed: int = 0
) -> dict[int, dict[str, Poses]]:
    """Return noisy 2D predictions with likelihoods, by seed and view.

    The errors of a member are s (√c e + √(1 - c) e_m) + bias: s varies with keypoint, time and visibility,
    e is common to all members and correlated in time, e_m is the member's own, c is `shared`. Outliers,
    teleports, swaps and missing points are put on top. The likelihood falls with s and with most, not all,
    of the gross errors. The same arguments give the same numbers.

    Args:
        truth: of a session.
        seeds: names of the members.
        model: how they err.
        seed: decides the errors.
    """
    model = model or NoiseModel()
    sizes = truth.rig.sizes[:, None, None]
    common = stream(seed, "ensemble", 0)
    scale = _scales(truth, model, common)
    shape = truth.projections.shape
    shared = _drift(shape, model.correlation, common)
    hidden = ~truth.visibility[..., None]
    offset = hidden * model.noise * model.occluded * model.bias * _drift(shape, 0.97, common)
    lost = common.uniform(size=truth.visibility.shape) < model.joint_outliers
    place = common.uniform(-0.5, sizes - 0.5, shape)
    members: dict[int, dict[str, Poses]] = {}
    for member in seeds:
        rng = stream(seed, "ensemble", 1, member)
        own = rng.normal(size=shape)
        error = scale[..., None] * (np.sqrt(model.shared) * shared + np.sqrt(1 - model.shared) * own)
        points = truth.projections + offset + error
        certainty = 4.0 - 2.5 * np.log(np.maximum(scale / max(model.noise, 1e-9), 1e-9))
        certainty += 0.6 * rng.normal(size=scale.shape)
        points[lost] = place[lost] + rng.normal(0, 2 * model.noise, (int(lost.sum()), 2))
        wrong = _make_gross_errors(points, model, sizes, rng) | lost
        noticed = wrong & (rng.uniform(size=wrong.shape) < 0.7)
        certainty[noticed] -= rng.uniform(3.0, 7.0, int(noticed.sum()))
        points = np.clip(points, -0.5, sizes - 0.5)  # a network's heatmap ends with the image
        points[rng.uniform(size=wrong.shape) < model.missing] = np.nan
        likelihood = np.where(np.isnan(points[..., 0]), 0.0, 1 / (1 + np.exp(-certainty)))
        names, frames = truth.poses.names, truth.poses.frames
        members[member] = {
            view: Poses(names, points[v], frames, likelihood=likelihood[v], scorer=SCORER)
            for v, view in enumerate(truth.rig.names)
        }
    return members


def write_ensemble(
    folder: Path | str, session: str, ensemble: Mapping[int, Mapping[str, Poses]]
) -> list[Path]:
    """Write `<session>_<view>_rng=<seed>.csv` for every member and view; return the paths."""
    paths = []
    for member, views in ensemble.items():
        for view, poses in views.items():
            stem = f"{session}_{view}" if len(views) > 1 else session
            paths.append(Path(folder) / f"{stem}_rng={member}.csv")
            write_poses(paths[-1], poses, scorer=SCORER)
    return paths


def _scales(truth: Truth, model: NoiseModel, rng: np.random.Generator) -> Float[np.ndarray, "V T K"]:
    """Return the standard deviation of every point, px."""
    views, times, keypoints = truth.visibility.shape
    each = rng.normal(0, 0.7, (views, 1, keypoints))
    over_time = 0.7 * _drift((views, times, keypoints), 0.9, rng)
    hidden = np.where(truth.visibility, 1.0, model.occluded)
    return model.noise * np.exp(model.spread * (each + over_time)) * hidden


def _drift(
    shape: tuple[int, ...], correlation: float, rng: np.random.Generator
) -> Float[np.ndarray, "V T *rest"]:
    """Return first-order autoregressive noise of variance 1 along the second axis."""
    white = rng.normal(size=shape)
    white[:, 1:] *= np.sqrt(1 - correlation**2)
    return np.asarray(lfilter([1.0], [1.0, -correlation], white, axis=1))


def _make_gross_errors(
    points: Float[np.ndarray, "V T K 2"], model: NoiseModel, sizes: np.ndarray, rng: np.random.Generator
) -> Bool[np.ndarray, "V T K"]:
    """Swap, teleport and displace points of one member in place; return which."""
    views, times, keypoints, _ = points.shape
    wrong = np.zeros(points.shape[:3], dtype=bool)
    left, right = np.array(SKELETON.swaps).T
    for view, start, stop in _episodes(model.swaps, views, times, rng):
        pairs = np.arange(len(left)) == rng.integers(len(left))
        pairs |= rng.uniform() < 0.3  # the whole animal the other way round
        a, b = left[pairs], right[pairs]
        former = points[view, start:stop].copy()
        points[view, start:stop, a], points[view, start:stop, b] = (
            former[:, b].swapaxes(0, 1), former[:, a].swapaxes(0, 1)
        )  # fmt: skip
        wrong[view, start:stop, a] = wrong[view, start:stop, b] = True
    for view, start, stop in _episodes(model.teleports * keypoints, views, times, rng):
        k = rng.integers(keypoints)
        place = rng.uniform(-0.5, sizes[view, 0, 0] - 0.5)
        points[view, start:stop, k] = place + rng.normal(0, model.noise, (stop - start, 2))
        wrong[view, start:stop, k] = True
    away = rng.uniform(size=wrong.shape) < model.outliers
    angle = rng.uniform(0, 2 * np.pi, wrong.shape)
    far = (0.04 + rng.exponential(0.12, wrong.shape)) * sizes.min(axis=-1)
    points += (away * far)[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return wrong | away


def _episodes(rate: float, views: int, times: int, rng: np.random.Generator) -> list[tuple[int, int, int]]:
    """Draw episodes of 3 to 20 frames, `rate` per 1000 frames and view, as (view, start, stop)."""
    count = int(rng.poisson(rate * views * times / 1000))
    starts = rng.integers(times, size=count)
    lengths = rng.integers(3, 21, size=count)
    where = rng.integers(views, size=count)
    return [(int(v), int(a), min(int(a + n), times)) for v, a, n in zip(where, starts, lengths, strict=True)]
