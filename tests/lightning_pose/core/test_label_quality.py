"""Labels that look wrong, each planted among good ones."""

import numpy as np
import pytest

from lightning_pose.core.camera import project_views
from lightning_pose.core.label_quality import Finding, Kind, assess_labels, worst_residuals
from lightning_pose.core.skeletons import skeleton_from_names
from tests.lightning_pose.core.test_epipolar import SIZES, make_rig

VIEWS = ("left", "right", "top")
SKELETON = skeleton_from_names(
    ["nose", "ear_left", "ear_right", "tail"], [("nose", "tail"), ("nose", "ear_left")]
)
CAMERA = make_rig("barrel")


@pytest.fixture
def xy(rng) -> np.ndarray:
    """Forty good frames, 1 px of noise."""
    pose = np.array([[0.2, 0, 0], [0.1, 0.1, 0.05], [0.1, -0.1, 0.05], [-0.2, 0, 0]])
    points = pose + rng.uniform(-0.2, 0.2, (40, 1, 3))
    return project_views(points, CAMERA) + rng.normal(0, 1, (3, 40, 4, 2))


def found(xy: np.ndarray, kind: Kind, **more) -> list[Finding]:
    every = assess_labels(xy, VIEWS, SKELETON, camera=CAMERA, sizes=SIZES, noise_px=1.5, **more)
    return [finding for finding in every if finding.kind == kind]


def test_good_labels_are_left_alone(xy):
    assert assess_labels(xy, VIEWS, SKELETON, camera=CAMERA, sizes=SIZES, noise_px=1.5) == []


def test_a_view_that_disagrees_is_named_and_the_worst_comes_first(xy):
    xy[1, 7, 3] += (40, 30)
    xy[0, 9, 0] += (15, 15)
    first, second = found(xy, "residual")
    assert (first.frame, first.view, first.keypoints) == (7, 1, (3,))
    assert first.value == pytest.approx(50, abs=5)
    assert "right disagrees" in first.text
    assert (second.frame, second.view) == (9, 0)


@pytest.mark.parametrize("view", range(3))
def test_exchanged_sides_are_found_with_their_view(xy, view):
    xy[view, 5, [1, 2]] = xy[view, 5, [2, 1]]
    [finding] = found(xy, "swap")
    assert (finding.frame, finding.view, finding.keypoints) == (5, view, (1, 2))
    assert "exchanged in " + VIEWS[view] in finding.text


def test_one_misplaced_ear_is_no_exchange(xy):
    xy[1, 5, 1] += (60, -40)
    assert found(xy, "swap") == []


def test_a_bone_of_another_length_is_found_though_the_views_agree(rng, xy):
    points = np.array([[0.2, 0, 0], [0.1, 0.1, 0.05], [0.1, -0.1, 0.05], [-0.32, 0, 0]])
    xy[:, 11] = project_views(points, CAMERA)
    [finding] = found(xy, "bone")
    assert (finding.frame, finding.keypoints) == (11, (0, 3))
    assert finding.value > 5
    assert "130 %" in finding.text


def test_labels_at_the_border_and_beyond(xy):
    xy[:, 3:5] = np.nan
    xy[0, 3, 0] = (0.2, 500)
    xy[2, 4, 1] = (600, 1030)
    outside, border = found(xy, "border")
    assert (outside.frame, outside.view, outside.keypoints) == (4, 2, (1,))
    assert "outside" in outside.text
    assert (border.frame, border.view) == (3, 0)
    assert "at the border" in border.text


def test_two_keypoints_at_one_place(xy):
    xy[1, 6, 2] = xy[1, 6, 0]
    [finding] = found(xy, "double")
    assert (finding.frame, finding.view, finding.keypoints) == (6, 1, (0, 2))


def test_without_cameras_only_what_one_view_shows_is_looked_at(xy):
    xy[1, 7, 3] += (40, 30)
    xy[1, 6, 2] = xy[1, 6, 0]
    kinds = {finding.kind for finding in assess_labels(xy, VIEWS, SKELETON)}
    assert kinds == {"double"}


def test_the_worst_of_a_frame_is_its_largest_residual(xy):
    xy[1, 7, 3] += (40, 30)
    xy[:, 8] = np.nan
    worst = worst_residuals(xy, CAMERA, 1.5)
    assert np.nanargmax(worst) == 7
    assert worst[7] == pytest.approx(50, abs=5)
    assert np.isnan(worst[8])
    assert np.nanmedian(worst) < 5
