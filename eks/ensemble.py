"""What an ensemble says of every keypoint: its median, how far its members spread, how sure they are."""

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
    members: int


def combine(
    points: Float[np.ndarray, "M V T K 2"],
    likelihood: Float[np.ndarray, "M V T K"] | None,
    average: Average = "median",
) -> Ensemble:
    """Return what M members say together; a member's NaN is no vote.

    Args:
        points: pixels of every member, NaN where missing.
        likelihood: of every member; None counts as sure.
        average: what stands for the members.

    Raises:
        DataError: when no member has any point.
    """
    members = points.shape[0]
    seen = np.asarray(np.isfinite(points).all(-1))
    count = seen.sum(0)
    if not count.any():
        raise DataError("there is nothing to smooth: every point of every member is missing")
    points = np.where(seen[..., None], points, np.nan)
    divisor = np.maximum(count, 1)[..., None]
    mean = np.where(seen[..., None], points, 0.0).sum(0) / divisor
    spread = np.where(seen[..., None], (points - mean) ** 2, 0.0).sum(0) / divisor
    if average == "median":
        centre = _median(points, count)
    else:
        centre = mean
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

    A single member has the variance 1 / likelihood; a cell without two votes among several members has
    `MISSING_VARIANCE`.

    Args:
        ensemble: what the members say.
        weighted: divide the spread by the likelihood.
    """
    sure = np.maximum(ensemble.likelihood, SURENESS_FLOOR)[..., None]
    if ensemble.members == 1:
        variance = np.broadcast_to(1 / sure, ensemble.pixels.shape)
    else:
        variance = ensemble.spread / sure if weighted else ensemble.spread
    return np.maximum(np.where(np.isfinite(variance), variance, MISSING_VARIANCE), 1e-12)


def stack_members(members: Sequence[Sequence[Float[np.ndarray, "T K 2"]]]) -> Float[np.ndarray, "M V T K 2"]:
    """Stack members by views from a list per view; views may have unequal numbers, the rest is NaN."""
    most = max(len(view) for view in members)
    shape = members[0][0].shape
    stacked = np.full((most, len(members), *shape), np.nan)
    for v, view in enumerate(members):
        for m, table in enumerate(view):
            stacked[m, v] = table
    return stacked


def _median(
    points: Float[np.ndarray, "M V T K 2"], count: Int[np.ndarray, "V T K"]
) -> Float[np.ndarray, "V T K 2"]:
    """Return the median of those that are not NaN; sorting puts NaN last."""
    ranked = np.sort(points, axis=0)
    low, high = np.maximum(count - 1, 0) // 2, np.maximum(count, 1) // 2
    pick = [
        np.take_along_axis(ranked, np.minimum(i, len(points) - 1)[None, ..., None], 0)[0] for i in (low, high)
    ]
    return 0.5 * (pick[0] + pick[1])
