"""The path of the animal: what it does, how smoothly, and where it stays."""

import numpy as np
import pytest

from lightning_pose.synthetic.motion import RATE, REACH, Motion, simulate_motion, smootherstep


@pytest.fixture(scope="module")
def motion() -> Motion:
    return simulate_motion(60.0, np.random.default_rng(2))


def test_smootherstep_ends_flat_and_is_symmetric():
    x = np.linspace(-0.5, 1.5, 81)
    y = smootherstep(x)
    np.testing.assert_allclose(y + y[::-1], 1, atol=1e-14)
    assert smootherstep(np.array([0.5, -3.0, 4.0])).tolist() == [0.5, 0.0, 1.0]
    near = smootherstep(np.array([1e-3]))[0]
    assert near == pytest.approx(10e-9, rel=2e-3)  # 10 x³: value, slope and curvature begin at 0


def test_the_animal_walks_turns_rears_and_rests(motion):
    speed = np.hypot(*np.gradient(motion.pelvis, motion.time, axis=0).T)
    assert 0.3 < (speed > 40).mean() < 0.9
    assert np.ptp(motion.heading) > 2 * np.pi
    assert 0.08 < (motion.rear > 0.5).mean() < 0.4
    assert motion.rear.max() <= 1
    assert speed[motion.rear > 0.5].max() < 30  # it stands to rear up


def test_nothing_jumps(motion):
    """A kink would show as an acceleration of 120 times the change of speed, a jump as 14400 times it."""
    for series, speed, acceleration in (
        (motion.pelvis, 250.0, 1500.0),
        (motion.heading, 2.5, 25.0),
        (motion.rear, 4.0, 20.0),
        (motion.bend, 3.5, 30.0),
        (motion.tail, 9.0, 250.0),
        (motion.head_yaw, 6.0, 40.0),
    ):
        first = np.diff(series, axis=0) * RATE
        assert np.abs(first).max() < speed
        assert np.abs(np.diff(first, axis=0) * RATE).max() < acceleration


def test_the_gait_advances_with_the_way_and_stops_with_it(motion):
    speed = np.hypot(*np.gradient(motion.pelvis, motion.time, axis=0).T)
    assert (np.diff(motion.phase) >= 0).all()
    assert motion.pace[(speed < 0.5) & (motion.rear > 0.5)].max() < 0.3
    assert 1.0 < motion.pace[speed > 100].mean() < 3.0


@pytest.mark.parametrize("seed", range(4))
def test_the_animal_stays_near_the_middle(seed):
    motion = simulate_motion(60.0, np.random.default_rng(seed))
    ahead = np.stack([np.cos(motion.heading), np.sin(motion.heading)], axis=-1)
    assert np.hypot(*(motion.pelvis + 55 * ahead).T).max() < REACH + 40


def test_the_frame_rate_only_samples_the_motion(motion):
    np.testing.assert_array_equal(motion.at(motion.time[10:20]).pelvis, motion.pelvis[10:20])
    slow, fast = (motion.at(np.arange(n) / n * 10.0) for n in (300, 600))
    np.testing.assert_array_equal(slow.heading, fast.heading[::2])
