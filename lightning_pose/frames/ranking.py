"""The one ranking of difficult frames: what the report shows, the app lists and `litpose extract` takes.

Every signal (`signals.measure`) is put on one scale: how rare it is for that keypoint in that view, in powers
of ten (`Scale.excess`). The score of a frame is the root of the sum of squares, over views and keypoints, of
the sum over signals: several signals against one keypoint add up, one keypoint that is certainly wrong counts
more than many that are a little unusual, and ordinary frames have 0.

What is ordinary is learned from stretches of the session; then it is read whole, a stretch at a time. Memory
holds the scores and the candidates.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from lightning_pose.frames.candidates import (
    APART,
    Candidate,
    Progress,
    find_candidates,
    pool_size,
    take_sample,
)
from lightning_pose.frames.diversity import pick_apart, posture_features
from lightning_pose.frames.observed import Evidence
from lightning_pose.frames.reasons import explain
from lightning_pose.frames.signals import Scale, Values, fit_scale

DIGITS = 4  # of numbers that are kept


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
    sample = take_sample(evidence).values
    scale = fit_scale(sample)
    read = find_candidates(evidence, scale, pool_size(count), apart=apart, progress=progress)
    candidates = describe_candidates(read.candidates, evidence, scale)
    found = pick(candidates, count, apart=apart, exclude=exclude)
    return Ranking(read.start, read.scores, candidates, read.whole, found, scale, sample)


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


def describe_candidates(candidates: Sequence[Candidate], evidence: Evidence, scale: Scale) -> list[Difficult]:
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
