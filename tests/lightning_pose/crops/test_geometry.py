import cv2
import numpy as np
import pytest

from lightning_pose.core.camera import crop_matrix, resize_matrix
from lightning_pose.crops.geometry import box_sizes, crop_from_full, crop_size, full_from_crop, full_variance

BOXES = np.array([[10, 20, 100, 200], [-7, 3, 64, 64], [5, -9, 31, 77]])


def test_a_crop_and_the_frame_say_the_same_whatever_the_size_of_the_box(rng):
    full = rng.uniform(-50, 400, (3, 5, 2))
    size = np.array([96, 128])
    back = full_from_crop(crop_from_full(full, BOXES, size), BOXES, size)
    assert np.abs(back - full).max() < 1e-10


def test_the_corners_of_a_crop_are_those_of_its_box():
    size = np.array([50, 25])
    corners = np.tile([[-0.5, -0.5], [49.5, 24.5]], (3, 1, 1))
    full = full_from_crop(corners, BOXES, size)
    assert np.allclose(full[:, 0], BOXES[:, :2] - 0.5)
    assert np.allclose(full[:, 1], BOXES[:, :2] + BOXES[:, [3, 2]] - 0.5)


def test_pixels_of_a_crop_are_those_of_the_camera_that_is_cropped_and_resized(rng):
    full = rng.uniform(0, 200, (3, 4, 2))
    for (x, y, h, w), points in zip(BOXES.tolist(), full, strict=True):
        A = resize_matrix(40 / w, 60 / h) @ crop_matrix(x, y)
        expected = cv2.transform(points[None], A[:2])[0]
        assert np.allclose(crop_from_full(points, np.array([x, y, h, w]), np.array([40, 60])), expected)


def test_boxes_broadcast_over_members(rng):
    xy = rng.uniform(0, 30, (2, 3, 5, 2))
    both = full_from_crop(xy, BOXES, np.array([32, 32]))
    assert np.array_equal(both[1], full_from_crop(xy[1], BOXES, np.array([32, 32])))


def test_variances_grow_by_the_square_of_the_scale():
    box = np.array([[0, 0, 100, 200]])
    found = full_variance(np.ones((1, 1, 2)), box, np.array([100, 100]))
    assert found.tolist() == [[[4.0, 1.0]]]


@pytest.mark.parametrize(
    ("sides", "expected"),
    # from Lightning Pose 2.4.3: 2 round(median / 2), with Python's rounding of halves to even
    [([100, 100, 103], 100), ([101], 100), ([103], 104), ([10, 20], 16), ([6, 8], 8), ([1], 2)],
)
def test_a_cropped_video_has_the_size_that_lightning_pose_gives_it(sides, expected):
    boxes = np.array([[0, 0, side, side] for side in sides])
    assert crop_size(boxes) == (expected, expected)


def test_the_size_of_a_box_is_its_width_and_its_height():
    assert box_sizes(BOXES).tolist() == [[200, 100], [64, 64], [77, 31]]
