"""The smoothing parameter s of every keypoint, by maximum likelihood on the very noise that smoothing uses.

The likelihood of one s is one filter sweep; a sweep takes all keypoints, all pieces of the recording and all
candidates of s at once. So s is searched for without gradients: a coarse grid over log s, then, three
times, a finer one around the best, then the vertex of the parabola through the best three.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from eks.ensemble import Ensemble, Recording
from eks.kalman import Gaussian, Motion, Potentials, log_likelihood

COARSE = np.linspace(-16.0, 10.0, 14)  # log s in units of the basis, whose steps are of order one
FINE, FINE_ROUNDS = 7, 3
PIECE = 250  # frames
Spans = tuple[tuple[int, int], ...]


class Tuned(NamedTuple):
    """The best s per group of keypoints and its log-likelihood."""

    s: Float[np.ndarray, "K"]
    log_likelihood: Float[np.ndarray, "K"]


def maximise(
    seen: Potentials,
    prior: Gaussian,
    groups: np.ndarray,
    *,
    transition: np.ndarray | None = None,
    given: Float[np.ndarray, "K"] | None = None,
) -> Tuned:
    """Return the s of largest likelihood for each keypoint.

    Args:
        seen: potentials of the pieces; the batch axis is pieces times keypoints, keypoints last.
        prior: of each batch entry.
        groups: index of the group that each keypoint belongs to; a group shares its s.
        transition: F of the dynamics.
        given: s that is not to be chosen; only its likelihood is returned.
    """
    n_keypoints = len(groups)
    members = groups[None, :] == np.arange(groups.max() + 1)[:, None]

    def evaluate(log_s: Float[np.ndarray, "C G"]) -> Float[np.ndarray, "C G"]:
        each = np.exp(log_s[:, groups])  # (C, K)
        pieces = seen.constant.shape[-1] // n_keypoints
        batch = np.tile(each, (1, pieces))
        parts = Potentials(*(part[..., None, :] for part in seen))
        start = Gaussian(
            *(
                np.repeat(part[..., None, :], len(log_s), axis=-2) for part in prior
            )  # candidates beside keypoints
        )
        value = log_likelihood(parts, start, Motion(batch, transition))
        per_keypoint = value.reshape(len(log_s), pieces, n_keypoints).sum(1)
        return per_keypoint @ members.T

    n_groups = len(members)
    if given is not None:
        first = np.array([np.flatnonzero(row)[0] for row in members])
        return Tuned(given, evaluate(np.log(given)[None, first])[0][groups])
    grid = np.tile(COARSE[:, None], (1, n_groups))
    step = COARSE[1] - COARSE[0]
    values = evaluate(grid)
    for _ in range(FINE_ROUNDS):
        best = np.take_along_axis(grid, values.argmax(0)[None], 0)[0]
        width = step
        grid = best + width * np.linspace(-1, 1, FINE)[:, None]
        step = 2 * width / (FINE - 1)
        values = evaluate(grid)
    log_s, peak = _vertex(grid, values)
    return Tuned(np.exp(np.clip(log_s, COARSE[0], COARSE[-1]))[groups], peak[groups])


def choose_spans(n_frames: int, most: int, asked: Spans | None = None) -> Spans:
    """Return the pieces of a recording that s is tuned on, half-open.

    They are short, since a sweep takes them side by side: as many as fit into the recording, or spread evenly
    over one of more than `most` frames. What a piece loses is the link to the frame before it. Pieces that
    are asked for are taken as they are.
    """
    if asked is not None:
        return asked
    pieces = max(1, min(n_frames, most) // PIECE)
    length = min(n_frames // pieces, most // pieces)
    starts = np.linspace(0, n_frames - length, pieces).round().astype(int)
    return tuple((int(start), int(start) + length) for start in starts)


def cut(part: Float[np.ndarray, "V T K *rest"], spans: Spans) -> Float[np.ndarray, "V L SK *rest"]:
    """Put pieces side by side as if they were further keypoints, keypoints last; shorter ones end in NaN."""
    length = max(stop - start for start, stop in spans)
    views, _, keypoints = part.shape[:3]
    pieces = np.full((views, length, len(spans), *part.shape[2:]), np.nan)
    for index, (start, stop) in enumerate(spans):
        pieces[:, : stop - start, index] = part[:, start:stop]
    return pieces.reshape(views, length, len(spans) * keypoints, *part.shape[3:])


def cut_recording(recording: Recording, spans: Spans) -> Ensemble:
    """Put pieces of a recording side by side as `cut` does; shorter ones end in frames that nobody saw."""
    length = max(stop - start for start, stop in spans)
    parts = [recording.rows(slice(*span)) for span in spans]

    def beside(columns: Sequence[np.ndarray], nothing: float) -> np.ndarray:
        rest = [(0, 0)] * (columns[0].ndim - 2)
        padded = [
            np.pad(part, [(0, 0), (0, length - part.shape[1]), *rest], constant_values=nothing)
            for part in columns
        ]
        return np.concatenate(padded, axis=2)

    fills = (np.nan, np.nan, 0.0, 0)
    together = (beside([part[i] for part in parts], fill) for i, fill in enumerate(fills))
    return Ensemble._make([*together, recording.members])


def _vertex(grid: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the top of the parabola through the best point of each column and its neighbours."""
    column = np.arange(grid.shape[1])
    best = np.clip(values.argmax(0), 1, len(grid) - 2)
    low, mid, high = (values[best + i, column] for i in (-1, 0, 1))
    bend = low - 2 * mid + high
    shift = np.where(bend < 0, 0.5 * (low - high) / np.where(bend < 0, bend, -1.0), 0.0)
    inside = (np.abs(shift) <= 1) & (bend < 0)
    step = grid[1, column] - grid[0, column]
    at_grid = grid[values.argmax(0), column]
    peak = mid - np.where(inside, 0.25 * (low - high) * shift, 0.0)
    return np.where(inside, grid[best, column] + shift * step, at_grid), np.maximum(peak, values.max(0))
