"""Weights against their formula; chosen frames are the certain ones."""

import numpy as np
import pytest

from lightning_pose.pseudolabels.choose import (
    most_certain,
    point_weights,
    usable_points,
)


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
