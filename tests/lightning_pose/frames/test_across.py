"""Ranked together, the session that the network does not know comes first; alone, it has nothing unusual."""

from typing import Any

import numpy as np
import pytest

from lightning_pose.core.skeletons import Skeleton
from lightning_pose.frames.across import rank_sessions
from lightning_pose.frames.observed import Evidence, Observed, evidence_of
from lightning_pose.frames.ranking import judge, rank_frames

SKELETON = Skeleton(("nose", "back", "tail"), ((0, 1), (1, 2)))
FRAMES = 400


def session(name: str, seed: int, *, noise: float = 2.0, sure: float | None = 0.95) -> Evidence:
    """Return a session of an animal that walks; errors of its points are heavy-tailed, of a scale (px)."""
    rng = np.random.default_rng(seed)
    path = 100 + np.cumsum(rng.normal(0, 0.3, (1, FRAMES, 1, 2)), axis=1) + 30 * np.arange(3)[:, None]
    xy = path + noise * rng.standard_t(4, (1, FRAMES, 3, 2))
    confidence = None if sure is None else np.clip(rng.normal(sure, 0.03, (1, FRAMES, 3)), 0.01, 1)
    return evidence_of(Observed(0, xy, confidence, {}, None, None), ("",), SKELETON, session=name)


@pytest.fixture
def known() -> list[Evidence]:
    """Return sessions in which the network finds everything."""
    return [session(f"brown{seed}", seed) for seed in range(4)]


def test_a_session_in_which_nothing_is_found_comes_first_only_when_ranked_together(known):
    every = [*known, session("black", 9, noise=12, sure=0.3)]
    together = [name for name, _ in rank_sessions(every, 20, apart=5)]
    assert together[0] == "black"
    assert together.count("black") >= 2 * max(together.count(one.session) for one in known)
    alone = [(item.score, one.session) for one in every for item in rank_frames(one, 20, apart=5)]
    highest = sorted(alone, reverse=True)[:20]
    assert sum(name == "black" for _, name in highest) <= 8


def test_sessions_that_are_equally_bad_share_the_list(known):
    bad = [session(f"black{seed}", 20 + seed, noise=12, sure=0.3) for seed in range(4)]
    found = [name for name, _ in rank_sessions([*known, *bad], 8, apart=5)]
    assert {f"black{seed}" for seed in range(4)} <= set(found)


def test_one_session_has_the_scores_that_it_has_by_itself(known):
    scores = judge(known[0], 10, apart=5).scores
    for name, item in rank_sessions(known[:1], 10, apart=5):
        assert name == "brown0"
        assert item.score == pytest.approx(scores[item.frame], abs=1e-4)


def test_frames_lie_apart_from_each_other_and_from_labeled_ones_of_their_session(known):
    first = rank_sessions(known, 12, apart=8)
    labeled: dict[str, list[int]] = {}
    for name, item in first:
        labeled.setdefault(name, []).append(item.frame)
    second = rank_sessions(known, 12, apart=8, exclude=labeled)
    assert len(second) == 12
    for name in {name for name, _ in (*first, *second)}:
        frames = np.array(labeled.get(name, []) + [item.frame for own, item in second if own == name])
        assert len(frames) < 2 or np.diff(np.sort(frames)).min() >= 8


def test_sessions_with_and_without_confidences_are_ranked_together(known):
    bare = session("bare", 30, noise=12, sure=None)
    found = rank_sessions([*known, bare], 10, apart=5)
    assert len(found) == 10 and all(item.reasons for _, item in found)


def test_nothing_comes_of_no_session_and_of_one_without_a_fault():
    still = np.tile(np.array([[10.0, 10], [40, 10], [70, 10]]), (1, 50, 1, 1))
    seen = Observed(0, still, np.ones((1, 50, 3)), {}, None, None)
    assert rank_sessions([], 5) == []
    one = [evidence_of(seen, ("",), SKELETON, session="still")]
    assert rank_sessions(one, 5) == []
    assert len(rank_sessions(one, 5, cover=0.4)) == 5  # of what is not suspicious, whatever there is


def test_a_share_of_the_list_covers_postures_however_sure_the_network_is():
    places = np.repeat([20.0, 200, 400, 600], FRAMES // 4)  # four places, in each a quarter of the time
    rng = np.random.default_rng(3)
    xy = places[None, :, None, None] + 30 * np.arange(3)[:, None] + rng.normal(0, 1, (1, FRAMES, 3, 2))
    confidence = np.where(places == 600, 0.2, 0.95)[None, :, None] + rng.normal(0, 0.02, (1, FRAMES, 3))
    evidence = evidence_of(Observed(0, xy, confidence, {}, None, None), ("",), SKELETON, session="one")

    def seen(count: int, **options: Any) -> list[float]:
        return [float(places[item.frame]) for _, item in rank_sessions([evidence], count, apart=5, **options)]

    assert set(seen(4, cover=1)) == set(places)
    half = rank_sessions([evidence], 8, cover=0.5, apart=5)
    covering = [item.frame for _, item in half if item.score == 0]
    assert len(half) == 8 and 4 <= len(covering) < 8
    assert [item.frame for _, item in half[-len(covering) :]] == covering
    assert set(places[covering]) == set(places)
    frames = np.sort([item.frame for _, item in half])
    assert np.diff(frames).min() >= 5
    labeled = {"one": np.flatnonzero(places == 20).tolist()}
    assert 20 not in seen(6, cover=1, exclude=labeled)
