"""The joints: constant bones, paws on the ground, everything above it and inside the arena."""

from itertools import pairwise

import numpy as np
import pytest

from lightning_pose.synthetic.animal import BONES, KEYPOINTS, Individual, draw_individual
from lightning_pose.synthetic.arena import RADIUS
from lightning_pose.synthetic.gait import LEGS
from lightning_pose.synthetic.motion import simulate_motion
from lightning_pose.synthetic.posture import PAW_HEIGHT, Posture, pose_body

FPS = 60


@pytest.fixture(scope="module", params=range(4))
def posed(request) -> tuple[Individual, Posture]:
    rng = np.random.default_rng(request.param)
    animal = draw_individual(rng)
    motion = simulate_motion(20.0, rng, scale=animal.scale)
    return animal, pose_body(animal, motion, np.arange(0, 20, 1 / FPS))


def index(name: str) -> int:
    return KEYPOINTS.index(name)


def test_bones_keep_their_length(posed):
    _, posture = posed
    for first, second in BONES:
        bone = posture.keypoints[:, index(first)] - posture.keypoints[:, index(second)]
        assert np.ptp(np.linalg.norm(bone, axis=-1)) < 1e-9
    for chain in (("hip_{}", "knee_{}", "hock_{}", "paw_{}"), ("shoulder_{}", "elbow_{}", "paw_{}")):
        for leg in LEGS[2:] if "hip" in chain[0] else LEGS[:2]:
            joints = [posture.joints[joint.format(leg)] for joint in chain]
            for a, b in pairwise(joints):
                assert np.ptp(np.linalg.norm(a - b, axis=-1)) < 1e-9


def test_paws_rest_on_one_spot_of_the_ground_in_stance(posed):
    animal, posture = posed
    for leg, name in enumerate(LEGS):
        paw = posture.keypoints[:, index(f"paw_{name}")]
        grounded = posture.gait.stance[:, leg] & (name.startswith("hind") | (posture.rear == 0))
        still = grounded[1:] & grounded[:-1] & (np.diff(posture.gait.fraction[:, leg]) >= 0)
        assert still.sum() > 100
        assert np.linalg.norm(np.diff(paw, axis=0), axis=-1)[still].max() < 1e-9
        np.testing.assert_allclose(paw[grounded, 2], animal.scale * PAW_HEIGHT, atol=1e-9)


def test_the_whole_animal_stays_over_the_floor_and_inside_the_wall(posed):
    _, posture = posed
    assert posture.keypoints[..., 2].min() > 1.0
    assert np.hypot(posture.keypoints[..., 0], posture.keypoints[..., 1]).max() < RADIUS


def test_rearing_lifts_nose_and_front_paws_but_not_the_hind_paws(posed):
    _, posture = posed
    up, down = posture.rear > 0.7, posture.rear == 0
    height = posture.keypoints[..., 2]
    assert height[up, index("nose")].min() > height[down, index("nose")].max()
    assert height[up, index("paw_front_left")].min() > 30
    assert height[up, index("paw_hind_left")].max() < 15


def test_no_keypoint_jumps(posed):
    _, posture = posed
    velocity = np.diff(posture.keypoints, axis=0) * FPS
    assert np.linalg.norm(velocity, axis=-1).max() < 1500  # mm/s


def test_left_is_left(posed):
    _, posture = posed
    left = posture.frames["pelvis"][:, :, 1]
    for stem in ("knee", "hock", "paw_hind"):
        across = posture.keypoints[:, index(f"{stem}_left")] - posture.keypoints[:, index(f"{stem}_right")]
        assert ((across * left).sum(axis=-1) > 0).all()
    # Seen from above with the nose ahead, anticlockwise is left.
    ahead = posture.keypoints[:, index("neck")] - posture.keypoints[:, index("tail_base")]
    ears = posture.keypoints[:, index("ear_left")] - posture.keypoints[:, index("ear_right")]
    turn = ahead[:, 0] * ears[:, 1] - ahead[:, 1] * ears[:, 0]
    assert (turn[posture.rear < 0.2] > 0).mean() > 0.99
