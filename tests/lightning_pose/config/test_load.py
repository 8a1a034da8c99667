from pathlib import Path

import pytest
import yaml

from lightning_pose.config import csv_paths, load_config, read_saved, save_config
from lightning_pose.core.errors import ConfigError

# The keys of Lightning Pose's own default files, single view and many views, with their values.
PEER_TRAINING = {
    "imgaug": "dlc", "imgaug_hflip": False, "train_batch_size": 16, "val_batch_size": 32,
    "test_batch_size": 32,
    "train_prob": 0.95, "val_prob": 0.05, "train_frames": 1, "num_gpus": 1, "num_workers": 4,
    "unfreezing_epoch": 20, "min_epochs": 300, "max_epochs": 300, "log_every_n_steps": 10,
    "check_val_every_n_epoch": 5, "ckpt_every_n_epochs": None, "early_stopping": False,
    "early_stop_patience": 3, "rng_seed_data_pt": 0, "rng_seed_model_pt": 0, "optimizer": "Adam",
    "optimizer_params": {"learning_rate": 1e-3}, "lr_scheduler": "multisteplr",
    "lr_scheduler_params": {"multisteplr": {"milestones": [150, 200, 250], "gamma": 0.5}},
    "uniform_heatmaps_for_nan_keypoints": True, "accumulate_grad_batches": 2, "profiler": "simple",
    "limit_train_batches": 10,
    "patch_mask": {"init_epoch": 40, "final_epoch": 300, "init_ratio": 0.0, "final_ratio": 0.5},
}  # fmt: skip
PEER = {
    "data": {
        "image_resize_dims": {"height": 256, "width": 256}, "data_dir": None,
        "video_dir": "${data.data_dir}/videos",
        "csv_file": "CollectedData.csv", "downsample_factor": 2, "num_keypoints": 3,
        "keypoint_names": ["nose", "paw_left", "paw_right"], "mirrored_column_matches": [[0, 1], [2, 0]],
        "columns_for_singleview_pca": [0, 1, 2], "header_rows": [0, 1, 2],
    },
    "training": PEER_TRAINING,
    "model": {
        "losses_to_use": [], "backbone": "resnet50", "model_type": "heatmap", "head": "heatmap_cnn",
        "heatmap_loss_type": "mse", "model_name": "test", "checkpoint": None, "backbone_pretrained": False,
        "lightning_pose_version": "2.4.0",
    },
    "dali": {"general": {"seed": 123456}, "base": {"train": {"sequence_length": 32}}},
    "losses": {
        "pca_multiview": {"log_weight": 11.0, "components_to_keep": 3, "epsilon": None},
        "pca_singleview": {"log_weight": 11.0, "components_to_keep": 0.99, "epsilon": None},
        "temporal": {"log_weight": 11.0, "epsilon": 20.0, "prob_threshold": 0.05},
    },
    "eval": {
        "predict_vids_after_training": True, "test_videos_directory": "${data.video_dir}",
        "save_vids_after_training": False, "colormap": "cool", "confidence_thresh_for_vid": 0.9,
    },
    "callbacks": {"anneal_weight": {"attr_name": "total_unsupervised_importance", "init_val": 0.0}},
    "hydra": {"run": {"dir": "outputs/x"}},
    "creation_datetime": "2026-01-01",
}  # fmt: skip


def write(path: Path, data: dict) -> Path:
    path.write_text(yaml.safe_dump(data))
    return path


def test_one_key_is_a_whole_configuration(toy_project):
    config = load_config({"data": {"data_dir": str(toy_project())}}).config
    assert config.data.view_names == ["left", "right"]
    assert config.data.keypoint_names == ["nose", "paw_left", "paw_right"]
    assert config.data.swaps == [["paw_left", "paw_right"]]
    assert config.data.skeleton == [["nose", "paw_left"], ["nose", "paw_right"]]
    assert (config.data.image_resize_dims.height, config.data.image_resize_dims.width) == (64, 64)
    assert [path.name for path in csv_paths(config).values()] == [
        "CollectedData_left.csv",
        "CollectedData_right.csv",
    ]
    assert config.training.max_epochs == 300
    assert config.model.backbone_weights == "none"


def test_a_configuration_of_lightning_pose_is_read_and_its_idle_keys_are_named(toy_project, tmp_path):
    folder = toy_project(views=())
    (folder / "videos").mkdir()
    data = {**PEER, "data": {**PEER["data"], "data_dir": str(folder)}}
    config, notes = load_config(write(tmp_path / "peer.yaml", data))
    assert config.training.optimizer == "Adam"
    assert config.training.lr_scheduler_params.multisteplr.milestones == [150, 200, 250]
    assert config.data.video_dir == f"{folder}/videos"
    assert config.model.heatmap_loss_type == "mse"
    assert config.callbacks.anneal_weight is not None
    became = {note.key: note.became for note in notes}
    for key in (
        "dali.general",
        "hydra",
        "losses.temporal",
        "training.patch_mask",
        "training.unfreezing_epoch",
    ):
        assert became[key] == ""
    assert became["dali.base.train.sequence_length"] == "training.unlabeled.clip_length: 32"
    assert config.training.unlabeled.clip_length == 32
    assert config.training.unlabeled.num_workers == 4
    assert not {"training.optimizer", "data.csv_file", "training.imgaug"} & set(became)


def test_three_faults_are_reported_together_with_the_nearest_key(toy_project, tmp_path):
    text = {
        "data": {"data_dir": str(toy_project())},
        "training": {"max_step": 5, "train_prob": 1.5},
        "model": {"backbone": "resnet19"},
    }
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path / "faulty.yaml", text))
    message = str(caught.value)
    assert "training.max_step: there is no such key; did you mean `training.max_steps`?" in message
    assert "training.train_prob: expected a fraction from 0 to 1, got 1.5" in message
    assert "model.backbone: 'resnet19' is not available; available: resnet18" in message


@pytest.mark.parametrize(
    ("section", "values", "message"),
    [
        ("model", {"model_type": "heatmap_multiview"}, "did you mean heatmap_multiview_transformer"),
        ("model", {"losses_to_use": ["temporale"]}, r"losses: 'temporale' is not available.*mean temporal"),
        ("data", {"view_names": ["left"]}, r"1 views \(left\), 2 label files"),
        (
            "data",
            {"image_resize_dims": {"height": 100, "width": 64}},
            "multiple of 32, got 100; nearest is 96",
        ),
        ("data", {"keypoint_names": ["nose", "paw_left", "tail"]}, r"lacks \['tail'\]"),
        ("data", {"num_keypoints": 4}, "num_keypoints is 4, but there are 3"),
        ("training", {"max_steps": 5, "max_epochs": 5}, "not in both"),
        ("training", {"imgaug": {"Fliprl": {"p": 1}}}, "imgaug.Fliprl: .*did you mean Fliplr"),
        ("eval", {"predict_vids_after_training": True}, r"no folder .*videos to predict"),
        ("training", {"split_file": "absent.csv"}, "split_file: there is no file"),
        ("training", {"optimizer_params": {"learning_rate": -1}}, "above 0, got -1"),
        ("model", {"backbone_weights": "./absent.pt"}, "backbone_weights: there is no file"),
    ],
)
def test_a_fault_says_what_would_fit(toy_project, section, values, message):
    names = ["CollectedData_left.csv", "CollectedData_right.csv"]
    data: dict = {"data": {"data_dir": str(toy_project()), "csv_file": names}}
    data[section] = {**data.get(section, {}), **values}
    with pytest.raises(ConfigError, match=message):
        load_config(data)


def test_missing_files_are_named(toy_project):
    folder = toy_project()
    (folder / "CollectedData_right.csv").unlink()
    with pytest.raises(ConfigError, match=r"there is no file .*CollectedData_right.csv"):
        load_config({"data": {"data_dir": str(folder)}})
    with pytest.raises(ConfigError, match=r"data.data_dir: there is no folder"):
        load_config({"data": {"data_dir": str(folder / "nowhere")}})
    with pytest.raises(ConfigError, match="which folder"):
        load_config({})


def test_relative_paths_are_relative_to_the_file(toy_project, tmp_path, monkeypatch):
    folder = toy_project()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "split.csv").write_text("frame,set\n")
    monkeypatch.chdir(tmp_path / "elsewhere")
    data = {"data": {"data_dir": "project"}, "training": {"split_file": "split.csv"}}
    config = load_config(write(tmp_path / "c.yaml", data)).config
    assert config.data.data_dir == str(folder)
    assert config.training.split_file == str(tmp_path / "split.csv")


def test_overrides_change_add_and_remove_keys(toy_project, tmp_path):
    data = {
        "data": {"data_dir": str(toy_project())},
        "training": {"max_steps": 5, "val_prob": 0.2, "train_prob": 0.5},
    }
    path = write(tmp_path / "c.yaml", data)
    words = [
        "training.max_steps=7",
        "+training.min_steps=2",
        "~training.val_prob",
        "data.view_names=[left,right]",
    ]
    config = load_config(path, words).config
    assert (config.training.max_steps, config.training.min_steps, config.training.val_prob) == (7, 2, 0.1)
    with pytest.raises(ConfigError, match=r"did you mean `training.max_steps`"):
        load_config(path, ["training.maxsteps=7"])
    with pytest.raises(ConfigError, match=r"(?s)`max`.*key=value"):
        load_config(path, ["max"])
    in_memory = load_config(data, words).config
    assert in_memory.training == config.training


def test_a_preset_is_the_ground_of_explicit_augmentation(toy_project):
    data = {
        "data": {"data_dir": str(toy_project())},
        "training": {"imgaug": "none", "augment": {"zoom": 0.5}},
    }
    augment = load_config(data).config.training.augment
    assert (augment.zoom, augment.rotation, augment.noise) == (0.5, 0, 0)


def test_a_saved_configuration_is_read_back_the_same(toy_project, tmp_path):
    config = load_config(
        {"data": {"data_dir": str(toy_project())}, "losses": {"temporal": {"log_weight": 3}}}
    ).config
    save_config(tmp_path / "config.yaml", config)
    assert read_saved(tmp_path / "config.yaml") == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data: {a: 1", "cannot be read"),
        ("- 1\n", "cannot be read|expected keys"),
        ("data: ${nope}", "cannot be read"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(tmp_path, text, message):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(path)
    with pytest.raises(ConfigError, match="no such configuration file"):
        load_config(tmp_path / "absent.yaml")
