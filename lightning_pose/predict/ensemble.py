"""What an ensemble's members say together: their median, their mean confidence, and how far they differ."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class Consensus(NamedTuple):
    """The members of a session in one, per view."""

    xy: Float[np.ndarray, "V T K 2"]
    confidence: Float[np.ndarray, "V T K"]
    spread: Float[np.ndarray, "V T K"] | None  # variance between members per axis (px^2); None for one


def combine(xy: Float[np.ndarray, "M V T K 2"], confidence: Float[np.ndarray, "M V T K"]) -> Consensus:
    """Return the median of the members' pixels, the mean of their confidences, and their variance.

    A point that a member does not have is no vote. The variance is that of one member (divisor M - 1), the
    mean of both axes, so it does not shrink with their number: members share training data, and errors.

    Args:
        xy: pixels of every member, NaN where missing.
        confidence: of every member, in [0, 1].
    """
    if len(xy) == 1:
        return Consensus(xy[0], confidence[0], None)
    seen = np.asarray(np.isfinite(xy).all(axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        sure = np.where(seen, confidence, 0).sum(axis=0) / seen.sum(axis=0)
        mean = np.where(seen[..., None], xy, 0).sum(axis=0) / seen.sum(axis=0)[..., None]
        squares = np.where(seen, ((xy - mean) ** 2).mean(axis=-1), 0).sum(axis=0)
        spread = squares / (seen.sum(axis=0) - 1)
    return Consensus(_median(xy), sure, np.where(seen.sum(axis=0) > 1, spread, 0))


def _median(xy: Float[np.ndarray, "M V T K 2"]) -> Float[np.ndarray, "V T K 2"]:
    """Return the median over members, NaN left out; NaN where no member has the point."""
    if np.isfinite(xy).all():
        return np.median(xy, axis=0)
    masked = np.ma.median(np.ma.masked_invalid(xy), axis=0)
    return np.ma.filled(masked, np.nan)
