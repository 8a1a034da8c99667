from pathlib import Path

import pytest
import torch

from lightning_pose.build.network import build_network
from lightning_pose.config import load_config, save_config
from lightning_pose.core.errors import ModelError
from lightning_pose.model_dir import (
    ModelDir,
    is_ensemble_dir,
    is_model_dir,
    load_network,
    members,
    write_ensemble,
)


@pytest.fixture
def model(toy_project, tmp_path) -> ModelDir:
    """A folder as training leaves it, with random weights."""
    config = load_config({"data": {"data_dir": str(toy_project())}}).config
    model = ModelDir(tmp_path / "model")
    save_config(model.path / "config.yaml", config)
    write_checkpoint(model, "epoch=3-step=9-best.ckpt")
    return model


def write_checkpoint(model: ModelDir, name: str) -> Path:
    state = build_network(model.config).state_dict()
    model.checkpoints.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": {f"network.{key}": v for key, v in state.items()}}, model.checkpoints / name)
    return model.checkpoints / name


def test_a_loaded_network_is_the_saved_one_and_ready_to_predict(model):
    network, images = load_network(model.path), torch.randn(1, 1, 3, 64, 64)
    saved = build_network(model.config).eval()
    torch.testing.assert_close(network(images)["logits"], saved(images)["logits"])
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert model.view_names == ("left", "right")
    assert model.image_size == (64, 64)


def test_the_best_checkpoint_is_preferred_to_the_last(model):
    last = write_checkpoint(model, "last.ckpt")
    assert model.checkpoint().name == "epoch=3-step=9-best.ckpt"
    model.checkpoint().unlink()
    assert model.checkpoint() == last


def test_a_renamed_folder_of_logs_is_found(model):
    model.log_dir.parent.rename(model.path / "tb_logs" / "other")
    assert model.checkpoint().is_file()


def test_a_folder_that_is_no_model_says_what_is_missing(tmp_path, model):
    with pytest.raises(ModelError, match=r"lacks config.yaml and tb_logs"):
        load_network(tmp_path)
    with pytest.raises(ModelError, match="no such folder"):
        members(tmp_path / "nowhere")
    model.checkpoint().unlink()
    with pytest.raises(ModelError, match=r"has no checkpoint.*--resume"):
        load_network(model)


def test_a_checkpoint_of_another_network_is_refused(model):
    text = (model.path / "config.yaml").read_text().replace("backbone: resnet18", "backbone: resnet34")
    (model.path / "config.yaml").write_text(text)
    with pytest.raises(ModelError, match="does not hold the network"):
        load_network(ModelDir(model.path))


def test_a_damaged_checkpoint_is_refused(model):
    path = model.checkpoint()
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModelError, match="not a file of weights"):
        load_network(model)


def test_members_of_an_ensemble_and_a_single_model_are_told_alike(model, tmp_path):
    assert is_model_dir(model.path)
    assert list(members(model.path)) == [""]
    (tmp_path / "all").mkdir()
    model.path.rename(tmp_path / "all" / "rng=0")
    write_ensemble(tmp_path / "all", ["rng=0"])
    assert is_ensemble_dir(tmp_path / "all")
    assert members(tmp_path / "all")["rng=0"].keypoint_names == ("nose", "paw_left", "paw_right")
    write_ensemble(tmp_path / "all", ["rng=0", "rng=7"])
    with pytest.raises(ModelError, match="rng=7"):
        members(tmp_path / "all")
