"""The one ranking of difficult frames: what the report shows, the app lists and `litpose extract` takes.

Every signal (`signals.measure`) is put on one scale: how rare it is for that keypoint in that view, in powers
of ten (`Scale.excess`). The score of a frame is the root of the sum of squares, over views and keypoints, of
the sum over signals: several signals against one keypoint add up, one keypoint that is certainly wrong counts
more than many that are a little unusual, and ordinary frames have 0.

The session is read twice, a stretch at a time: to learn what is ordinary, and to score. Memory holds the
scores and a pool of candidates.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from lightning_pose.frames.diversity import pick_apart, posture_features
from lightning_pose.frames.observed import Evidence, Observed
from lightning_pose.frames.reasons import explain
from lightning_pose.frames.signals import Scale, Values, combine, fit_scale, measure

SAMPLE = 5000  # frames that the ordinary is learned from
POOL, POOL_LEAST = 20, 500  # candidates for each frame that is wanted, and at least
APART = 10  # frames

Progress = Callable[[int], None]


class Difficult(NamedTuple):
    """A frame that is worth a look.

    Attributes:
        frame: its number.
        score: how much speaks against it; 0 is ordinary.
        view: that is blamed; empty where there is one, or where none is worse than the others.
        keypoint: that is blamed most.
        reasons: a line for each of the worst keypoints, the worst first.
    """

    frame: int
    score: float
    view: str
    keypoint: str
    reasons: tuple[str, ...]


class Ranking(NamedTuple):
    """What was found in a session.

    Attributes:
        start: number of the first frame.
        scores: of every frame.
        difficult: the frames that were picked, the worst first.
        scale: what is ordinary in the session.
        sample: the signals (`signals.measure`) of frames spread evenly over the session.
    """

    start: int
    scores: Float[np.ndarray, "T"]
    difficult: list[Difficult]
    scale: Scale
    sample: Values


def rank_frames(
    evidence: Evidence, count: int, *, apart: int = APART, exclude: Collection[int] = ()
) -> list[Difficult]:
    """Return the frames of a session that are most likely wrong and differ from each other; see `judge`."""
    return judge(evidence, count, apart=apart, exclude=exclude).difficult


def judge(
    evidence: Evidence,
    count: int,
    *,
    apart: int = APART,
    exclude: Collection[int] = (),
    progress: Progress = lambda frames: None,
) -> Ranking:
    """Score every frame of a session, and pick those that are worth a look.

    Args:
        evidence: the session.
        count: frames to pick, at most; ordinary ones are not picked.
        apart: frames that lie between two picked ones, at least.
        exclude: frames that are labeled already: neither they nor their neighbours are picked.
        progress: told how many frames have been read since it was last told.

    Raises:
        DataError: when tables cannot be read or do not fit together.
    """
    sample = _sample(evidence, progress)
    scale = fit_scale(sample)
    taken = np.array(sorted(exclude), dtype=np.int64)
    pool = _Pool(max(POOL * count, POOL_LEAST), max(apart, 1), taken)
    scores: list[np.ndarray] = []
    start = None
    for seen, own in evidence.blocks():
        start = seen.start + own.start if start is None else start
        cells = combine(
            scale.excess(measure(seen, evidence.skeleton)), evidence.skeleton, len(evidence.views)
        )
        score = np.sqrt((cells**2).sum(axis=(0, 2)))
        scores.append(score[own].astype(np.float32))
        pool.add(seen, own, score)
        progress(own.stop - own.start)
    found = pool.pick(count)
    difficult = []
    for candidate in found:
        verdict = explain(evidence, scale, candidate.seen, candidate.row)
        difficult.append(Difficult(candidate.frame, candidate.score, *verdict))
    whole = np.concatenate(scores) if scores else np.zeros(0, dtype=np.float32)
    return Ranking(start or 0, whole, difficult, scale, sample)


def _sample(evidence: Evidence, progress: Progress) -> Values:
    """Return the signals of frames spread evenly over the session."""
    stride = 1
    kept: list[tuple[Int[np.ndarray, "t"], Values]] = []
    for seen, own in evidence.blocks():
        rows = np.arange(own.start, own.stop)
        frames = seen.start + rows
        rows = rows[frames % stride == 0]
        values = measure(seen, evidence.skeleton)
        kept.append((seen.start + rows, {name: v[:, rows].astype(np.float32) for name, v in values.items()}))
        while sum(len(frames) for frames, _ in kept) > SAMPLE:
            stride *= 2
            kept = [_thinned(frames, values, stride) for frames, values in kept]
        progress(own.stop - own.start)
    names = kept[0][1] if kept else ()
    return {
        name: np.concatenate([values[name] for _, values in kept], axis=1).astype(float) for name in names
    }


def _thinned(frames: Int[np.ndarray, "t"], values: Values, stride: int) -> tuple[np.ndarray, Values]:
    """Return the frames that a stride leaves."""
    keep = frames % stride == 0
    return frames[keep], {name: v[:, keep] for name, v in values.items()}


class _Candidate(NamedTuple):
    """A frame that may be picked, with its neighbours."""

    score: float
    frame: int
    seen: Observed
    row: int


class _Pool:
    """The frames of highest score, one of every stretch of `apart` frames."""

    def __init__(self, size: int, apart: int, taken: Int[np.ndarray, "N"]) -> None:
        self.size = size
        self.apart = apart
        self.taken = taken
        self.candidates: list[_Candidate] = []

    def add(self, seen: Observed, own: slice, score: Float[np.ndarray, "t"]) -> None:
        """Take what is worth it from a stretch of frames."""
        frames = seen.start + np.arange(own.start, own.stop)
        worth = np.where(self._is_free(frames), score[own], 0.0)
        order = np.lexsort((-worth, frames // self.apart))
        best = order[np.unique((frames // self.apart)[order], return_index=True)[1]]
        best = best[worth[best] > 0]
        best = best[np.argsort(-worth[best], kind="stable")][: self.size]
        for index in best.tolist():
            row = own.start + index
            if len(self.candidates) >= 2 * self.size:
                self._prune()
            first = max(row - 1, 0)
            around = _copied(seen.rows(first, min(row + 2, seen.count)))
            self.candidates.append(_Candidate(float(worth[index]), int(frames[index]), around, row - first))
        self._prune()

    def pick(self, count: int) -> list[_Candidate]:
        """Return the frames that are picked, the worst first."""
        self._prune()
        if not self.candidates:
            return []
        points = np.stack([candidate.seen.xy[:, candidate.row] for candidate in self.candidates])
        chosen = pick_apart(
            np.array([candidate.score for candidate in self.candidates]),
            np.array([candidate.frame for candidate in self.candidates]),
            posture_features(points),
            count,
            self.apart,
        )
        found = [self.candidates[index] for index in chosen.tolist()]
        return sorted(found, key=lambda candidate: -candidate.score)

    def _is_free(self, frames: Int[np.ndarray, "t"]) -> np.ndarray:
        """Return which frames are at least `apart` from all that are taken."""
        if not len(self.taken):
            return np.ones(len(frames), dtype=bool)
        after = np.searchsorted(self.taken, frames)
        near = [np.clip(after + step, 0, len(self.taken) - 1) for step in (-1, 0)]
        return np.min([np.abs(self.taken[index] - frames) for index in near], axis=0) >= self.apart

    def _prune(self) -> None:
        """Keep the best."""
        if len(self.candidates) > self.size:
            self.candidates.sort(key=lambda candidate: -candidate.score)
            del self.candidates[self.size :]


def _copied(seen: Observed) -> Observed:
    """Return a few frames that keep no others in memory."""
    return Observed(
        seen.start,
        seen.xy.copy(),
        None if seen.confidence is None else seen.confidence.copy(),
        {kind: values.copy() for kind, values in seen.distances.items()},
        None if seen.xyz is None else seen.xyz.copy(),
        None if seen.gated is None else seen.gated.copy(),
    )
