import cv2
import numpy as np
import pytest

from lightning_pose.crops.cut import cut, resize


@pytest.fixture
def image(rng) -> np.ndarray:
    return rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "box",
    [
        (5, 7, 20, 30),
        (-10, -4, 30, 30),
        (45, 25, 40, 40),
        (-20, -20, 100, 120),
        (70, 50, 8, 8),
        (-90, -70, 30, 20),
        (0, 0, 40, 60),
    ],
)
def test_a_box_shows_what_opencv_moves_there_and_black_beyond_the_border(image, box):
    x, y, h, w = box
    expected = cv2.warpAffine(image, np.float32([[1, 0, -x], [0, 1, -y]]), (w, h), flags=cv2.INTER_NEAREST)
    assert np.array_equal(cut(image, np.array(box)), expected)


def test_the_last_row_and_column_are_in_the_crop(image):
    assert np.array_equal(cut(image, np.array([58, 38, 2, 2])), image[38:, 58:])


def test_a_shrunk_crop_is_the_mean_over_areas(image):
    found = cut(image, np.array([4, 6, 30, 40]), (20, 15))
    blocks = image[6:36, 4:44].reshape(15, 2, 20, 2, 3).astype(float).mean(axis=(1, 3))
    assert np.abs(found - blocks).max() <= 0.5 + 1e-6


def test_shrinking_averages_so_that_a_fine_grid_becomes_grey():
    grid = np.tile(np.array([[0, 255], [255, 0]], dtype=np.uint8), (32, 32))
    small = resize(np.repeat(grid[..., None], 3, axis=2), (16, 16))
    assert np.ptp(small.astype(int)) <= 1
    assert abs(int(small[0, 0, 0]) - 127) <= 1


def test_an_enlarged_crop_keeps_the_centres_of_pixels():
    ramp = np.repeat((np.arange(20, dtype=np.float32) * 10)[None], 20, axis=0)
    found = resize(ramp, (80, 80))
    expected = (np.arange(2, 78) + 0.5) / 4 - 0.5  # away from the border, where the first pixel is repeated
    assert np.allclose(found[40, 2:78], 10 * expected, atol=1e-3)


def test_cutting_gives_a_copy(image):
    crop = cut(image, np.array([0, 0, 40, 60]))
    crop[:] = 0
    assert image.any()


def test_images_of_one_channel_and_of_other_depths_are_cut_alike(image):
    grey = image[..., 0].astype(np.uint16) * 200
    assert np.array_equal(cut(grey, np.array([-3, 2, 10, 10]))[:, 3:], grey[2:12, :7])
