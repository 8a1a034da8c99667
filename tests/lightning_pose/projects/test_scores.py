"""Errors of models from their tables, against numbers worked out by hand."""

import math

import numpy as np
import pytest

from lightning_pose.core.tables import write_metric_table
from lightning_pose.projects.scores import ALL, Score, mean_scores, read_errors, read_scores, worst_first

FRAMES = np.array(["labeled-data/s/img0.png", "labeled-data/s/img1.png", "labeled-data/s/img2.png"])
SETS = ["train", "train", "validation"]


@pytest.fixture
def folder(tmp_path):
    """A model folder of another program: two views, errors of every frame, no summary."""
    left = [[1.0, 3.0], [5.0, np.nan], [2.0, 4.0]]
    right = [[7.0, np.nan], [np.nan, np.nan], [6.0, 8.0]]
    for view, values in (("left", left), ("right", right)):
        path = tmp_path / f"predictions_{view}_pixel_error.csv"
        write_metric_table(path, np.array(values), ("nose", "tail"), FRAMES, sets=SETS)
    return tmp_path


def test_a_summary_is_read_as_it_is(tmp_path):
    (tmp_path / "metrics.csv").write_text(
        "set,view,keypoint,labels,mean_px,median_px,p90_px,confidence\n"
        "train,left,nose,4,1.5,1.25,3,0.9\ntrain,all,all,8,2.5,2,4,nan\n"
    )
    scores = read_scores(tmp_path, ("left", "right"))
    assert scores["train", "left", "nose"] == Score(4, 1.5, 1.25, 3.0)
    assert scores["train", ALL, ALL].mean == 2.5


def test_without_a_summary_scores_are_those_of_the_frames(folder):
    scores = read_scores(folder, ("left", "right"))
    assert scores["train", ALL, ALL] == pytest.approx((4, (1 + 3 + 5 + 7) / 4, 4.0, 6.4))
    assert scores["train", "left", "nose"].mean == 3.0
    assert scores["validation", "right", ALL].mean == 7.0
    empty = scores["train", "right", "tail"]
    assert empty.labels == 0 and math.isnan(empty.mean)


def test_of_a_single_view_the_table_has_no_view_in_its_name(tmp_path):
    path = tmp_path / "predictions_pixel_error.csv"
    write_metric_table(path, np.array([[2.0], [4.0], [6.0]]), ("nose",), FRAMES, sets=SETS)
    assert read_scores(tmp_path, ())["train", ALL, "nose"].mean == 3.0
    assert worst_first(read_errors(tmp_path, ()))[0].view == ""


def test_what_is_missing_or_broken_is_no_score(tmp_path):
    assert read_scores(tmp_path, ()) == {}
    (tmp_path / "metrics.csv").write_text("set,view\ntrain,all\n")
    (tmp_path / "predictions_pixel_error.csv").write_text("")
    assert read_scores(tmp_path, ()) == {}


def test_an_ensemble_has_the_mean_of_what_all_its_members_have():
    one = {("train", ALL, ALL): Score(4, 2.0, 1.0, 5.0), ("test", ALL, ALL): Score(4, 9.0, 9.0, 9.0)}
    other = {("train", ALL, ALL): Score(4, 4.0, 2.0, 6.0)}
    assert mean_scores([one, other, {}]) == {("train", ALL, ALL): Score(4, 3.0, 1.5, 5.5)}
    assert mean_scores([{}, {}]) == {}


def test_images_come_by_their_farthest_keypoint(folder):
    errors = read_errors(folder, ("left", "right"))
    misses = worst_first(errors)
    assert [(miss.worst, miss.view, miss.keypoint) for miss in misses] == [
        (8.0, "right", "tail"), (7.0, "right", "nose"), (5.0, "left", "nose"), (4.0, "left", "tail"),
        (3.0, "left", "tail"),
    ]  # fmt: skip
    assert misses[0].mean == 7.0 and misses[0].image == FRAMES[2] and misses[0].set == "validation"
    assert [miss.worst for miss in worst_first(errors, "train", "nose")] == [7.0, 5.0, 1.0]
