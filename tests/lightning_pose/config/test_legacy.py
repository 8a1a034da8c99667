import math
from pathlib import Path

import numpy as np
import pytest
import yaml

from lightning_pose.config import load_config
from lightning_pose.config.compatibility import losses_asked_for
from lightning_pose.config.legacy import translate
from lightning_pose.core.video import VideoWriter


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


def test_its_default_backbone_whose_weights_are_on_no_hub_starts_from_imagenet():
    peer = {"dali": {"general": {"seed": 1}}, "model": {"backbone": "resnet50_animal_ap10k"}}
    translated = translate(peer)
    assert translated.data["model"] == {"backbone": "resnet50", "backbone_pretrained": True}
    said = {note.key: (note.became, note.why) for note in translated.notes}
    assert said["model.backbone"][0] == "resnet50"
    assert "model.backbone_checkpoint" in said["model.backbone"][1]
    given = {**peer, "model": {**peer["model"], "backbone_checkpoint": "ap10k.pth"}}
    assert translate(given).data["model"] == given["model"]


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


@pytest.mark.parametrize("is_3d", [False, True])
def test_the_world_moves_beside_a_table_of_imgaug_where_it_is_asked_to(toy_project, is_3d):
    data = {
        "data": {"data_dir": str(toy_project(views=("left", "right")))},
        "training": {"imgaug": {"Rotate": {"p": 0.4, "args": [20]}}, "imgaug_3d": is_3d},
    }
    augment = load_config(data).config.training.augment
    world = (0.2, 0.25) if is_3d else (0, 0)
    assert (augment.rotation, augment.world_scale, augment.world_shift) == (20, *world)


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


THREE_D = {
    "training": {"imgaug_3d": True},
    "losses": {"supervised_reprojection_heatmap_mse": {"log_weight": 3.0}},
}


@pytest.mark.parametrize(
    ("changes", "is_3d"),
    [
        ({"dali": {"general": {"seed": 1}}}, False),
        ({"dali": {"general": {"seed": 1}}, "calibration": "calibration.toml"}, True),
        ({}, True),  # ours: what is asked for and cannot be is an error
    ],
)
def test_without_calibration_the_geometry_of_lightning_pose_has_no_effect(toy_project, changes, is_3d):
    folder = toy_project(views=("left", "right"))
    (folder / changes.pop("calibration", "notes.txt")).touch()
    # relative, as in a file beside the project
    loaded = load_config({"data": {"data_dir": folder.name}, **THREE_D, **changes}, folder=folder.parent)
    config = loaded.config
    notes = {note.key: note for note in loaded.notes}
    said = notes.get("training.imgaug_3d"), notes.get("losses.supervised_reprojection_heatmap_mse")
    assert config.training.imgaug_3d is is_3d
    assert losses_asked_for(config) == (["supervised_reprojection_heatmap_mse"] if is_3d else [])
    # without it each view is moved by itself
    assert (config.training.augment.rotation == 0) is is_3d
    if is_3d:
        assert said == (None, None)
    else:
        assert all(f"no calibration found in {folder}; as in Lightning Pose" in note.why for note in said)
    assert len(notes) == len(loaded.notes)


def test_boxes_of_one_view_are_named_once(toy_project):
    data = {"data_dir": str(toy_project(views=())), "bbox_file": "boxes.csv"}
    assert [note.key for note in load_config({"data": data}).notes] == ["data.bbox_file"]


# Files as Lightning Pose has them, of a project whose folder is to be filled in.
ONE_VIEW = """
data:
  image_resize_dims: {height: 128, width: 128}
  data_dir: DATA
  video_dir: DATA/videos
  csv_file: CollectedData.csv
  downsample_factor: 2
  num_keypoints: 3
  keypoint_names: [nose, paw_left, paw_right]
  mirrored_column_matches: null
  columns_for_singleview_pca: [0, 1, 2]
training:
  imgaug: dlc
  train_batch_size: 16
  val_batch_size: 32
  test_batch_size: 32
  train_prob: 0.95
  val_prob: 0.05
  train_frames: 1
  num_gpus: 1
  num_workers: 4
  unfreezing_epoch: 20
  min_epochs: 300
  max_epochs: 300
  log_every_n_steps: 10
  check_val_every_n_epoch: 5
  early_stopping: false
  rng_seed_data_pt: 0
  rng_seed_model_pt: 0
  optimizer: Adam
  optimizer_params: {learning_rate: 1e-3}
  lr_scheduler: multisteplr
  lr_scheduler_params: {multisteplr: {milestones: [150, 200, 250], gamma: 0.5}}
  uniform_heatmaps_for_nan_keypoints: true
model:
  losses_to_use: []
  backbone: resnet18
  model_type: heatmap
  heatmap_loss_type: mse
  model_name: test
  checkpoint: null
dali:
  general: {seed: 123456}
  base: {train: {sequence_length: 4}, predict: {sequence_length: 96}}
  context: {train: {batch_size: 8}, predict: {sequence_length: 96}}
losses:
  pca_multiview: {log_weight: 11.0, components_to_keep: 3, epsilon: null}
  pca_singleview: {log_weight: 11.0, components_to_keep: 0.99, epsilon: null}
  temporal: {log_weight: 11.0, epsilon: 20.0, prob_threshold: 0.05}
eval:
  predict_vids_after_training: false
  test_videos_directory: ${data.video_dir}
  save_vids_after_training: false
  colormap: cool
  confidence_thresh_for_vid: 0.90
callbacks:
  anneal_weight:
    attr_name: total_unsupervised_importance
    init_val: 0.0
    increase_factor: 0.01
    final_val: 1.0
    freeze_until_epoch: 0
hydra:
  run: {dir: "outputs/${now:%Y-%m-%d}/${now:%H-%M-%S}"}
"""
# What the other examples of Lightning Pose change of that.
VIEWS = {
    "data": {
        "csv_file": ["CollectedData_left.csv", "CollectedData_right.csv"],
        "view_names": ["left", "right"],
        "camera_params_file": None,
        "columns_for_singleview_pca": None,
    },
    "training": {
        "imgaug_3d": True,
        "patch_mask": {"init_epoch": 40, "final_epoch": 300, "init_ratio": 0.0, "final_ratio": 0.5},
    },
    "model": {
        "backbone": "vits_dino", "head": "heatmap_cnn", "model_type": "heatmap_multiview_transformer",
    },
    "losses": {"supervised_reprojection_heatmap_mse": {"log_weight": 3.0}},
}  # fmt: skip
EXAMPLES = {
    "one view": {},
    "several views": VIEWS,
    "context": {"model": {"model_type": "heatmap_mhcrnn"}},
    "semi-supervised": {"model": {"losses_to_use": ["pca_singleview", "temporal"]}},
}


@pytest.fixture
def peer_file(toy_project, tmp_path):
    """A function that writes one of the examples, and a project with video for it."""

    def write(name: str) -> Path:
        folder = toy_project(views=("left", "right") if name == "several views" else ())
        with VideoWriter(folder / "videos" / "run.mp4", 80, 64, fps=25) as video:
            for value in range(12):
                video.write(np.full((64, 80, 3), 10 * value, dtype=np.uint8))
        text = ONE_VIEW.replace("DATA", str(folder))
        data = yaml.safe_load(text)
        for section, values in EXAMPLES[name].items():
            data[section] |= values
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(data))
        return path

    return write


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_lightning_pose_are_read_unmodified(peer_file, name):
    config, notes = load_config(peer_file(name))
    assert config.model.backbone_weights == "pretrained"
    assert config.training.optimizer_params.learning_rate == 1e-3
    became = {note.key: note.became for note in notes}
    assert became["hydra"] == became["eval.colormap"] == became["dali.general"] == ""
    assert config.training.unlabeled.clip_length == (8 if name == "context" else 4)
    assert ("callbacks.anneal_weight" in became) == (name != "semi-supervised")
    assert ("losses.temporal.log_weight" in became) == (name == "semi-supervised")


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_lightning_pose_train(peer_file, tmp_path, name):
    from lightning_pose.train import train

    words = [
        "model.backbone_weights=none", "training.train_batch_size=2", "training.max_epochs=1",
        "training.min_epochs=1", "training.limit_train_batches=2", "training.num_gpus=0",
        "training.lr_scheduler_params.multisteplr.milestones=[1]", "training.num_workers=0",
        "data.image_resize_dims={height: 64, width: 64}",
        "losses.pca_singleview.components_to_keep=2",  # dots at random places have no fewer dimensions
    ]  # fmt: skip
    result = train(peer_file(name), tmp_path / "model", overrides=words)
    assert np.isfinite(result.errors["validation"]["mean_px"])
