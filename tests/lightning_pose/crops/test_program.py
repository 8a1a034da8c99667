import json
from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_poses, write_poses
from lightning_pose.core.video import VideoWriter
from lightning_pose.crops.boxes import BoxRule
from lightning_pose.crops.geometry import crop_size, full_from_crop
from lightning_pose.crops.layout import CropLayout
from lightning_pose.crops.program import CreateOptions, create_boxes, make_boxes, remap_file, smooth_folder
from lightning_pose.crops.tables import BoxTable, read_boxes, write_boxes

NAMES = ("nose", "tail", "paw")


@pytest.fixture
def model(tmp_path) -> Path:
    """A model folder with predictions of a video of 6 frames by two members."""
    with VideoWriter(tmp_path / "s1.mp4", 64, 48, fps=10) as writer:
        for _ in range(6):
            writer.write(np.zeros((48, 64, 3), np.uint8))
    folder = tmp_path / "model"
    for seed, shift in enumerate((-1.0, 1.0)):
        write_poses(folder / "video_preds" / f"s1_rng={seed}.csv", predicted(6, shift))
    return folder


def predicted(n: int, shift: float = 0.0, frames: np.ndarray | None = None) -> Poses:
    points = (
        np.tile([[10.0, 10.0], [30.0, 20.0], [20.0, 15.0]], (n, 1, 1)) + np.arange(n)[:, None, None] + shift
    )
    frames = np.arange(n) if frames is None else frames
    return Poses(NAMES, points, frames, likelihood=np.full((n, 3), 0.8))


def test_boxes_of_an_ensemble_are_about_the_middle_of_its_members(model, tmp_path):
    layout = CropLayout.open(model)
    found = read_boxes(create_boxes(tmp_path / "s1.mp4", layout))
    assert np.array_equal(found.boxes, make_boxes(predicted(6)).boxes)
    assert found.boxes[0].tolist() == [0, -5, 40, 40]


def test_anchors_make_the_box_alone(model):
    options = CreateOptions(BoxRule(size=10), anchors=("nose",))
    assert make_boxes(predicted(2), options).boxes.tolist() == [[5, 5, 10, 10], [6, 6, 10, 10]]
    with pytest.raises(DataError, match="ear"):
        make_boxes(predicted(2), CreateOptions(anchors=("ear",)))


def test_unweighted_boxes_do_not_look_at_confidences():
    poses = predicted(1)
    poses.likelihood[0] = [0.9, 0.9, 0.01]
    poses.points[0, 2] = [500, 500]
    assert make_boxes(poses, CreateOptions(unweighted=True)).boxes[0, 2] == 980
    assert make_boxes(poses).boxes[0, 2] < 80


def test_predictions_of_another_video_are_refused(model, tmp_path):
    write_poses(model / "video_preds" / "s1.csv", predicted(5))
    with pytest.raises(DataError, match="6 frames, but there are predictions of 5"):
        create_boxes(tmp_path / "s1.mp4", CropLayout(model))


def test_a_video_without_the_animal_is_named(model, tmp_path):
    poses = predicted(6)
    poses.likelihood[:] = 0.01
    write_poses(model / "video_preds" / "s1.csv", poses)
    with pytest.raises(DataError, match=r"s1\.mp4: no box"):
        create_boxes(tmp_path / "s1.mp4", CropLayout(model))


def test_boxes_of_labels_are_from_predictions_or_from_the_labels_themselves(model, tmp_path):
    images = np.array([f"labeled-data/s1/img{n}.png" for n in range(3)])
    labels = predicted(3, 5.0, images)
    write_poses(tmp_path / "CollectedData.csv", Poses(NAMES, labels.points, images))
    write_poses(model / "image_preds" / "CollectedData.csv" / "predictions.csv", predicted(3, 0.0, images))
    layout = CropLayout(model)
    from_predictions = read_boxes(create_boxes(tmp_path / "CollectedData.csv", layout))
    assert from_predictions.boxes[0].tolist() == [0, -5, 40, 40]
    options = CreateOptions(from_labels=True)
    from_labels = read_boxes(create_boxes(tmp_path / "CollectedData.csv", layout, options))
    assert from_labels.boxes[0].tolist() == [5, 0, 40, 40]
    assert from_labels.frames.tolist() == images.tolist()


def test_smoothing_writes_every_file_and_says_how(tmp_path):
    boxes = np.tile([0, 0, 10, 10], (7, 1))
    boxes[3] = [90, 90, 50, 50]
    write_boxes(tmp_path / "raw" / "a_bbox.csv", BoxTable(boxes, np.arange(7)))
    write_boxes(tmp_path / "raw" / "b_bbox.csv", BoxTable(boxes + 2, np.arange(7)))
    files = smooth_folder(tmp_path / "raw", tmp_path / "out", "median", 3)
    assert [file.name for file in files] == ["a_bbox.csv", "b_bbox.csv"]
    assert read_boxes(files[0]).boxes.tolist() == [[0, 0, 10, 10]] * 7
    record = json.loads((tmp_path / "out" / "metadata.json").read_text())
    assert record == {"method": "median", "window": 3, "source": str((tmp_path / "raw").resolve())}
    with pytest.raises(DataError, match="name another"):
        smooth_folder(tmp_path / "raw", tmp_path / "raw")
    with pytest.raises(DataError, match="found none"):
        smooth_folder(tmp_path, tmp_path / "out")


@pytest.mark.parametrize("there", [True, False])
def test_the_size_of_a_cropped_video_is_its_own_or_follows_from_the_boxes(tmp_path, there):
    boxes = np.array([[0, 0, 20, 20], [5, 5, 30, 30], [9, 1, 40, 40]])
    write_boxes(tmp_path / "det" / "video_preds" / "s_bbox.csv", BoxTable(boxes, np.arange(3)))
    size = (64, 48) if there else crop_size(boxes)
    if there:
        (tmp_path / "det" / "cropped_videos").mkdir()
        with VideoWriter(tmp_path / "det" / "cropped_videos" / "cropped_s.mp4", *size, fps=10) as writer:
            writer.write(np.zeros((*size[::-1], 3), np.uint8))
    poses = predicted(3)
    write_poses(tmp_path / "cropped_s.csv", poses)
    target = remap_file(tmp_path / "cropped_s.csv", tmp_path / "det" / "video_preds" / "s_bbox.csv")
    assert target == tmp_path / "remapped_cropped_s.csv"
    expected = full_from_crop(poses.points, boxes, np.array(size))
    assert np.allclose(read_poses(target).points, expected, atol=1e-9)
    assert np.array_equal(read_poses(target).likelihood, poses.likelihood)
