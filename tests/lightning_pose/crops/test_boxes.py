import numpy as np
import pytest

from lightning_pose.core.errors import ConfigError, DataError
from lightning_pose.crops.boxes import (
    BoxRule,
    Places,
    fill_images,
    fill_recording,
    find_places,
    square_boxes,
)

NAN = np.nan


def boxes(points: np.ndarray, confidence: np.ndarray | None = None, **rule) -> np.ndarray:
    return square_boxes(find_places(points, confidence, BoxRule(**rule)))


def test_without_confidences_boxes_are_those_of_lightning_pose():
    points = np.array(
        [
            [[10.0, 20.0], [50.5, 30.25], [30.0, 90.0]],
            [[-5.0, 3.0], [8.0, 6.0], [2.0, 1.0]],
            [[100, 50], [140, 51], [120, 90]],
        ]
    )
    # from `_compute_bbox_df` of Lightning Pose 2.4.3, crop_ratio 2 and 1.5, and crop_size 33
    assert boxes(points, ratio=2.0).tolist() == [[-39, -23, 140, 140], [-11, -9, 26, 26], [80, 23, 80, 80]]
    assert boxes(points, ratio=1.5).tolist() == [[-22, -6, 106, 106], [-8, -6, 20, 20], [90, 33, 60, 60]]
    assert boxes(points, size=33).tolist() == [[13, 29, 34, 34], [-15, -13, 34, 34], [103, 46, 34, 34]]


def test_equal_confidences_change_nothing(rng):
    points = rng.uniform(0, 300, (20, 6, 2))
    sure = np.full((20, 6), 0.37)
    assert np.array_equal(boxes(points, sure), boxes(points))


def test_a_keypoint_from_half_the_confidence_of_the_surest_on_counts_fully():
    points = np.array([[[0.0, 0.0], [10.0, 0.0], [20.0, 30.0]]])
    assert np.array_equal(boxes(points, np.array([[0.9, 0.5, 0.46]])), boxes(points))


def test_an_unsure_keypoint_far_away_hardly_moves_the_box():
    points = np.array([[[100.0, 100.0], [140.0, 100.0], [120.0, 120.0], [900.0, 800.0]]])
    plain = boxes(points[:, :3])
    weighted = boxes(points, np.array([[0.9, 0.9, 0.9, 0.01]]))
    assert np.abs(weighted - plain).max() <= 30
    assert boxes(points)[0, 2] == 1600


def test_missing_keypoints_count_nothing():
    points = np.array([[[0.0, 0.0], [10.0, 40.0], [NAN, NAN]]])
    assert np.array_equal(boxes(points), boxes(points[:, :2]))
    assert np.array_equal(boxes(points, np.array([[1.0, 1.0, 1.0]])), boxes(points[:, :2]))


def test_a_frame_without_a_sure_keypoint_has_no_place():
    points = np.ones((3, 2, 2))
    places = find_places(
        points, np.array([[0.05, 0.09], [0.0, 0.0], [NAN, 0.5]]), BoxRule(min_confidence=0.1)
    )
    assert np.isnan(places.center[:2]).all() and np.isnan(places.side[:2]).all()
    assert places.center[2].tolist() == [1, 1] and np.isnan(places.side[2])  # one keypoint has no extent


def test_gaps_of_a_recording_are_interpolated_and_its_ends_held():
    center = np.array([[NAN, NAN], [10.0, 0.0], [NAN, NAN], [NAN, NAN], [40.0, 30.0], [NAN, NAN]])
    side = np.array([NAN, 50.0, NAN, NAN, 80.0, NAN])
    filled = fill_recording(Places(center, side))
    assert filled.center.tolist() == [[10, 0], [10, 0], [20, 10], [30, 20], [40, 30], [40, 30]]
    assert filled.side.tolist() == [50, 50, 60, 70, 80, 80]


def test_a_collapsed_animal_keeps_half_of_the_usual_box():
    places = Places(np.zeros((5, 2)), np.array([100.0, 100.0, 0.0, 2.0, 90.0]))
    assert fill_recording(places).side.tolist() == [100, 100, 45, 45, 90]
    assert fill_images(places, ["a"] * 5).side.tolist() == [100, 100, 45, 45, 90]


def test_an_image_without_the_animal_has_the_usual_box_of_its_folder():
    center = np.array([[1.0, 1.0], [3.0, 3.0], [NAN, NAN], [100.0, 100.0], [NAN, NAN]])
    side = np.array([10.0, 20.0, NAN, 60.0, NAN])
    filled = fill_images(Places(center, side), ["a", "a", "a", "b", "c"])
    assert filled.center[2].tolist() == [2, 2] and filled.side[2] == 15
    assert filled.center[4].tolist() == [2.5, 2.5]  # of all, as nothing is known of its folder


def test_a_recording_without_the_animal_is_refused():
    nothing = Places(np.full((2, 2), NAN), np.full(2, NAN))
    with pytest.raises(DataError, match="--crop_size"):
        fill_recording(nothing)
    with pytest.raises(DataError, match="--crop_size"):
        fill_images(nothing, ["a", "a"])


@pytest.mark.parametrize("wrong", [{"ratio": 1.0}, {"ratio": NAN}, {"size": 0}, {"min_confidence": 1.5}])
def test_impossible_rules_are_refused(wrong):
    with pytest.raises(ConfigError, match="expected"):
        BoxRule(**wrong)


def test_boxes_are_even_and_never_empty():
    found = square_boxes(Places(np.array([[5.0, 5.0], [7.3, 9.9]]), np.array([0.0, 6.2])))
    assert found.tolist() == [[4, 4, 2, 2], [3, 5, 8, 8]]
