"""Choosing a project where the app was started on none."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lightning_pose.projects.recent import recent_projects, remember_project


@pytest.fixture(autouse=True)
def config(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def choice() -> None:
    import streamlit as st

    from apps.screens.recent import choose_project

    folder = choose_project()
    if folder is not None:
        st.header(f"chosen: {folder.name}")


def draw() -> AppTest:
    page = AppTest.from_function(choice, default_timeout=30).run()
    assert not page.exception
    return page


def make(folder: Path) -> Path:
    folder.mkdir()
    (folder / "project.yaml").write_text("keypoint_names: [nose]\n")
    return folder


def test_without_recent_projects_it_says_how_to_make_one():
    assert "litpose create" in draw().info[0].value


def test_a_recent_project_is_one_click_away(tmp_path):
    remember_project(make(tmp_path / "mice"))
    remember_project(make(tmp_path / "people"))
    page = draw()
    assert [button.label for button in page.button][:2] == ["people", "mice"]
    page.button[1].click().run()
    assert page.header[0].value == "chosen: mice"
    assert recent_projects()[0].name == "mice"


def test_another_folder_can_be_typed_if_it_is_a_project(tmp_path):
    page = draw()
    page.text_input[0].input(str(tmp_path))
    page.button[-1].click().run()
    assert "is no project" in page.error[0].value
    page.text_input[0].input(str(make(tmp_path / "mice")))
    page.button[-1].click().run()
    assert page.header[0].value == "chosen: mice"
