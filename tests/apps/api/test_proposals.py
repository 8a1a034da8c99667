"""Predictions as proposals: exactly the row of the frame, of the newest model."""

import os
from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses
from tests.apps.api.conftest import FRAMES, NAMES, SESSION, VIEWS


def predict(folder: Path, model: str, shift: float, names: tuple[str, ...] = NAMES, frames: int = 30) -> None:
    """Write predictions in which frame t of keypoint k of view v is at (t + shift, 10 k + v)."""
    for v, view in enumerate(VIEWS):
        points = np.zeros((frames, len(names), 2))
        points[..., 0] = np.arange(frames)[:, None] + shift
        points[..., 1] = 10 * np.arange(len(names)) + v
        likelihood = np.full(points.shape[:2], 0.75)
        poses = Poses(names, points, np.arange(frames), likelihood=likelihood)
        write_poses(folder / model / "video_preds" / f"{SESSION}_{view}.csv", poses)


def shown(browser, row: int = 1) -> dict | None:
    return browser.get(f"/frames/{browser.frame_ids[row]}")["proposals"]


def test_a_project_without_predictions_proposes_nothing(browser):
    assert shown(browser) is None


def test_what_was_predicted_for_exactly_this_frame_is_proposed(open_browser, labeled):
    predict(labeled, "models/first", 0.5)
    browser = open_browser(labeled)
    for row, frame in enumerate(FRAMES):
        found = shown(browser, row)
        for v, view in enumerate(VIEWS):
            assert found[view] == {name: [frame + 0.5, 10 * k + v, 0.75] for k, name in enumerate(NAMES)}


def test_the_last_row_is_found_without_its_line_end(open_browser, labeled):
    predict(labeled, "models/first", 0.5, frames=FRAMES[2] + 1)
    for path in (labeled / "models").rglob("*.csv"):
        path.write_bytes(path.read_bytes().rstrip())
    browser = open_browser(labeled)
    for row, frame in enumerate(FRAMES):
        assert shown(browser, row)["top"]["nose"][0] == frame + 0.5


def test_the_newest_model_counts(open_browser, labeled):
    predict(labeled, "models/old", 0.0)
    predict(labeled, "models/new", 100.0)
    for path in (labeled / "models" / "old").rglob("*.csv"):
        os.utime(path, (1, 1))
    assert shown(open_browser(labeled))["top"]["nose"][0] == FRAMES[1] + 100


def test_keypoints_of_another_skeleton_and_frames_behind_the_end_are_left_out(open_browser, labeled):
    predict(labeled, "models/first", 0.0, names=("tail", "wing"), frames=FRAMES[1] + 1)
    browser = open_browser(labeled)
    assert set(shown(browser, 1)["left"]) == {"tail"}
    assert shown(browser, 2) is None


@pytest.mark.parametrize("text", ["", "no table", "scorer,a\nbodyparts,nose\ncoords,x\n0,1\n", "\xff\xfe"])
def test_a_table_that_cannot_be_read_is_no_proposal(open_browser, labeled, text):
    predict(labeled, "models/first", 0.0)
    (labeled / "models" / "first" / "video_preds" / f"{SESSION}_top.csv").write_bytes(text.encode("latin-1"))
    assert set(shown(open_browser(labeled))) == {"left", "right"}


def test_predictions_behind_a_link_out_of_the_project_are_not_read(open_browser, labeled, tmp_path):
    predict(tmp_path, "elsewhere", 0.0)
    (labeled / "models").mkdir()
    (labeled / "models" / "linked").symlink_to(tmp_path / "elsewhere")
    assert shown(open_browser(labeled)) is None
    folder = labeled / "models" / "mine" / "video_preds"
    folder.mkdir(parents=True)
    for view in VIEWS:
        name = f"{SESSION}_{view}.csv"
        (folder / name).symlink_to(tmp_path / "elsewhere" / "video_preds" / name)
    assert shown(open_browser(labeled)) is None
