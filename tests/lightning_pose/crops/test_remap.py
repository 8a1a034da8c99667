import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.crops.geometry import crop_from_full
from lightning_pose.crops.remap import boxes_of, remap
from lightning_pose.crops.tables import BoxTable


@pytest.fixture
def table(rng) -> BoxTable:
    side = rng.integers(20, 60, 30) * 2
    return BoxTable(np.stack([*rng.integers(-20, 200, (2, 30)), side, side], axis=1), np.arange(30))


def poses_of(points: np.ndarray, frames: np.ndarray, **more) -> Poses:
    return Poses(("a", "b"), points, frames, **more)


@pytest.mark.parametrize("size", [None, (64, 48)])
def test_predictions_come_back_to_where_they_were_whatever_the_size_of_the_box(table, rng, size):
    full = rng.uniform(0, 300, (30, 2, 2))
    median = float(np.median(table.boxes[:, 2]))
    of_video = np.array(size or [2 * round(median / 2)] * 2)
    scale = of_video / table.boxes[:, None, 2:]
    crop = (full - table.boxes[:, None, :2] + 0.5) * scale - 0.5
    variance = rng.uniform(0, 2, crop.shape)
    found = remap(poses_of(crop, np.arange(30), variance=variance), table, size)
    assert np.abs(found.points - full).max() < 1e-9
    assert np.allclose(found.variance, variance / scale**2)


def test_predictions_on_cropped_images_are_only_moved(table):
    images = np.array([f"img{n}.png" for n in range(30)])
    of_images = table._replace(frames=images[::-1])
    poses = poses_of(np.ones((30, 2, 2)), images)
    assert np.array_equal(remap(poses, of_images).points[:, 0], table.boxes[::-1, :2] + 1.0)


def test_missing_points_stay_missing(table):
    points = np.full((30, 2, 2), np.nan)
    assert np.isnan(remap(poses_of(points, np.arange(30)), table).points).all()


def test_boxes_of_something_else_are_refused(table):
    with pytest.raises(DataError, match="29 frames of poses, but 30 boxes"):
        remap(poses_of(np.ones((29, 2, 2)), np.arange(29)), table)
    with pytest.raises(DataError, match="poses are of labeled images, but the boxes of frames of a video"):
        remap(poses_of(np.ones((1, 2, 2)), np.array(["img1.png"])), table)
    of_images = BoxTable(table.boxes[:1], np.array(["img1.png"]))
    with pytest.raises(DataError, match="no box for img2"):
        boxes_of(poses_of(np.ones((2, 2, 2)), np.array(["img1.png", "img2.png"])), of_images)


def test_the_way_there_and_back_is_exact_to_a_millionth_of_a_pixel(table, rng):
    crop = rng.uniform(0, 60, (30, 2, 2))
    there = remap(poses_of(crop, np.arange(30)), table, (62, 62)).points
    assert np.abs(crop_from_full(there, table.boxes, np.array([62, 62])) - crop).max() < 1e-6
