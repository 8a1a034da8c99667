"""What lies on an axis is read back from it as numbers."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.stats import norm

from lightning_pose.core import plots
from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera, camera_centers, make_camera
from lightning_pose.core.metrics import Reliability


@pytest.fixture
def axis():
    return plots.new_figure().subplots()


@pytest.fixture
def axis_3d():
    return plots.new_figure().add_subplot(projection="3d")


@pytest.fixture
def rig(rng: np.random.Generator) -> Rig:
    matrix = np.array([[300.0, 0, 160], [0, 300, 120], [0, 0, 1]])
    shifts = np.array([[0.0, 0, 8], [1, 0, 8], [0, 1, 8]])
    cameras = [make_camera(matrix, np.zeros(0), rng.normal(size=3), shift) for shift in shifts]
    camera = Camera(*(np.stack(field) for field in zip(*cameras, strict=True)))
    return Rig(("a", "b", "c"), np.array([[320, 240]] * 3), camera)


def test_a_band_is_as_wide_as_the_level_says(axis):
    frames, values, variance = np.arange(5), np.arange(5.0), np.arange(1.0, 6) ** 2
    assert plots.plot_trace(axis, frames, values, variance, level=0.9) is axis
    np.testing.assert_array_equal(axis.lines[0].get_xydata(), np.stack([frames, values], axis=1))
    band = axis.collections[0].get_paths()[0].vertices
    for frame in frames:
        at = band[band[:, 0] == frame, 1]
        half = norm.ppf(0.95) * (frame + 1)
        np.testing.assert_allclose([at.min(), at.max()], [frame - half, frame + half])


def test_traces_differ_in_colour_and_are_named(axis):
    plots.plot_traces(axis, np.arange(3), {"one": np.zeros(3), "two": np.ones(3)}, {"two": np.ones(3)})
    assert [line.get_color() for line in axis.lines] == list(plots.PALETTE[:2])
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["one", "two"]
    assert len(axis.collections) == 1


def test_a_flat_skeleton_has_its_lines_between_points_and_y_down(axis):
    points = np.array([[0.0, 0.0], [3.0, 1.0], [5.0, 7.0]])
    plots.plot_skeleton_2d(axis, points, [(0, 1), (1, 2)])
    plots.plot_skeleton_2d(axis, points + 1, [(0, 2)], color="grey")
    np.testing.assert_array_equal(axis.lines[1].get_xydata(), points[1:])
    np.testing.assert_array_equal(axis.lines[2].get_xydata(), points[[0, 2]] + 1)
    assert axis.yaxis_inverted()


def test_a_skeleton_in_space_has_its_lines_between_points(axis_3d, rng):
    points = rng.normal(size=(3, 3))
    plots.plot_skeleton_3d(axis_3d, points, [(2, 0)], color="grey")
    np.testing.assert_array_equal(np.stack(axis_3d.lines[0].get_data_3d(), axis=1), points[[2, 0]])


def test_loss_curves_leave_gaps_out_and_are_logarithmic_where_they_can_be(axis):
    steps = np.arange(4)
    plots.plot_loss_curves(axis, {"val": (steps, np.array([1.0, np.nan, 0.1, np.nan]))})
    np.testing.assert_array_equal(axis.lines[0].get_xydata(), [[0, 1], [2, 0.1]])
    assert axis.get_yscale() == "log"
    other = plots.new_figure().subplots()
    plots.plot_loss_curves(other, {"score": (steps, np.array([-1.0, 0, 1, 2]))})
    assert other.get_yscale() == "linear"


def test_a_camera_is_drawn_from_its_centre_to_the_corners_of_its_picture(axis_3d, rig):
    corners = plots.frustums(rig, 2.0)
    for view in range(3):
        rvec = cv2.Rodrigues(rig.camera.rotation[view])[0]
        seen, _ = cv2.projectPoints(
            corners[view], rvec, rig.camera.translation[view], rig.camera.matrix[view], None
        )
        np.testing.assert_allclose(
            seen[:, 0], [[-0.5, -0.5], [319.5, -0.5], [319.5, 239.5], [-0.5, 239.5]], atol=1e-9
        )
    plots.plot_cameras(axis_3d, rig, length=2.0)
    assert [text.get_text().strip() for text in axis_3d.texts] == ["a", "b", "c"]
    drawn = np.stack(axis_3d.lines[1].get_data_3d(), axis=1)
    np.testing.assert_allclose(drawn, np.stack([camera_centers(rig.camera)[0], corners[0, 0]]))


def test_a_figure_is_written_whole_without_a_window(axis, tmp_path: Path):
    plots.plot_trace(axis, np.arange(3), np.arange(3.0))
    plots.save_figure(axis.figure, tmp_path / "trace.png", dpi=50)
    assert cv2.imread(str(tmp_path / "trace.png")).shape == (250, 400, 3)
    with pytest.raises(ValueError, match="nonsense"):
        plots.save_figure(axis.figure, tmp_path / "trace.nonsense")
    assert [path.name for path in tmp_path.iterdir()] == ["trace.png"]


def test_reliability_is_drawn_over_confidence_with_its_error_in_the_legend(axis):
    curve = Reliability(np.array([0.2, 0.8]), np.array([0.3, 0.6]), np.array([10, 30]))
    plots.plot_reliability(axis, {"before": curve})
    np.testing.assert_allclose(axis.lines[1].get_xydata(), [[0.2, 0.3], [0.8, 0.6]])
    assert axis.get_legend().get_texts()[0].get_text() == "before: calibration error 0.175"
