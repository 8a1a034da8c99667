from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera
from lightning_pose.core.camera import project as project_points
from lightning_pose.core.errors import CalibrationError
from lightning_pose.core.files import write_text
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses
from lightning_pose.core.triangulate import triangulate
from lightning_pose.data.cameras import calibrate
from lightning_pose.data.labels import read_labeled_frames


def write_calibration(folder: Path, rig: Rig) -> None:
    (folder / "calibrations").mkdir()
    rig.save(folder / "calibrations" / "walk.toml")


def test_labels_that_fit_their_calibration_pass_and_the_session_is_named(project):
    frames, folder, rig, _ = project
    write_calibration(folder, rig)
    assert calibrate(frames, folder) == ["walk"]


def test_without_a_calibration_there_is_no_camera(project):
    frames, folder, _, _ = project
    assert calibrate(frames, folder) == []
    assert frames.camera is None
    assert "camera" not in frames.batch([0])


def test_transposed_rotations_are_found_by_the_labels_and_named(project):
    frames, folder, rig, _ = project
    transposed = rig.camera._replace(rotation=np.swapaxes(rig.camera.rotation, -1, -2))
    write_calibration(folder, replace(rig, camera=transposed))
    with pytest.raises(CalibrationError, match=r"walk\.toml.*rotations are transposed"):
        calibrate(frames, folder)


def test_a_view_without_a_camera_is_named(project):
    frames, folder, rig, _ = project
    write_calibration(folder, rig.select(rig.names[:2]))
    with pytest.raises(CalibrationError, match=rig.names[2]):
        calibrate(frames, folder)


def test_images_of_another_size_than_their_calibration_are_named(project):
    frames, folder, rig, _ = project
    write_calibration(folder, replace(rig, sizes=rig.sizes * 2))
    with pytest.raises(CalibrationError, match="512"):
        calibrate(frames, folder)


def test_one_image_of_another_size_among_many_is_named(project):
    frames, folder, rig, _ = project
    write_calibration(folder, rig)
    frames.native_sizes[-1, 1] = 99, 77
    with pytest.raises(CalibrationError, match=r"99 x 77|99.*77"):
        calibrate(frames, folder)


def test_a_file_that_is_no_calibration_is_named(project):
    frames, folder, _, _ = project
    write_text(folder / "calibration.toml", "not a calibration")
    with pytest.raises(CalibrationError, match=r"calibration\.toml"):
        calibrate(frames, folder)


def test_points_of_the_world_project_onto_the_labels_of_the_networks_images(project):
    frames, folder, rig, truth = project
    write_calibration(folder, rig)
    calibrate(frames, folder)
    batch = frames.batch([4, 1])
    assert "camera" in batch
    world = torch.from_numpy(truth.poses.points[[4, 1]])[:, None]
    image = project_points(world, batch["camera"])
    assert (image - batch["xy"]).abs().nan_to_num().max() < 1e-9
    assert batch["camera"].matrix.dtype == torch.float64


def test_an_option_that_needs_a_calibration_names_the_places_where_there_is_none(project):
    frames, folder, _, _ = project
    with pytest.raises(CalibrationError, match=r"training\.imgaug_3d.*walk.*walk\.toml.*calibration\.toml"):
        calibrate(frames, folder, needed_by=["training.imgaug_3d"])


def test_one_view_has_no_geometry(toy_project):
    folder = toy_project(views=())
    frames = read_labeled_frames({"": folder / "CollectedData.csv"}, folder, (32, 32))
    assert calibrate(frames, folder) == []
    with pytest.raises(CalibrationError, match="two or more views"):
        calibrate(frames, folder, needed_by=["training.reproject_labels"])


def test_a_table_gives_every_instant_its_calibration(project):
    """Two calibrations for one session: that of the odd frames lies 10 mm to the side."""
    frames, folder, rig, truth = project
    moved = rig.camera._replace(translation=rig.camera.translation + rig.camera.rotation[:, :, 0] * 10)
    rig.save(folder / "a.toml")
    replace(rig, camera=moved).save(folder / "b.toml")
    rows = [f"labeled-data/walk/img{n:08d}.png,{'ab'[n % 2]}.toml" for n in range(len(frames))]
    write_text(folder / "cameras.csv", "\n".join([",file", *rows]))
    assert calibrate(frames, folder, camera_file=folder / "cameras.csv") == ["walk"]
    assert frames.camera is not None
    xyz = triangulate(frames.xy.swapaxes(0, 1), Camera(*(f.swapaxes(0, 1) for f in frames.camera)))
    offset = np.nanmedian(truth.poses.points - xyz, axis=1)
    np.testing.assert_allclose(offset, [[10.0 * (n % 2), 0, 0] for n in range(len(frames))], atol=1e-6)


def test_labels_of_cropped_images_get_the_camera_of_their_box(project):
    """The same instants, cropped and enlarged: the camera projects onto the labels of the crops."""
    frames, folder, rig, truth = project
    write_calibration(folder, rig)
    boxes = {view: np.array([30.0 + 10 * v, 20, 100, 120]) for v, view in enumerate(rig.names)}
    files, tables = {}, []
    for view, (left, top, width, height) in boxes.items():
        labels = truth.view(view)
        scale = np.array([200 / width, 180 / height])
        images = [f"labeled-data/walk_{view}/crop{n:08d}.png" for n in range(len(frames))]
        for image in images:
            cv2.imwrite(str(folder / image), np.zeros((180, 200, 3), np.uint8))
        points = (labels.points - [left, top] + 0.5) * scale - 0.5
        files[view] = folder / f"Crops_{view}.csv"
        write_poses(files[view], Poses(labels.names, points, np.array(images)), scorer="test")
        tables.append(folder / f"boxes_{view}.csv")
        rows = [f"{image},{left},{top},{height},{width}" for image in images]
        write_text(tables[-1], "\n".join([",x,y,h,w", *rows]))
    crops = read_labeled_frames(files, folder, (64, 96), outside="ignore")
    assert calibrate(crops, folder, box_files=tables) == ["walk"]
    assert crops.camera is not None
    image = project_points(truth.poses.points[:, None], crops.camera)
    np.testing.assert_allclose(image, crops.xy, atol=1e-9)
