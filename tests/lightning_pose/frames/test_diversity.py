"""Features tell postures apart; chosen rows cover the others, and are the same again."""

import numpy as np
import pytest
from scipy.spatial import KDTree

from lightning_pose.frames.diversity import CANDIDATES, posture_features, spread_out


def reach(features, chosen):
    """Return the root mean square distance of all rows from the nearest chosen one."""
    return np.sqrt((KDTree(features[chosen]).query(features)[0] ** 2).mean())


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
