"""The page of models: what there is, one of them, two beside each other, and models that vanish."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from lightning_pose.core.project import open_project
from lightning_pose.core.tables import write_metric_table, write_poses
from lightning_pose.projects.models import NOTE, TRASH

from ..conftest import NAMES, VIEWS


def trained(project: Path, name: str, off: float, status: str = "COMPLETED") -> Path:
    """Write a model folder whose predictions are `off` px beside the labels, the last frame held out."""
    folder = project / "models" / name
    (folder / "tb_logs").mkdir(parents=True)
    files = [f"CollectedData_{view}.csv" for view in VIEWS]
    config = {
        "data": {"view_names": list(VIEWS), "csv_file": files},
        "model": {"backbone": "resnet18", "model_type": "heatmap"},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    state = {"status": status, "progress": {"completed": 60, "total": 60}}
    (folder / "train_status.json").write_text(json.dumps(state))
    for view, labels in open_project(project).read_labels().items():
        shutil.copy(project / f"CollectedData_{view}.csv", folder)
        count = len(labels.frames)
        sets = ("train",) * (count - 1) + ("validation",)
        sure = np.ones(labels.points.shape[:2])
        predicted = replace(labels, points=labels.points + (off, 0), likelihood=sure, sets=sets)
        write_poses(folder / f"predictions_{view}.csv", predicted)
        errors = np.full((count, len(NAMES)), off)
        path = folder / f"predictions_{view}_pixel_error.csv"
        write_metric_table(path, errors, NAMES, labels.frames, sets=sets)
    return folder


def test_without_a_model_it_is_said_where_one_is_made(draw, empty):
    assert "No model yet" in draw(empty, "models").info[0].value


def test_the_newest_is_shown_with_its_errors_and_its_worst_frames(draw, healthy):
    trained(healthy, "only", 3.0)
    page = draw(healthy, "models")
    (table, errors) = page.dataframe
    row = table.value.iloc[0]
    assert (row["model"], row["state"]) == ("models/only", "trained")
    assert (row["train"], row["validation"]) == (3.0, 3.0)
    assert errors.value.loc["nose", VIEWS[0]] == pytest.approx(3.0)
    assert len(page.get("image")) == 6
    assert sum("3.0 px" in button.label for button in page.button) == 6


def test_folders_that_are_half_written_foreign_or_gone_are_no_fault_of_the_page(draw, healthy):
    (healthy / "models" / "asked").mkdir(parents=True)
    (healthy / "models" / "asked" / "train.yaml").write_text("{")
    folder = trained(healthy, "cut", 2.0, "TRAINING")
    (folder / f"predictions_{VIEWS[0]}_pixel_error.csv").write_text("")
    (folder / "config.yaml").write_text("{")
    gone = trained(healthy, "ensemble", 2.0)
    (gone / "ensemble.yaml").write_text("members: [rng=0]")
    page = draw(healthy, "models")
    states = dict(zip(page.dataframe[0].value["model"], page.dataframe[0].value["state"], strict=True))
    assert states["models/asked"] == "not finished" and states["models/ensemble"] == "removed"
    shutil.rmtree(healthy / "models")
    page.run()
    assert not page.exception and "No model yet" in page.info[0].value


def test_an_image_or_a_table_that_has_vanished_is_said_in_its_place(draw, healthy):
    folder = trained(healthy, "only", 3.0)
    for image in (healthy / "labeled-data").glob(f"*_{VIEWS[0]}/*.png"):
        image.unlink()
    (folder / f"CollectedData_{VIEWS[1]}.csv").unlink()
    page = draw(healthy, "models")
    said = [caption.value for caption in page.caption]
    assert any("The image is not there any more" in text for text in said)
    assert any("is not there any more" in text and "CollectedData" in text for text in said)


def test_a_note_is_kept_and_a_model_moves_to_the_trash(draw, healthy):
    folder = trained(healthy, "only", 3.0)
    page = draw(healthy, "models")
    page.text_area[0].set_value("the first one").run()
    assert not page.exception and (folder / NOTE).read_text() == "the first one\n"
    move = next(button for button in page.button if button.label == "Move it there")
    move.click().run()
    assert not page.exception and not folder.exists()
    assert len(list((healthy / TRASH).iterdir())) == 1
