"""The places of frames, against the whole series that they were taken from."""

import numpy as np
import pytest

from lightning_pose.core.missing_frames import place_frames


def test_a_gap_before_the_last_frames_of_a_constant_rate_is_seen() -> None:
    pts, present = place_frames(np.array([0, 10, 20, 30, 70]), 10, 10.0, settled=30)
    assert pts.tolist() == list(range(0, 100, 10))
    assert np.flatnonzero(present).tolist() == [0, 1, 2, 3, 7]


def test_at_a_variable_rate_frames_behind_a_possible_gap_are_given_up() -> None:
    pts, present = place_frames(np.array([0, 12, 18, 33, 41, 80]), 8, 10.0, settled=41)
    assert present.tolist() == [True] * 5 + [False] * 3
    assert pts[:5].tolist() == [0, 12, 18, 33, 41] and (np.diff(pts) > 0).all()


@pytest.mark.parametrize("rate", [24, 29.97, 30, 59.94, 240])
def test_stamps_rounded_to_milliseconds_keep_the_beat_over_long_gaps(rate: float) -> None:
    whole = np.rint(np.arange(3000) * 1000 / rate).astype(np.int64)
    there = np.r_[0:1500, 1900:2500]
    pts, present = place_frames(whole[there], 3000, 1000 / 30, settled=None)
    assert np.flatnonzero(present).tolist() == there.tolist()
    np.testing.assert_allclose(pts, whole, atol=20)


def test_an_estimated_number_grows_with_what_the_stamps_show_and_an_announced_one_does_not() -> None:
    stamps = np.array([0, 10, 20, 60])
    assert len(place_frames(stamps, 5, 10.0, settled=None)[0]) == 7
    pts, present = place_frames(stamps, 5, 10.0, settled=20)
    assert len(pts) == 5 and present.sum() == 3
    assert place_frames(np.array([5]), 3, 10.0, settled=5)[0].tolist() == [5, 15, 25]
