"""Frames that may be picked: what is ordinary, how far frames are from it, the worst of every stretch."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from lightning_pose.frames.observed import Evidence, Observed
from lightning_pose.frames.signals import Scale, Values, combine, measure

STRETCH, STRETCHES = 125, 40  # frames in a row that the ordinary is learned from, and how many times
POOL, POOL_LEAST = 20, 1000  # candidates for each frame that is wanted, and at least
APART = 10  # frames

Progress = Callable[[int], None]


class Candidate(NamedTuple):
    """A frame that may be picked, with its neighbours.

    Attributes:
        score: how much speaks against it.
        frame: its number.
        seen: it and the frames around it.
        row: of the frame in `seen`.
    """

    score: float
    frame: int
    seen: Observed
    row: int


class Found(NamedTuple):
    """A session that was read.

    Attributes:
        start: number of the first frame.
        scores: of every frame.
        candidates: the worst frame of every stretch, the worst of them first.
        whole: whether all such frames are among the candidates, and not the worst of them only.
    """

    start: int
    scores: Float[np.ndarray, "T"]
    candidates: list[Candidate]
    whole: bool


def find_candidates(
    evidence: Evidence, scale: Scale, size: int, *, apart: int, progress: Progress = lambda frames: None
) -> Found:
    """Score every frame of a session, and keep the worst one of every stretch.

    Args:
        evidence: the session.
        scale: what is ordinary.
        size: candidates, at most.
        apart: length of a stretch, frames.
        progress: told how many frames have been read since it was last told; each is read once.

    Raises:
        DataError: when tables cannot be read or do not fit together.
    """
    pool = _Pool(size, max(apart, 1))
    scores: list[np.ndarray] = []
    start = 0
    for seen, own in evidence.blocks():
        start = start if scores else seen.start + own.start
        excess = scale.excess(measure(seen, evidence.skeleton))
        cells = combine(excess, evidence.skeleton, len(evidence.views))
        score = np.sqrt((cells**2).sum(axis=(0, 2)))
        scores.append(score[own].astype(np.float32))
        pool.add(seen, own, score)
        progress(own.stop - own.start)
    whole = np.concatenate(scores) if scores else np.zeros(0, dtype=np.float32)
    return Found(start, whole, pool.best(), not pool.full)


def pool_size(count: int) -> int:
    """Return how many candidates are needed to pick some frames."""
    return max(POOL * count, POOL_LEAST)


class Sample(NamedTuple):
    """Stretches spread evenly over a session; a short one as a whole.

    Attributes:
        values: the signals (`measure`) of their frames.
        frames: their numbers.
        xy: px.
    """

    values: Values
    frames: Int[np.ndarray, "N"]
    xy: Float[np.ndarray, "V N K 2"]


def take_sample(evidence: Evidence) -> Sample:
    """Read the stretches that the ordinary is learned from."""
    total = evidence.count()
    length = STRETCH if total > STRETCH * STRETCHES else total
    firsts = [i * total // STRETCHES for i in range(STRETCHES)] if length == STRETCH else [0] if total else []
    found: list[Values] = []
    frames = [np.zeros(0, dtype=np.int64)]
    xy = [np.zeros((len(evidence.views), 0, len(evidence.skeleton.names), 2))]
    for first in firsts:
        before = int(first > 0)
        seen = evidence.part(first - before, min(first + length + 1, total))
        values = measure(seen, evidence.skeleton)
        own = seen.rows(before, before + length)
        found.append({name: signal[:, before : before + length] for name, signal in values.items()})
        frames.append(own.start + np.arange(own.count))
        xy.append(own.xy)
    names = found[0] if found else ()
    values = {name: np.concatenate([values[name] for values in found], axis=1) for name in names}
    return Sample(values, np.concatenate(frames), np.concatenate(xy, axis=1))


class _Pool:
    """The frames of highest score, one of every stretch of `apart` frames."""

    def __init__(self, size: int, apart: int) -> None:
        self.size = size
        self.apart = apart
        self.full = False  # whether some had to be left out
        self.candidates: dict[int, Candidate] = {}  # by stretch

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
            self.candidates[place] = Candidate(float(worth[index]), int(frames[index]), around, row - first)
        if len(self.candidates) > self.size:
            self.full = True
            self.candidates = {one.frame // self.apart: one for one in self.best()[: self.size]}

    def best(self) -> list[Candidate]:
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
