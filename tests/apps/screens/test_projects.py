"""The page of projects: the recent ones, one in a folder, a new one."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from apps.screens.projects import make_project
from lightning_pose.core.errors import DataError
from lightning_pose.core.project import open_project
from lightning_pose.projects.recent import recent_projects, remember_project


def page() -> None:
    import streamlit as st

    from apps.screens.projects import show_projects

    show_projects(lambda folder: st.header(f"chosen: {folder}"))


def draw() -> AppTest:
    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception
    return app


def press(app: AppTest, label: str, place: int = 0) -> AppTest:
    [button for button in app.button if button.label == label][place].click().run()
    assert not app.exception
    return app


def chosen(app: AppTest) -> list[str]:
    return [header.value for header in app.header if header.value.startswith("chosen")]


def make(folder: Path) -> Path:
    folder.mkdir()
    (folder / "project.yaml").write_text("keypoint_names: [nose]\n")
    return folder


def test_without_recent_projects_it_says_what_to_do():
    assert "open a folder, or make a project" in draw().info[0].value


def test_a_recent_project_is_one_click_away(tmp_path, broken):
    remember_project(make(tmp_path / "mice"))
    remember_project(broken)
    (broken / "project.yaml").write_text("- no mapping\n")
    app = draw()
    assert any("1 view · 1 keypoints" in element.value for element in app.markdown)
    assert any(element.value.startswith(":red[") for element in app.markdown)
    assert chosen(press(app, "Open", 1)) == [f"chosen: {tmp_path / 'mice'}"]


def test_a_project_is_taken_off_the_list_and_stays(tmp_path):
    remember_project(make(tmp_path / "mice"))
    press(draw(), "")
    assert recent_projects() == [] and (tmp_path / "mice" / "project.yaml").is_file()


def look(app: AppTest, folder: Path) -> AppTest:
    next(box for box in app.text_input if box.label == "Folder of the project").input(str(folder)).run()
    assert not app.exception
    return app


def test_a_folder_is_opened_if_it_is_a_project(tmp_path):
    app = look(draw(), tmp_path)
    assert any("No project" in element.value for element in app.info)
    assert chosen(press(look(app, make(tmp_path / "mice")), "Open")) == [f"chosen: {tmp_path / 'mice'}"]


def test_a_project_of_deeplabcut_is_opened_as_it_is(tmp_path):
    (tmp_path / "config.yaml").write_text("bodyparts: [nose, tail]\nscorer: anna\n")
    app = press(look(draw(), tmp_path), "Open")
    assert chosen(app) == [f"chosen: {tmp_path}"]
    assert open_project(tmp_path).keypoint_names == ("nose", "tail")


def fill(app: AppTest, **values: str) -> AppTest:
    labels = {
        "name": "Name", "parent": "In the folder", "views": "Views, with commas between",
        "keypoints": "Names of the keypoints, one on each line", "edges": "Lines between keypoints",
    }  # fmt: skip
    for name, value in values.items():
        box = next(box for box in (*app.text_input, *app.text_area) if box.label == labels[name])
        box.input(value)
    app.run()
    assert not app.exception
    return app


def test_a_project_is_made_of_what_is_typed(tmp_path):
    app = fill(
        draw(), name="mice", parent=str(tmp_path), views="top, side", keypoints="nose\near_left\near_right",
        edges="nose - ear_left",
    )  # fmt: skip
    assert any("3 keypoints, 2 views" in element.value for element in app.caption)
    assert chosen(press(app, "Make the project")) == [f"chosen: {tmp_path / 'mice'}"]
    project = open_project(tmp_path / "mice")
    assert project.view_names == ("top", "side")
    assert project.skeleton.edges == ((0, 1),) and project.skeleton.swaps == ((1, 2),)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"keypoints": "nose\nnose"}, "is named twice"),
        ({"keypoints": "nose", "edges": "nose - tail"}, "expected two of the keypoints"),
    ],
)
def test_what_cannot_be_made_is_a_message(tmp_path, values, message):
    app = press(fill(draw(), name="mice", parent=str(tmp_path), **values), "Make the project")
    assert message in app.error[0].value and not chosen(app)
    assert not (tmp_path / "mice").exists()


def test_a_folder_with_a_project_is_not_overwritten(tmp_path):
    folder = make(tmp_path / "mice")
    with pytest.raises(DataError, match="holds a project already"):
        make_project(folder, ["nose"], [], ("", ""))
