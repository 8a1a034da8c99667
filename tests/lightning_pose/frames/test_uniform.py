"""Evenly spread frames, and lists of numbers."""

import pytest

from lightning_pose.core.errors import ConfigError
from lightning_pose.frames.uniform import parse_frames, spread_evenly


def test_frames_are_the_middles_of_equal_parts():
    assert spread_evenly(0, 100, 5) == [10, 30, 50, 70, 90]
    assert spread_evenly(2, 12, 2) == [4, 9]
    assert spread_evenly(0, 3, 10) == [0, 1, 2]
    assert spread_evenly(5, 5, 3) == []


def test_further_frames_halve_the_longest_gaps():
    assert spread_evenly(0, 101, 1, taken=[50]) == [25]
    assert spread_evenly(0, 101, 3, taken=[50]) == [12, 25, 76]
    assert spread_evenly(0, 4, 10, taken=[0, 2, 77]) == [1, 3]


def test_no_frame_is_chosen_twice_in_whatever_steps_they_come():
    taken: list[int] = []
    while chosen := spread_evenly(3, 60, 7, taken):
        assert not set(chosen) & set(taken) and all(3 <= frame < 60 for frame in chosen)
        taken += chosen
    assert sorted(taken) == list(range(3, 60))


def test_lists_hold_numbers_and_ranges_with_both_ends():
    assert parse_frames("7, 3,10-12,20-26:3") == [3, 7, 10, 11, 12, 20, 23, 26]
    assert parse_frames("5-5 4") == [4, 5]


@pytest.mark.parametrize("text", ["", "a", "5-", "9-3", "1-9:0", "-4", "3.5"])
def test_other_lists_are_refused(text):
    with pytest.raises(ConfigError, match="--list: expected frames such as"):
        parse_frames(text)
