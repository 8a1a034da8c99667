"""`litpose status`: counts that a person can check by looking into the folder, and one sentence."""

import pytest

from lightning_pose.cli.main import main
from lightning_pose.cli.status import in_words
from lightning_pose.core.project import create_project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.projects.status import Done

DONE = Done("done", 6, 6, 1.0, "done")


def test_an_empty_project_is_told_where_to_begin(tmp_path, capsys):
    create_project(tmp_path / "p", (), skeleton_from_names(("nose",), []))
    assert main(["status", str(tmp_path / "p")]) == 0
    said = capsys.readouterr().out
    assert "0 sessions, 1 view\n" in said
    assert said.endswith("next: There are no videos yet: add recordings.\n")


def test_sessions_are_counted_and_listed_by_model(tmp_path, capsys):
    folder = tmp_path / "p"
    create_project(folder, ("top", "side"), skeleton_from_names(("nose",), []))
    model = folder / "models" / "m"
    (model / "video_preds").mkdir(parents=True)
    (folder / "extracted").mkdir()
    (folder / "extracted" / "s1.json").write_text('{"frames": [{"frame": 3}, {"frame": 9}]}')
    for session in ("s1", "s2", "s3"):
        for view in ("top", "side"):
            (folder / "videos" / f"{session}_{view}.mp4").touch()
    for table in ("s1_top", "s1_side", "s2_top"):
        (model / "video_preds" / f"{table}.csv").touch()
    assert main(["status", str(folder), "--sessions"]) == 0
    said = capsys.readouterr().out
    assert "3 sessions, 2 views\n0 frames labeled, 2 waiting\n" in said
    assert [line.split() for line in said.splitlines() if line.split()[:1] == ["models/m"]] == [
        ["models/m", "1/3", "1"]
    ]
    of = {words[0]: words[1:] for line in said.splitlines() if (words := line.split()) and words[0][0] == "s"}
    assert of["s1"] == ["predicted"]
    assert of["s2"] == ["1", "of", "2", "views"]
    assert of["s3"] == ["-"]
    assert said.endswith("next: Label 20 frames, then train.\n")


def test_what_is_no_project_is_a_fault(tmp_path, capsys):
    assert main(["status", str(tmp_path)]) == 2
    assert "is not a project" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("done", "words"),
    [
        (DONE, "predicted, smoothed"),
        (DONE._replace(predicted="older than the model"), "older than the model, smoothed"),
        (DONE._replace(smoothed="older"), "predicted, smoothed before that"),
        (DONE._replace(predicted="partial", views=2, smoothed="missing"), "2 of 6 views"),
        (Done("partial", 0, 1, None, "missing"), "in part"),
        (Done("missing", 0, 6, None, "missing"), "-"),
    ],
)
def test_what_is_done_in_words(done, words):
    assert in_words(done) == words
