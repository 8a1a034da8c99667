"""The figures say what the arrays say."""

import numpy as np
import pytest

from apps.figures import Line, box, skeleton_3d, traces
from lightning_pose.core.skeletons import skeleton_from_names

FRAMES = np.arange(5)
POINTS = np.stack([FRAMES * 1.0, FRAMES * 10.0], axis=1)


def test_a_trace_per_coordinate_and_one_for_the_likelihood():
    figure = traces([Line("net", FRAMES, POINTS, "#000000", likelihood=np.full(5, 0.5))], "px", 2)
    assert [list(trace.y) for trace in figure.data] == [
        [0, 1, 2, 3, 4],
        [0, 10, 20, 30, 40],
        [0.5] * 5,
    ]
    assert [trace.yaxis for trace in figure.data] == ["y", "y2", "y3"]


def test_a_band_goes_along_its_upper_edge_and_back_along_its_lower():
    figure = traces([Line("net", FRAMES, POINTS, "#000000", band=np.full((5, 2), 3.0))], "px", 0)
    band = figure.data[0]
    assert band.fill == "toself"
    assert list(band.x) == [0, 1, 2, 3, 4, 4, 3, 2, 1, 0]
    assert list(band.y) == [3, 4, 5, 6, 7, 1, 0, -1, -2, -3]


def test_a_band_skips_what_is_missing():
    points = POINTS.copy()
    points[2] = np.nan
    figure = traces([Line("net", FRAMES, points, "#000000", band=np.ones((5, 2)))], "px", 0)
    assert list(figure.data[0].x) == [0, 1, 3, 4, 4, 3, 1, 0]


def test_neither_an_outlier_nor_a_wide_band_flattens_a_trace():
    frames = np.arange(400)
    points = np.stack([np.sin(frames / 20), np.cos(frames / 20)], axis=1)
    points[7] = 1e5
    line = Line("net", frames, points, "#000000", band=np.full((400, 2), 1e3))
    low, high = traces([line], "px", 0).layout.yaxis.range
    assert -3 < low < -1
    assert 1 < high < 3


def test_the_cursor_is_on_every_coordinate():
    figure = traces([Line("net", FRAMES, POINTS, "#000000")], "px", 3)
    assert [shape.x0 for shape in figure.layout.shapes] == [3, 3]


@pytest.fixture
def pose() -> np.ndarray:
    return np.array([[0.0, 0, 0], [1, 0, 0], [1, 2, 0]])


SKELETON = skeleton_from_names(("hip", "knee", "foot"), [("hip", "knee"), ("knee", "foot")])
LIMITS = np.array([[-1.0, -1, -1], [1, 3, 1]])


def drawn_segments(figure, width: float) -> set[tuple]:
    """Return the segments of the lines of a width, as pairs of corners."""
    found = set()
    for trace in figure.data:
        if trace.mode == "lines" and trace.line.width == width:
            corners = np.stack([trace.x, trace.y, trace.z], axis=1).astype(float).reshape(-1, 3, 3)
            found |= {(tuple(a), tuple(b)) for a, b, _ in corners}
    return found


def test_bones_join_the_keypoints_of_the_skeleton(pose):
    assert drawn_segments(skeleton_3d(pose, SKELETON, LIMITS), 5) == {
        ((0, 0, 0), (1, 0, 0)),
        ((1, 0, 0), (1, 2, 0)),
    }


def test_intervals_are_crosses_as_wide_as_the_band(pose):
    band = np.zeros((3, 3))
    band[2] = (0.1, 0.2, 0.3)
    crosses = drawn_segments(skeleton_3d(pose, SKELETON, LIMITS, band=band), 1.5)
    assert ((0.9, 2, 0), (1.1, 2, 0)) in crosses
    assert ((1, 1.8, 0), (1, 2.2, 0)) in crosses
    assert ((1, 2, -0.3), (1, 2, 0.3)) in crosses


def test_the_sides_of_the_box_keep_their_proportions(pose):
    ratio = skeleton_3d(pose, SKELETON, LIMITS).layout.scene.aspectratio
    assert (ratio.x, ratio.y, ratio.z) == (0.5, 1.0, 0.5)


def test_the_chosen_keypoint_is_larger(pose):
    markers = skeleton_3d(pose, SKELETON, LIMITS, highlight="knee").data[-1].marker
    assert markers.size[1] > markers.size[0] == markers.size[2]


def test_the_box_leaves_out_the_most_extreme_points():
    points = np.random.default_rng(0).uniform(0, 100, (1000, 4, 3))
    points[5, 0] = 1e6
    points[7, 1] = np.nan
    low, high = box(points)
    assert (low < 0).all()
    assert (high > 100).all()
    assert (high < 120).all()
