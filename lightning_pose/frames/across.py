"""The difficult frames of many sessions together: which of them to label next, wherever they are.

Ranked by itself, a session tells what is unusual in it. Where nothing is found, as of the only black animal
among brown ones, nothing is unusual. So here one scale is learned from all sessions. They share the list
in proportion to their scores: one bad session does not fill it, for of its frames the first teach most.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from lightning_pose.frames.candidates import (
    APART,
    Candidate,
    Progress,
    find_candidates,
    pool_size,
    sample_signals,
)
from lightning_pose.frames.diversity import pick_apart, posture_features
from lightning_pose.frames.observed import Evidence
from lightning_pose.frames.ranking import Difficult, describe_candidates, is_apart
from lightning_pose.frames.signals import Scale, Values, fit_scale

SAMPLE, SAMPLE_LEAST = 20_000, 100  # frames that the ordinary is learned from: in all; of a session, at least


def rank_sessions(
    sessions: Sequence[Evidence],
    count: int,
    *,
    apart: int = APART,
    exclude: Mapping[str, Collection[int]] | None = None,
    progress: Progress = lambda frames: None,
) -> list[tuple[str, Difficult]]:
    """Return the frames of all sessions that are most likely wrong and differ, each with its session's name.

    Sessions that have the same signals, such as cameras or a smoother, share a scale.

    Args:
        sessions: of the same views and keypoints.
        count: frames to pick in all, at most; ordinary ones are not picked.
        apart: least distance of frames of a session from each other and from those that are excluded.
        exclude: by session, frames that are labeled already.
        progress: told how many frames have been read since it was last told; each is read once.

    Raises:
        DataError: when tables cannot be read or do not fit together.
    """
    scales = _shared_scales([_thinned(sample_signals(evidence), len(sessions)) for evidence in sessions])
    listed: list[tuple[int, Candidate]] = []
    size = pool_size(count)
    for index, (evidence, scale) in enumerate(zip(sessions, scales, strict=True)):
        found = find_candidates(evidence, scale, size, apart=apart, progress=progress).candidates
        free = is_apart(
            np.array([one.frame for one in found], dtype=np.int64),
            (exclude or {}).get(evidence.session, ()),
            apart,
        )
        listed += [(index, one) for one, is_free in zip(found, free, strict=True) if is_free]
        listed = sorted(listed, key=lambda item: -item[1].score)[:size]
    picked = []
    for index, one in _pick(listed, count, apart):
        (described,) = describe_candidates([one], sessions[index], scales[index])
        picked.append((sessions[index].session, described._replace(posture=())))
    return picked


def _thinned(sample: Values, sessions: int) -> Values:
    """Return a session's share of the frames that the ordinary is learned from."""
    most = max(SAMPLE // sessions, SAMPLE_LEAST)
    frames = max((values.shape[1] for values in sample.values()), default=0)
    return {name: values[:, :: -(-frames // most)] for name, values in sample.items()} if frames else sample


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
