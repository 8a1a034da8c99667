"""Trainings that are started for a project: their words, their folders, and how they go on."""

import csv
import sys
import time
from pathlib import Path

import pytest
import yaml

from lightning_pose.core.errors import DataError
from lightning_pose.projects.jobs import Job, jobs, stop_job
from lightning_pose.projects.models import list_models, read_model
from lightning_pose.projects.scores import ALL, read_scores
from lightning_pose.projects.training import (
    KIND,
    Wish,
    faults_of,
    line_of,
    little_room,
    output_of,
    recommendation,
    resume_training,
    start_training,
    with_keys,
    write_held_out,
)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path_factory) -> None:
    """Keep the queues of the user out of it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def program(monkeypatch) -> None:
    """Have a program trained that prints its arguments, in place of the real one."""
    code = "import sys; print(*sys.argv[1:], sep='|')"
    monkeypatch.setattr("lightning_pose.projects.training.LITPOSE", (sys.executable, "-c", code))


def ended(job: Job, seconds: float = 60) -> str:
    limit = time.monotonic() + seconds
    while job.is_alive:
        assert time.monotonic() < limit, job.tail()
        time.sleep(0.05)
    return job.state


def test_faults_are_all_said_and_found_in_the_text(toy_project):
    folder = toy_project()
    text = f"""\
data: {{data_dir: {folder}}}
training:
  max_steps: none
  imgaug: dlc
model:
  backbone: resnet1
"""
    faults = faults_of(text, folder)
    assert [fault.partition(":")[0] for fault in faults] == ["training.max_steps", "model.backbone"]
    assert [line_of(text, fault) for fault in faults] == [3, 6]
    assert faults_of(f"data: {{data_dir: {folder}}}", folder) == []
    assert not (folder / ".litpose" / "train.yaml").exists()


def test_what_is_no_yaml_is_said_with_its_line(toy_project):
    folder = toy_project()
    text = "data: {data_dir: x\nmodel: {}\n"
    (fault,) = faults_of(text, folder)
    assert "line 1" in fault and str(folder) not in fault
    assert line_of(text, fault) == 2  # where it cannot go on
    assert line_of("a: 1", "training.max_steps: too many") is None
    assert line_of("training: {}", "training.max_steps: too many") == 1


def test_a_project_without_labels_says_so_in_a_sentence(tmp_path):
    with pytest.raises(DataError, match="is not a project"):
        recommendation(tmp_path)


def test_one_network_is_a_job_that_goes_on_when_it_is_asked_again(tmp_path, program):
    folder = tmp_path / "models" / "a"
    (job,) = start_training(tmp_path, Wish(folder, "data: {}\n", (0,), "cpu"))
    assert ended(job) == "done" and output_of(job) == folder and job.device == "cpu"
    words = job.tail().split("|")
    assert words[:2] == ["train", str(folder / "train.yaml")] and "--resume" in words
    assert words[words.index("--progress_file") + 1] == str(job.file("progress.json"))
    assert (folder / "train.yaml").read_text() == "data: {}\n"
    again = resume_training(tmp_path, folder, "cpu")
    assert ended(again) == "done"
    assert again.tail().split("|")[:-1] == words[:-1]  # the progress file is its own


def test_an_ensemble_is_a_job_for_each_seed_in_the_line_of_its_device(tmp_path, program):
    folder = tmp_path / "models" / "b"
    started = start_training(tmp_path, Wish(folder, "{}\n", (0, 3), "cuda:1"))
    assert [ended(job) for job in started] == ["done", "done"]
    assert [output_of(job) for job in started] == [folder / "rng=0", folder / "rng=3"]
    assert ["training.rng_seed_model_pt=3" in job.tail() for job in started] == [False, True]
    assert yaml.safe_load((folder / "ensemble.yaml").read_text()) == {"members": ["rng=0", "rng=3"]}
    again = resume_training(tmp_path, folder / "rng=3", "cuda:1")
    assert ended(again) == "done" and output_of(again) == folder / "rng=3"
    assert "training.rng_seed_model_pt=3" in again.tail()


def test_a_name_that_is_taken_is_refused_and_a_failed_start_leaves_nothing(tmp_path, program):
    folder = tmp_path / "models" / "a"
    folder.mkdir(parents=True)
    with pytest.raises(DataError, match="another"):
        start_training(tmp_path, Wish(folder, "{}"))
    other = tmp_path / "models" / "c"
    with pytest.raises(DataError):  # there are no labels of which sessions could be held out
        start_training(tmp_path, Wish(other, "{}", held_out=("s",)))
    (tmp_path / ".litpose").write_text("a file")
    with pytest.raises(DataError, match="cannot be started"):
        start_training(tmp_path, Wish(other, "{}"))
    assert not other.exists()


def test_one_that_lives_is_not_started_twice_and_one_without_configuration_not_at_all(tmp_path, monkeypatch):
    code = "import time; time.sleep(60)"
    monkeypatch.setattr("lightning_pose.projects.training.LITPOSE", (sys.executable, "-c", code))
    folder = tmp_path / "models" / "a"
    (job,) = start_training(tmp_path, Wish(folder, "{}"))
    with pytest.raises(DataError, match="is being trained"):
        resume_training(tmp_path, folder, "cpu")
    stop_job(job, now=True)
    ended(job)
    with pytest.raises(DataError, match="no config"):
        resume_training(tmp_path, tmp_path / "models", "cpu")


def test_sessions_are_held_out_by_a_table_that_names_every_instant(toy_project, tmp_path):
    folder = toy_project(sessions=2)
    with (folder / "CollectedData_left.csv").open() as file:
        images = [row[0] for row in csv.reader(file)][3:]
    sessions = sorted({Path(image).parent.name.removesuffix("_left") for image in images})
    table = tmp_path / "held_out.csv"
    write_held_out(table, folder, sessions[:1])
    rows = dict(csv.reader(table.open()))
    assert rows.pop("frame") == "set" and set(rows) == set(images)
    for image, name in rows.items():
        assert name == ("validation" if Path(image).parent.name == f"{sessions[0]}_left" else "train")
    with pytest.raises(DataError, match="nothing is left"):
        write_held_out(table, folder, sessions)


def test_keys_are_added_without_touching_others():
    text = with_keys("data: {a: 1}\ntraining: {b: 2}\n", {"training.split_file": "x.csv", "model.c": 3})
    assert yaml.safe_load(text) == {
        "data": {"a": 1},
        "training": {"b": 2, "split_file": "x.csv"},
        "model": {"c": 3},
    }
    assert with_keys("# mine\na: 1\n", {}) == "# mine\na: 1\n"
    with pytest.raises(DataError, match="no YAML"):
        with_keys("a: {", {"b": 1})


def test_a_full_disk_is_told_before(tmp_path, monkeypatch):
    assert little_room(tmp_path / "not" / "there") == ""
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 5 * 2**20}))
    assert "5 MiB" in little_room(tmp_path)


@pytest.mark.slow
def test_a_tiny_network_is_trained_through_the_queue_and_found_among_the_models(toy_project):
    folder = toy_project(sessions=2)
    sessions = list(recommendation(folder)["instants"])
    text = yaml.safe_dump(
        {
            "data": {"data_dir": str(folder), "image_resize_dims": {"height": 32, "width": 64}},
            "training": {"max_steps": 3, "train_batch_size": 4, "check_val_every_n_epoch": 1},
        }
    )
    home = folder / "models" / "tiny"
    (job,) = start_training(folder, Wish(home, text, held_out=tuple(sessions[:1])))
    assert ended(job, 240) == "done", job.tail(40)
    assert jobs(folder, KIND) == [job]
    (model,) = list_models(folder)
    assert (model.state, model.steps, model.views) == ("done", (3, 3), ("left", "right"))
    assert read_model(home, folder).sets == {"validation": 6, "train": 6}
    assert read_scores(home, model.views)["train", ALL, ALL].labels > 0
    assert job.progress is not None and "predicting" in job.progress.what
