"""The health of a project: every planted fault is named, and a healthy one has none."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from lightning_pose.core.calibration import Rig
from lightning_pose.core.project import open_project
from lightning_pose.core.video import VideoWriter
from lightning_pose.projects.health import Issue, check_project
from tests.apps.api.conftest import FRAMES, SESSION, SIZE, VIEWS, make_project


@pytest.fixture
def folder(tmp_path) -> Path:
    """A healthy project."""
    made = make_project(tmp_path / "mice", videos=True, more=4)
    for image in made.rglob(f"img{FRAMES[1] + 1:08d}.png"):
        image.unlink()
    return made


def said(folder: Path, subject: str) -> list[Issue]:
    return [issue for issue in check_project(folder) if issue.subject == subject]


def test_a_healthy_project_has_no_issue(folder):
    assert check_project(folder) == []


def test_progress_is_told_by_session(folder):
    seen = []
    check_project(folder, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 1)]


def test_a_folder_that_is_no_project(tmp_path):
    [issue] = check_project(tmp_path)
    assert (issue.severity, issue.subject) == ("error", "project")


def test_a_project_without_anything_says_what_to_do_next(tmp_path):
    (tmp_path / "project.yaml").write_text("keypoint_names: [nose]\n")
    issues = check_project(tmp_path)
    assert {issue.severity for issue in issues} == {"note"}
    assert "litpose add" in issues[0].text + issues[1].text


def test_a_view_without_its_video(folder):
    (folder / "videos" / f"{SESSION}_top.mp4").unlink()
    [issue] = said(folder, "videos")
    assert issue.severity == "warning"
    assert "no video of view top" in issue.text


def test_views_of_different_length_and_rate(folder):
    video = folder / "videos" / f"{SESSION}_top.mp4"
    with VideoWriter(video, *SIZE, fps=60) as writer:
        for _ in range(7):
            writer.write(np.zeros((SIZE[1], SIZE[0], 3), dtype=np.uint8))
    length, rate = said(folder, "videos")
    assert (length.severity, rate.severity) == ("error", "warning")
    assert "left 20, right 20, top 7" in length.text
    assert "top 60" in rate.text


def test_a_video_that_cannot_be_read_or_is_of_no_view(folder):
    (folder / "videos" / f"{SESSION}_top.mp4").write_bytes(b"no video")
    assert any("mouse1_top.mp4" in issue.text for issue in said(folder, "videos"))
    (folder / "videos" / "holiday.mp4").write_bytes(b"")
    assert any("holiday" in issue.text for issue in said(folder, "videos"))


def test_a_calibration_of_other_views_or_sizes(folder):
    rig = Rig.load(folder / "calibration.toml")
    rig.scaled_to([[320, 240]] * 3).save(folder / "calibration.toml")
    [issue] = said(folder, "calibration")
    assert "320 x 240" in issue.text
    rig.select(VIEWS[:2]).save(folder / "calibration.toml")
    [issue] = said(folder, "calibration")
    assert "'top' has no camera" in issue.text


def test_cameras_exchanged_are_found_by_the_labels(folder):
    rig = Rig.load(folder / "calibration.toml")
    Rig((VIEWS[1], VIEWS[0], VIEWS[2]), rig.sizes, rig.camera).save(folder / "calibration.toml")
    [issue] = said(folder, "calibration")
    assert issue.severity == "error"
    assert SESSION in issue.text


def test_no_calibration_is_a_note(folder):
    (folder / "calibration.toml").unlink()
    [issue] = said(folder, "calibration")
    assert issue.severity == "note"


def test_images_that_are_gone_and_images_of_no_label(folder):
    next((folder / "labeled-data" / f"{SESSION}_top").iterdir()).unlink()
    strange = folder / "labeled-data" / "unknown_top" / "img00000001.png"
    strange.parent.mkdir()
    cv2.imwrite(str(strange), np.zeros((4, 4), np.uint8))
    gone, unlabeled = said(folder, "images")
    assert (gone.severity, unlabeled.severity) == ("error", "note")
    assert "view top" in gone.text
    assert "unknown_top" in unlabeled.text


def test_labels_outside_their_image_and_labels_that_cannot_be_read(folder):
    table = folder / "CollectedData_top.csv"
    lines = table.read_text().splitlines()
    row = lines[3].split(",")
    lines[3] = ",".join([row[0], "500", *row[2:]])
    table.write_text("\n".join(lines) + "\n")
    [issue] = said(folder, "labels")
    assert "outside" in issue.text
    table.write_text("\n".join(lines[:-1]) + "\n")
    [issue] = said(folder, "labels")
    assert issue.severity == "error"


def test_links_that_lead_out(folder, tmp_path):
    video = folder / "videos" / f"{SESSION}_top.mp4"
    video.rename(tmp_path / "away.mp4")
    video.symlink_to(tmp_path / "away.mp4")
    [issue] = said(folder, "project")
    assert f"{SESSION}_top.mp4" in issue.text


def test_the_gravest_comes_first(folder):
    (folder / "calibration.toml").unlink()
    (folder / "videos" / f"{SESSION}_top.mp4").write_bytes(b"no video")
    severities = [issue.severity for issue in check_project(folder)]
    assert severities == sorted(severities, key=("error", "warning", "note").index)


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["human-4cam", "mirror-mouse"])
def test_real_projects_are_healthy(real_data, tmp_path, name):
    folder = Path(shutil.copytree(real_data / name, tmp_path / name))
    assert open_project(folder)
    assert [issue for issue in check_project(folder) if issue.severity == "error"] == []
