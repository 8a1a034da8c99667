"""Pictures of predictions beside labels: the right part of the image, the right points on it."""

import cv2
import numpy as np
import pytest

from apps.screens.misses import HEIGHT, WIDTH, part_around, picture_of
from lightning_pose.core.errors import DataError
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.projects.predicted import Pair

NAN = [np.nan, np.nan]


def pair(labels, predicted) -> Pair:
    names = tuple("abc"[: len(labels)])
    return Pair(np.array(labels, float), np.array(predicted, float), np.ones(len(names)), names)


def test_all_points_are_inside_the_part_which_lies_inside_the_image():
    rng = np.random.default_rng(2)
    for _ in range(200):
        width, height = rng.integers(40, 2000, 2)
        points = rng.uniform(0, (width - 1, height - 1), (4, 2))
        left, top, right, bottom = part_around(pair(points[:2], points[2:]), int(width), int(height))
        assert 0 <= left < right <= width and 0 <= top < bottom <= height
        inside = np.clip(points, (left, top), (right, bottom))
        assert np.abs(inside - points).max() < 1.0


def test_without_points_the_whole_image_is_shown_and_far_ones_do_not_stretch_it():
    assert part_around(pair([NAN], [NAN]), 300, 200) == (0, 0, 300, 200)
    left, _, right, bottom = part_around(pair([[10, 10]], [[1e6, 20]]), 640, 480)
    assert right <= 640 and bottom <= 480 and left <= 10


@pytest.mark.parametrize("size", [(640, 480), (200, 600), (100, 60)])
def test_labels_are_white_and_predictions_coloured_where_they_belong(tmp_path, size):
    width, height = size
    path = tmp_path / "image.png"
    cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))
    label, predicted = [0.3 * width, 0.3 * height], [0.7 * width, 0.6 * height]
    skeleton = Skeleton(("a",), colors=("#ff0000",))
    told = pair([label], [predicted])
    drawn = cv2.imdecode(np.frombuffer(picture_of(path, 1, told, skeleton), np.uint8), cv2.IMREAD_COLOR)
    assert drawn is not None and drawn.shape == (HEIGHT, WIDTH, 3)
    left, top, right, bottom = part_around(told, width, height)
    scale = min(WIDTH / (right - left), HEIGHT / (bottom - top))
    offset = np.array([WIDTH - (right - left) * scale, HEIGHT - (bottom - top) * scale]) / 2
    points = (np.array([label, predicted]) - (left, top) + 0.5) * scale - 0.5 + offset
    at = np.rint(points).astype(int)
    assert drawn[at[0][1], at[0][0]].min() > 180
    blue, green, red = drawn[at[1][1], at[1][0]].astype(int)
    assert red > 150 and red - max(blue, green) > 60


def test_an_image_that_is_none_is_said(tmp_path):
    (tmp_path / "image.png").write_text("no image")
    with pytest.raises(DataError, match="cannot be read as an image"):
        picture_of(tmp_path / "image.png", 1, pair([[1, 1]], [[2, 2]]), Skeleton(("a",)))
