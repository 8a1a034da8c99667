import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st

from lightning_pose.core.errors import DataError
from lightning_pose.core.skeleton_library import CHAINS
from lightning_pose.core.skeletons import (
    LEFT,
    MIDDLE,
    PALETTE,
    RIGHT,
    Skeleton,
    builtin_skeletons,
    guess_skeleton,
    infer_swaps,
    skeleton_from_names,
)


def rgb(color):
    return [int(color[index : index + 2], 16) for index in (1, 3, 5)]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("paw_left", "paw_right"),
        ("left_paw", "right_paw"),
        ("LeftEar", "RightEar"),
        ("earLeft1", "earRight1"),
        ("EAR_LEFT", "EAR_RIGHT"),
        ("LEye", "REye"),
        ("EarL", "EarR"),
        ("L1A", "R1A"),
        ("pawFL", "pawFR"),
        ("eye_l", "eye_r"),
        ("l.eye", "r.eye"),
        ("knee_l_2", "knee_r_2"),
        ("lhip", "rhip"),
        ("pupil_left_r", "pupil_right_r"),
        ("LElbow", "RElbow"),
        ("Elbow L", "Elbow R"),
    ],
)
def test_names_that_differ_in_the_side_are_swapped_left_first(left, right):
    assert infer_swaps(["nose", right, left]) == ((2, 1),)


@pytest.mark.parametrize(
    "names", [["ball", "barl"], ["paw1LH", "paw2LF"], ["left_ear", "left_eye"], ["LEye"], ["a"]]
)
def test_names_that_differ_otherwise_are_not_swapped(names):
    assert infer_swaps(names) == ()


def test_the_word_goes_before_the_letter_and_no_keypoint_is_in_two_swaps():
    names = ["left_L", "right_L", "left_R", "right_R"]
    assert infer_swaps(names) == ((0, 1), (2, 3))


@given(st.lists(st.text("lrLRab_", min_size=1, max_size=4), max_size=12, unique=True))
def test_swapping_twice_is_nothing_and_a_mirror_is_a_permutation(names):
    order = Skeleton(tuple(names), swaps=infer_swaps(names)).mirrored()
    assert sorted(order) == list(range(len(names)))
    assert [order[index] for index in order] == list(range(len(names)))


def test_a_selection_keeps_edges_swaps_and_colours_of_what_it_knows():
    skeleton = Skeleton(
        ("a", "b_left", "b_right"), ((0, 1), (1, 2)), ((1, 2),), ("#000000", "#111111", "#222222")
    )
    chosen = skeleton.select(["b_right", "new", "b_left"])
    assert chosen == Skeleton(
        ("b_right", "new", "b_left"), ((2, 0),), ((2, 0),), ("#222222", MIDDLE, "#111111")
    )


def test_a_skeleton_says_all_that_is_wrong_with_it():
    with pytest.raises(DataError) as caught:
        Skeleton(("a", "a", "b"), ((0, 3), (1, 1)), ((0, 1), (1, 2)), ("red",))
    text = str(caught.value)
    for fault in (
        "keypoint 'a' occurs twice",
        "edge (0, 3) is not of two of the 3 keypoints",
        "edge (1, 1)",
        "keypoint 1 is in two swaps",
        "'red' is no colour",
        "1 colours for 3 keypoints",
    ):
        assert text.count(fault) == 1


def test_pairs_of_names_become_pairs_of_indices():
    skeleton = skeleton_from_names(["nose", "ear_left", "ear_right"], [["nose", "ear_left"]])
    assert (skeleton.edges, skeleton.swaps) == (((0, 1),), ((1, 2),))
    assert skeleton_from_names(["ear_left", "ear_right"], swaps=[]).swaps == ()


def test_pairs_of_names_that_are_none_are_all_said():
    with pytest.raises(DataError) as caught:
        skeleton_from_names(["a", "b"], [["a", "c"], ["a", "b", "b"], "ab"], [["d", "e"]])
    text = str(caught.value)
    for fault in (
        "edge a - c: no keypoint c",
        "edge ['a', 'b', 'b'] is not",
        "edge 'ab'",
        "no keypoint d, e",
    ):
        assert fault in text


def test_keypoints_are_coloured_by_side_or_else_in_turn():
    sided = Skeleton(("m", "l", "r"), ((0, 1), (1, 2), (0, 2), (2, 0)), ((1, 2),))
    assert sided.keypoint_colors().tolist() == [rgb(MIDDLE), rgb(LEFT), rgb(RIGHT)]
    assert sided.edge_colors().tolist() == [rgb(LEFT), rgb(MIDDLE), rgb(RIGHT), rgb(RIGHT)]
    many = Skeleton(tuple("abcdefghi"))
    assert many.keypoint_colors()[[0, 7]].tolist() == [rgb(PALETTE[0])] * 2
    assert many.edge_colors().shape == (0, 3)
    own = Skeleton(("a", "b"), ((0, 1),), colors=("#010203", "#040506"))
    assert own.edge_colors().tolist() == [[1, 2, 3]]


def test_the_colours_differ_to_the_eye_that_sees_no_red_or_no_green():
    """Machado, Oliveira and Fernandes 2009, severity 1, on linear light; distances in CIE Lab."""
    protan = [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]
    deutan = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    for matrix in (np.eye(3), np.array(protan), np.array(deutan)):
        for colors in (PALETTE, (LEFT, RIGHT, MIDDLE)):
            seen = lab(np.clip(linear(np.array([rgb(color) for color in colors])) @ matrix.T, 0, 1))
            distance = np.linalg.norm(seen[:, None] - seen[None], axis=-1) + 1e3 * np.eye(len(colors))
            assert distance.min() > 12  # 2.3 is just noticeable


def linear(srgb):
    value = srgb / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb_linear):
    to_xyz = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.072175],
        [0.0193339, 0.119192, 0.9503041],
    ]
    ratio = rgb_linear @ np.array(to_xyz).T / [0.95047, 1.0, 1.08883]
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=-1)


def test_every_built_in_skeleton_is_connected_and_its_sides_mirror_each_other():
    assert builtin_skeletons().keys() == CHAINS.keys()
    for name, skeleton in builtin_skeletons().items():
        reached, edges = {0}, skeleton.edges
        for _ in skeleton.names:
            reached |= {end for edge in edges if reached & {*edge} for end in edge}
        assert reached == set(range(len(skeleton.names))), name
        order = skeleton.mirrored()
        mirrored = {frozenset((order[a], order[b])) for a, b in edges}
        assert mirrored ^ {frozenset(edge) for edge in edges} == set(), name


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["mouse22", "rat23", "rat7m"])
def test_built_in_skeletons_are_those_of_their_source(real_data, name):
    record = scipy.io.loadmat(real_data / "skeletons" / f"{name}.mat", squeeze_me=True)
    skeleton = builtin_skeletons()[name]
    assert skeleton.names == tuple(str(joint) for joint in record["joint_names"])
    expected = {frozenset(edge) for edge in (record["joints_idx"] - 1).tolist()}
    assert {frozenset(edge) for edge in skeleton.edges} == expected


def test_the_edges_of_known_names_are_guessed():
    names = ["LWrist", "Nose", "LElbow", "Neck", "REar", "LEar"]
    guess = guess_skeleton(names)
    assert {frozenset((guess.names[a], guess.names[b])) for a, b in guess.edges} == {
        frozenset(("LElbow", "LWrist")),
        frozenset(("Nose", "Neck")),
    }
    assert guess.swaps == ((5, 4),)
    assert guess_skeleton(["x", "y_left", "y_right"]) == Skeleton(("x", "y_left", "y_right"), (), ((1, 2),))
