import math

import pytest

from lightning_pose.config import load_config
from lightning_pose.config.legacy import translate


def became(data: dict) -> dict[str, str]:
    return {note.key: note.became for note in load_config(data).notes}


def test_what_is_said_in_our_keys_stands():
    data = {
        "dali": {"base": {"train": {"sequence_length": 32}}},
        "training": {"unlabeled": {"clip_length": 8}, "num_gpus": 2, "num_devices": 3},
        "model": {"backbone_weights": "none"},
    }
    before = {key: dict(value) for key, value in data.items()}
    result = translate(data)
    assert result.data["training"] == data["training"]
    assert result.notes == []
    assert data == before


@pytest.mark.parametrize(
    ("training", "key", "value"),
    [({"num_gpus": 2}, "num_devices", 2), ({"num_gpus": 0}, "accelerator", "cpu")],
)
def test_the_number_of_gpus_becomes_devices(training, key, value):
    assert translate({"training": training}).data["training"][key] == value


def test_a_context_model_has_its_own_length_of_unlabeled_video():
    dali = {"base": {"train": {"sequence_length": 32}}, "context": {"train": {"batch_size": 16}}}
    model = {"model_type": "heatmap_mhcrnn", "backbone_pretrained": False}
    translated = translate({"dali": dali, "model": model}).data
    assert translated["training"]["unlabeled"]["clip_length"] == 16


def test_a_file_of_lightning_pose_starts_from_weights_as_it_does_there(toy_project):
    data = {"data": {"data_dir": str(toy_project())}, "dali": {"general": {"seed": 1}}}
    loaded = load_config(data)
    assert loaded.config.model.backbone_weights == "pretrained"
    assert "model.backbone_pretrained" in {note.key for note in loaded.notes}
    random = load_config({**data, "model": {"backbone_weights": "none"}})
    assert random.config.model.backbone_weights == "none"


def test_a_table_of_imgaug_is_the_ground_of_explicit_augmentation(toy_project):
    table = {
        "Affine": {"p": 0.4, "kwargs": {"rotate": [-10, 10]}},
        "Rotate": {"p": 0.4, "args": [[-20, 20]]},
        "Emboss": {"p": 0.1},
        "Fliplr": {"p": 0.5},
    }
    data = {
        "data": {"data_dir": str(toy_project())},
        "training": {"imgaug": table, "augment": {"zoom": 0.5}},
    }
    loaded = load_config(data)
    augment = loaded.config.training.augment
    assert (augment.rotation, augment.zoom, augment.blur, augment.erasing) == (20, 0.5, 0, 0)
    assert loaded.config.training.imgaug_hflip
    notes = {note.key: note.became for note in loaded.notes}
    assert notes["training.imgaug.Affine"] == "training.augment.rotation: 10.0"
    assert notes["training.imgaug.Emboss"] == ""


def test_weights_of_losses_in_use_are_said_in_numbers(toy_project):
    data = {
        "data": {"data_dir": str(toy_project())},
        "losses": {
            "supervised_pairwise_projections": {"log_weight": 3.0},
            "supervised_reprojection_heatmap_mse": {"log_weight": None},
            "temporal": {"log_weight": 11.0},
        },
    }
    notes = became(data)
    assert float(notes["losses.supervised_pairwise_projections.log_weight"].split()[1]) == pytest.approx(
        0.5 * math.exp(-3), rel=1e-2
    )
    assert notes["losses.supervised_reprojection_heatmap_mse"] == ""
    assert notes["losses.temporal"] == ""
