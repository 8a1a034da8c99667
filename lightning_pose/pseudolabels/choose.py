"""How much a smoothed point is worth as a label, and which frames to take: certain ones that differ."""

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree

COMPONENTS = 12  # of the postures; more make neighbours meaningless
CANDIDATES = 50  # looked at for every frame that is chosen, at most
ROUNDS = 30


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


def posture_features(points: Float[np.ndarray, "T V K D"]) -> Float[np.ndarray, "T F"]:
    """Return what tells postures apart: where the body is, and how its points lie about that place.

    Both parts have the same total variance, so neither walking about nor moving on the spot is lost; the
    principal components of both together are returned. A missing coordinate takes its median over the frames.

    Args:
        points: of the views (D = 2), or of the world as one view (D = 3).
    """
    with np.errstate(invalid="ignore"):
        present = np.isfinite(points)
        counts = np.maximum(present.sum(axis=2, keepdims=True), 1)
        place = np.where(present, points, 0).sum(axis=2, keepdims=True) / counts
    place = np.where(present.any(axis=2, keepdims=True), place, np.nan)
    parts = [_standardised(part.reshape(len(points), -1)) for part in (place, points - place)]
    features = np.concatenate(parts, axis=1)
    _, axes = np.linalg.eigh(features.T @ features)
    return features @ axes[:, ::-1][:, :COMPONENTS]


def spread_out(
    features: Float[np.ndarray, "N F"], count: int, rng: np.random.Generator
) -> Int[np.ndarray, "M"]:
    """Return up to `count` rows that cover the others: the nearest to each centre of k-means, in order.

    Centres begin at rows drawn with a probability that grows with the squared distance from those drawn
    before. Where clusters run empty, the rows farthest from all chosen ones fill up.

    Source: Arthur & Vassilvitskii 2007, k-means++.
    """
    if count >= len(features):
        return np.arange(len(features))
    pool = np.sort(rng.permutation(len(features))[: CANDIDATES * count])
    points = features[pool]
    centres = _seeds(points, count, rng)
    for _ in range(ROUNDS):
        label = np.asarray(KDTree(centres).query(points)[1])
        size = np.bincount(label, minlength=count)
        sums = np.stack([np.bincount(label, column, count) for column in points.T], axis=1)
        moved = np.where(size[:, None] > 0, sums / np.maximum(size, 1)[:, None], centres)
        settled = np.array_equal(moved, centres)
        centres = moved
        if settled:
            break
    distance, label = map(np.asarray, KDTree(centres).query(points))
    order = np.lexsort((distance, label))
    chosen = order[np.unique(label[order], return_index=True)[1]].tolist()
    nearest = np.asarray(KDTree(points[chosen]).query(points)[0])
    while len(chosen) < count:
        nearest[chosen] = -1.0
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return np.sort(pool[chosen])


def _seeds(
    points: Float[np.ndarray, "N F"], count: int, rng: np.random.Generator
) -> Float[np.ndarray, "M F"]:
    """Return the first centres."""
    rows = [int(rng.integers(len(points)))]
    nearest = ((points - points[rows[0]]) ** 2).sum(axis=1)
    for _ in range(count - 1):
        total = nearest.sum()
        chance = nearest / total if total > 0 else None
        rows.append(int(rng.choice(len(points), p=chance)))
        nearest = np.minimum(nearest, ((points - points[rows[-1]]) ** 2).sum(axis=1))
    return points[rows]


def _standardised(columns: Float[np.ndarray, "T C"]) -> Float[np.ndarray, "T F"]:
    """Return columns about their means, their variances summing to 1; missing values at their medians.

    A column without any value is left out.
    """
    known = columns[:, np.isfinite(columns).any(axis=0)]
    filled = np.where(np.isfinite(known), known, np.nanmedian(known, axis=0))
    centred = filled - filled.mean(axis=0)
    total = np.sqrt(centred.var(axis=0).sum())
    return centred / total if total > 0 else centred
