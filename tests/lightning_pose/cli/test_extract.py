"""`litpose extract` from the shell's side; tests of the package hold what is chosen and written."""

import json

import numpy as np
import pytest

from lightning_pose.cli.main import SHELL, main
from lightning_pose.core.project import open_project
from lightning_pose.core.video import VideoWriter
from lightning_pose.frames.planning import METHODS, Options


@pytest.fixture
def project(toy_project, rng):
    """Return a project of two views with two sessions of videos."""
    folder = toy_project()
    for name in ("s0_left", "s0_right", "new_left", "new_right"):
        (folder / "videos").mkdir(exist_ok=True)
        with VideoWriter(folder / "videos" / f"{name}.mp4", 32, 32, 30) as writer:
            for image in rng.integers(0, 255, (40, 32, 32, 3), dtype=np.uint8):
                writer.write(image)
    return folder


def images(folder, session):
    return sorted(path.name for path in (folder / "labeled-data" / session).glob("*.png"))


def test_the_options_have_the_programs_defaults():
    args = SHELL.verb_parser("extract").parse_args(["project"])
    given = Options(
        args.method, args.frames, (), args.predictions, args.smoothed, args.context, args.apart, args.seed,
        args.total, args.cover,
    )  # fmt: skip
    assert given == Options()
    for method in METHODS:
        assert SHELL.verb_parser("extract").parse_args(["p", "--method", method]).method == method


def test_all_sessions_are_extracted_with_neighbours(project, capsys):
    before = images(project, "s0_left")
    assert main(["extract", str(project), "--frames", "2", "--method", "uniform", "--context", "1"]) == 0
    assert len(images(project, "new_right")) == 6 == len(images(project, "new_left"))
    assert set(before) < set(images(project, "s0_left"))
    frames = json.loads((project / "extracted" / "new.json").read_text())["frames"]
    assert len(frames) == 2
    assert "new: extracted 2 frames, 12 images with neighbours" in capsys.readouterr().out


def test_a_dry_run_writes_contact_sheets_and_nothing_else(project, tmp_path, capsys):
    words = ["--dry_run", "--contact_sheet", str(tmp_path / "sheet.jpg"), "--frames", "3"]
    assert main(["extract", str(project), *words]) == 0
    assert {path.name for path in tmp_path.glob("*.jpg")} == {"sheet_s0.jpg", "sheet_new.jpg"}
    assert main(["extract", str(project), *words, "--sessions", "new"]) == 0
    assert (tmp_path / "sheet.jpg").is_file()
    assert not (project / "extracted").exists() and "would extract 3 frames" in capsys.readouterr().out


def test_rows_are_appended_only_where_asked(project):
    listed = ["--method", "list", "--list", "30,20", "--sessions", "new"]
    files = {view: project / f"CollectedData_{view}.csv" for view in ("left", "right")}
    before = {view: file.read_bytes() for view, file in files.items()}
    assert main(["extract", str(project), *listed]) == 0
    assert {view: file.read_bytes() for view, file in files.items()} == before
    assert main(["extract", str(project), *listed[:-2], "--sessions", "s0", "--label_rows"]) == 0
    labels = open_project(project).read_labels()["right"]
    assert labels.frames.tolist()[-2:] == [f"labeled-data/s0_right/img000000{n}.png" for n in (20, 30)]


def test_faults_end_with_2_and_a_message_and_other_sessions_are_done(project, capsys):
    for words, text in (
        (["--sessions", "s7"], "no session 's7': there are new, s0"),
        (["--method", "list"], "needs --list"),
        (["--method", "list", "--list", "x"], "expected frames such as"),
        (["--method", "difficult"], "needs --predictions"),
        (["--contact_sheet", "sheet.gif"], "expected the name of a JPEG"),
    ):
        assert main(["extract", str(project), *words]) == 2
        assert text in capsys.readouterr().err
    (project / "videos" / "new_left.mp4").write_bytes(b"")
    assert main(["extract", str(project), "--method", "uniform", "--frames", "1"]) == 2
    assert "session 'new'" in capsys.readouterr().err
    assert (project / "extracted" / "s0.json").is_file() and not (project / "extracted" / "new.json").exists()


def test_a_plan_is_kept_and_then_written_exactly(project, tmp_path):
    plan, progress = tmp_path / "plan.json", tmp_path / "progress.json"
    words = [
        "--dry_run",
        "--save_plan",
        str(plan),
        "--frames",
        "3",
        "--method",
        "uniform",
        "--sessions",
        "new",
    ]
    assert main(["extract", str(project), *words]) == 0
    assert not (project / "extracted").exists()
    record = json.loads(plan.read_text())
    first, *_ = record["sessions"][0]["frames"]
    record["sessions"][0]["frames"] = [first]
    plan.write_text(json.dumps(record))
    for _ in range(2):  # the second time all of it is there
        assert main(["extract", str(project), "--plan", str(plan), "--progress_file", str(progress)]) == 0
        (entry,) = json.loads((project / "extracted" / "new.json").read_text())["frames"]
        assert (entry["frame"], entry["method"]) == (first["frame"], "uniform")
    far = json.loads(progress.read_text())
    assert far["completed"] == far["total"] == 10 and far["what"] == "new: images"
