"""The smoother's records, as `eks` leaves them."""

import json
import os

import pytest

from lightning_pose.projects.smoothed import read_elsewhere, record_of, smoothed_at


def put(path, at: float, text: str = "") -> None:
    path.write_text(text)
    os.utime(path, (at, at))


def test_all_views_together_go_before_views_one_by_one(tmp_path):
    for view, at in (("top", 5.0), ("side", 3.0)):
        put(tmp_path / record_of(view), at)
    assert smoothed_at(str(tmp_path), ["top", "side"]) == 3.0
    assert smoothed_at(str(tmp_path), ["top", "side", "front"]) is None
    put(tmp_path / "multicam_results.json", 9.0)
    assert smoothed_at(str(tmp_path), ["top", "side", "front"]) == 9.0


def test_the_record_of_a_single_view_is_named_without_it():
    assert record_of("") == "singlecam_results.json"
    assert record_of("top") == "singlecam_top_results.json"


def test_a_record_names_the_model_and_the_tables(tmp_path):
    files = {
        "top": ["a/models/m/video_preds/s_top_rng=0.csv"],
        "side": ["a/models/m/video_preds/s_side_rng=0.csv"],
    }
    put(tmp_path / "r.json", 4.0, json.dumps({"files": files}))
    found = read_elsewhere(tmp_path / "r.json", 4.0)
    assert found is not None
    assert found.has("m", "s_side_rng=0.csv")
    assert not found.has("m", "s_side_rng=1.csv")
    assert not found.has("n", "s_side_rng=0.csv")


@pytest.mark.parametrize(
    "text", ["", "[]", '{"files": {}}', '{"files": {"top": 3}}', '{"files": {"top": []}}']
)
def test_a_record_of_something_else_says_nothing(tmp_path, text):
    put(tmp_path / "r.json", 4.0, text)
    assert read_elsewhere(tmp_path / "r.json", hash(text)) is None
