"""Times of activities that overlap, against what a clock that is set by hand says."""

import pytest

from lightning_pose.predict.profile import Profile, told


class Clock:
    """Says what it is set to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_every_moment_counts_once_and_for_what_nobody_waits_for():
    clock = Clock()
    profile = Profile(clock)
    clock.now += 1  # nothing is going on
    with profile.during("frames"):
        clock.now += 2
        with profile.during("network"), profile.during("network"):
            clock.now += 4
            with profile.during("writing"):
                clock.now += 8
        clock.now += 16
        with pytest.raises(KeyError), profile.during("writing"):
            clock.now += 32
            raise KeyError
    assert profile.seconds() == {"writing": 32, "frames": 18, "network": 12, "other": 1}
    clock.now += 64
    assert sum(profile.seconds().values()) == 127


def test_a_line_says_the_shares_and_leaves_out_what_took_next_to_nothing():
    line = told({"network": 17.0, "frames": 2.0, "other": 0.9, "3D": 0.1})
    assert line == "20.0 s: network 85 %, waiting for frames 10 %, everything else 4 %"
    assert told({}) == ""
