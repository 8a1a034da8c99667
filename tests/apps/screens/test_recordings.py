"""The page of recordings: looked at, compared, added by a program that outlives the page."""

import shutil
import time

import pytest

from apps.screens.recordings import contents_of, planned_sessions
from lightning_pose.core.project import open_project
from lightning_pose.projects.jobs import jobs

from ..conftest import two_cameras


@pytest.fixture
def shelf(healthy, tmp_path):
    """A folder with one whole session, one that lacks a view, and a video of no view."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    for name in ("a_top", "a_side", "b_top"):
        shutil.copy(healthy / "videos" / "mouse1_top.mp4", folder / f"{name}.mp4")
    return folder


def look(page, folder):
    """Open a folder in the browser of the page."""
    page.text_input[0].input(str(folder)).run()
    assert not page.exception
    return page


def test_an_empty_project_has_none_yet(draw, empty):
    assert "No recording yet" in draw(empty, "recordings").info[0].value


def test_a_broken_project_can_be_looked_at(draw, broken):
    assert draw(broken, "recordings").expander[0].label == "2 sessions in the project"


def test_sessions_are_told_with_what_is_wrong(draw, empty, shelf):
    page = look(draw(empty, "recordings"), shelf)
    assert [(box.label, box.value, box.disabled) for box in page.checkbox] == [
        ("**a**", True, False),
        ("**b**", False, True),
    ]
    assert any("no video of view side" in element.value for element in page.markdown)
    assert any(button.label == "Add 1 session" for button in page.button)


def test_a_video_of_no_view_can_be_left_out(draw, empty, shelf):
    shutil.copy(shelf / "a_top.mp4", shelf / "holiday.mp4")
    page = look(draw(empty, "recordings"), shelf)
    assert "holiday" in page.error[0].value
    page.multiselect[0].set_value(["holiday.mp4"]).run()
    assert not page.error and len(page.checkbox) == 2


def test_a_calibration_beside_the_videos_is_taken_with_a_click(draw, empty, shelf):
    two_cameras().save(shelf / "calibration.toml")
    page = look(draw(empty, "recordings"), shelf)
    next(button for button in page.button if button.label == "Take").click().run()
    assert (empty / "calibration.toml").read_bytes() == (shelf / "calibration.toml").read_bytes()
    assert not page.exception and not any(button.label == "Take" for button in page.button)


def test_a_session_is_summed_up(empty, shelf):
    files = sorted(shelf.glob("a_*.mp4"))
    (session,) = planned_sessions(empty, files, [0, 0])
    assert contents_of(session) == "2 views · 40 frames · 30 a second · 160 × 120"


@pytest.mark.slow
def test_sessions_are_added_while_nobody_looks(draw, empty, shelf):
    page = look(draw(empty, "recordings"), shelf)
    next(button for button in page.button if button.label == "Add 1 session").click().run()
    assert not page.exception
    (job,) = jobs(empty, "add")
    limit = time.monotonic() + 60
    while job.state == "running":
        assert time.monotonic() < limit
        time.sleep(0.05)
    assert job.state == "done", job.tail()
    assert set(open_project(empty).videos()) == {"a"}
    page = look(draw(empty, "recordings"), shelf)
    assert page.checkbox[0].value is False  # it is there
