"""`litpose create`: what it makes, and what it says to words that do not fit together."""

import pytest

from lightning_pose.cli.main import main
from lightning_pose.core.project import open_project


def test_a_project_is_made_from_words(tmp_path, capsys):
    words = ["--views", "top", "side", "--keypoints", "nose", "ear-tip", "tail", "--edges", "nose-tail"]
    assert main(["create", str(tmp_path / "p"), *words]) == 0
    project = open_project(tmp_path / "p")
    assert project.views == ("top", "side")
    assert project.skeleton.edges == ((0, 2),)
    assert "litpose add" in capsys.readouterr().out


def test_a_skeleton_that_comes_with_it(tmp_path):
    assert main(["create", str(tmp_path / "p"), "--skeleton", "coco17"]) == 0
    assert len(open_project(tmp_path / "p").keypoint_names) == 17


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["p"], "at least one name"),
        (["p", "--keypoints", "a", "b", "--edges", "ab"], "--edges"),
        (["p", "--keypoints", "a", "b", "--edges", "a-c"], "no keypoint c"),
        (["p", "--keypoints", "a", "--skeleton", "coco17"], "--keypoints"),
        (["p", "--skeleton", "unicorn"], "coco17"),
        (["--keypoints", "a"], "folder"),
        (["p", "--from_dlc", "q"], "--from_dlc"),
    ],
)
def test_words_that_do_not_fit_together_are_a_message(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    assert main(["create", *words]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "p").exists()
