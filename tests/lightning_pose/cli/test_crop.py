"""The four verbs of crop and zoom as a user calls them, one after the other."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from lightning_pose.cli.main import main
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_poses, write_poses
from lightning_pose.core.video import VideoWriter, probe
from lightning_pose.crops.tables import read_boxes

NAMES = ("nose", "tail")
VIEWS = ("left", "right")


def track(n: int) -> np.ndarray:
    """Return two keypoints that move apart as they go along."""
    t = np.arange(n)[:, None]
    nose, tail = np.hstack([30 + t, 20 + t / 2]), np.hstack([12 + t / 2, 14 + t / 4])
    return np.stack([nose, tail], axis=1)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A detector's folder with predictions of two views, and a project beside it."""
    for view in VIEWS:
        with VideoWriter(tmp_path / "videos" / f"s1_{view}.mp4", 80, 60, fps=30) as writer:
            for number in range(12):
                writer.write(np.full((60, 80, 3), 10 * number, np.uint8))
        images = [f"labeled-data/s1_{view}/img{n:04d}.png" for n in (3, 7)]
        for image in images:
            (tmp_path / image).parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(tmp_path / image), np.full((60, 80), 90, np.uint8))
        sure = np.full((12, 2), 0.9)
        poses = Poses(NAMES, track(12), np.arange(12), likelihood=sure)
        write_poses(tmp_path / "det" / "video_preds" / f"s1_{view}.csv", poses)
        labels = Poses(NAMES, track(12)[[3, 7]], np.array(images))
        write_poses(tmp_path / f"CollectedData_{view}.csv", labels)
        predicted = Poses(NAMES, labels.points, labels.frames, likelihood=sure[:2])
        write_poses(
            tmp_path / "det" / "image_preds" / f"CollectedData_{view}.csv" / "predictions.csv", predicted
        )
    return tmp_path / "det"


def run(*words: object) -> int:
    return main([str(word) for word in words])


def test_boxes_crops_and_the_way_back_for_every_view(model, tmp_path, capsys):
    tables = [tmp_path / f"CollectedData_{view}.csv" for view in VIEWS]
    assert run("create_bbox", model, tmp_path / "videos", *tables, "--crop_ratio", 1.5) == 0
    smoothed = tmp_path / "smoothed"
    assert run("smooth_bbox", model / "video_preds", "--output_dir", smoothed, "--method", "steady") == 0
    assert run("crop", model, tmp_path / "videos", "--bbox_dir", smoothed) == 0
    assert run("crop", model, *tables) == 0
    for view in VIEWS:
        boxes = read_boxes(smoothed / f"s1_{view}_bbox.csv").boxes
        size = np.array(probe(model / "cropped_videos" / f"cropped_s1_{view}.mp4")[:2])
        on_crop = (track(12) - boxes[:, None, :2] + 0.5) * size / boxes[:, None, 2:] - 0.5
        preds = tmp_path / f"cropped_s1_{view}.csv"
        write_poses(preds, Poses(NAMES, on_crop, np.arange(12)))
        assert run("remap", preds, smoothed / f"s1_{view}_bbox.csv",
                   "--video", model / "cropped_videos" / f"cropped_s1_{view}.mp4") == 0  # fmt: skip
        assert np.abs(read_poses(preds.with_name(f"remapped_{preds.name}")).points - track(12)).max() < 1e-6
        name = f"CollectedData_{view}.csv"
        labels = read_poses(model / "image_preds" / name / f"cropped_{name}")
        boxes = read_boxes(model / "image_preds" / name / "bbox.csv").boxes
        assert np.allclose(labels.points + boxes[:, None, :2], track(12)[[3, 7]])
        image = cv2.imread(str(model / "cropped_images" / str(labels.frames[0])))
        assert image.shape[:2] == tuple(boxes[0, 2:])


def test_a_cropped_video_is_kept_until_its_boxes_change(model, tmp_path, capsys):
    video = tmp_path / "videos" / "s1_left.mp4"
    assert run("create_bbox", model, video, "--crop_size", 40) == 0
    assert run("crop", model, video) == 0
    assert run("crop", model, video) == 0
    assert "kept" in capsys.readouterr().out
    assert run("create_bbox", model, video, "--crop_size", 30) == 0
    assert run("crop", model, video) == 0
    assert probe(model / "cropped_videos" / "cropped_s1_left.mp4")[:2] == (30, 30)


def test_what_cannot_be_done_is_named_and_the_rest_is_done(model, tmp_path, capsys):
    (model / "video_preds" / "s1_left.csv").unlink()
    assert run("create_bbox", model, tmp_path / "videos") == 2
    assert "s1_left.mp4 has no predictions" in capsys.readouterr().err
    assert (model / "video_preds" / "s1_right_bbox.csv").is_file()
    assert run("crop", model, tmp_path / "videos") == 2
    assert "s1_left.mp4 has no boxes" in capsys.readouterr().err
    assert (model / "cropped_videos" / "cropped_s1_right.mp4").is_file()
    assert run("crop", tmp_path / "nowhere", tmp_path / "videos") == 2
    assert run("create_bbox", model, tmp_path / "videos", "--crop_ratio", "0.5") == 2
    assert "more than 1" in capsys.readouterr().err


@pytest.mark.realdata
def test_a_real_project_is_cropped_by_its_labels_without_a_model(real_data, tmp_path):
    table = real_data / "mirror-mouse" / "CollectedData.csv"
    words = ("--from_labels", "--crop_ratio", 1.5, "--anchor_keypoints", "nose_bot,paw2LF_bot,paw3RF_bot")
    assert run("create_bbox", tmp_path, table, *words) == 0
    assert run("crop", tmp_path, table) == 0
    before, after = (
        read_poses(table),
        read_poses(tmp_path / "image_preds" / table.name / f"cropped_{table.name}"),
    )
    boxes = read_boxes(tmp_path / "image_preds" / table.name / "bbox.csv").boxes
    there = after.present
    assert np.allclose((after.points + boxes[:, None, :2])[there], before.points[there])
    assert there[:, list(before.names).index("nose_bot")].mean() > 0.9
    for row in (0, 33, 69):
        name, (x, y, h, w) = str(before.frames[row]), boxes[row]
        whole, crop = (
            cv2.imread(str(folder / name)) for folder in (table.parent, tmp_path / "cropped_images")
        )
        top, left = max(y, 0), max(x, 0)
        assert crop.shape[:2] == (h, w)
        shown = whole[top : y + h, left : x + w]
        assert np.array_equal(crop[top - y :, left - x :][: shown.shape[0], : shown.shape[1]], shown)
