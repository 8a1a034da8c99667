"""The one ranking of difficult frames: what the report shows, the app lists and `litpose extract` takes.

Every signal (`signals.measure`) is put on one scale: how rare it is for that keypoint in that view, in powers
of ten (`Scale.excess`). The score of a frame is the root of the sum of squares, over views and keypoints, of
the sum over signals: several signals against one keypoint add up, one keypoint that is certainly wrong counts
more than many that are a little unusual, and ordinary frames have 0.

What is ordinary is learned from stretches of the session; then it is read whole, a stretch at a time. Memory
holds the scores and the candidates.
"""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from lightning_pose.frames.diversity import pick_apart, posture_features
from lightning_pose.frames.observed import Evidence, Observed
from lightning_pose.frames.reasons import explain
from lightning_pose.frames.signals import Scale, Values, combine, fit_scale, measure

STRETCH, STRETCHES = 125, 40  # frames in a row that the ordinary is learned from, and how many times
POOL, POOL_LEAST = 20, 1000  # candidates for each frame that is wanted, and at least
APART = 10  # frames
DIGITS = 4  # of numbers that are kept

Progress = Callable[[int], None]


class Difficult(NamedTuple):
    """A frame that is worth a look.

    Attributes:
        frame: its number.
        score: how much speaks against it; 0 is ordinary.
        view: that is blamed; empty where there is one, or where none is worse than the others.
        keypoint: that is blamed most.
        reasons: a line for each of the worst keypoints, the worst first.
        posture: what tells it from the other candidates; see `posture_features`.
    """

    frame: int
    score: float
    view: str
    keypoint: str
    reasons: tuple[str, ...]
    posture: tuple[float, ...] = ()


class Ranking(NamedTuple):
    """What was found in a session.

    Attributes:
        start: number of the first frame.
        scores: of every frame.
        candidates: the worst frame of every stretch of `apart` frames, the worst of them first.
        whole: whether all such frames are among the candidates, and not the worst of them only.
        difficult: the candidates that were picked, the worst first.
        scale: what is ordinary in the session.
        sample: the signals (`signals.measure`) of stretches spread evenly over the session.
    """

    start: int
    scores: Float[np.ndarray, "T"]
    candidates: list[Difficult]
    whole: bool
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
        progress: told how many frames have been read since it was last told; each is read once.

    Raises:
        DataError: when tables cannot be read or do not fit together.
    """
    sample = _sample(evidence)
    scale = fit_scale(sample)
    pool = _Pool(pool_size(count), max(apart, 1))
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
    candidates = _described(pool.best(), evidence, scale)
    whole = np.concatenate(scores) if scores else np.zeros(0, dtype=np.float32)
    found = pick(candidates, count, apart=apart, exclude=exclude)
    return Ranking(start or 0, whole, candidates, not pool.full, found, scale, sample)


def pool_size(count: int) -> int:
    """Return how many candidates are needed to pick some frames."""
    return max(POOL * count, POOL_LEAST)


def pick(
    candidates: Sequence[Difficult], count: int, *, apart: int = APART, exclude: Collection[int] = ()
) -> list[Difficult]:
    """Return those of the candidates that are most likely wrong and differ from each other, the worst first.

    Args:
        candidates: of one session, all of them.
        count: frames to pick, at most.
        apart: least distance from each other and from those that are excluded, frames.
        exclude: frames that are not picked, nor their neighbours.
    """
    if not candidates:
        return []
    frames = np.array([candidate.frame for candidate in candidates])
    free = is_apart(frames, exclude, apart)
    chosen = pick_apart(
        np.where(free, [candidate.score for candidate in candidates], 0.0),
        frames,
        np.array([candidate.posture for candidate in candidates], dtype=float),
        count,
        apart,
    )
    return sorted((candidates[index] for index in chosen.tolist()), key=lambda one: -one.score)


def is_apart(frames: Int[np.ndarray, "N"], taken: Collection[int], apart: int) -> Bool[np.ndarray, "N"]:
    """Return which frames are at least `apart` from all that are taken."""
    if not taken:
        return np.ones(len(frames), dtype=bool)
    known = np.array(sorted(taken), dtype=np.int64)
    after = np.searchsorted(known, frames)
    near = [np.clip(after + step, 0, len(known) - 1) for step in (-1, 0)]
    return np.min([np.abs(known[index] - frames) for index in near], axis=0) >= apart


def _sample(evidence: Evidence) -> Values:
    """Return the signals of stretches spread evenly over the session; of a short one all frames."""
    total = evidence.count()
    length = STRETCH if total > STRETCH * STRETCHES else total
    firsts = [i * total // STRETCHES for i in range(STRETCHES)] if length == STRETCH else [0] if total else []
    found: list[Values] = []
    for first in firsts:
        before = int(first > 0)
        seen = evidence.part(first - before, min(first + length + 1, total))
        values = measure(seen, evidence.skeleton)
        found.append({name: own[:, before : before + length] for name, own in values.items()})
    names = found[0] if found else ()
    return {name: np.concatenate([values[name] for values in found], axis=1) for name in names}


def _described(candidates: "Sequence[_Candidate]", evidence: Evidence, scale: Scale) -> list[Difficult]:
    """Return candidates with what is wrong with them in words, and what tells them apart."""
    if not candidates:
        return []
    postures = posture_features(np.stack([one.seen.xy[:, one.row] for one in candidates]))
    return [
        Difficult(
            one.frame,
            round(one.score, DIGITS),
            *explain(evidence, scale, one.seen, one.row),
            tuple(np.round(posture, DIGITS).tolist()),
        )
        for one, posture in zip(candidates, postures, strict=True)
    ]


class _Candidate(NamedTuple):
    """A frame that may be picked, with its neighbours."""

    score: float
    frame: int
    seen: Observed
    row: int


class _Pool:
    """The frames of highest score, one of every stretch of `apart` frames."""

    def __init__(self, size: int, apart: int) -> None:
        self.size = size
        self.apart = apart
        self.full = False  # whether some had to be left out
        self.candidates: dict[int, _Candidate] = {}  # by stretch

    def add(self, seen: Observed, own: slice, score: Float[np.ndarray, "t"]) -> None:
        """Take what is worth it from a stretch of frames."""
        frames = seen.start + np.arange(own.start, own.stop)
        worth, places = score[own], frames // self.apart
        order = np.lexsort((-worth, places))
        best = order[np.unique(places[order], return_index=True)[1]]
        best = best[worth[best] > 0]
        best = best[np.argsort(-worth[best], kind="stable")]
        self.full |= len(best) > self.size
        for index in best[: self.size].tolist():
            row, place = own.start + index, int(places[index])
            former = self.candidates.get(place)  # the stretch may have begun with the frames before
            if former is not None and former.score >= worth[index]:
                continue
            first = max(row - 1, 0)
            around = _copied(seen.rows(first, min(row + 2, seen.count)))
            self.candidates[place] = _Candidate(float(worth[index]), int(frames[index]), around, row - first)
        if len(self.candidates) > self.size:
            self.full = True
            self.candidates = {one.frame // self.apart: one for one in self.best()[: self.size]}

    def best(self) -> list[_Candidate]:
        """Return the candidates, the worst first."""
        return sorted(self.candidates.values(), key=lambda one: (-one.score, one.frame))


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
