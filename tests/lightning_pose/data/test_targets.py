import dataclasses

import numpy as np
import pytest

from lightning_pose.core.poses import IGNORED, OCCLUDED, VISIBLE
from lightning_pose.data.cameras import calibrate
from lightning_pose.data.labels import LabeledFrames, read_labeled_frames
from lightning_pose.data.targets import reproject_labels, weigh_keypoints
from lightning_pose.synthetic.session import in_image


@pytest.fixture
def frames(project) -> LabeledFrames:
    project.rig.save(project.folder / "calibration.toml")
    calibrate(project.frames, project.folder)
    return project.frames


def hide(frames: LabeledFrames, row: int, view: int, keypoint: int, visible: int) -> np.ndarray:
    """Take a label away, and return where it was."""
    label = frames.xy[row, view, keypoint].copy()
    frames.xy[row, view, keypoint] = np.nan
    frames.visible[row, view, keypoint] = visible
    return label


@pytest.mark.parametrize("visible", [IGNORED, OCCLUDED])
def test_a_hidden_keypoint_gets_the_image_of_its_place_as_target(frames, visible):
    label = hide(frames, 2, 1, 4, visible)
    targets = reproject_labels(frames, 0.25)
    assert targets.weight is not None
    np.testing.assert_allclose(targets.xy[2, 1, 4], label, atol=1e-6)
    assert targets.visible[2, 1, 4] == VISIBLE
    assert targets.weight[2, 1, 4] == 0.25
    frames.targets = targets
    batch = frames.batch([2])
    assert batch["weight"][0, 1, 4] == 0.25
    assert batch["weight"][0, 0, 4] == 1


def test_labels_and_what_evaluation_sees_stay_as_they_are(frames):
    hide(frames, 2, 1, 4, IGNORED)
    before = frames.xy.copy(), frames.visible.copy()
    targets = reproject_labels(frames, 0.25)
    np.testing.assert_array_equal(frames.xy, before[0])
    np.testing.assert_array_equal(frames.visible, before[1])
    labeled = frames.visible == VISIBLE
    np.testing.assert_array_equal(targets.xy[labeled], frames.xy[labeled])


def test_one_view_alone_adds_nothing(frames):
    for view in (0, 1):
        hide(frames, 2, view, 4, IGNORED)
    targets = reproject_labels(frames, 0.25)
    assert targets.visible[2, :, 4].tolist() == [IGNORED, IGNORED, frames.visible[2, 2, 4]]
    assert np.isnan(targets.xy[2, :2, 4]).all()


def test_a_label_that_the_table_ignores_stays_ignored(frames):
    hide(frames, 2, 1, 4, IGNORED)
    view = frames.view_names[1]
    poses = frames.poses[view]
    frames.poses[view] = dataclasses.replace(poses, visible=np.where(poses.present, IGNORED, VISIBLE))
    assert reproject_labels(frames, 0.25).visible[2, 1, 4] == IGNORED


def test_labels_that_contradict_each_other_add_nothing(frames):
    hide(frames, 2, 1, 4, IGNORED)
    frames.xy[2, 0, 4] += [20, -20]  # off the epipolar line
    assert reproject_labels(frames, 0.25).visible[2, 1, 4] == IGNORED


def test_no_target_lies_outside_its_image(frames):
    frames.camera = frames.camera._replace(matrix=frames.camera.matrix.copy())
    frames.visible[:, 0], frames.xy[:, 0] = IGNORED, np.nan
    frames.camera.matrix[:, 0, 0, 2] += 30
    targets = reproject_labels(frames, 0.25)
    added = targets.visible[:, 0] == VISIBLE
    assert 0 < added.sum() < added.size
    assert in_image(targets.xy[:, 0][added], np.array([64, 64])).all()


def test_keypoint_weights_multiply(frames):
    hide(frames, 2, 1, 4, IGNORED)
    names = frames.keypoint_names
    targets = weigh_keypoints(reproject_labels(frames, 0.25), names, {names[4]: 2.0})
    assert targets.weight is not None
    assert targets.weight[2, 1, 4] == 0.5
    assert targets.weight[2, 0, 4] == 2
    assert (np.delete(targets.weight, 4, axis=-1) <= 1).all()


@pytest.mark.realdata
def test_a_real_camera_without_labels_gets_those_that_the_others_make(real_data):
    """The labels of this recording are images of points of the world, so the others know them exactly."""
    folder = real_data / "human-4cam"
    files = {f"cam{n}": folder / f"cam{n}.csv" for n in range(1, 5)}
    frames = read_labeled_frames(files, folder, (256, 160), outside="ignore")
    assert calibrate(frames, folder) == ["balancing"]
    labels, visible = frames.xy[:, 2].copy(), frames.visible[:, 2] == VISIBLE
    frames.xy[:, 2], frames.visible[:, 2] = np.nan, IGNORED
    targets = reproject_labels(frames, 0.5)
    assert (targets.visible[:, 2] == VISIBLE)[visible].all()
    assert np.abs(targets.xy[:, 2] - labels)[visible].max() < 0.01
