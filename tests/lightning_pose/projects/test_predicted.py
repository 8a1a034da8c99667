"""Predictions beside labels, matched by the names of images and keypoints, never by order."""

import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses
from lightning_pose.projects.predicted import label_copy, pair_on

IMAGES = np.array(["labeled-data/s_left/img1.png", "labeled-data/s_left/img2.png"])


def model(folder, config: str = "data: {csv_file: [elsewhere/CollectedData_left.csv]}"):
    (folder / "config.yaml").write_text(config)
    labels = Poses(("nose", "tail"), np.array([[[1.0, 2], [3, 4]], [[5, 6], [np.nan] * 2]]), IMAGES)
    write_poses(folder / "CollectedData_left.csv", labels)
    predicted = Poses(
        ("tail", "nose", "ear"), np.arange(12.0).reshape(2, 3, 2), IMAGES[::-1], np.full((2, 3), 0.5)
    )
    write_poses(folder / "predictions_left.csv", predicted)
    return folder


def test_labels_and_predictions_are_matched_by_name(tmp_path):
    pair = pair_on(model(tmp_path), ("left",), "left", str(IMAGES[1]))
    assert pair.names == ("tail", "nose", "ear")
    np.testing.assert_array_equal(pair.labels, [[np.nan] * 2, [5, 6], [np.nan] * 2])
    np.testing.assert_array_equal(pair.predicted, [[0, 1], [2, 3], [4, 5]])
    np.testing.assert_array_equal(pair.confidence, [0.5] * 3)
    np.testing.assert_array_equal(
        pair_on(tmp_path, ("left",), "left", str(IMAGES[0])).labels[:2], [[3, 4], [1, 2]]
    )


def test_without_a_configuration_the_copy_has_the_usual_name(tmp_path):
    assert label_copy(tmp_path, ("left",), "left").name == "CollectedData_left.csv"
    assert label_copy(tmp_path, (), "").name == "CollectedData.csv"


def test_a_table_that_is_gone_or_lacks_the_image_is_said(tmp_path):
    with pytest.raises(DataError, match="do not have"):
        pair_on(model(tmp_path), ("left",), "left", "labeled-data/other.png")
    (tmp_path / "predictions_left.csv").unlink()
    with pytest.raises(DataError, match="not there any more"):
        pair_on(tmp_path, ("left",), "left", str(IMAGES[0]))
