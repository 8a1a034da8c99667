"""Models as their folders tell: whole, half-written, of other programs, and gone."""

import json
import os
import time
from pathlib import Path

import pytest
import yaml

from lightning_pose.core.errors import DataError
from lightning_pose.projects.models import (
    TRASH,
    discard_model,
    find_models,
    list_models,
    models_home,
    read_model,
    write_note,
)

CONFIG = {
    "data": {"view_names": ["left", "right"], "image_resize_dims": {"height": 128, "width": 192}},
    "training": {"max_steps": 600},
    "model": {"backbone": "resnet18", "model_type": "heatmap"},
}


def make(folder: Path, status: str = "COMPLETED", done: int = 600, config: dict | None = None) -> Path:
    """Write the small files of a model folder."""
    (folder / "tb_logs").mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG if config is None else config))
    record = {"status": status, "progress": {"completed": done, "total": 600}}
    (folder / "train_status.json").write_text(json.dumps(record))
    (folder / "split.csv").write_text("frame,set\na.png,train\nb.png,validation\nc.png,train\n")
    return folder


def age(folder: Path, seconds: float) -> None:
    """Make the state of a training as old as this."""
    then = time.time() - seconds
    os.utime(folder / "train_status.json", (then, then))


def test_models_are_found_at_every_depth_but_not_among_recordings(tmp_path):
    make(tmp_path / "models" / "a")
    make(tmp_path / "outputs" / "2026-01-01" / "12-00-00")
    make(tmp_path / "labeled-data" / "b")
    make(tmp_path / ".litpose" / "trash" / "c")
    make(tmp_path / "models" / "a" / "video_preds" / "inside")
    (tmp_path / "models" / "empty").mkdir()
    assert {path.name for path in find_models(tmp_path)} == {"a", "12-00-00"}


def test_what_is_small_and_known_is_read(tmp_path):
    (model,) = list_models(make(tmp_path / "models" / "a").parents[1])
    assert (model.name, model.state, model.steps) == ("models/a", "done", (600, 600))
    assert (model.backbone, model.image_size, model.views) == ("resnet18", (128, 192), ("left", "right"))
    assert model.sets == {"train": 2, "validation": 1} and not model.fault


@pytest.mark.parametrize(
    ("status", "seconds", "state"),
    [
        ("TRAINING", 5, "training"),
        ("TRAINING", 5000, "stopped"),
        ("EVALUATING", 5000, "stopped"),
        ("INTERRUPTED", 5, "stopped"),
        ("FAILED", 5, "failed"),
        ("COMPLETED", 5000, "done"),
    ],
)
def test_a_state_that_is_old_is_that_of_a_training_that_was_killed(tmp_path, status, seconds, state):
    folder = make(tmp_path / "a", status, 30)
    age(folder, seconds)
    assert read_model(folder, tmp_path).state == state


def test_a_job_knows_better_than_the_folder_whether_it_trains(tmp_path):
    folder = make(tmp_path / "a", "INTERRUPTED", 30)
    assert read_model(folder, tmp_path, alive={folder}).state == "training"
    assert read_model(folder, tmp_path, waiting={folder}).state == "waiting"


def test_an_ensemble_is_one_model_and_as_far_as_its_members(tmp_path):
    folder = tmp_path / "both"
    make(folder / "rng=0")
    make(folder / "rng=1", "INTERRUPTED", 150)
    (folder / "ensemble.yaml").write_text("members: [rng=0, rng=1, rng=2]\n")
    (model,) = list_models(tmp_path)
    assert model.members == ("rng=0", "rng=1", "rng=2") and model.state == "stopped"
    assert model.steps == (750, 1200) and "rng=2" in model.fault
    assert [path.name for path in model.folders] == ["rng=0", "rng=1", "rng=2"]
    (waits,) = list_models(tmp_path, waiting={folder / "rng=2"})
    assert waits.state == "waiting" and not waits.fault


def test_half_written_and_broken_folders_are_shown_with_what_is_known(tmp_path):
    for name in ("config.yaml", "train_status.json", "split.csv"):
        folder = make(tmp_path / name.replace(".", "_"))
        (folder / name).write_bytes(b"{\xff: [")
        model = read_model(folder, tmp_path)
        assert model.state in ("done", "unfinished")
        assert bool(model.fault) == (name == "config.yaml")
    odd = make(tmp_path / "odd", config={"data": [], "training": {"max_steps": "many"}, "model": None})
    assert read_model(odd, tmp_path).backbone == ""
    asked = tmp_path / "asked"
    asked.mkdir()
    (asked / "train.yaml").write_text(yaml.safe_dump(CONFIG))
    assert read_model(asked, tmp_path).state == "unfinished"
    broken = tmp_path / "ensemble"
    broken.mkdir()
    (broken / "ensemble.yaml").write_text("members: 3")
    assert "names no members" in read_model(broken, tmp_path).fault
    assert len(list_models(tmp_path)) == 6


def test_one_that_has_vanished_meanwhile_is_gone(tmp_path):
    model = read_model(tmp_path / "gone", tmp_path)
    assert model.state == "gone" and model.fault and model.note == ""
    with pytest.raises(DataError, match="not there any more"):
        write_note(tmp_path / "gone", "text")


def test_a_note_stays_with_the_folder(tmp_path):
    folder = make(tmp_path / "a")
    write_note(folder, "  <b>best</b> so far\n")
    assert read_model(folder, tmp_path).note == "<b>best</b> so far"


def test_a_model_is_moved_not_erased_and_nothing_else_is(tmp_path):
    folder = make(tmp_path / "models" / "a")
    target = discard_model(folder, tmp_path)
    assert target.is_relative_to(tmp_path / TRASH) and (target / "config.yaml").is_file()
    assert not folder.exists() and find_models(tmp_path) == []
    (tmp_path / "videos").mkdir()
    with pytest.raises(DataError, match="no folder of a model"):
        discard_model(tmp_path / "videos", tmp_path)
    (tmp_path / "models" / "link").symlink_to(make(tmp_path / "elsewhere" / "b"))
    with pytest.raises(DataError, match="no folder of a model"):
        discard_model(tmp_path / "models" / "link", tmp_path)


def test_new_models_go_where_models_are(tmp_path):
    project = tmp_path / "project"
    assert models_home(project, tmp_path) == project / "models"
    (tmp_path / "models").mkdir()
    assert models_home(project, tmp_path) == tmp_path / "models"
    assert models_home(project) == project / "models"
