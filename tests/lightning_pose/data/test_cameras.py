from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import CalibrationError
from lightning_pose.core.files import write_text
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses
from lightning_pose.data.cameras import check_cameras
from lightning_pose.data.labels import LabeledFrames, read_labeled_frames
from lightning_pose.synthetic.session import simulate_truth

FRAMES = 6


@pytest.fixture
def project(tmp_path: Path) -> tuple[LabeledFrames, Path, Rig]:
    """Labels of three views of one session, exact, with black images."""
    truth = simulate_truth(views=3, frames=FRAMES, seed=3)
    files = {}
    for view in truth.rig.names:
        folder = tmp_path / "labeled-data" / f"walk_{view}"
        folder.mkdir(parents=True)
        images = [f"labeled-data/walk_{view}/img{n:08d}.png" for n in range(FRAMES)]
        for image in images:
            cv2.imwrite(str(tmp_path / image), np.zeros((256, 256, 3), np.uint8))
        labels = truth.view(view)
        files[view] = tmp_path / f"CollectedData_{view}.csv"
        write_poses(files[view], Poses(labels.names, labels.points, np.array(images)), scorer="test")
    frames = read_labeled_frames(files, tmp_path, (64, 64), outside="ignore")
    return frames, tmp_path, truth.rig


def calibrate(folder: Path, rig: Rig) -> None:
    (folder / "calibrations").mkdir()
    rig.save(folder / "calibrations" / "walk.toml")


def test_labels_that_fit_their_calibration_pass_and_the_session_is_named(project):
    frames, folder, rig = project
    calibrate(folder, rig)
    assert check_cameras(frames, folder) == ["walk"]


def test_without_a_calibration_nothing_is_checked(project):
    frames, folder, _ = project
    assert check_cameras(frames, folder) == []


def test_transposed_rotations_are_found_by_the_labels_and_named(project):
    frames, folder, rig = project
    transposed = rig.camera._replace(rotation=np.swapaxes(rig.camera.rotation, -1, -2))
    calibrate(folder, replace(rig, camera=transposed))
    with pytest.raises(CalibrationError, match=r"walk\.toml.*rotations are transposed"):
        check_cameras(frames, folder)


def test_a_view_without_a_camera_is_named(project):
    frames, folder, rig = project
    calibrate(folder, rig.select(rig.names[:2]))
    with pytest.raises(CalibrationError, match=rig.names[2]):
        check_cameras(frames, folder)


def test_images_of_another_size_than_their_calibration_are_named(project):
    frames, folder, rig = project
    calibrate(folder, replace(rig, sizes=rig.sizes * 2))
    with pytest.raises(CalibrationError, match="512"):
        check_cameras(frames, folder)


def test_a_file_that_is_no_calibration_is_named(project):
    frames, folder, _ = project
    write_text(folder / "calibration.toml", "not a calibration")
    with pytest.raises(CalibrationError, match=r"calibration\.toml"):
        check_cameras(frames, folder)
