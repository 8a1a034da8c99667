"""Boxes from files: what the networks see is what they cut out, and what does not fit is said."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.sessions import check_session
from lightning_pose.core.tables import read_poses, write_poses
from lightning_pose.crops.tables import BoxTable, write_boxes
from lightning_pose.predict import Options, predict
from lightning_pose.predict.given_boxes import read_label_boxes, read_session_boxes

QUIET = Console(quiet=True)
BOX = np.array([40, 20, 90, 110])  # x, y, h, w


def write_box_file(path: Path, frames: np.ndarray) -> None:
    write_boxes(path, BoxTable(np.tile(BOX, (len(frames), 1)), frames))


def test_videos_are_predicted_in_their_boxes_and_answered_in_their_own_pixels(
    film_session: Callable[..., dict[str, Path]],
    make_model: Callable[..., Path],
    spot_network,
    world,
    tmp_path,
):
    model, video = make_model(views=()), film_session(counts={"cam1": 23})["cam1"]
    write_box_file(tmp_path / "boxes" / "s1_cam1_bbox.csv", np.arange(23))
    options = Options(skip_viz=True, bbox_dir=tmp_path / "boxes")
    assert not predict(model, [video], options, QUIET).failures
    found = read_poses(model / "video_preds" / "s1_cam1.csv").points
    inside = ((world.xy[0] > BOX[:2] + 15) & (world.xy[0] < BOX[:2] + BOX[3:1:-1] - 15)).all(axis=(1, 2))
    assert inside.sum() >= 3  # both spots are wholly in the box
    np.testing.assert_allclose(found[inside], world.xy[0, inside], atol=1.5)


def test_boxes_that_lack_or_are_of_another_video_are_named(
    film_session: Callable[..., dict[str, Path]], tmp_path: Path
):
    videos = film_session(counts={"cam1": 3, "cam2": 5, "cam3": 4})
    session = check_session("s1", videos, ("cam1", "cam2", "cam3"), partial=True)
    for view, count in {"cam1": 3, "cam2": 4}.items():
        write_box_file(tmp_path / f"s1_{view}_bbox.csv", np.arange(count))
    with pytest.raises(DataError) as caught:
        read_session_boxes(session, tmp_path)
    assert "s1_cam2_bbox.csv has 4 boxes" in str(caught.value) and "has 5 frames" in str(caught.value)
    assert "s1_cam3_bbox.csv does not exist" in str(caught.value)
    for view, count in {"cam2": 5, "cam3": 4}.items():
        write_box_file(tmp_path / f"s1_{view}_bbox.csv", np.arange(count))
    boxes = read_session_boxes(session, tmp_path)
    assert boxes.shape == (5, 3, 4) and (boxes == BOX).all()


def test_labeled_images_are_predicted_in_their_boxes(
    make_model: Callable[..., Path], spot_network, draw_spots, tmp_path: Path
):
    folder, model = tmp_path / "project", make_model(views=())
    truth = np.array([[[70.0, 50], [110, 80]], [[120, 40], [75, 75]]])
    images = [f"labeled-data/s1/img{index:04d}.png" for index in range(2)]
    for image, points in zip(images, truth, strict=True):
        (folder / image).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / image), draw_spots(points, (160, 120))[..., ::-1])
    write_poses(folder / "CollectedData.csv", Poses(("red", "green"), truth, np.array(images)))
    write_box_file(tmp_path / "boxes" / "bbox.csv", np.array(images[::-1]))
    options = Options(bbox_dir=tmp_path / "boxes")
    summary = predict(model, [folder / "CollectedData.csv"], options, QUIET)
    assert not summary.failures and summary.outcomes[0].error_px < 1.5
    found = read_poses(model / "image_preds" / "CollectedData.csv" / "predictions.csv").points
    np.testing.assert_allclose(found, truth, atol=2)
    write_box_file(tmp_path / "boxes" / "bbox.csv", np.array(images[:1]))
    with pytest.raises(DataError, match=r"no box for 1 images of CollectedData.csv, such as labeled-data"):
        read_label_boxes({"": folder / "CollectedData.csv"}, [images], tmp_path / "boxes")
