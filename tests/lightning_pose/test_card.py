"""A card says what is in the folder, no more and no less."""

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from lightning_pose.card import card_text, make_card, write_card
from lightning_pose.data.split import write_split
from lightning_pose.model_dir import ModelDir, write_ensemble

METRICS = """set,view,keypoint,labels,mean_px,median_px,p90_px,confidence
train,all,all,20,1.5000,1.2000,3.0000,0.9100
validation,left,nose,4,2.5000,2.2000,4.0000,0.8100
validation,left,all,4,2.5000,2.2000,4.0000,0.8100
validation,all,nose,4,2.7500,2.2000,4.0000,0.8100
validation,all,paw_left,0,nan,nan,nan,nan
validation,all,all,4,2.6000,2.3000,4.5000,0.8000
"""
CALIBRATION = """set,temperature,labels,within_5px,confidence,ece
validation,1.0000,60,0.7000,0.9000,0.2000
test,1.0000,60,0.7000,0.9000,0.3000
validation,1.8000,60,0.7000,0.7100,0.0400
test,1.8000,60,0.7000,0.7100,0.0500
"""


@pytest.fixture
def evaluated(tiny_model: Callable[..., Path]) -> Callable[..., Path]:
    """A function that writes a model folder as training leaves it."""

    def write(folder: str = "model", **model: object) -> Path:
        path = tiny_model("heatmap", folder, **model)
        images = [f"labeled-data/s{i % 2}_left/img{i:08d}.png" for i in range(5)]
        write_split(path / "split.csv", images, ["train"] * 3 + ["validation"] * 2)
        (path / "metrics.csv").write_text(METRICS)
        (path / "calibration.csv").write_text(CALIBRATION)
        config = yaml.safe_load((path / "config.yaml").read_text())
        config["data"]["csv_file"] = ["CollectedData_left.csv"]
        config["model"]["losses_to_use"] = ["temporal"]
        config["losses"] = {"temporal": {"log_weight": 5.0}}
        (path / "config.yaml").write_text(yaml.safe_dump(config))
        (path / "CollectedData_left.csv").write_text("labels")
        return path

    return write


def test_a_card_says_what_the_folder_says(evaluated: Callable[..., Path]) -> None:
    folder = evaluated()
    text = write_card(folder).read_text()
    card = json.loads((folder / "model_card.json").read_text())
    assert card["kind"] == "model"
    assert card["keypoints"] == ["nose", "paw_left", "paw_right"]
    assert card["skeleton"] == [["nose", "paw_left"]]
    assert card["views"] == ["left", "right"]
    assert card["image_size"] == {"height": 64, "width": 96}
    assert card["written_by"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert card["training"]["losses"] == {"temporal": 5.0}
    assert card["data"] == {
        "project": "project",
        "label_files": [{"name": "CollectedData_left.csv", "sha256": hashlib.sha256(b"labels").hexdigest()}],
        "instants": 5,
        "split": {"train": 3, "validation": 2},
        "sessions": ["s0", "s1"],
    }
    [member] = card["members"]
    weights = ModelDir(folder).checkpoint().read_bytes()
    assert member["checkpoint"]["sha256"] == hashlib.sha256(weights).hexdigest()
    assert member["checkpoint"]["bytes"] == len(weights)
    assert member["confidence"] == {
        "temperature": 1.8, "means": "probability of an error below 5 px", "labels": 60,
        "ece_before": 0.2, "ece_after": 0.04,
    }  # fmt: skip
    assert len(member["metrics"]) == 6
    assert member["metrics"][4]["mean_px"] is None  # NaN is no JSON
    assert "| validation | 4 | 2.60 | 2.30 | 4.50 | 0.80 |" in text
    assert "| nose | 4 | 2.75 |" in text
    assert "Its expected calibration error was 0.200 and is 0.040 with temperature 1.80" in text
    assert hashlib.sha256(weights).hexdigest()[:16] in text


def test_confidences_that_no_label_could_be_held_to_are_said_to_be_so(evaluated: Callable[..., Path]) -> None:
    folder = evaluated()
    (folder / "calibration.csv").write_text(
        "set,temperature,labels,within_5px,confidence,ece\nvalidation,1.0000,0,nan,nan,nan\n"
    )
    card = make_card(folder)
    assert card["members"][0]["confidence"] is None
    assert "there was nothing to hold them to" in card_text(card)


def test_an_ensembles_card_has_all_members(evaluated: Callable[..., Path], tmp_path: Path) -> None:
    for seed in (3, 4):
        evaluated(f"both/rng={seed}", seed=seed)
    write_ensemble(tmp_path / "both", ["rng=3", "rng=4"])
    card = make_card(tmp_path / "both")
    assert card["kind"] == "ensemble"
    assert [(member["name"], member["seed"]) for member in card["members"]] == [("rng=3", 3), ("rng=4", 4)]
    assert len({member["checkpoint"]["sha256"] for member in card["members"]}) == 2
    text = card_text(card)
    assert "An ensemble of 2" in text
    assert "### rng=3" in text


def test_a_model_that_was_not_evaluated_says_so(tiny_model: Callable[..., Path]) -> None:
    text = card_text(make_card(tiny_model(views=("",))))
    assert "It has not been evaluated." in text
    assert "0 labeled instants: how they were divided is not known." in text
    assert "3 keypoints in 1 view." in text
