import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_pose.build.data import build_clips, build_data, build_frames, build_frames_of
from lightning_pose.config import Config, csv_paths
from lightning_pose.config.schema import LossConfig
from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import make_camera
from lightning_pose.core.errors import CalibrationError, DataError
from lightning_pose.core.files import write_text
from lightning_pose.core.poses import OCCLUDED, VISIBLE
from lightning_pose.core.rotations import look_at
from lightning_pose.core.video import VideoWriter

REPROJECTION = "supervised_reprojection_heatmap_mse"
LABELED = 3  # of six instants, the right paw of the right view has no label from here on


@pytest.fixture
def calibrated(toy_project) -> Config:
    """A project of three views whose labels are exact, some of them missing, with its calibration."""
    sizes = {"left": (80, 64), "middle": (80, 64), "right": (96, 72)}
    folder = toy_project(views=tuple(sizes), n=6)
    matrix = [[[75.0, 0, w / 2], [0, 75, h / 2], [0, 0, 1]] for w, h in sizes.values()]
    poses = [look_at(np.array([x, -100.0, 40]), np.zeros(3)) for x in (-50, 0, 50)]
    rotation, translation = (np.stack(part) for part in zip(*poses, strict=True))
    camera = make_camera(matrix, np.zeros((3, 0)), rotation, translation)
    rig = Rig(tuple(sizes), np.array(list(sizes.values())), camera)
    rig.save(folder / "calibration.toml")
    xy = rig.project(np.random.default_rng(0).uniform(-12, 12, (6, 3, 3)))
    for view, points in zip(rig.names, xy, strict=True):
        file = folder / f"CollectedData_{view}.csv"
        lines = file.read_text().splitlines()
        for n, row in enumerate(points.reshape(6, 6)):
            cells = [repr(float(value)) for value in row]
            if view == "right" and n >= LABELED:
                cells[4:] = ["", ""]
            lines[3 + n] = ",".join([lines[3 + n].split(",")[0], *cells])
        write_text(file, "\n".join(lines) + "\n")
    made = Config()
    made.data.data_dir, made.data.view_names = str(folder), list(rig.names)
    made.data.csv_file = [f"CollectedData_{view}.csv" for view in rig.names]
    made.data.image_resize_dims.height = made.data.image_resize_dims.width = 64
    return made


def test_a_calibration_that_is_there_gives_cameras_and_changes_no_target(calibrated):
    frames = build_frames(calibrated)
    assert frames.camera is not None
    assert frames.targets.weight is None
    assert frames.targets.xy is frames.xy


def test_label_files_that_an_interrupted_app_left_are_named(calibrated):
    folder = Path(calibrated.data.data_dir)
    content = (folder / "CollectedData_left.csv").read_bytes()
    files = {
        "left": {
            "file": "CollectedData_left.csv",
            "revision": 3,
            "sha256": hashlib.sha256(content).hexdigest(),
        },
        "middle": {"file": "CollectedData_middle.csv", "revision": 3, "sha256": "of another revision"},
    }
    write_text(folder / ".litpose" / "labels.json", json.dumps({"files": files}))
    with pytest.warns(UserWarning, match="label files of middle are not as the app wrote them"):
        build_frames(calibrated)


def test_missing_labels_become_targets_where_that_is_asked_for(calibrated):
    calibrated.training.reproject_labels = True
    calibrated.training.keypoint_weights = {"paw_right": 3.0}
    calibrated.training.uniform_heatmaps_for_nan_keypoints = True
    frames = build_frames(calibrated)
    assert (frames.visible[LABELED:, 2, 2] == OCCLUDED).all()
    assert (frames.targets.visible == VISIBLE).all()
    assert frames.targets.weight is not None
    np.testing.assert_array_equal(frames.targets.weight[:, 2, 2], [3, 3, 3, 1.5, 1.5, 1.5])
    np.testing.assert_array_equal(frames.targets.weight[..., 0], 1)


@pytest.mark.parametrize("option", ["imgaug_3d", "reproject_labels", REPROJECTION, "camera_tokens"])
def test_an_option_of_the_world_without_a_calibration_is_refused(calibrated, option):
    folder = Path(calibrated.data.data_dir)
    (folder / "calibration.toml").unlink()
    assert build_frames(calibrated).camera is None
    if option == REPROJECTION:
        calibrated.losses[option] = LossConfig(log_weight=3.0)
    else:
        setattr(calibrated.model if option == "camera_tokens" else calibrated.training, option, True)
    with pytest.raises(CalibrationError, match=rf"{option} needs a calibration.*calibration\.toml"):
        build_frames(calibrated)
    if option != "camera_tokens":  # a network that needs no camera can still be evaluated
        assert build_frames_of(calibrated, csv_paths(calibrated)).camera is None


def test_a_calibration_that_the_configuration_names_is_taken(calibrated):
    folder = Path(calibrated.data.data_dir)
    (folder / "calibration.toml").rename(folder / "other.toml")
    calibrated.data.camera_params_file = "other.toml"
    calibrated.training.imgaug_3d = True
    assert build_frames(calibrated).camera is not None
    calibrated.data.camera_params_file = "absent.toml"
    with pytest.raises(CalibrationError, match=r"camera_params_file: there is no file .*absent\.toml"):
        build_frames(calibrated)


@pytest.fixture
def filmed(calibrated) -> Config:
    """The same project with nine frames of unlabeled video."""
    folder = Path(calibrated.data.data_dir)
    for view, size in {"left": (80, 64), "middle": (80, 64), "right": (96, 72)}.items():
        with VideoWriter(folder / "videos" / f"s0_{view}.mp4", *size, 30) as video:
            for level in range(9):
                video.write(np.full((size[1], size[0], 3), 20 * level, np.uint8))
    unlabeled = calibrated.training.unlabeled
    unlabeled.clip_length, unlabeled.clips_per_batch, unlabeled.num_workers = 4, 2, 0
    return calibrated


@pytest.mark.parametrize("option", ["view_consistency", "camera_tokens"])
def test_video_without_a_calibration_is_refused_where_an_option_needs_one(filmed, option):
    folder = Path(filmed.data.data_dir)
    calibration = (folder / "calibration.toml").rename(folder / "kept.toml")
    assert "camera" not in build_clips(filmed)[0]
    if option == "camera_tokens":
        filmed.model.camera_tokens = True
    else:
        filmed.model.losses_to_use = [option]
    with pytest.raises(CalibrationError, match=rf"{option} needs a calibration of (.|\n)*'s0'"):
        build_clips(filmed)
    for path in list((folder / "videos").glob("s0_*")):
        path.with_name(path.name.replace("s0", "s1")).write_bytes(path.read_bytes())
    (folder / "calibrations").mkdir()
    calibration.rename(folder / "calibrations" / "s1.toml")
    if option == "camera_tokens":  # a network is told of every view, a loss passes over those that are not
        with pytest.raises(CalibrationError, match=r"every session of (.|\n)*'s0'"):
            build_clips(filmed)
    else:
        assert "camera" in build_clips(filmed)[0]


def test_unlabeled_video_comes_with_the_cameras_and_the_frames_that_the_network_asks_for(filmed):
    filmed.model.model_type = "heatmap_mhcrnn"
    frames = build_frames(filmed)
    data = build_data(filmed, frames, ["train"] * 6, build_clips(filmed))
    batch = next(iter(data.train_dataloader()))[0]
    assert batch["unlabeled"]["images"].shape == (8, 3, 5, 64, 64, 3)
    assert frames.camera is not None
    for field, labeled in zip(batch["unlabeled"]["camera"], frames.camera, strict=True):
        torch.testing.assert_close(field, torch.from_numpy(labeled[:1]).expand_as(field))
    filmed.training.unlabeled.clip_length = 10
    with pytest.raises(DataError, match="'s0' has 9"):
        build_clips(filmed)
