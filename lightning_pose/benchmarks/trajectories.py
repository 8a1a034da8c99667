"""Score an ensemble's 3D trajectories: each seed alone, the ensemble's median, the smoother.

The functions read what `litpose predict` and `eks multicam` left on disk and compare it with known 3D points.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from lightning_pose.core import metrics
from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_poses


class Members(NamedTuple):
    """Per-view predictions of all seeds of one session: pixels and likelihood."""

    points: Float[np.ndarray, "M V T K 2"]
    likelihood: Float[np.ndarray, "M V T K"]
    names: tuple[str, ...]


class Smoothed(NamedTuple):
    """A smoother's trajectory: world points, their variances, and its pixels per view."""

    points: Float[np.ndarray, "T K 3"]
    variance: Float[np.ndarray, "T K 3"]
    pixels: Float[np.ndarray, "V T K 2"]
    names: tuple[str, ...]


class Trajectories(NamedTuple):
    """One session as the chain left it: every seed's pixels, the smoother's track, the truth, the cameras."""

    session: str
    members: Members
    smoothed: Smoothed
    truth: Poses
    rig: Rig

    @property
    def known(self) -> Float[np.ndarray, "T K 3"]:
        """The true points, in the order of the predictions' keypoints."""
        return self.truth.points[:, [self.truth.names.index(name) for name in self.members.names]]

    def at(self, frames: slice) -> "Trajectories":
        """Cut a range of frames out of everything."""
        members, smoothed = self.members, self.smoothed
        return self._replace(
            members=members._replace(
                points=members.points[:, :, frames], likelihood=members.likelihood[:, :, frames]
            ),
            smoothed=smoothed._replace(
                points=smoothed.points[frames],
                variance=smoothed.variance[frames],
                pixels=smoothed.pixels[:, frames],
            ),
            truth=self.truth.rows(frames),
        )


class Score(NamedTuple):
    """Errors of one method against the truth; 3D in world units, 2D in pixels."""

    method: str
    median_px: dict[str, float]
    mean_3d: float
    median_3d: float
    p95_3d: float
    jitter_3d: float
    missing: float
    coverage_95: float | None


def read_members(folder: Path, session: str, views: Sequence[str], seeds: Sequence[int | str]) -> Members:
    """Read `<session>_<view>_rng=<seed>.csv` of every view and seed.

    Raises:
        DataError: when a file is missing or the files disagree on keypoints or frames.
    """
    tables = [[read_poses(folder / f"{session}_{view}_rng={seed}.csv") for view in views] for seed in seeds]
    first = tables[0][0]
    for row in tables:
        for table in row:
            if table.names != first.names or len(table) != len(first):
                raise DataError(f"{folder}: predictions of {session} differ in keypoints or frames")
    points = np.array([[table.points for table in row] for row in tables])
    likelihood = np.array([[_likelihood(table) for table in row] for row in tables])
    return Members(points, likelihood, first.names)


def read_smoothed(folder: Path, views: Sequence[str]) -> Smoothed:
    """Read `multicam_3d_results.csv` and `multicam_<view>_results.csv` as `eks multicam` writes them."""
    world = read_poses(folder / "multicam_3d_results.csv")
    pixels = np.array([read_poses(folder / f"multicam_{view}_results.csv").points for view in views])
    if world.variance is None:
        raise DataError(f"{folder / 'multicam_3d_results.csv'}: expected posterior variances, found none")
    return Smoothed(world.points, world.variance, pixels, world.names)


def triangulated(
    members: Members, rig: Rig, *, weighted: bool = False
) -> dict[str, Float[np.ndarray, "T K 3"]]:
    """Triangulate every frame on its own: each seed, and the ensemble's median.

    Args:
        members: predictions of every seed.
        rig: the cameras.
        weighted: weight the views by likelihood; else all count alike, as in most pipelines.
    """

    def solve(points: np.ndarray, likelihood: np.ndarray) -> Float[np.ndarray, "T K 3"]:
        return rig.triangulate(points, likelihood if weighted else None)

    pairs = enumerate(zip(members.points, members.likelihood, strict=True))
    tracks = {f"seed {index}": solve(*pair) for index, pair in pairs}
    return tracks | {
        "median": solve(np.nanmedian(members.points, axis=0), np.nanmean(members.likelihood, axis=0))
    }


def score_track(
    method: str,
    points: Float[np.ndarray, "T K 3"],
    truth: Float[np.ndarray, "T K 3"],
    rig: Rig,
    *,
    pixels: Float[np.ndarray, "V T K 2"] | None = None,
    variance: Float[np.ndarray, "T K 3"] | None = None,
) -> Score:
    """Compare one trajectory with the truth; its pixels default to its projection.

    `missing` is the share of known points that the method does not give; errors are over those it gives.
    """
    error = np.linalg.norm(points - truth, axis=-1)
    known = np.isfinite(truth).all(axis=-1)
    pixels = rig.project(points) if pixels is None else pixels
    coverage = None
    if variance is not None:
        coverage = float(metrics.interval_coverage(points, variance, truth, level=0.95))
    error_px = np.linalg.norm(pixels - rig.project(truth), axis=-1)
    return Score(
        method=method,
        median_px={view: float(np.nanmedian(error_px[v])) for v, view in enumerate(rig.names)},
        mean_3d=float(np.nanmean(error)),
        median_3d=float(np.nanmedian(error)),
        p95_3d=float(np.nanquantile(error, 0.95)),
        jitter_3d=float(metrics.jitter(points)),
        missing=float(np.isnan(error[known]).mean()),
        coverage_95=coverage,
    )


def score_session(result: Trajectories) -> dict[str, Score]:
    """Score one seed (the mean over the seeds), the ensemble's median, and the smoother.

    Returns:
        The keys `one seed`, `ensemble median`, both again with `, weighted`, and `smoother`.
    """
    members, smoothed, rig, known = result.members, result.smoothed, result.rig, result.known
    scores = {}
    for weighted, suffix in ((False, ""), (True, ", weighted")):
        *seeds, median = triangulated(members, rig, weighted=weighted).values()
        pairs = zip(seeds, members.points, strict=True)
        each = [score_track("one seed", track, known, rig, pixels=pixels) for track, pixels in pairs]
        scores[f"one seed{suffix}"] = mean_score(f"one seed{suffix}", each)
        name, pixels = f"ensemble median{suffix}", np.nanmedian(members.points, axis=0)
        scores[name] = score_track(name, median, known, rig, pixels=pixels)
    scores["smoother"] = score_track(
        "smoother", smoothed.points, known, rig, pixels=smoothed.pixels, variance=smoothed.variance
    )
    return scores


def mean_score(method: str, scores: Sequence[Score]) -> Score:
    """Average the scores of several seeds, so that no seed is chosen."""

    def mean(values: Sequence[float]) -> float:
        return float(np.mean(values))

    views: Mapping[str, float] = scores[0].median_px
    return Score(
        method=method,
        median_px={view: mean([s.median_px[view] for s in scores]) for view in views},
        mean_3d=mean([s.mean_3d for s in scores]),
        median_3d=mean([s.median_3d for s in scores]),
        p95_3d=mean([s.p95_3d for s in scores]),
        jitter_3d=mean([s.jitter_3d for s in scores]),
        missing=mean([s.missing for s in scores]),
        coverage_95=None,
    )


def _likelihood(poses: Poses) -> Float[np.ndarray, "T K"]:
    """Return the likelihood, or 1 where there is a point and the table has no likelihood."""
    return poses.present.astype(float) if poses.likelihood is None else poses.likelihood
