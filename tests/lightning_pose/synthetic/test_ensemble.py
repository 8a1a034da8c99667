"""The noisy ensemble: each kind of error has the size that its model says."""

import dataclasses

import numpy as np
import pytest

from lightning_pose.core.naming import parse_stem, split_seed
from lightning_pose.core.tables import read_poses
from lightning_pose.synthetic.animal import SKELETON
from lightning_pose.synthetic.ensemble import CLEAN, NoiseModel, simulate_ensemble, write_ensemble
from lightning_pose.synthetic.session import Truth, simulate_truth

SEEDS = (0, 1, 2)


@pytest.fixture(scope="module")
def truth() -> Truth:
    return simulate_truth(3, 400, seed=6, size=(512, 512))


def errors(truth: Truth, model: NoiseModel, seed: int = 0) -> np.ndarray:
    """Return the errors "M V T K 2" of an ensemble, px."""
    ensemble = simulate_ensemble(truth, SEEDS, model=model, seed=seed)
    points = np.stack([[ensemble[m][view].points for view in truth.rig.names] for m in SEEDS])
    return points - truth.projections


def test_clean_noise_is_white_gaussian_and_independent_between_members(truth):
    error = errors(truth, dataclasses.replace(CLEAN, noise=2.0))
    assert error.std() == pytest.approx(2.0, rel=0.01)
    assert abs((error[0] * error[1]).mean()) < 0.05
    assert abs((error[:, :, 1:] * error[:, :, :-1]).mean()) < 0.05
    assert (np.abs(error) < 1.96 * 2).mean() == pytest.approx(0.95, abs=0.005)


def test_the_shared_part_is_common_to_members_and_correlated_in_time(truth):
    error = errors(truth, dataclasses.replace(CLEAN, shared=0.4, correlation=0.6))
    assert error.var() == pytest.approx(1.0, rel=0.03)
    assert (error[0] * error[1]).mean() == pytest.approx(0.4, abs=0.03)
    assert (error[0, :, 1:] * error[0, :, :-1]).mean() == pytest.approx(0.4 * 0.6, abs=0.03)


def test_hidden_keypoints_err_more_with_a_bias_and_less_likelihood(truth):
    model = dataclasses.replace(CLEAN, occluded=4.0, bias=0.5)
    error = errors(truth, model)
    seen = np.broadcast_to(truth.visibility, error.shape[:-1])
    assert error[seen].std() == pytest.approx(1.0, rel=0.03)
    assert error[~seen].std() == pytest.approx(4.0 * np.sqrt(1 + 0.5**2), rel=0.1)
    assert (error[0][~truth.visibility] * error[1][~truth.visibility]).mean() == pytest.approx(4.0, rel=0.3)
    likelihood = simulate_ensemble(truth, (0,), model=model)[0]["cam0"].likelihood
    assert likelihood is not None
    assert likelihood[truth.visibility[0]].min() > np.median(likelihood[~truth.visibility[0]])


def test_outliers_and_missing_points_come_at_their_rates(truth):
    error = errors(truth, dataclasses.replace(CLEAN, outliers=0.03, missing=0.02))
    missing = np.isnan(error[..., 0])
    assert missing.mean() == pytest.approx(0.02, rel=0.1)
    far = np.linalg.norm(error[~missing], axis=-1) > 6
    assert far.mean() == pytest.approx(0.03, rel=0.1)


def test_swaps_put_left_where_right_is_for_a_while(truth):
    model = dataclasses.replace(CLEAN, noise=0.01, swaps=20.0)
    points = simulate_ensemble(truth, (0,), model=model)[0]["cam0"].points
    left, right = np.array(SKELETON.swaps).T
    exact = truth.projections[0]
    wrong = np.linalg.norm(points - exact, axis=-1) > 1
    crossed = np.linalg.norm(points[:, left] - exact[:, right], axis=-1) < 0.1
    assert wrong.any()
    assert crossed[wrong[:, left]].all()
    sided = np.concatenate([left, right])
    assert not wrong[:, np.setdiff1d(np.arange(wrong.shape[1]), sided)].any()


def test_teleports_hold_on_to_a_wrong_place(truth):
    points = simulate_ensemble(truth, (0,), model=dataclasses.replace(CLEAN, noise=0.05, teleports=2.0))[0][
        "cam2"
    ].points
    wrong = np.linalg.norm(points - truth.projections[2], axis=-1) > 5
    stays = wrong[1:] & wrong[:-1]
    step = np.linalg.norm(np.diff(points, axis=0), axis=-1)
    assert stays.sum() > 30
    assert np.median(step[stays]) < 0.5


def test_joint_outliers_hit_all_members_alike(truth):
    error = errors(truth, dataclasses.replace(CLEAN, joint_outliers=0.01))
    far = np.linalg.norm(error, axis=-1) > 12
    assert far.all(axis=0).mean() == pytest.approx(0.01, rel=0.15)
    assert far.any(axis=0).sum() - far.all(axis=0).sum() < 5


def test_the_likelihood_tells_most_gross_errors_and_predictions_stay_in_the_image(truth):
    ensemble = simulate_ensemble(truth, SEEDS)
    for view, name in enumerate(truth.rig.names):
        poses = ensemble[1][name]
        assert poses.likelihood is not None
        error = np.linalg.norm(poses.points - truth.projections[view], axis=-1)
        low = np.nanmedian(error[poses.likelihood < 0.3])
        assert low > 3 * np.nanmedian(error[poses.likelihood > 0.9])
        assert np.nanmin(poses.points) >= -0.5 and np.nanmax(poses.points) <= 511.5
        assert (poses.likelihood[np.isnan(error)] == 0).all()


def test_the_same_seed_gives_the_same_errors_and_members_do_not_depend_on_each_other(truth):
    three, one = simulate_ensemble(truth, SEEDS, seed=3), simulate_ensemble(truth, (2,), seed=3)
    assert three[2]["cam1"].equals(one[2]["cam1"])
    assert not simulate_ensemble(truth, (2,), seed=4)[2]["cam1"].equals(one[2]["cam1"])


def test_written_files_name_session_view_and_seed(truth, tmp_path):
    ensemble = simulate_ensemble(truth, (0, 7))
    paths = write_ensemble(tmp_path, "mouse_3", ensemble)
    assert len(paths) == 6
    for path in paths:
        stem, seed = split_seed(path.stem)
        session, view = parse_stem(stem, truth.rig.names)
        assert session == "mouse_3" and seed is not None
        assert read_poses(path).equals(ensemble[seed][view])
