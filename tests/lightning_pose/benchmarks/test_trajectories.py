from pathlib import Path

import numpy as np
import pytest

from lightning_pose.benchmarks.trajectories import (
    Members,
    Smoothed,
    Trajectories,
    read_members,
    read_smoothed,
    score_session,
    score_track,
)
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses
from lightning_pose.synthetic.session import Truth, simulate_truth

FRAMES = 12


@pytest.fixture(scope="module")
def truth() -> Truth:
    return simulate_truth(views=3, frames=FRAMES, seed=1)


def result_with_offset(truth: Truth, offset: float) -> Trajectories:
    """Two seeds that are exact and a smoother that is `offset` off along x, and says so."""
    shape = truth.projections.shape[:-1]
    members = Members(np.stack([truth.projections] * 2), np.ones((2, *shape)), truth.poses.names)
    points = truth.poses.points + [offset, 0, 0]
    variance = np.full_like(points, (offset / 1.5) ** 2 + 1e-12)
    smoothed = Smoothed(points, variance, truth.rig.project(points), truth.poses.names)
    return Trajectories("s", members, smoothed, truth.poses, truth.rig)


def test_exact_predictions_score_zero_and_a_known_offset_scores_itself(truth: Truth) -> None:
    scores = score_session(result_with_offset(truth, 3.0))
    assert scores["one seed"].mean_3d == pytest.approx(0, abs=1e-6)
    assert scores["ensemble median"].p95_3d == pytest.approx(0, abs=1e-6)
    assert scores["smoother"].mean_3d == pytest.approx(3.0)
    assert scores["smoother"].coverage_95 == 1.0  # 1.5 standard deviations off: inside 1.96
    assert scores["one seed, weighted"].mean_3d == pytest.approx(0, abs=1e-6)
    assert set(scores["smoother"].median_px) == set(truth.rig.names)


def test_one_seed_is_the_mean_over_the_seeds_not_the_best(truth: Truth) -> None:
    result = result_with_offset(truth, 0.0)
    moved = truth.rig.project(truth.poses.points + [0, 0, 4.0])
    members = result.members._replace(points=np.stack([truth.projections, moved]))
    score = score_session(result._replace(members=members))["one seed"]
    assert score.mean_3d == pytest.approx(2.0, abs=1e-6)


def test_weights_take_a_view_out_that_says_itself_that_it_is_wrong(truth: Truth) -> None:
    result = result_with_offset(truth, 0.0)
    points, likelihood = result.members.points.copy(), result.members.likelihood.copy()
    points[:, 0] += 20.0
    likelihood[:, 0] = 1e-9
    members = result.members._replace(points=points, likelihood=likelihood)
    scores = score_session(result._replace(members=members))
    assert scores["one seed"].mean_3d > 1.0
    assert scores["one seed, weighted"].mean_3d == pytest.approx(0, abs=1e-4)


def test_a_point_that_a_method_does_not_give_counts_as_missing_not_as_zero(truth: Truth) -> None:
    points = truth.poses.points.copy()
    points[:3] = np.nan
    score = score_track("gaps", points, truth.poses.points, truth.rig)
    assert score.missing == pytest.approx(3 / FRAMES)
    assert score.mean_3d == pytest.approx(0, abs=1e-9)


def test_keypoints_are_matched_by_name_not_by_position(truth: Truth) -> None:
    result = result_with_offset(truth, 0.0)
    backwards = tuple(reversed(truth.poses.names))
    shuffled = result._replace(truth=truth.poses.select(backwards))
    assert score_session(shuffled)["smoother"].mean_3d == pytest.approx(0, abs=1e-9)


def test_a_range_of_frames_scores_those_frames_alone(truth: Truth) -> None:
    result = result_with_offset(truth, 0.0)
    points = result.smoothed.points.copy()
    points[6:] += [0, 5.0, 0]
    result = result._replace(smoothed=result.smoothed._replace(points=points))
    assert score_session(result.at(slice(0, 6)))["smoother"].mean_3d == pytest.approx(0, abs=1e-9)
    assert score_session(result.at(slice(6, None)))["smoother"].mean_3d == pytest.approx(5.0)


def test_predictions_come_back_by_seed_and_view(truth: Truth, tmp_path: Path) -> None:
    names, frames = truth.poses.names, truth.poses.frames
    for seed in (0, 7):
        for v, view in enumerate(truth.rig.names):
            points = truth.projections[v] + seed
            likelihood = np.full(points.shape[:2], 0.5)
            table = Poses(names, points, frames, likelihood=likelihood)
            write_poses(tmp_path / f"s_{view}_rng={seed}.csv", table)
    members = read_members(tmp_path, "s", truth.rig.names, (0, 7))
    np.testing.assert_array_equal(members.points[1], truth.projections + 7)
    assert (members.likelihood == 0.5).all()


def test_predictions_of_unequal_length_are_refused(truth: Truth, tmp_path: Path) -> None:
    for v, view in enumerate(truth.rig.names):
        table = truth.view(view).rows(slice(0, FRAMES - v))
        write_poses(tmp_path / f"s_{view}_rng=0.csv", Poses(table.names, table.points, table.frames))
    with pytest.raises(DataError, match="differ in keypoints or frames"):
        read_members(tmp_path, "s", truth.rig.names, (0,))


def test_a_smoothed_track_without_variances_is_refused(truth: Truth, tmp_path: Path) -> None:
    write_poses(tmp_path / "multicam_3d_results.csv", truth.poses)
    for view in truth.rig.names:
        write_poses(tmp_path / f"multicam_{view}_results.csv", truth.view(view))
    with pytest.raises(DataError, match="posterior variances"):
        read_smoothed(tmp_path, truth.rig.names)
