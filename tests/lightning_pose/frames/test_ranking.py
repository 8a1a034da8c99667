"""Planted faults are found, with view, keypoint and reason; scores follow the true error."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from lightning_pose.core.calibration import Rig
from lightning_pose.core.poses import stack_views
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.core.tables import read_labels
from lightning_pose.frames.evidence import read_evidence
from lightning_pose.frames.files import find_files
from lightning_pose.frames.observed import Observed, evidence_of
from lightning_pose.frames.ranking import judge, rank_frames
from lightning_pose.synthetic.ensemble import NoiseModel

from .conftest import distances, keypoint

NOSE, PAW, OTHER = keypoint("nose"), keypoint("paw_front_left"), keypoint("paw_front_right")
WORLD_FRAME = 260


@pytest.fixture(scope="module")
def planted(record, truth):
    """Return the evidence of a session with one fault of each kind, far apart."""
    stretched = truth.poses.points[WORLD_FRAME].copy()
    elbow = stretched[keypoint("elbow_left")]
    stretched[PAW] = elbow + 2.5 * (stretched[PAW] - elbow)
    moved = truth.rig.project(stretched)[:, PAW]

    def spoil(seed, v, points, likelihood):
        if v == 1:
            points[60, NOSE] += 45  # jumps away and back
        if v == 2:
            likelihood[120:124, PAW] = 0.03  # hidden, but found in its place
        if v == 3:
            points[180:195, NOSE] += 40  # wrong for long: one view against three
            points[330, [PAW, OTHER]] = points[330, [OTHER, PAW]]
        if v == 0 and seed == 1:
            points[400:420, PAW] += np.linspace(0, 30, 20)[:, None]  # members part slowly
        points[WORLD_FRAME, PAW] = moved[v]

    return record(spoil).evidence


@pytest.fixture(scope="module")
def realistic(record):
    """Return a session with the errors of real ensembles."""
    return record(noise=NoiseModel())


@pytest.fixture(scope="module")
def found(planted):
    return rank_frames(planted, 12, apart=15)


@pytest.mark.parametrize(
    ("frames", "view", "name", "reason"),
    [
        ((60, 61), "cam1", "nose", "px off its path"),
        ((120, 124), "cam2", "paw_front_left", "confidence 0.03"),
        ((180, 195), "cam3", "nose", "from where the other three views put it"),
        ((330, 331), "cam3", "paw_front", "looks exchanged with paw_front"),
        ((400, 420), "cam0", "paw_front_left", "the two networks scatter by"),
        ((WORLD_FRAME, WORLD_FRAME + 1), "", "paw_front_left", "of its usual length"),
    ],
    ids=["jump", "occlusion", "one view", "swap", "disagreement", "bone"],
)
def test_every_kind_of_fault_is_found_with_its_view_keypoint_and_reason(found, frames, view, name, reason):
    hits = [item for item in found if frames[0] <= item.frame < frames[1]]
    assert hits, found
    assert view in hits[0].view and name in hits[0].keypoint
    assert reason in "".join(hits[0].reasons)
    assert hits[0] in found[:8]


def test_frames_without_a_fault_score_lower_than_all_that_have_one(planted):
    ranking = judge(planted, 12)
    faulty = [60, 121, 187, WORLD_FRAME, 330, 415]
    clean = np.ones(len(ranking.scores), dtype=bool)
    for frame in (*range(58, 63), *range(119, 126), *range(178, 197), *range(258, 263), *range(328, 333)):
        clean[frame] = False
    clean[399:421] = False
    assert ranking.scores[faulty].min() > np.quantile(ranking.scores[clean], 0.995)


def test_scores_follow_the_true_error_of_realistic_ensembles(realistic):
    recorded = realistic
    scores = judge(recorded.evidence, 10).scores
    error = np.sqrt(np.nanmean(distances(recorded) ** 2, axis=(0, 2)))
    assert float(np.asarray(spearmanr(scores, error))[0]) > 0.5
    worst = np.argsort(-scores)[:50]
    assert error[worst].mean() > 2 * np.median(error)


def test_one_view_without_cameras_is_enough(record):
    def spoil(seed, v, points, likelihood):
        points[200, NOSE] += 45
        likelihood[300, PAW] = 0.02

    recorded = record(spoil, views=slice(0, 1))
    found = {item.frame: item for item in rank_frames(recorded.evidence, 6)}
    assert found[200].keypoint == "nose" and found[200].view == ""
    assert "confidence 0.02" in found[300].reasons[0]


def test_picked_frames_lie_apart_from_each_other_and_from_labeled_ones(realistic):
    recorded = realistic
    free = rank_frames(recorded.evidence, 15, apart=12)
    labeled = [item.frame for item in free[:5]]
    found = rank_frames(recorded.evidence, 15, apart=12, exclude=labeled)
    frames = np.array([item.frame for item in found])
    assert len(frames) == 15
    assert np.diff(np.sort(frames)).min() >= 12
    assert np.abs(frames[:, None] - np.array(labeled)).min() >= 12
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)


def test_stretches_of_any_length_give_the_same_scores(realistic, monkeypatch):
    recorded = realistic
    whole = judge(recorded.evidence, 5)
    blocks = type(recorded.evidence).blocks
    monkeypatch.setattr(type(recorded.evidence), "blocks", lambda self: blocks(self, 121))
    parts = judge(recorded.evidence, 5)
    np.testing.assert_array_equal(whole.scores, parts.scores)
    assert whole.difficult == parts.difficult


@pytest.mark.parametrize("count", [1, 2, 30])
def test_nothing_but_missing_points_is_no_fault(count):
    blank = np.full((2, count, 3, 2), np.nan)
    seen = Observed(0, blank, np.zeros((2, count, 3)), {}, None, None)
    skeleton = Skeleton(("a", "b_left", "b_right"), ((0, 1),), ((1, 2),))
    ranking = judge(evidence_of(seen, ("x", "y"), skeleton), 3)
    assert ranking.scores.tolist() == [0.0] * count and ranking.difficult == []


def test_a_keypoint_that_is_always_bad_does_not_fill_the_list(rng):
    xy = rng.normal(100, 1, (1, 2000, 4, 2)) + 40 * np.arange(4)[:, None]
    xy[:, :, 0] += 25 * rng.normal(size=(1, 2000, 2))
    xy[0, [500, 1500], 3] += 60
    sure = np.full((1, 2000, 4), 0.95)
    sure[:, :, 0] = rng.uniform(0.05, 0.6, 2000)
    seen = Observed(0, xy, sure, {}, None, None)
    skeleton = Skeleton(("bad", "b", "c", "d"))
    found = rank_frames(evidence_of(seen, ("",), skeleton), 10)
    assert {500, 1500} <= {item.frame for item in found}


@pytest.mark.realdata
def test_recorded_detections_are_blamed_where_they_are_far_from_the_labels(real_data):
    """The labels are a robust triangulation of the detections, so they differ where one view is wrong."""
    folder = real_data / "human-4cam"
    views = tuple(f"cam{v}" for v in range(1, 5))
    files = find_files(folder / "openpose", views)["balancing"]
    rig = Rig.load(folder / "calibrations" / "balancing.toml")
    evidence = read_evidence(files, rig=rig)
    ranking = judge(evidence, 5, apart=8)
    labels = stack_views(
        {view: read_labels(folder / f"{view}.csv").select(evidence.skeleton.names) for view in views}
    )
    seen = next(evidence.read(1000))
    error = np.linalg.norm(seen.xy[:, : labels.shape[1]] - labels, axis=-1)
    cells = [
        (views.index(item.view), item.frame, evidence.skeleton.names.index(item.keypoint))
        for item in ranking.difficult
        if item.frame < labels.shape[1]
    ]
    known = [float(error[cell]) for cell in cells if np.isfinite(error[cell])]
    assert len(known) >= 2 and min(known) > 100  # px; the median is below 10
    worst, scores = np.nanmax(error, axis=(0, 2)), ranking.scores[: labels.shape[1]]
    assert np.median(scores[worst > 50]) > 3 * np.median(scores[worst <= 50])
