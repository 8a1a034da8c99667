"""Cells say what lies on the disk, and what the last jobs about them say; job and files are made up."""

from pathlib import Path

import pytest

from apps.screens.matrix import Cell, faults, filtered, in_words, make_cell, make_matrix, under_way
from lightning_pose.core.files import write_json
from lightning_pose.core.project import Project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.projects.jobs import Job
from lightning_pose.projects.runs import Run
from lightning_pose.projects.status import Done, Model, Recording, Status

MODEL = Model(Path("p/models/m"), "m", ("",), None, 200.0)
DONE = Done("done", 6, 6, 300.0, "done")
RAW = DONE._replace(smoothed="missing")
MISSING = Done("missing", 0, 6, None, "missing")
PARTIAL = Done("partial", 2, 6, 300.0, "missing")


@pytest.fixture
def run(tmp_path):
    """Return a function that makes a job about sessions a and b, begun at second 250."""

    def make(kind: str, state: str, said: dict[str, str] | None = None, **more) -> Run:
        job = Job(tmp_path, "1", kind, f"{kind} it", (), 250.0, 0)
        return Run(job, MODEL.folder, frozenset(("a", "b")), state, said or {}, **more)  # type: ignore[arg-type]

    return make


@pytest.mark.parametrize(
    ("done", "text", "kind"),
    [
        (MISSING, "–", "to do"),
        (PARTIAL, "◐ 2 of 6 views", "in part"),
        (PARTIAL._replace(views=0), "◐ in part", "in part"),
        (RAW, "✓ predicted", "predicted"),
        (DONE, "✓ predicted, smoothed", "smoothed"),
        (DONE._replace(smoothed="older"), "✓ predicted, ↻ smoothed before", "older"),
        (RAW._replace(predicted="older than the model"), "↻ older than the model", "older"),
        (DONE._replace(predicted="older than the video"), "↻ older than the video, smoothed", "older"),
    ],
)
def test_without_jobs_the_files_speak(done, text, kind):
    assert in_words(done) == text
    assert make_cell("a", done, []) == Cell(text, kind)


def test_a_session_of_other_views_is_nothing_for_a_model(run):
    assert make_cell("a", None, [run("predict", "running")]) == Cell("other views", "none")


@pytest.mark.parametrize(
    ("kind", "state", "done", "text", "sort"),
    [
        ("predict", "waiting", MISSING, "… predicting waits", "waiting"),
        ("predict", "running", MISSING, "… predicting next", "running"),
        ("predict", "running", PARTIAL, "▶ predicting", "running"),
        ("predict", "running", RAW, "✓ predicted", "predicted"),  # made at 300, after it began
        ("predict", "running", RAW._replace(made=240.0), "… predicting next", "running"),  # is predicted anew
        ("predict", "done", RAW, "✓ predicted", "predicted"),
        ("predict", "stopped", PARTIAL, "◐ 2 of 6 views", "in part"),
        ("predict", "failed", RAW, "✓ predicted", "predicted"),
        ("smooth", "waiting", RAW, "… smoothing waits", "waiting"),
        ("smooth", "running", RAW, "… smoothing next", "running"),
        ("smooth", "running", DONE, "✓ predicted, smoothed", "smoothed"),
    ],
)
def test_a_job_says_what_it_is_about_to_do(run, kind, state, done, text, sort):
    cell = make_cell("a", done, [run(kind, state)])
    assert (cell.text, cell.kind) == (text, sort)
    assert make_cell("c", done, [run(kind, state)]).text == in_words(done)  # a job about others


def test_the_share_of_a_session_in_work_is_told(run, tmp_path):
    job = run("predict", "running").job
    record = {"completed": 5, "total": 9, "what": "frames", "parts": {"a": 0.43, "c": 0}}
    write_json(job.file("progress.json"), record)
    assert make_cell("a", MISSING, [run("predict", "running")]).text == "▶ predicting 43 %"
    assert make_cell("b", MISSING, [run("predict", "running")]).text == "… predicting next"
    about_c = run("smooth", "running")._replace(sessions=frozenset("c"))
    assert make_cell("c", RAW, [about_c]).text == "▶ smoothing"


def test_a_failure_is_in_the_cell_until_it_is_mended(run):
    failed = run("predict", "failed", {"a": "no video of view side"})
    cell = make_cell("a", MISSING, [failed])
    assert (cell.text, cell.kind, cell.fault, cell.run) == (
        "✗ predicting failed", "failed", "no video of view side", failed,
    )  # fmt: skip
    assert make_cell("b", RAW, [failed]).kind == "predicted"
    assert make_cell("a", RAW, [failed]).kind == "predicted"  # done by another call since
    assert make_cell("a", MISSING, [run("predict", "waiting"), failed]).kind == "waiting"


def test_a_smoother_that_fails_at_the_end_of_predicting_leaves_predicted(run):
    failed = run("predict", "failed", {"a": "the smoother failed (exit code 2): too short"})
    cell = make_cell("a", RAW, [failed])
    assert (cell.text, cell.kind) == ("✓ predicted, ✗ smoothing failed", "failed")
    assert make_cell("a", DONE, [failed]).kind == "smoothed"


def test_a_job_that_fails_as_a_whole_shows_the_end_of_its_log(run, tmp_path):
    failed = run("predict", "failed")
    failed.job.file("log").write_text("loading\nerror: the weights do not fit\n")
    assert make_cell("a", MISSING, [failed]).fault == "loading\nerror: the weights do not fit"
    failed.job.file("log").write_text("")
    assert make_cell("b", MISSING, [failed]).fault == "It printed nothing."


def test_sessions_are_found_by_words_and_by_what_is_with_them(run):
    matrix = {
        "mouse 1 day 2": {"m": Cell("", "to do"), "n": Cell("", "smoothed")},
        "Mouse 2 day 2": {"m": Cell("", "predicted"), "n": Cell("", "none")},
        "rat": {"m": Cell("", "failed", "why"), "n": Cell("", "running")},
        "dog": {"m": Cell("", "older"), "n": Cell("", "waiting")},
    }
    assert filtered(matrix, "", "all") == list(matrix)
    assert filtered(matrix, " DAY mouse ", "all") == ["mouse 1 day 2", "Mouse 2 day 2"]
    assert filtered(matrix, "", "to do") == ["mouse 1 day 2", "dog"]
    assert filtered(matrix, "", "in work") == ["rat", "dog"]
    assert filtered(matrix, "", "failed") == ["rat"]
    assert filtered(matrix, "", "done") == ["Mouse 2 day 2"]
    assert filtered(matrix, "cat", "all") == []
    assert [(session, model) for session, model, _ in faults(matrix)] == [("rat", "m")]


def test_a_job_is_about_its_own_model_only(run):
    other = MODEL._replace(folder=Path("p/models/other"), name="other")
    sessions = {"a": Recording("a", {}, 0.0)}
    project = Project(Path("p"), (), skeleton_from_names(("nose",), []), {})
    status = Status(
        Path("p"), project, sessions, [MODEL, other], {"m": {"a": MISSING}, "other": {"a": MISSING}}, []
    )
    cells = make_matrix(status, [MODEL, other], [run("predict", "waiting")])
    assert [cell.kind for cell in cells["a"].values()] == ["waiting", "to do"]
    assert under_way([run("predict", "running")], MODEL.folder, "predict") == {"a", "b"}
    assert under_way([run("predict", "running")], MODEL.folder, "smooth") == set()
    assert under_way([run("predict", "done")], MODEL.folder, "predict") == set()
