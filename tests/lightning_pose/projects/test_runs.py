"""What is started for which sessions, read back from the job, and what its log says of each."""

import argparse
from pathlib import Path

import pytest

from lightning_pose.cli import predict, smooth
from lightning_pose.core.project import Project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.projects import runs
from lightning_pose.projects.jobs import Job
from lightning_pose.projects.runs import (
    Prediction,
    Work,
    faults_in,
    list_devices,
    read_run,
    runs_of,
    start_predicting,
    start_smoothing,
    work_of,
)
from lightning_pose.projects.smoothing import Smoothing
from lightning_pose.projects.status import Done, Model, Recording

DONE = Done("done", 2, 2, 300.0, "done")
ENSEMBLE = Model(Path("p/models/e"), "models/e", ("rng=0", "rng=1"), None, 300.0)
SINGLE = Model(Path("p/models/m"), "models/m", ("",), None, 200.0)


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path, ("top", "side"), skeleton_from_names(("nose",), []), {})


@pytest.fixture
def started(monkeypatch):
    """Take down what would be started."""
    made = []

    def stub(folder, kind, title, command, job="", *, device=""):
        made.append(Job(folder, "1", kind, title, tuple(command), 0.0, 0, device))
        return made[-1]

    monkeypatch.setattr(runs, "start_job", stub)
    return made


def recording(name: str, folder: Path, views=("top", "side")) -> Recording:
    return Recording(name, {view: folder / f"{name}_{view}.mp4" for view in views}, 0.0)


def parsed(job: Job, verb) -> argparse.Namespace:
    """Read the words of a job as the program does."""
    parser = argparse.ArgumentParser()
    verb.register(parser)
    return parser.parse_args(job.command[job.command.index(job.kind) + 1 :])


def test_sessions_of_a_folder_are_predicted_by_name(project, started, tmp_path):
    sessions = [recording("a", tmp_path / "videos"), recording("b", tmp_path / "videos_test")]
    how = Prediction("bf16", 32, pictures=True, unequal=True)
    start_predicting(project, ENSEMBLE, sessions, how, "cuda:1", anew=True)
    asked = parsed(started[0], predict)
    assert asked.inputs == [tmp_path / "videos", tmp_path / "videos_test"]
    assert (asked.model_dir, asked.sessions) == (ENSEMBLE.folder, ["a", "b"])
    assert (asked.precision, asked.batch_size, asked.eks, asked.skip_viz) == ("bf16", 32, True, False)
    assert (asked.allow_unequal, asked.allow_missing_views, asked.overwrite) == (True, False, True)
    assert (asked.device, started[0].device) == ("cuda", "cuda:1")
    assert started[0].title == "predict 2 sessions with models/e"


def test_a_single_network_is_not_smoothed_at_the_end_and_defaults_are_not_spelled_out(
    project, started, tmp_path
):
    start_predicting(project, SINGLE, [recording("a", tmp_path)], Prediction())
    asked = parsed(started[0], predict)
    assert (asked.eks, asked.skip_viz, asked.precision, asked.device) == (False, True, "auto", "auto")
    assert started[0].title == "predict a with models/m"


def test_smoothing_hands_on_its_options(project, started, tmp_path):
    how = Smoothing("together", "velocity", (2.0,), "nose,tail")
    start_smoothing(project, ENSEMBLE, [recording("a", tmp_path)], how, "cpu", anew=True)
    asked = parsed(started[0], smooth)
    assert (asked.model_dir, asked.project, asked.sessions) == (ENSEMBLE.folder, project.folder, ["a"])
    assert (asked.how, asked.motion, asked.s, asked.skeleton) == ("together", "velocity", [2.0], "nose,tail")
    assert (asked.overwrite, started[0].device) == (True, "cpu")


def test_a_thousand_sessions_fit_into_one_command(project, started, tmp_path):
    sessions = [
        recording(f"a-rather-long-name-of-a-session-{n:04d}", tmp_path / "videos") for n in range(1000)
    ]
    start_predicting(project, SINGLE, sessions, Prediction())
    assert sum(map(len, started[0].command)) < 60_000  # a system takes 128 kB at least


def test_a_job_tells_what_it_was_started_for(project, started, tmp_path):
    sessions = [recording(name, tmp_path / "videos") for name in ("a", "b c", "")]
    for job in (
        start_predicting(project, SINGLE, sessions, Prediction(), anew=True),
        start_smoothing(project, SINGLE, sessions),
    ):
        run = read_run(job)
        assert run is not None
        assert (run.model, run.sessions) == (SINGLE.folder, {"a", "b c", ""})
    assert read_run(started[0]._replace(kind="train")) is None
    assert read_run(started[0]._replace(command=("litpose", "predict", "m", "videos"))) is None


def test_devices_are_the_gpus_and_the_processor():
    two = "GPU 0: NVIDIA H200 (UUID: GPU-a)\n  MIG 1g (UUID: b)\nGPU 1: NVIDIA H200 (UUID: GPU-c)\n"
    assert list_devices(lambda: two) == ["cuda:0", "cuda:1", "cpu"]

    def absent() -> str:
        raise FileNotFoundError("nvidia-smi")

    assert list_devices(absent)[-1] == "cpu"
    assert not any(name.startswith("cuda") for name in list_devices(absent))


def test_there_are_no_runs_in_a_project_without_jobs(project):
    assert runs_of(project.folder) == []


LOG = """a: predicted, 40 frames
error: b: the views differ in their number of frames:
  top 40
  side 39
error: session 'c': no video of view side: expected one of every view
12 % (9 of 99 frames), 3 frames/s, 30 s left
error: d e, smoothed: the smoother failed (exit code 2): too short
error: nobody: something else
not predicted: b, c
"""


def test_a_log_says_which_sessions_failed_and_why():
    assert faults_in(LOG, ["a", "b", "c", "d e", "d"]) == {
        "b": "the views differ in their number of frames:\ntop 40\nside 39",
        "c": "no video of view side: expected one of every view",
        "d e": "the smoother failed (exit code 2): too short",
    }
    assert faults_in("error: session: unreadable\n", [""]) == {"": "unreadable"}
    assert faults_in("error: the session: unreadable\n", [""]) == {"": "unreadable"}
    assert faults_in("", ["a"]) == {}


def test_work_is_sorted_by_what_is_to_be_done():
    done = {
        "new": Done("missing", 0, 2, None, "missing"),
        "begun": Done("partial", 1, 2, 300.0, "missing"),
        "old": DONE._replace(predicted="older than the model"),
        "raw": DONE._replace(smoothed="missing"),
        "behind": DONE._replace(smoothed="older"),
        "done": DONE,
    }
    names = ["done", "new", "raw", "begun", "old", "behind", "of no view of the model"]
    assert work_of(SINGLE, done, names) == Work(["new", "begun"], ["old"], ["raw", "behind"])
    assert work_of(SINGLE, done, ["raw"]) == Work([], [], ["raw"])
    assert work_of(SINGLE._replace(trained=None), done, names) == Work([], [], ["raw", "behind"])
