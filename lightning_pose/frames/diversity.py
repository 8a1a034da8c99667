"""Frames that differ: what tells postures apart, and few frames that stand for many."""

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree

COMPONENTS = 12  # of the postures; more make neighbours meaningless
CANDIDATES = 50  # looked at for every frame that is chosen, at most
ROUNDS = 30


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


def pick_apart(
    score: Float[np.ndarray, "N"],
    frame: Int[np.ndarray, "N"],
    features: Float[np.ndarray, "N F"],
    count: int,
    apart: int,
    *,
    session: Int[np.ndarray, "N"] | None = None,
) -> Int[np.ndarray, "M"]:
    """Return up to `count` rows of high score that differ in time and in posture, in the order picked.

    Greedy: the next row is the one of largest score times novelty among those at least `apart` frames from
    all picked ones. With d the distance of its features from the nearest picked one, novelty is
    1 - 3/4 exp(-d^2 / (2 s^2)); s is half the root mean square distance of all rows from their mean. So the
    same posture again has to be four times as suspicious. Where rows are of several sessions, the score of a
    row is divided by one more than the rows of its session that are picked: sessions share the list in
    proportion to their scores, as parties share seats by the method of d'Hondt.

    Source: Carbonell and Goldstein 1998, The use of MMR (the greedy trade of relevance for novelty).
    """
    width = (
        0.5 * np.sqrt(((features - features.mean(axis=0)) ** 2).sum(axis=1).mean()) if len(features) else 0.0
    )
    nearest = np.full(len(score), np.inf)  # squared distance
    free = np.asarray(score, dtype=float).copy()
    owner = np.zeros(len(score), dtype=int) if session is None else session
    taken = np.zeros(int(owner.max(initial=0)) + 1)  # rows of each session
    chosen: list[int] = []
    while len(chosen) < count:
        alike = np.exp(-nearest / (2 * width**2)) if width > 0 else np.zeros(len(score))
        worth = free * (1 - 0.75 * alike) / (1 if session is None else 1 + taken[owner])
        if not len(worth) or worth.max() <= 0:
            break
        best = int(worth.argmax())
        chosen.append(best)
        taken[owner[best]] += 1
        free[(np.abs(frame - frame[best]) < apart) & (owner == owner[best])] = 0.0
        free[best] = 0.0
        nearest = np.minimum(nearest, ((features - features[best]) ** 2).sum(axis=1))
    return np.array(chosen, dtype=int)
