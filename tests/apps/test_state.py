"""What the viewer finds in a folder."""

import json
import os
import shutil
from pathlib import Path

import pytest

from apps.state import folder_of, read_folder
from lightning_pose.core.errors import DataError

SESSION = "mouse7"


@pytest.fixture
def folder(demo_folder: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(demo_folder, tmp_path / "demo"))


def test_sessions_are_found_with_all_that_belongs_to_them(demo_folder):
    contents = read_folder(demo_folder)
    assert list(contents.sessions) == ["mouse1", SESSION]
    session = contents.sessions[SESSION]
    assert set(session.videos) == {"top", "side"}
    assert set(session.sources) == {"models/demo · seed 0", "models/demo · seed 1", "smoothed", "truth"}
    assert session.sources["models/demo · seed 0"].views["top"].name == "mouse7_top_rng=0.csv"
    assert session.sources["smoothed"].world.name == "multicam_3d_results.csv"
    assert session.truth.name == "mouse7_3d.csv"
    assert session.calibration.name == "calibration.toml"
    assert contents.notes == []


def test_a_session_without_predictions_is_there_too(demo_folder):
    session = read_folder(demo_folder).sessions["mouse1"]
    assert session.sources == {}
    assert session.truth is None


def test_the_project_itself_can_be_opened(demo_folder):
    contents = read_folder(demo_folder / "project")
    assert list(contents.sessions) == ["mouse1", SESSION]
    assert contents.summary is None


def test_label_files_in_the_folder_itself_are_no_predictions(folder):
    shutil.copy(folder / "project" / "truth" / f"{SESSION}_3d.csv", folder / "project" / "poses_3d.csv")
    assert list(read_folder(folder / "project").sessions) == ["mouse1", SESSION]


def test_a_folder_that_is_no_project_says_what_was_expected(tmp_path):
    with pytest.raises(DataError, match=r"project\.yaml"):
        read_folder(tmp_path)


def test_3d_predictions_join_their_model(folder):
    predictions = folder / "models" / "demo" / "video_preds"
    shutil.copy(folder / "project" / "truth" / f"{SESSION}_3d.csv", predictions / f"{SESSION}_3d.csv")
    source = read_folder(folder).sessions[SESSION].sources["models/demo"]
    assert source.world == predictions / f"{SESSION}_3d.csv"


def test_3d_points_of_an_ensemble_are_a_source_of_their_own(folder):
    world = folder / "models" / "demo" / "video_preds_3d" / f"{SESSION}_3d.csv"
    world.parent.mkdir()
    shutil.copy(folder / "project" / "truth" / f"{SESSION}_3d.csv", world)
    sources = read_folder(folder).sessions[SESSION].sources
    assert sources["models/demo · ensemble median"].world == world
    assert "models/demo" not in sources


def test_the_smoothers_record_says_which_session_it_smoothed(folder):
    (folder / "summary.json").unlink()
    record = {
        "files": {"top": ["elsewhere/mouse1_top_rng=0.csv"], "side": ["elsewhere/mouse1_side_rng=0.csv"]}
    }
    (folder / "smoothed" / "multicam_results.json").write_text(json.dumps(record))
    sessions = read_folder(folder).sessions
    assert "smoothed" in sessions["mouse1"].sources
    assert "smoothed" not in sessions[SESSION].sources


def test_metric_tables_are_not_taken_for_keypoints(folder):
    metrics = folder / "models" / "demo" / "video_preds" / f"{SESSION}_top_pixel_error.csv"
    metrics.write_text("frame,nose\n0,1.0\n")
    contents = read_folder(folder)
    assert contents.notes == []
    assert len(contents.sessions[SESSION].sources) == 4


def test_a_file_of_no_view_is_named(folder):
    stray = folder / "project" / "videos" / "holiday.mp4"
    stray.write_bytes(b"")
    notes = read_folder(folder).notes
    assert len(notes) == 1
    assert notes[0].startswith("project/videos/holiday.mp4: ")


def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path):
    secret = tmp_path / "mouse9_top.mp4"
    secret.write_bytes(b"")
    (folder / "project" / "videos" / "mouse9_top.mp4").symlink_to(secret)
    contents = read_folder(folder)
    assert "mouse9" not in contents.sessions
    assert "leads out of the folder" in contents.notes[0]


def test_smoothed_tables_go_to_the_session_their_folder_is_named_after(folder):
    (folder / "summary.json").unlink()
    os.renames(folder / "smoothed", folder / "smoothed_all" / "mouse1")
    sessions = read_folder(folder).sessions
    assert "smoothed_all" in sessions["mouse1"].sources
    assert "smoothed" not in sessions[SESSION].sources


def test_smoothed_tables_of_no_known_session_are_named(folder):
    (folder / "summary.json").unlink()
    predictions = folder / "models" / "demo" / "video_preds"
    for view in ("top", "side"):
        shutil.copy(predictions / f"{SESSION}_{view}_rng=0.csv", predictions / f"mouse1_{view}_rng=0.csv")
    notes = read_folder(folder).notes
    assert len(notes) == 3
    assert all("cannot tell which session" in note for note in notes)


def test_where_nothing_changed_the_answer_is_the_same(folder):
    assert read_folder(folder) is read_folder(folder)


def test_what_came_went_or_was_renamed_is_seen_at_once(folder):
    before = read_folder(folder)
    predictions = folder / "models" / "demo" / "video_preds"
    predictions.rename(folder / "models" / "demo" / "video_preds_old")
    gone = read_folder(folder)
    assert set(gone.sessions[SESSION].sources) == {"smoothed", "truth"}
    assert "models/demo · seed 0" in before.sessions[SESSION].sources
    (folder / "models" / "demo" / "video_preds_old").rename(predictions)
    assert set(read_folder(folder).sessions[SESSION].sources) == set(before.sessions[SESSION].sources)


def test_a_project_that_was_edited_is_read_again(folder):
    before = read_folder(folder)
    path = folder / "project" / "project.yaml"
    path.write_text(path.read_text().replace("paw_left", "paw_l"))
    assert "paw_l" in read_folder(folder).project.keypoint_names
    assert "paw_l" not in before.project.keypoint_names


def test_what_was_seen_a_moment_ago_may_do(folder):
    known = folder_of(folder.resolve())
    before = known.contents()
    shutil.rmtree(folder / "models")
    assert known.contents(within=60) is before
    assert known.contents() is not before
