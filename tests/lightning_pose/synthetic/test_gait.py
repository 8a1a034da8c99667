"""The feet: still in stance, over the ground in swing."""

import numpy as np
import pytest

from lightning_pose.synthetic.gait import DUTY, Gait, plant_feet
from lightning_pose.synthetic.motion import Motion, simulate_motion


def walk_straight(speed: float, stride: float) -> tuple[Motion, np.ndarray]:
    """Return ten seconds of walking along x, and the neutral places of its feet."""
    time = np.linspace(-5, 10, 3001)
    zero = np.zeros_like(time)
    pelvis = np.stack([speed * time, zero], axis=-1)
    pace = np.full_like(time, speed / stride)
    motion = Motion(
        time, pelvis, zero, zero, zero, zero, zero, speed / stride * time, pace, np.zeros((3001, 4))
    )
    corners = np.array([[50.0, 20.0], [50.0, -20.0], [0.0, 20.0], [0.0, -20.0]])
    return motion, pelvis[:, None] + corners


def test_steps_are_as_long_as_the_stride_and_centred_on_the_neutral_place():
    motion, neutral = walk_straight(100.0, 80.0)
    time = np.arange(0, 8, 1 / 240)
    gait = plant_feet(motion, time, neutral)
    for leg in range(4):
        holds = np.unique(gait.foot[gait.stance[:, leg], leg, 0].round(6))
        np.testing.assert_allclose(np.diff(holds), 80.0, atol=1e-6)
        lag = gait.foot[:, leg, 0] - np.interp(time, motion.time, neutral[:, leg, 0])
        stance = gait.stance[:, leg]
        assert np.abs(lag[stance]).max() == pytest.approx(80 * DUTY / 2, abs=0.5)
        assert abs(lag[stance].mean()) < 1.0
        np.testing.assert_allclose(gait.foot[:, leg, 1], neutral[0, leg, 1], atol=1e-9)


def test_at_least_two_feet_stand_at_any_time():
    gait = plant_feet(*_of(walk_straight(100.0, 80.0)))
    assert gait.stance.sum(axis=1).min() >= 2


@pytest.fixture(scope="module")
def wandering() -> Gait:
    motion = simulate_motion(20.0, np.random.default_rng(1))
    return plant_feet(motion, np.arange(0, 20, 1 / 60), np.repeat(motion.pelvis[:, None], 4, axis=1))


def test_a_standing_foot_neither_slides_nor_leaves_the_ground(wandering):
    same = wandering.stance[1:] & wandering.stance[:-1] & (np.diff(wandering.fraction, axis=0) >= 0)
    moved = np.linalg.norm(np.diff(wandering.foot, axis=0), axis=-1)
    assert same.sum() > 1000
    assert moved[same].max() == 0
    assert wandering.lift[wandering.stance].max() == 0
    assert 5 < wandering.lift.max() < 10


def test_a_swinging_foot_moves_without_jumps(wandering):
    moved = np.linalg.norm(np.diff(wandering.foot, axis=0), axis=-1)
    assert moved.max() * 60 < 900  # mm/s


def _of(walk: tuple[Motion, np.ndarray]) -> tuple[Motion, np.ndarray, np.ndarray]:
    """Return the arguments of `plant_feet` for a walk."""
    return walk[0], np.arange(0, 8, 1 / 240), walk[1]
