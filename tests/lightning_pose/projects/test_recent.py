"""The list of recent projects."""

import pytest

from lightning_pose.projects.recent import forget_project, recent_file, recent_projects, remember_project


@pytest.fixture(autouse=True)
def config(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def folders(tmp_path, count):
    found = [tmp_path / f"p{number}" for number in range(count)]
    for folder in found:
        folder.mkdir()
    return found


def test_the_project_opened_last_comes_first_and_once(tmp_path):
    first, second = folders(tmp_path, 2)
    for folder in (first, second, first):
        remember_project(folder)
    assert recent_projects() == [first, second]


def test_a_folder_that_is_gone_is_not_offered(tmp_path):
    first, second = folders(tmp_path, 2)
    remember_project(first)
    remember_project(second)
    second.rmdir()
    assert recent_projects() == [first]


def test_a_project_can_be_taken_off_the_list(tmp_path):
    first, second = folders(tmp_path, 2)
    remember_project(first)
    remember_project(second)
    forget_project(second)
    assert recent_projects() == [first]
    assert second.is_dir()


def test_the_list_has_an_end(tmp_path):
    every = folders(tmp_path, 25)
    for folder in every:
        remember_project(folder)
    assert recent_projects() == every[:4:-1]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"projects": 3}', '{"projects": [3, null]}', "\x00"])
def test_a_list_that_cannot_be_read_is_empty_and_can_be_written_again(tmp_path, text):
    recent_file().parent.mkdir(parents=True)
    recent_file().write_text(text)
    assert recent_projects() == []
    remember_project(tmp_path)
    assert recent_projects() == [tmp_path]


def test_the_place_is_that_of_the_xdg_specification(monkeypatch, tmp_path):
    assert recent_file() == tmp_path / "config" / "litpose" / "recent.json"
    monkeypatch.setenv("XDG_CONFIG_HOME", "not/absolute")  # which the specification says to ignore
    monkeypatch.setenv("HOME", str(tmp_path))
    assert recent_file() == tmp_path / ".config" / "litpose" / "recent.json"


def test_a_configuration_that_cannot_be_written_stops_nobody(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    remember_project(tmp_path)
    assert recent_projects() == []
