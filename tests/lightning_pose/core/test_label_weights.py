"""Weights beside a label file: they come back exactly, and what does not fit is named."""

import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.label_weights import (
    read_label_weights,
    read_view_weights,
    weights_file,
    write_label_weights,
)
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import open_project
from lightning_pose.core.tables import write_poses

NAMES = ("nose", "tail")
FRAMES = np.array([f"labeled-data/s_cam/img{row:08d}.png" for row in range(4)])


@pytest.fixture
def labels(tmp_path, rng):
    poses = Poses(NAMES, rng.uniform(0, 50, (4, 2, 2)), FRAMES)
    write_poses(tmp_path / "CollectedData.csv", poses)
    return poses


def test_weights_come_back_and_images_not_named_count_one(tmp_path, labels, rng):
    weights = rng.uniform(0, 1, (2, 2))
    path = write_label_weights(tmp_path / "CollectedData.csv", weights, NAMES, FRAMES[[3, 1]])
    assert path == weights_file(tmp_path / "CollectedData.csv") == tmp_path / "weights_CollectedData.csv"
    read = read_label_weights(tmp_path / "CollectedData.csv", labels)
    assert read is not None
    np.testing.assert_array_equal(read[[3, 1]], weights)
    np.testing.assert_array_equal(read[[0, 2]], 1)


def test_keypoints_are_matched_by_name(tmp_path, labels):
    write_label_weights(tmp_path / "CollectedData.csv", np.array([[0.25, 0.75]]), NAMES[::-1], FRAMES[:1])
    read = read_label_weights(tmp_path / "CollectedData.csv", labels)
    assert read is not None and read[0].tolist() == [0.75, 0.25]


def test_without_a_table_there_are_no_weights(tmp_path, labels):
    assert read_label_weights(tmp_path / "CollectedData.csv", labels) is None


def test_the_table_is_not_taken_for_labels_of_a_view(tmp_path, labels):
    write_label_weights(tmp_path / "CollectedData.csv", np.ones((1, 2)), NAMES, FRAMES[:1])
    assert open_project(tmp_path).views == ("",)


@pytest.mark.parametrize("weight", [-0.5, np.nan, np.inf])
def test_what_is_no_weight_is_refused_in_both_directions(tmp_path, labels, weight):
    file = tmp_path / "CollectedData.csv"
    with pytest.raises(DataError, match=r"img00000002.png, tail: expected a weight of 0 or more"):
        write_label_weights(file, np.array([[1, weight]]), NAMES, FRAMES[2:3])
    assert not weights_file(file).exists()
    cell = "" if np.isnan(weight) else str(weight)
    weights_file(file).write_text(f",nose,tail\n{FRAMES[2]},1.0,{cell}\n")
    with pytest.raises(DataError, match="img00000002"):
        read_label_weights(file, labels)


def test_other_keypoints_and_images_without_labels_are_refused(tmp_path, labels):
    file = tmp_path / "CollectedData.csv"
    write_label_weights(file, np.ones((1, 2)), ("nose", "ear"), FRAMES[:1])
    with pytest.raises(DataError, match="has the keypoints nose, ear; expected those of"):
        read_label_weights(file, labels)
    write_label_weights(file, np.ones((1, 2)), NAMES, np.array(["labeled-data/s_cam/img9.png"]))
    with pytest.raises(DataError, match=r"img9.png has no labels in CollectedData.csv: remove its line"):
        read_label_weights(file, labels)


def test_views_without_a_table_count_one_beside_those_with_one(tmp_path, labels):
    files = {"a": tmp_path / "CollectedData.csv", "b": tmp_path / "other.csv"}
    views = {"a": labels, "b": labels}
    assert read_view_weights(files, views) is None
    write_label_weights(files["b"], np.array([[0.5, 0.0]]), NAMES, FRAMES[2:3])
    weights = read_view_weights(files, views)
    assert weights is not None and weights.shape == (4, 2, 2)
    assert (weights[:, 0] == 1).all() and weights[2, 1].tolist() == [0.5, 0.0]


def test_faults_of_all_views_are_said_together(tmp_path, labels):
    files = {"a": tmp_path / "CollectedData.csv", "b": tmp_path / "other.csv"}
    for file in files.values():
        weights_file(file).write_text(f",nose,tail\n{FRAMES[0]},1.0,-1.0\n")
    with pytest.raises(DataError, match="2 faults") as error:
        read_view_weights(files, {"a": labels, "b": labels})
    assert "weights_other.csv" in str(error.value)
