"""Weights against their formula; chosen frames are certain, cover the postures, and are the same again."""

import numpy as np
import pytest
from scipy.spatial import KDTree

from lightning_pose.pseudolabels.choose import (
    CANDIDATES,
    most_certain,
    point_weights,
    posture_features,
    spread_out,
    usable_points,
)


def reach(features, chosen):
    """Return the root mean square distance of all rows from the nearest chosen one."""
    return np.sqrt((KDTree(features[chosen]).query(features)[0] ** 2).mean())


def test_a_point_of_the_given_deviation_counts_half_and_a_certain_one_fully():
    variance = np.zeros((1, 2, 4, 2))
    variance[0, :, 1] = np.array([4.0, 9.0])[:, None]  # the s^2 of each view
    variance[0, :, 2] = np.array([[2.0, 6.0], [9.0, 9.0]])  # the mean of both coordinates counts
    variance[0, :, 3] = np.nan
    weights = point_weights(variance, np.array([2.0, 3.0]))
    np.testing.assert_allclose(weights[0], [[1, 0.5, 0.5, 0], [1, 0.5, 0.5, 0]])


def test_weights_fall_as_the_variance_grows_and_stay_in_the_unit_interval(rng):
    variance = np.sort(rng.exponential(50, (500, 1, 1, 1)), axis=0).repeat(2, axis=-1)
    weights = point_weights(variance, np.array([2.5]))[:, 0, 0]
    assert (np.diff(weights) < 0).all() and weights[0] <= 1 and weights[-1] > 0


def test_points_are_usable_up_to_the_outer_edge_of_the_outermost_pixel():
    points = np.array([[-0.5, 0], [-0.51, 0], [99.5, 49.5], [99.5, 49.6], [np.nan, 3]])[None, None]
    assert usable_points(points, np.array([[100, 50]]))[0, 0].tolist() == [True, False, True, False, False]


def test_the_most_certain_frames_are_those_of_most_weight_among_the_allowed(rng):
    weights, allowed = rng.uniform(0.1, 1, (200, 2, 3)), rng.random(200) < 0.7
    worth = weights.mean(axis=(1, 2))
    chosen = most_certain(weights, allowed, 0.25)
    others = np.setdiff1d(np.flatnonzero(allowed), chosen)
    assert len(chosen) == pytest.approx(allowed.sum() / 4, abs=1) and allowed[chosen].all()
    assert worth[chosen].min() > worth[others].max()
    assert most_certain(weights, allowed, 1.0).tolist() == np.flatnonzero(allowed).tolist()


def test_a_frame_without_any_point_is_never_chosen():
    weights = np.zeros((5, 1, 2))
    assert not len(most_certain(weights, np.ones(5, dtype=bool), 1.0))
    weights[3] = 0.1
    assert most_certain(weights, np.ones(5, dtype=bool), 1.0).tolist() == [3]


def test_features_tell_place_and_posture_apart_with_equal_say(rng):
    body = rng.normal(size=(1, 1, 6, 3))
    walk = rng.normal(0, 100, (400, 1, 1, 3))  # mm
    still = body + 0.5 * rng.normal(size=(400, 1, 6, 3))
    features = posture_features(walk + still)
    assert features.shape == (400, 12)
    place = (walk - walk.mean(axis=0))[:, 0, 0]
    explained = np.linalg.lstsq(features, place, rcond=None)[0]
    assert np.abs(features @ explained - place).max() < 0.1 * 100
    alone = posture_features(still)
    assert np.linalg.matrix_rank(alone) == 12


def test_features_do_not_depend_on_the_unit_of_the_points(rng):
    points = rng.normal(size=(50, 2, 4, 2))
    one, two = posture_features(points), posture_features(1000 * points)
    np.testing.assert_allclose(np.abs(one), np.abs(two), atol=1e-9)


def test_missing_points_leave_finite_features(rng):
    points = rng.normal(size=(60, 2, 4, 2))
    points[rng.random((60, 2, 4)) < 0.3] = np.nan
    points[5] = np.nan
    points[:, :, 2] = np.nan
    assert np.isfinite(posture_features(points)).all()


def test_every_cluster_gives_one_of_its_rows():
    rng = np.random.default_rng(4)
    centres = rng.uniform(-100, 100, (9, 5))
    member = np.repeat(np.arange(9), [500, 5, 5, 40, 7, 300, 9, 2, 60])
    features = centres[member] + 0.01 * rng.normal(size=(len(member), 5))
    chosen = spread_out(features, 9, np.random.default_rng(0))
    assert sorted(member[chosen]) == list(range(9))


@pytest.mark.parametrize("count", [5, 40, 150])
def test_the_rows_reach_all_others_better_than_random_ones(count):
    rng = np.random.default_rng(5)
    walk = np.cumsum(rng.normal(size=(3000, 6)), axis=0)
    chosen = spread_out(walk, count, np.random.default_rng(1))
    random = [reach(walk, rng.choice(3000, count, replace=False)) for _ in range(20)]
    assert len(set(chosen.tolist())) == count
    assert reach(walk, chosen) < 0.9 * min(random)


def test_the_same_seed_chooses_the_same_rows_and_another_one_others(rng):
    features = rng.normal(size=(1000, 4))
    first, again, other = (spread_out(features, 20, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first.tolist() == again.tolist() != other.tolist()


def test_rows_that_are_all_alike_still_give_as_many_as_asked_for():
    chosen = spread_out(np.zeros((30, 3)), 8, np.random.default_rng(0)).tolist()
    assert len(set(chosen)) == 8


def test_few_rows_are_all_taken_and_many_are_thinned_first(rng):
    assert spread_out(rng.normal(size=(4, 2)), 9, rng).tolist() == [0, 1, 2, 3]
    many = rng.normal(size=(CANDIDATES * 2 * 50, 2))
    assert len(spread_out(many, 2, rng)) == 2
