import numpy as np
import pytest
from jaxtyping import config

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import LISTED_FAULTS, Poses, shorten, stack_views, view_faults

NAMES = ("nose", "ear", "tail")


@pytest.fixture
def poses(rng):
    points = rng.normal(size=(5, 3, 2))
    points[1, 2] = np.nan
    return Poses(
        NAMES,
        points,
        np.arange(10, 15),
        likelihood=rng.random((5, 3)),
        variance=rng.random((5, 3, 2)),
        visible=rng.integers(0, 3, (5, 3)),
        sets=("train", "train", "test", "unused", "validation"),
        extras={"n_views": rng.integers(0, 4, (5, 3))},
        scorer="me",
    )


@pytest.fixture
def unchecked():
    """Let wrong shapes past the type checker of the tests, as they come in practice."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


def images(view, rows=range(3), session="s1"):
    return np.array([f"labeled-data/{session}_{view}/img{row:08d}.png" for row in rows])


def labels(view, names=NAMES, rows=range(3), session="s1"):
    return Poses(names, np.full((len(rows), len(names), 2), float(len(view))), images(view, rows, session))


def test_selecting_keypoints_takes_everything_that_belongs_to_them(poses):
    chosen = poses.select(["tail", "nose"])
    assert chosen.names == ("tail", "nose")
    np.testing.assert_array_equal(chosen.points, poses.points[:, [2, 0]])
    np.testing.assert_array_equal(chosen.likelihood, poses.likelihood[:, [2, 0]])
    np.testing.assert_array_equal(chosen.variance, poses.variance[:, [2, 0]])
    np.testing.assert_array_equal(chosen.visible, poses.visible[:, [2, 0]])
    np.testing.assert_array_equal(chosen.extras["n_views"], poses.extras["n_views"][:, [2, 0]])
    assert (chosen.sets, chosen.scorer) == (poses.sets, "me")


def test_selecting_what_is_not_there_names_it(poses):
    with pytest.raises(DataError, match="no keypoint paw"):
        poses.select(["paw", "nose"])


@pytest.mark.parametrize(
    "index", [[3, 0], np.array([3, 0]), slice(1, 4), np.array([0, 1, 1, 0, 1], bool), []]
)
def test_rows_take_everything_that_belongs_to_them(poses, index):
    chosen = poses.rows(index)
    at = np.asarray(index, dtype=int) if isinstance(index, list) else index
    np.testing.assert_array_equal(chosen.points, poses.points[at])
    np.testing.assert_array_equal(chosen.frames, poses.frames[at])
    np.testing.assert_array_equal(chosen.extras["n_views"], poses.extras["n_views"][at])
    assert chosen.sets == tuple(np.array(poses.sets)[at])


def test_frames_are_found_by_number_and_by_image(poses):
    np.testing.assert_array_equal(poses.at([14, 10]).points, poses.points[[4, 0]])
    by_image = labels("cam1")
    assert by_image.at(images("cam1")[::-1]).frames[0].endswith("img00000002.png")


def test_frames_that_are_not_there_are_named(poses):
    with pytest.raises(DataError, match=r"2 of 3 frames .* 99, 7"):
        poses.at([99, 11, 7])


def test_frames_that_occur_twice_cannot_be_looked_up(poses):
    with pytest.raises(DataError, match="occur twice"):
        poses.rows([0, 0, 1]).at([10])


def test_a_point_is_present_where_it_has_all_its_coordinates(poses):
    expected = np.ones((5, 3), bool)
    expected[1, 2] = False
    np.testing.assert_array_equal(poses.present, expected)
    half = Poses(("a",), np.array([[[np.nan, 3.0]]]), np.array([0]))
    assert not half.present.any()


def test_equality_sees_every_array_and_takes_missing_for_missing(poses):
    same = poses.rows(slice(None))
    assert poses.equals(same)
    assert not poses.equals(Poses(**{**vars(poses), "likelihood": poses.likelihood + 1e-9}))
    assert not poses.equals(Poses(**{**vars(poses), "visible": None}))
    assert not poses.equals(Poses(**{**vars(poses), "sets": None}))
    assert not poses.equals(Poses(**{**vars(poses), "frames": poses.frames + 1}))


def test_everything_that_does_not_fit_is_said_at_once(unchecked):
    with pytest.raises(DataError) as caught:
        Poses(
            ("a", "a"),
            np.array([[[np.inf, 0.0]] * 3] * 4),
            np.arange(5),
            likelihood=np.zeros((4, 2)),
            visible=np.full((4, 3), 7),
            sets=("train",),
            extras={"uncertainty": np.zeros(4), "x": np.zeros((4, 3)), "a\nb": np.zeros((4, 3))},
        )
    text = str(caught.value)
    for fault in (
        "names: 2 for 3 keypoints",
        "names: 'a' occurs twice",
        "frames: shape (5,) for 4 rows",
        "points: infinite",
        "likelihood: expected shape (4, 3), got (4, 2)",
        "visible: expected 0",
        "sets: 1 for 4 rows",
        "extras: 'x' is the name of another column",
        r"names: 'a\nb' is empty or has a line break",
        "uncertainty: expected shape (4, 3), got (4,)",
    ):
        assert fault in text


@pytest.mark.parametrize("points", [np.zeros((4, 3)), np.zeros((4, 3, 1)), np.zeros((4, 3, 4))])
def test_points_are_of_two_or_three_coordinates(points, unchecked):
    with pytest.raises(DataError, match="2 or 3"):
        Poses(NAMES, points, np.arange(4))


def test_frames_are_numbers_or_text(unchecked):
    with pytest.raises(DataError, match="integers or strings"):
        Poses(("a",), np.zeros((2, 1, 2)), np.array([0.5, 1.5]))
    assert Poses(("a",), np.zeros((1, 1, 2)), np.array(["x"], dtype=object)).frames.dtype.kind == "U"


def test_views_of_the_same_moments_are_stacked_in_their_order():
    points = stack_views({"cam10": labels("cam10"), "b": labels("b")})
    np.testing.assert_array_equal(points[:, 0, 0, 0], [5, 1])
    assert points.shape == (2, 3, 3, 2)


def test_views_that_differ_are_named_with_what_differs():
    views = {
        "a": labels("a"),
        "b": labels("b", names=("nose", "ear", "paw")),
        "c": labels("c", rows=range(4)),
        "d": labels("d", names=("ear", "nose", "tail")),
        "e": labels("e", rows=[0, 7, 2]),
        "f": labels("f", session="s2"),
    }
    with pytest.raises(DataError) as caught:
        stack_views(views)
    text = str(caught.value)
    assert "view 'b' against 'a': lacks keypoints tail and has keypoints paw in addition" in text
    assert "view 'c' against 'a': 4 rows against 3" in text
    assert "view 'd' against 'a': keypoints are in another order: ear, nose, tail against nose" in text
    assert "view 'e' against 'a': row 2 is labeled-data/s1_e/img00000007.png against" in text
    assert "view 'f' against 'a': row 1 is labeled-data/s2_f/img00000000.png" in text


def test_folders_that_do_not_name_their_view_may_differ():
    a = Poses(("k",), np.zeros((1, 1, 2)), np.array(["left/img1.png"]))
    b = Poses(("k",), np.zeros((1, 1, 2)), np.array(["right\\img1.png"]))
    assert view_faults({"cam1": a, "cam2": b}) == []


def test_frame_numbers_must_be_equal():
    a = Poses(("k",), np.zeros((2, 1, 2)), np.array([0, 1]))
    b = Poses(("k",), np.zeros((2, 1, 2)), np.array([0, 2]))
    assert view_faults({"a": a, "b": b}) == ["view 'b' against 'a': row 2 is 2 against 1"]


def test_no_views_cannot_be_stacked():
    with pytest.raises(DataError, match="no views"):
        stack_views({})


def test_a_long_list_of_faults_ends_with_their_number():
    assert shorten(["x"] * LISTED_FAULTS) == ["x"] * LISTED_FAULTS
    assert shorten(["x"] * 25)[-1] == f"and {25 - LISTED_FAULTS} more"
