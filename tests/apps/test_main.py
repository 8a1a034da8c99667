"""The viewer as Streamlit runs it: its first page, and what it says of a folder it cannot show."""

import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from apps.api.desk import desk_of
from apps.api.places import project_id
from lightning_pose.projects.recent import remember_project

SCRIPT = Path(__file__).parents[2] / "apps" / "main.py"


@pytest.fixture
def viewer(monkeypatch):
    """Run the script on a folder."""

    def run(folder: Path) -> AppTest:
        monkeypatch.setattr(sys, "argv", ["main.py", str(folder)])
        return AppTest.from_file(str(SCRIPT), default_timeout=30).run()

    return run


def test_it_opens_on_the_overview(viewer, demo_folder):
    page = viewer(demo_folder)
    assert not page.exception
    assert page.header[0].value == "demo"
    assert page.caption[0].value.startswith("2 views · 4 keypoints · ")
    assert [(metric.label, metric.value) for metric in page.metric][:3] == [
        ("Sessions", "2"),
        ("Labeled frames", "0"),
        ("Models", "1"),
    ]


def test_a_folder_that_is_no_project_is_a_message(viewer, tmp_path):
    page = viewer(tmp_path)
    assert not page.exception
    assert "project.yaml" in page.error[0].value


def test_new_files_are_found_when_asked_to_look_again(viewer, tmp_path):
    page = viewer(tmp_path)
    (tmp_path / "project.yaml").write_text("keypoint_names: [nose]\n")
    page.run()
    assert "Labeled frames" in [metric.label for metric in page.metric]


def test_without_a_project_there_is_the_choice_of_one(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "mice"
    folder.mkdir()
    (folder / "project.yaml").write_text("keypoint_names: [nose]\n")
    remember_project(folder)
    monkeypatch.setattr(sys, "argv", ["main.py"])
    page = AppTest.from_file(str(SCRIPT), default_timeout=30).run()
    assert not page.exception and page.header[0].value == "Projects"
    next(button for button in page.button if button.label == "Open").click().run()
    assert not page.exception
    assert page.header[0].value == "mice" and page.query_params["project"] == project_id(folder)
    desk_of(None).close()


def test_an_address_names_the_project_it_is_about(monkeypatch, tmp_path, demo_folder):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    other = tmp_path / "mice"
    other.mkdir()
    (other / "project.yaml").write_text("keypoint_names: [nose]\n")
    monkeypatch.setattr(sys, "argv", ["main.py", str(demo_folder)])
    for word, title in ((desk_of(demo_folder.resolve()).allow(other), "mice"), ("unknown", "demo")):
        page = AppTest.from_file(str(SCRIPT), default_timeout=30)
        page.query_params["project"] = word
        assert page.run().header[0].value == title
