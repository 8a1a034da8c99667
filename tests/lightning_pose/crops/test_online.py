import numpy as np
import pytest

from lightning_pose.crops.boxes import Places
from lightning_pose.crops.online import AHEAD, HALF, HOLD, LAG, PAST, Track, boxes_in_frame, bridge, settle

NAN = np.nan


def places_of(x: np.ndarray, side: float = 40.0) -> Places:
    x = np.asarray(x, dtype=float)
    return Places(np.stack([x, 2 * x], axis=1), np.where(np.isfinite(x), side, NAN))


def settled(places: Places) -> Places:
    n = len(places.side)
    return settle(places, 0, range(n), n)


def test_a_steady_motion_passes_unchanged_also_at_the_ends():
    places = places_of(3.0 * np.arange(40))
    assert np.allclose(settled(places).center, places.center)


def test_single_wild_frames_are_taken_out():
    x = np.arange(60.0)
    wild = x.copy()
    wild[[20, 21, 40]] = 500
    assert np.abs(settled(places_of(wild)).center[:, 0] - x).max() <= 2


def test_a_short_gap_is_interpolated():
    x = np.arange(30.0)
    x[12:15] = NAN
    assert np.allclose(bridge(x[:, None])[:, 0], np.arange(30.0))


def test_in_a_long_gap_the_box_is_held_and_then_glides_to_the_animal():
    x = np.concatenate([np.full(10, 5.0), np.full(30, NAN), np.full(10, 65.0)])
    found = bridge(x[:, None])[:, 0]
    assert (found[10 : 40 - AHEAD] == 5).all()
    steps = np.diff(found[40 - AHEAD - 1 : 41])
    assert np.allclose(steps, 60 / (AHEAD + 1))


def test_after_a_long_time_without_the_animal_the_box_is_the_whole_frame():
    n = 10 + HOLD + 30
    x = np.full(n, NAN)
    x[:10] = 50
    boxes = boxes_in_frame(settled(places_of(x)), (120, 80))
    assert (boxes[: 10 + HOLD - 1, 2] == 40).all()
    assert (boxes[10 + HOLD :] == [0, -20, 120, 120]).all()


def test_an_animal_that_was_never_seen_has_the_whole_frame():
    assert boxes_in_frame(settled(places_of(np.full(5, NAN))), (64, 100)).tolist() == [[-18, 0, 100, 100]] * 5


def test_a_box_does_not_collapse_with_the_keypoints():
    places = places_of(np.arange(50.0))
    places.side[30:40] = 0
    assert settled(places).side.min() == 20


def test_boxes_stay_about_a_place_in_the_frame():
    places = Places(np.array([[-300.0, 40.0], [50.0, 900.0]]), np.array([20.0, 20.0]))
    assert boxes_in_frame(places, (100, 80)).tolist() == [[-10, 30, 20, 20], [40, 69, 20, 20]]


@pytest.mark.parametrize("begin", [0, 1, 40, 150])
def test_boxes_need_no_more_than_the_frames_around_them(rng, begin):
    n = 300
    x = np.cumsum(rng.normal(0, 3, n)) + 200
    x[rng.random(n) < 0.2] = NAN
    x[100:190] = NAN
    places = Places(np.stack([x, x / 2], axis=1), np.where(np.isfinite(x), rng.uniform(20, 60, n), NAN))
    whole = boxes_in_frame(settled(places), (640, 480))
    first = begin + PAST if begin else 0
    track, asked = Track((640, 480), n, begin), first
    for number in range(begin, n):
        track.extend(Places(places.center[number : number + 1], places.side[number : number + 1]))
        ready = n if track.stop == n else track.stop - LAG
        if ready > asked:
            assert np.array_equal(track.boxes(range(asked, ready)), whole[asked:ready])
            asked = ready
    assert asked == n and HALF + AHEAD == LAG
