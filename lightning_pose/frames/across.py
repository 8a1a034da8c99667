"""The difficult frames of many sessions together: which of them to label next, wherever they are.

Ranked by itself, a session tells what is unusual in it. Where nothing is found, as of the only black animal
among brown ones, nothing is unusual. So here one scale is learned from all sessions. They share the list
in proportion to their scores: one bad session does not fill it, for of its frames the first teach most.

A share of the list can be frames that cover what the animals do, however sure the network is of them.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from lightning_pose.frames.candidates import (
    APART,
    Candidate,
    Progress,
    Sample,
    find_candidates,
    pool_size,
    take_sample,
)
from lightning_pose.frames.diversity import pick_apart, posture_features, spread_out
from lightning_pose.frames.observed import Evidence
from lightning_pose.frames.ranking import Difficult, describe_candidates, is_apart
from lightning_pose.frames.signals import Scale, Values, fit_scale

COVERS = ("one of the frames that cover all postures, whether the network is right there or not",)
SAMPLE, SAMPLE_LEAST = 20_000, 100  # frames that the ordinary is learned from: in all; of a session, at least


def rank_sessions(
    sessions: Sequence[Evidence],
    count: int,
    *,
    cover: float = 0.0,
    apart: int = APART,
    exclude: Mapping[str, Collection[int]] | None = None,
    progress: Progress = lambda frames: None,
) -> list[tuple[str, Difficult]]:
    """Return the frames of all sessions to label next, each with its session's name.

    First come those that are most likely wrong and differ, the worst first. Sessions that have the same
    signals, such as cameras or a smoother, share a scale. Then come those that cover all postures (score 0):
    of the sessions' samples, the frames nearest to the centres of as many clusters.

    Args:
        sessions: of the same views and keypoints.
        count: frames to pick in all, at most.
        cover: share of them that cover all postures; they also stand in where fewer frames are suspicious.
            With 0, there are fewer frames then.
        apart: least distance of frames of a session from each other and from those that are excluded.
        exclude: by session, frames that are labeled already.
        progress: told how many frames have been read since it was last told; each is read once.

    Raises:
        DataError: when tables cannot be read or do not fit together.
    """
    samples = [_thinned(take_sample(evidence), len(sessions), apart) for evidence in sessions]
    taken = {evidence.session: [*(exclude or {}).get(evidence.session, ())] for evidence in sessions}
    picked = []
    if worst := count - round(cover * count):
        scales = _shared_scales([sample.values for sample in samples])
        picked = _worst(sessions, scales, worst, apart, taken, progress)
    for name, one in picked:
        taken[name].append(one.frame)
    if cover:
        picked += _covering(sessions, samples, count - len(picked), apart, taken)
    return picked


def _worst(
    sessions: Sequence[Evidence],
    scales: Sequence[Scale],
    count: int,
    apart: int,
    taken: Mapping[str, Collection[int]],
    progress: Progress,
) -> list[tuple[str, Difficult]]:
    """Return the frames that are most likely wrong and differ, the worst first."""
    listed: list[tuple[int, Candidate]] = []
    size = pool_size(count)
    for index, (evidence, scale) in enumerate(zip(sessions, scales, strict=True)):
        found = find_candidates(evidence, scale, size, apart=apart, progress=progress).candidates
        frames = np.array([one.frame for one in found], dtype=np.int64)
        free = is_apart(frames, taken[evidence.session], apart)
        listed += [(index, one) for one, is_free in zip(found, free, strict=True) if is_free]
        listed = sorted(listed, key=lambda item: -item[1].score)[:size]
    picked = []
    for index, one in _pick(listed, count, apart):
        (described,) = describe_candidates([one], sessions[index], scales[index])
        picked.append((sessions[index].session, described._replace(posture=())))
    return picked


def _covering(
    sessions: Sequence[Evidence],
    samples: Sequence[Sample],
    count: int,
    apart: int,
    taken: Mapping[str, Collection[int]],
) -> list[tuple[str, Difficult]]:
    """Return frames that cover the postures of all samples."""
    names = [evidence.session for evidence in sessions]
    free = [is_apart(one.frames, taken[name], apart) for name, one in zip(names, samples, strict=True)]
    owner = np.repeat(np.arange(len(names)), [int(rows.sum()) for rows in free])
    if not count or not len(owner):
        return []
    parts = list(zip(samples, free, strict=True))
    frames = np.concatenate([one.frames[rows] for one, rows in parts])
    points = np.concatenate([one.xy[:, rows].swapaxes(0, 1) for one, rows in parts])
    chosen = spread_out(_features(points, owner), count, np.random.default_rng(0)).tolist()
    return [(names[owner[row]], Difficult(int(frames[row]), 0.0, "", "", COVERS)) for row in chosen]


def _thinned(sample: Sample, sessions: int, apart: int) -> Sample:
    """Return a session's share of the frames that the ordinary is learned from; of postures those apart."""
    most = max(SAMPLE // sessions, SAMPLE_LEAST)
    values = {name: values[:, :: _step(values.shape[1], most)] for name, values in sample.values.items()}
    rows = np.flatnonzero(sample.frames % apart == 0)
    rows = rows[:: _step(len(rows), most)]
    return Sample(values, sample.frames[rows], sample.xy[:, rows])


def _step(count: int, most: int) -> int:
    """Return which of so many to take so that at most so many are left: every first, second, ..."""
    return max(-(-count // most), 1)


def _shared_scales(samples: Sequence[Values]) -> list[Scale]:
    """Return the scale of every session: one for all that have the same signals."""
    kinds = [tuple(sorted((name, len(values)) for name, values in sample.items())) for sample in samples]
    scales = {}
    for kind in dict.fromkeys(kinds):
        alike = [sample for sample, own in zip(samples, kinds, strict=True) if own == kind]
        scales[kind] = fit_scale(
            {name: np.concatenate([sample[name] for sample in alike], axis=1) for name in alike[0]}
        )
    return [scales[kind] for kind in kinds]


def _pick(listed: Sequence[tuple[int, Candidate]], count: int, apart: int) -> list[tuple[int, Candidate]]:
    """Return those that are picked, the worst first."""
    if not listed:
        return []
    owner = np.array([index for index, _ in listed])
    chosen = pick_apart(
        np.array([one.score for _, one in listed]),
        np.array([one.frame for _, one in listed]),
        _features(np.stack([one.seen.xy[:, one.row] for _, one in listed]), owner),
        count,
        apart,
        session=owner,
    )
    return sorted((listed[row] for row in chosen.tolist()), key=lambda item: -item[1].score)


def _features(points: Float[np.ndarray, "N V K 2"], owner: Int[np.ndarray, "N"]) -> Float[np.ndarray, "N F"]:
    """Return what tells candidates apart: posture and session, both with the same total variance."""
    posture = posture_features(points)
    session = (owner[:, None] == np.unique(owner)).astype(float)
    spread = np.sqrt(session.var(axis=0).sum())
    own = np.sqrt(posture.var(axis=0).sum())
    return np.concatenate([posture, session * (own / spread if spread > 0 else 0.0)], axis=1)
