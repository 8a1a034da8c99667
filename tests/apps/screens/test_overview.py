"""The overview: sessions, scores, and what could not be shown."""

import shutil
from pathlib import Path

from streamlit.testing.v1 import AppTest


def overview(folder: str) -> None:
    from pathlib import Path

    from apps.screens.overview import show_overview
    from apps.state import read_folder

    show_overview(read_folder(Path(folder)))


def draw(folder: Path) -> AppTest:
    page = AppTest.from_function(overview, args=(str(folder),), default_timeout=30).run()
    assert not page.exception
    return page


def test_every_session_has_its_line(demo_folder):
    table = draw(demo_folder).dataframe[0].value
    assert table["session"].tolist() == ["mouse1", "mouse7"]
    assert table["videos"].tolist() == [2, 2]
    assert table["predictions"].tolist() == [0, 2]
    assert table["smoothed"].tolist() == ["", "yes"]
    assert table["recording"][0] == "160 × 120, 40 frames at 30/s"


def test_the_scores_of_a_demo_are_shown(demo_folder):
    table = draw(demo_folder).dataframe[1].value
    assert table["method"].tolist() == ["smoother"]
    assert table["3D mean, mm"].tolist() == [3.0]
    assert table["95 % interval covers"].tolist() == ["95.1 %"]


def test_files_that_are_not_shown_are_named_with_the_reason(demo_folder, tmp_path):
    folder = Path(shutil.copytree(demo_folder, tmp_path / "demo"))
    (folder / "project" / "videos" / "holiday.mp4").write_bytes(b"")
    page = draw(folder)
    assert page.expander[0].label == "1 file that is not shown"
    assert "holiday.mp4" in page.expander[0].text[0].value


def test_an_unreadable_video_is_said_to_be_one(demo_folder, tmp_path):
    folder = Path(shutil.copytree(demo_folder, tmp_path / "demo"))
    (folder / "project" / "videos" / "mouse1_side.mp4").write_bytes(b"no video")
    (folder / "project" / "videos" / "mouse1_top.mp4").write_bytes(b"no video")
    assert draw(folder).dataframe[0].value["recording"][0].startswith("unreadable")
