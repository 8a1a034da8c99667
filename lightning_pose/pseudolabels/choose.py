"""How much a smoothed point is worth as a label, and which frames are certain enough."""

import numpy as np
from jaxtyping import Bool, Float, Int


def point_weights(
    variance: Float[np.ndarray, "T V K 2"], half_px: Float[np.ndarray, "V"]
) -> Float[np.ndarray, "T V K"]:
    """Return how much every point counts: w = s^2 / (s^2 + v), 0 where it is missing.

    v is the mean of the two coordinates' posterior variances (px^2). A point of standard deviation s counts
    half, a certain one 1: as measurements are weighed whose own noise is s and whose place is known to v.

    Args:
        variance: of every coordinate, px^2.
        half_px: s of each view, px.
    """
    s2 = half_px[:, None] ** 2
    return np.nan_to_num(s2 / (s2 + variance.mean(axis=-1)), nan=0.0)


def usable_points(
    points: Float[np.ndarray, "T V K 2"], sizes: Int[np.ndarray, "V 2"]
) -> Bool[np.ndarray, "T V K"]:
    """Return which points lie inside their image: -0.5 <= x <= width - 0.5."""
    limit = sizes[:, None] - 0.5
    return np.asarray(((points >= -0.5) & (points <= limit)).all(axis=-1))


def most_certain(
    weights: Float[np.ndarray, "T V K"], allowed: Bool[np.ndarray, "T"], share: float
) -> Int[np.ndarray, "N"]:
    """Return the share of the allowed frames whose points count most in the mean; none without any point.

    Args:
        weights: of the points.
        allowed: frames that may be chosen.
        share: of the allowed frames, above 0 up to 1.
    """
    worth = weights.mean(axis=(1, 2))
    rows = np.flatnonzero(allowed & (worth > 0))
    if not len(rows):
        return rows
    return rows[worth[rows] >= np.quantile(worth[rows], 1 - share)]
