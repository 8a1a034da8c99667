"""The animal's names, and how individuals differ."""

import numpy as np

from lightning_pose.synthetic.animal import BONES, KEYPOINTS, SKELETON, draw_individual


def test_left_and_right_change_places_in_a_mirror():
    mirrored = [KEYPOINTS[i] for i in SKELETON.mirrored()]
    swap = {"left": "right", "right": "left"}
    expected = ["_".join([swap.get(word, word) for word in name.split("_")]) for name in KEYPOINTS]
    assert mirrored == expected


def test_the_skeleton_joins_every_keypoint_to_every_other():
    reached = {0}
    for _ in KEYPOINTS:
        reached |= {b for edge in SKELETON.edges for a, b in (edge, edge[::-1]) if a in reached}
    assert reached == set(range(len(KEYPOINTS)))
    assert {name for bone in BONES for name in bone} <= set(KEYPOINTS)


def test_individuals_differ_in_size_proportions_and_colour_within_their_bounds():
    animals = [draw_individual(np.random.default_rng(seed)) for seed in range(40)]
    scales = np.array([animal.scale for animal in animals])
    coats = np.array([animal.coat for animal in animals])
    assert 0.9 <= scales.min() < 0.94 and 1.06 < scales.max() <= 1.1
    assert np.ptp([animal.tail / animal.legs for animal in animals]) > 0.1
    assert (coats.std(axis=0) > 0.05).all() and coats.min() >= 0 and coats.max() <= 1
    assert draw_individual(np.random.default_rng(3)) == animals[3]
