"""The viewer as Streamlit runs it: its first page, and what it says of a folder it cannot show."""

import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

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
    assert [(metric.label, metric.value) for metric in page.metric] == [
        ("Sessions", "2"),
        ("Views", "2"),
        ("Keypoints", "4"),
        ("Sets of predictions", "3"),
    ]


def test_a_folder_that_is_no_project_is_a_message(viewer, tmp_path):
    page = viewer(tmp_path)
    assert not page.exception
    assert "project.yaml" in page.error[0].value


def test_new_files_are_found_when_asked_to_look_again(viewer, tmp_path):
    page = viewer(tmp_path)
    (tmp_path / "project.yaml").write_text("keypoint_names: [nose]\n")
    page.run()
    assert "Keypoints" in [metric.label for metric in page.metric]
