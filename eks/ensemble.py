"""What an ensemble says of every keypoint: its median, how far its members spread, how sure they are.

A recording is an `Ensemble` (all of it combined, in memory) or `Members` (the members as they came, combined
a few thousand frames at a time, so that a long recording needs no memory beside them). Both are read by rows.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from lightning_pose.core.errors import DataError

MISSING_VARIANCE = 1000.0  # px^2; what the plain model gives a cell that no member saw
SURENESS_FLOOR = 1e-5  # of a single member's confidence, so that its variance stays finite

Average = Literal["median", "mean"]


class Ensemble(NamedTuple):
    """The members of all views in one table."""

    pixels: Float[np.ndarray, "V T K 2"]  # median or mean of the members; NaN where none saw it
    spread: Float[
        np.ndarray, "V T K 2"
    ]  # variance between the members, px^2; NaN where fewer than two saw it
    likelihood: Float[np.ndarray, "V T K"]  # mean over the members
    count: Int[np.ndarray, "V T K"]  # members that saw it
    members: Int[np.ndarray, "V"]  # that saw anything at all in a view

    @property
    def shape(self) -> tuple[int, int, int]:
        """V, T, K."""
        views, frames, keypoints = self.count.shape
        return views, frames, keypoints

    def rows(self, rows: slice) -> "Ensemble":
        """Return some frames."""
        return Ensemble._make([*(part[:, rows] for part in self[:4]), self.members])


class Members(NamedTuple):
    """The members of all views, not yet combined; see `combine`."""

    points: Float[np.ndarray, "M V T K 2"]
    likelihood: Float[np.ndarray, "M V T K"] | None
    average: Average
    members: Int[np.ndarray, "V"]

    @property
    def shape(self) -> tuple[int, int, int]:
        """V, T, K."""
        _, views, frames, keypoints, _ = self.points.shape
        return views, frames, keypoints

    def rows(self, rows: slice) -> Ensemble:
        """Return some frames, combined."""
        sure = None if self.likelihood is None else self.likelihood[:, :, rows]
        return _combine(self.points[:, :, rows], sure, self.average, self.members)


Recording = Ensemble | Members


def gather(recording: Recording, spans: Sequence[tuple[int, int | None]]) -> Ensemble:
    """Return pieces of a recording (half-open) one after the other, as one."""
    parts = [recording.rows(slice(*span)) for span in spans]
    together = (np.concatenate([part[i] for part in parts], axis=1) for i in range(4))
    return Ensemble._make([*together, recording.members])


def collect(
    points: Float[np.ndarray, "M V T K 2"],
    likelihood: Float[np.ndarray, "M V T K"] | None = None,
    average: Average = "median",
) -> Members:
    """Return M members as a recording; a member's NaN is no vote, and a view may have fewer members.

    Args:
        points: pixels of every member, NaN where missing.
        likelihood: of every member; None counts as sure, NaN as not said.
        average: what stands for the members.

    Raises:
        DataError: when no member has any point.
    """
    there = np.array([[np.isfinite(view).any() for view in member] for member in points])
    if not there.any():
        raise DataError("there is nothing to smooth: every point of every member is missing")
    return Members(points, likelihood, average, there.sum(0))


def combine(
    points: Float[np.ndarray, "M V T K 2"],
    likelihood: Float[np.ndarray, "M V T K"] | None,
    average: Average = "median",
) -> Ensemble:
    """Return what M members say together; see `collect`.

    Raises:
        DataError: when no member has any point.
    """
    return collect(points, likelihood, average).rows(slice(None))


def _combine(
    points: Float[np.ndarray, "M V T K 2"],
    likelihood: Float[np.ndarray, "M V T K"] | None,
    average: Average,
    members: Int[np.ndarray, "V"],
) -> Ensemble:
    """Return the ensemble of a few frames."""
    seen = np.asarray(np.isfinite(points).all(-1))
    count = seen.sum(0)
    points = np.where(seen[..., None], points, np.nan)
    divisor = np.maximum(count, 1)[..., None]
    mean = np.where(seen[..., None], points, 0.0).sum(0) / divisor
    spread = np.where(seen[..., None], (points - mean) ** 2, 0.0).sum(0) / divisor
    centre = _median(points, count) if average == "median" else mean
    if likelihood is None:
        sure = np.ones(count.shape)
    else:
        there = np.isfinite(likelihood)
        sure = np.where(there, likelihood, 0.0).sum(0) / np.maximum(there.sum(0), 1)
    return Ensemble(
        np.where(count[..., None] > 0, centre, np.nan),
        np.where(count[..., None] > 1, spread, np.nan),
        sure,
        count,
        members,
    )


def plain_variance(ensemble: Ensemble, weighted: bool = True) -> Float[np.ndarray, "V T K 2"]:
    """Return the plain model's variance of observations (px^2): the members' spread over their likelihood.

    A view's single member has the variance 1 / likelihood; a cell without two votes among several members
    has `MISSING_VARIANCE`.

    Args:
        ensemble: what the members say.
        weighted: divide the spread by the likelihood.
    """
    sure = np.maximum(ensemble.likelihood, SURENESS_FLOOR)[..., None]
    variance = ensemble.spread / sure if weighted else ensemble.spread
    variance = np.where((ensemble.members > 1)[:, None, None, None], variance, 1 / sure)
    return np.maximum(np.where(np.isfinite(variance), variance, MISSING_VARIANCE), 1e-12)


def _median(
    points: Float[np.ndarray, "M V T K 2"], count: Int[np.ndarray, "V T K"]
) -> Float[np.ndarray, "V T K 2"]:
    """Return the median of those that are not NaN; sorting puts NaN last."""
    if len(points) == 1:
        return points[0]
    ranked = np.sort(points, axis=0)
    low, high = np.maximum(count - 1, 0) // 2, np.maximum(count, 1) // 2
    pick = [
        np.take_along_axis(ranked, np.minimum(i, len(points) - 1)[None, ..., None], 0)[0] for i in (low, high)
    ]
    return 0.5 * (pick[0] + pick[1])
