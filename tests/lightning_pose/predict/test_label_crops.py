from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from lightning_pose.core.camera import make_camera, project, resize
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses
from lightning_pose.crops.boxes import BoxRule
from lightning_pose.data.labels import LabeledFrames, read_labeled_frames
from lightning_pose.predict.detector import Detector
from lightning_pose.predict.label_crops import find_label_boxes, predict_label_crops
from lightning_pose.predict.tracks import Found

SIZES = {"left": (120, 90), "right": (100, 80)}


class BlueAndRed:
    """Finds a blue and a red dot as centroids; remembers cameras."""

    workers = 1

    def __init__(self, context: int = 0) -> None:
        self.context = context
        self.calls: list[tuple] = []

    def sequence(self, images, camera=None, views=None) -> Found:
        raise AssertionError("labeled images are no film")

    def __call__(self, images, camera=None) -> Found:
        if self.context:
            assert images.shape[2] == 2 * self.context + 1
            images = images[:, :, self.context]
        rows, columns = np.indices(images.shape[2:4])
        light = np.where(images[..., [2, 0]] > 40, images[..., [2, 0]].astype(float), 0)
        total = light.sum(axis=(2, 3))
        spots = [
            (light * grid[..., None]).sum(axis=(2, 3)) / np.maximum(total, 1) for grid in (columns, rows)
        ]
        found = Found(np.stack(spots, axis=-1)[None].astype(np.float32), (total > 0)[None].astype(np.float32))
        self.calls.append((camera, found))
        return found

    def pose_errors(self, member, xy):
        return {}


@pytest.fixture
def truth(tmp_path: Path, rng) -> np.ndarray:
    """Labels "N V K 2" of images on disk; the third shows nothing."""
    truth = np.empty((5, 2, 2, 2))
    for v, (view, size) in enumerate(SIZES.items()):
        images = [f"labeled-data/s_{view}/img{10 * n:04d}.png" for n in range(5)]
        middle = rng.uniform(30, np.array(size) - 30, (5, 1, 2))
        truth[:, v] = middle + [[6, 4], [-6, -4]]
        x, y = np.meshgrid(*map(np.arange, size))
        for n, image in enumerate(images):
            dots = [np.exp(-((x - u) ** 2 + (y - w) ** 2) / 12.5) for u, w in truth[n, v]]
            picture = np.stack([dots[0], 0 * dots[0], dots[1]], axis=-1) * (250 if n != 2 else 0)
            (tmp_path / image).parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(tmp_path / image), np.rint(picture).astype(np.uint8))
        write_poses(
            tmp_path / f"CollectedData_{view}.csv", Poses(("blue", "red"), truth[:, v], np.array(images))
        )
    return truth


def read(folder: Path, size: tuple[int, int], context: int = 0) -> LabeledFrames:
    files = {view: folder / f"CollectedData_{view}.csv" for view in SIZES}
    return read_labeled_frames(files, folder, size, context=context)


@pytest.mark.parametrize("context", [0, 2])
def test_labeled_images_are_predicted_in_their_boxes_and_answered_in_their_own_pixels(
    truth, tmp_path, context
):
    detector = Detector(BlueAndRed(context), (48, 64), BoxRule(ratio=3.0))
    frames, done = read(tmp_path, (48, 64), context), []
    boxes = find_label_boxes(frames, detector, 4)
    center = boxes[..., :2] + boxes[..., 2:] / 2 - 0.5
    shown = np.array([0, 1, 3, 4])
    assert np.abs(center - truth.mean(axis=2))[shown].max() < 1.5
    assert np.abs(boxes[shown][..., 2] - 36).max() <= 2  # three times 12
    assert boxes[2, 0].tolist() != [0, 0, 0, 0] and (boxes[2, :, 2] >= 34).all()
    tracks = predict_label_crops(
        frames, tmp_path, boxes, BlueAndRed(context), (64, 64), batch_size=4, on_frames=done.append
    )
    assert done == [2, 2, 1]
    assert np.abs(tracks.xy[0].swapaxes(0, 1) - truth)[shown].max() < 0.1
    assert (tracks.confidence[0][:, shown] == 1).all() and (tracks.confidence[0][:, 2] == 0).all()


def test_networks_are_told_where_the_cameras_of_the_crops_are(truth, tmp_path, rng):
    frames = read(tmp_path, (48, 64))
    native = np.broadcast_to(np.array(list(SIZES.values())), (5, 2, 2))
    K = np.array([[150.0, 0, 50], [0, 150, 40], [0, 0, 1]])
    cameras = [make_camera(K, np.zeros(0), np.eye(3), np.array([0.0, 0, 5])) for _ in range(10)]
    whole = [
        resize(c, 64 / w, 48 / h) for c, (w, h) in zip(cameras, native.reshape(-1, 2).tolist(), strict=True)
    ]
    fields = [np.stack(parts).reshape(5, 2, *parts[0].shape) for parts in zip(*whole, strict=True)]
    frames.camera = type(cameras[0])(*fields)
    points = rng.uniform(-1, 1, (4, 3))
    boxes = np.tile([20, 10, 40, 50], (5, 2, 1))
    network = BlueAndRed()
    predict_label_crops(frames, tmp_path, boxes, network, (32, 40), batch_size=100)
    ((camera, _),) = network.calls
    expected = (project(points, cameras[0]) - [20, 10] + 0.5) * [40 / 50, 32 / 40] - 0.5
    assert np.allclose(project(points, camera), expected)
    assert not torch.is_tensor(camera.matrix)


def test_images_that_are_gone_are_named(truth, tmp_path):
    frames = read(tmp_path, (48, 64))
    (tmp_path / frames.frames[1][3]).unlink()
    with pytest.raises(DataError, match="s_right/img0030"):
        predict_label_crops(
            frames, tmp_path, np.tile([0, 0, 9, 9], (5, 2, 1)), BlueAndRed(), (32, 32), batch_size=4
        )
