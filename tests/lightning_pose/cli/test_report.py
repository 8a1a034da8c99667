"""`litpose report` from the shell's side; tests of the package hold what is on the page."""

import json

import numpy as np
import pytest

from lightning_pose.cli.main import main
from lightning_pose.core.files import write_text
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses


@pytest.fixture
def predicted(tmp_path, rng):
    for session in ("s1", "s2"):
        for view in ("left", "right"):
            names = ("nose", "paw_left", "paw_right")
            points = np.cumsum(rng.normal(size=(50, 3, 2)), axis=0)
            poses = Poses(names, points, np.arange(50), likelihood=rng.random((50, 3)))
            write_poses(tmp_path / "model" / "video_preds" / f"{session}_{view}.csv", poses)
    return tmp_path / "model"


def test_every_session_has_its_page(toy_project, predicted, capsys):
    assert main(["report", str(predicted), "--project", str(toy_project())]) == 0
    assert sorted(path.name for path in (predicted / "reports").iterdir()) == [
        "s1.html", "s1.json", "s2.html", "s2.json",
    ]  # fmt: skip
    assert capsys.readouterr().out.count("worth a look") == 2


def test_the_project_is_the_one_that_the_model_was_trained_on(toy_project, predicted, tmp_path):
    write_text(predicted / "config.yaml", f"data:\n  data_dir: {toy_project()}\n")
    assert main(["report", str(predicted), "--sessions", "s2", "--out_dir", str(tmp_path / "o")]) == 0
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["s2.html", "s2.json"]


def test_faults_end_with_2_and_a_message(toy_project, predicted, tmp_path, capsys):
    project = str(toy_project())
    for words, text in (
        ([str(predicted)], "does not say which project it is of: give --project"),
        (
            [str(predicted), "--project", project, "--sessions", "s9"],
            "'s9' was not predicted: there are s1, s2",
        ),
        ([str(tmp_path / "none"), "--project", project], "expected predictions of videos"),
        ([str(predicted), "--project", project, "--count", "0"], "--count: expected 1 or more"),
        ([str(predicted), "--project", project, "--videos", "none"], "none is not a folder"),
    ):
        assert main(["report", *words]) == 2
        assert text in capsys.readouterr().err


def test_a_session_that_cannot_be_read_does_not_stop_the_others(toy_project, predicted, capsys):
    (predicted / "video_preds" / "s1_left.csv").write_text("scorer,a\n")
    assert main(["report", str(predicted), "--project", str(toy_project())]) == 2
    assert "session 's1'" in capsys.readouterr().err
    assert sorted(path.name for path in (predicted / "reports").iterdir()) == ["s2.html", "s2.json"]


def test_rankings_alone_are_made_once_and_listed_with_reasons(toy_project, predicted, tmp_path, capsys):
    words = ["report", str(predicted), "--project", str(toy_project()), "--sessions", "s1", "--only_ranking"]
    told = tmp_path / "progress.json"
    assert main([*words, "--progress_file", str(told)]) == 0
    (path,) = (predicted / "reports").iterdir()
    assert path.name == "s1.json"
    assert json.loads(told.read_text())["completed"] == json.loads(told.read_text())["total"] == 50
    said, first = capsys.readouterr().out, path.stat().st_mtime_ns
    assert f"worth a look: {path}" in said
    assert main(words) == 0  # nothing has changed since
    assert (capsys.readouterr().out, path.stat().st_mtime_ns) == (said, first)
