"""Traces for a page: every signal of a session, decimated to the smallest and largest value per stretch."""

import base64
from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from lightning_pose.frames.observed import Evidence, Observed
from lightning_pose.frames.signals import measure

BUDGET = 900_000  # bytes of all traces, before base64
MOST = 1200  # stretches of a session: a screen has no more columns
LEAST = 100
LEVELS = 254  # of a byte; the largest value is what is missing
TITLES = {
    "x": "x (px)",
    "y": "y (px)",
    "X": "x (world)",
    "Y": "y (world)",
    "Z": "z (world)",
    "confidence": "confidence",
    "jump": "off its path (px)",
    "reprojection": "reprojection error (px)",
    "pca": "PCA error (px)",
    "spread": "spread of the ensemble (px)",
    "smoother": "moved by the smoother (px)",
}
WORLD = "XYZ"


class Extremes(NamedTuple):
    """Smallest and largest value of a signal in every stretch; NaN where there is none."""

    low: Float[np.ndarray, "W B K"]
    high: Float[np.ndarray, "W B K"]


def decimate(
    evidence: Evidence, start: int, frames: int, buckets: int, keep: Collection[int] = ()
) -> tuple[dict[str, Extremes], dict[int, Float[np.ndarray, "V K 2"]]]:
    """Return the extremes of every signal in `buckets` stretches of a session, and the points of some frames.

    Args:
        evidence: the session.
        start: number of its first frame.
        frames: of the session.
        buckets: stretches of (nearly) the same length; not more than frames.
        keep: numbers of the frames whose points (px) are returned.
    """
    points: dict[int, np.ndarray] = {}
    found: dict[str, Extremes] = {}
    for seen, own in evidence.blocks():
        place = (seen.start + np.arange(own.start, own.stop) - start) * buckets // frames
        firsts = np.flatnonzero(np.diff(place, prepend=-1))
        for name, values in signals_of(seen, evidence).items():
            mine = values[:, own]
            if name not in found:
                shape = (len(mine), buckets, mine.shape[2])
                found[name] = Extremes(np.full(shape, np.nan), np.full(shape, np.nan))
            for sums, largest in zip(found[name], (np.fmin, np.fmax), strict=True):
                part = largest.reduceat(mine, firsts, axis=1)
                sums[:, place[firsts]] = largest(sums[:, place[firsts]], part)
        for frame in keep:
            row = frame - seen.start
            if own.start <= row < own.stop:
                points[frame] = seen.xy[:, row].copy()
    return found, points


def signals_of(seen: Observed, evidence: Evidence) -> dict[str, Float[np.ndarray, "W t K"]]:
    """Return what is drawn: coordinates, confidence, and what speaks for errors."""
    values = {"x": seen.xy[..., 0], "y": seen.xy[..., 1]}
    if seen.xyz is not None:
        values |= {axis: seen.xyz[None, ..., i] for i, axis in enumerate(WORLD)}
    if seen.confidence is not None:
        values["confidence"] = seen.confidence
    values["jump"] = measure(seen, evidence.skeleton)["jump"]
    order = [name for name in TITLES if name in seen.distances]
    return values | {name: seen.distances[name] for name in order}


def encode(traces: dict[str, Extremes]) -> list[dict[str, Any]]:
    """Return traces as JSON knows them: a byte for every value, with the range that the bytes span.

    Distances are in steps of ln(1 + x), so that 2 px can be told from 1 px beside 300 px.
    """
    found = []
    for name, (low, high) in traces.items():
        logarithmic = name not in ("x", "y", "confidence", *WORLD)
        same = np.array_equal(low, high, equal_nan=True)
        rows = []
        for w in range(len(low)):
            rows.append([])
            for k in range(low.shape[2]):
                pair = low[w, :, k][None] if same else np.stack([low[w, :, k], high[w, :, k]])
                rows[w].append(_bytes(np.log1p(pair) if logarithmic else pair, name))
        found.append({"name": name, "title": TITLES[name], "log": logarithmic, "rows": rows})
    return found


def stretches(frames: int, traces: int) -> int:
    """Return into how many stretches a session is divided, so that all traces fit into the page."""
    if frames * traces <= BUDGET:
        return min(frames, MOST)
    return max(1, min(frames, MOST, max(LEAST, BUDGET // (2 * max(traces, 1)))))


def _bytes(values: Float[np.ndarray, "P B"], name: str) -> list[Any] | None:
    """Return smallest and largest value and the bytes between; None where nothing is known."""
    known = np.isfinite(values)
    if not known.any():
        return None
    low, high = float(values[known].min()), float(values[known].max())
    if name == "confidence":
        low, high = 0.0, 1.0
    elif name not in ("x", "y", *WORLD):
        low = 0.0
    span = max(high - low, 1e-9)
    level = np.rint(np.clip((np.where(known, values, low) - low) / span, 0, 1) * LEVELS)
    data = np.where(known, level, LEVELS + 1).astype(np.uint8)
    return [round(low, 4), round(high, 4), base64.b64encode(data.tobytes()).decode()]
