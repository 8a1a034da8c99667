"""Where names may lead."""

import pytest

from apps.api.answers import RequestError
from apps.api.places import inside, project_home, project_id


@pytest.fixture
def folder(tmp_path):
    home = (tmp_path / "home").resolve()
    (home / "deep").mkdir(parents=True)
    (home / "deep" / "a.png").write_text("in")
    (tmp_path / "secret.png").write_text("out")
    return home


def test_a_file_of_the_folder_is_found_however_it_is_written(folder):
    expected = folder / "deep" / "a.png"
    for name in ("deep/a.png", "./deep//a.png", "deep\\a.png", "deep/../deep/a.png"):
        assert inside(folder, name) == expected


@pytest.mark.parametrize(
    "name",
    ["../secret.png", "deep/../../secret.png", "..\\secret.png", "deep\\..\\..\\secret.png", "/etc/passwd",
     "deep", "", ".", "gone.png", "a\0b", "x" * 5000],
)  # fmt: skip
def test_nothing_else_is(folder, name):
    with pytest.raises(RequestError):
        inside(folder, name)


def test_links_count_as_where_they_lead(folder):
    (folder / "out.png").symlink_to(folder.parent / "secret.png")
    (folder / "in.png").symlink_to(folder / "deep" / "a.png")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    assert inside(folder, "in.png") == folder / "deep" / "a.png"
    for name in ("out.png", "loop.png"):
        with pytest.raises(RequestError):
            inside(folder, name)


def test_a_neighbour_whose_name_begins_alike_is_outside(folder):
    (folder.parent / "homestead").mkdir()
    (folder.parent / "homestead" / "a.png").write_text("out")
    with pytest.raises(RequestError):
        inside(folder, "../homestead/a.png")


def test_the_id_of_a_project_is_that_of_its_folder_and_not_its_path(folder):
    assert project_id(folder) == project_id(folder / "deep" / "..")
    assert project_id(folder) != project_id(folder / "deep")
    assert "home" not in project_id(folder)


def test_the_project_of_a_demo_is_inside_it(folder):
    (folder / "project").mkdir()
    assert project_home(folder) == folder / "project"
    (folder / "project.yaml").write_text("")
    assert project_home(folder) == folder
