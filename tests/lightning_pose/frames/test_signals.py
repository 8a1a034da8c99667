"""Signals against numbers worked out by hand; the scale against the distribution that it assumes."""

import numpy as np
import pytest

from lightning_pose.core.skeletons import Skeleton
from lightning_pose.frames.observed import Observed
from lightning_pose.frames.signals import LEAST_CONFIDENCE, combine, fit_scale, measure

PAIR = Skeleton(("nose", "l", "r"), ((0, 1), (0, 2)), ((1, 2),))


def seen(xy, confidence=None, xyz=None, **distances):
    return Observed(0, np.asarray(xy, dtype=float), confidence, distances, xyz, None)


def still(frames=5):
    """Return one view of three points that do not move."""
    return np.tile([[10.0, 10.0], [10.0, 40.0], [50.0, 10.0]], (1, frames, 1, 1))


def test_steady_motion_is_no_jump_and_a_point_that_is_off_for_one_frame_is():
    xy = still() + 7.0 * np.arange(5)[None, :, None, None]
    assert np.nanmax(measure(seen(xy), PAIR)["jump"]) == pytest.approx(0, abs=1e-12)
    xy[0, 2, 0] += [6.0, 8.0]
    jump = measure(seen(xy), PAIR)["jump"][0, :, 0]
    np.testing.assert_allclose(jump, [np.nan, 5, 10, 5, np.nan], atol=1e-12)


def test_an_exchange_of_left_and_right_spares_the_way_between_them_twice():
    xy = still()
    xy[0, 2, [1, 2]] = xy[0, 2, [2, 1]]
    swap = measure(seen(xy), PAIR)["swap"][0]
    np.testing.assert_allclose(swap[:, 1], [0, 50, 100, 50, 0])  # 3-4-5: they are 50 px apart
    np.testing.assert_allclose(swap[:, 2], swap[:, 1])
    assert np.isnan(swap[:, 0]).all()


def test_confidence_counts_by_its_logarithm_and_a_missing_point_as_hardly_any():
    xy = still(2)
    xy[0, 1, 1] = np.nan
    values = measure(seen(xy, np.array([[[1.0, 0.5, 0.0], [0.1, 0.9, 1.0]]])), PAIR)["confidence"][0]
    least = -np.log(LEAST_CONFIDENCE)
    np.testing.assert_allclose(values, [[0, np.log(2), least], [np.log(10), least, 0]], atol=1e-12)


def test_bones_are_of_the_world_where_it_is_known():
    xyz = np.zeros((2, 3, 3))
    xyz[:, 1, 2], xyz[:, 2, 0] = [3.0, 6.0], 4.0
    values = measure(seen(still(2), xyz=xyz), PAIR)["bone"]
    np.testing.assert_allclose(values, [[[np.log(3), np.log(4)], [np.log(6), np.log(4)]]])
    flat = measure(seen(still(2)), PAIR)["bone"]
    np.testing.assert_allclose(flat[0, 0], [np.log(30), np.log(40)])


def test_the_scale_says_how_rare_a_number_is(rng):
    """For x + f of a power law, the excess is the number of zeros of its probability, less 1.5."""
    tail = (rng.random((1, 200_000, 1))) ** -0.8  # P(x > t) = t^(-1/0.8)
    sizes = np.full((1, 200_000, 1), 25.0)  # so that f is 0.25
    scale = fit_scale({"jump": tail - 0.25, "size": sizes})
    probability = np.array([1e-2, 1e-3, 1e-4, 0.5, 1e-9])
    numbers = probability**-0.8 - 0.25
    excess = scale.excess({"jump": numbers[None, :, None]})["jump"][0, :, 0]
    np.testing.assert_allclose(excess, [0.5, 1.5, 2.5, 0, 4.5], atol=0.03)


def test_a_keypoint_is_judged_half_by_itself_and_half_by_all(rng):
    own = np.exp(rng.normal(size=(1, 20_000, 5)) + np.array([0, 0, 0, 0, 2.0]))
    scale = fit_scale({"spread": own, "size": np.zeros((1, 20_000, 1))})
    np.testing.assert_allclose(np.diff(scale.centre["spread"][0, 3:]), [1.0], atol=0.25)


def test_unknown_numbers_speak_against_nothing(rng):
    values = rng.random((2, 50, 3))
    values[1] = np.nan
    scale = fit_scale({"pca": values, "size": np.ones((2, 50, 1))})
    excess = scale.excess({"pca": np.full((2, 4, 3), np.nan)})["pca"]
    assert (excess == 0).all()


def test_the_end_is_blamed_whose_bones_are_all_wrong():
    chain = Skeleton(("hip", "knee", "foot"), ((0, 1), (1, 2)))
    nothing = np.zeros((2, 1, 3))
    foot = combine({"jump": nothing, "bone": np.array([[[0.0, 2.0]]] * 2)}, chain, 2)[0, 0]
    knee = combine({"jump": nothing, "bone": np.array([[[2.0, 2.0]]] * 2)}, chain, 2)[0, 0]
    assert foot.argmax() == 2 and knee.argmax() == 1
    np.testing.assert_allclose(foot, [0, 2 / np.sqrt(2), 2])


def test_a_bone_in_the_world_counts_in_the_view_with_other_evidence():
    chain = Skeleton(("a", "b"), ((0, 1),))
    jump = np.zeros((3, 1, 2))
    jump[2, 0, 0] = 1.0
    total = combine({"jump": jump, "bone": np.array([[[3.0]]])}, chain, 3)
    np.testing.assert_allclose(total[:, 0, 0], [0, 0, 4])
    assert total.sum() == pytest.approx(1 + 2 * 3)
