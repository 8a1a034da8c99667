"""Models open without their weights, and members that do not fit together are told apart."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lightning_pose.core.errors import ConfigError, ModelError
from lightning_pose.model_dir import write_ensemble
from lightning_pose.predict.model import open_model

MakeModel = Callable[..., Path]


def test_a_model_says_what_it_predicts(make_model: MakeModel, tmp_path: Path) -> None:
    model = open_model(make_model())
    assert (model.views, model.names) == (("cam1", "cam2", "cam3"), ("red", "green"))
    assert model.size == (64, 96)
    assert model.data_dir == tmp_path / "project"
    assert model.skeleton.edges == ((0, 1),)
    assert list(model.members) == [""] and not model.is_ensemble
    assert open_model(make_model("single", ())).views == ("",)


def test_an_ensemble_has_members_by_seed(make_ensemble: MakeModel) -> None:
    model = open_model(make_ensemble())
    assert list(model.members) == ["rng=0", "rng=1"] and model.is_ensemble


def test_overrides_change_what_the_configuration_says(make_model: MakeModel, tmp_path: Path) -> None:
    path = make_model()
    model = open_model(path, ["training.val_batch_size=3", "data.data_dir=elsewhere"])
    assert model.config.training.val_batch_size == 3
    assert model.data_dir == Path("elsewhere")
    with pytest.raises(ConfigError, match="val_batch_siez"):
        open_model(path, ["training.val_batch_siez=3"])


def test_members_that_differ_are_refused_before_their_weights_are_read(
    make_model: MakeModel, tmp_path: Path
) -> None:
    make_model("e/rng=0")
    make_model("e/rng=1", keypoint_names=["red", "blue"])
    write_ensemble(tmp_path / "e", ["rng=0", "rng=1"])
    with pytest.raises(ModelError, match=r"data\.keypoint_names differs between rng=0 .* and rng=1"):
        open_model(tmp_path / "e")


def test_a_folder_without_a_model_or_weights_is_refused(make_model: MakeModel, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no such folder"):
        open_model(tmp_path / "absent")
    path = make_model()
    next(path.glob("**/last.ckpt")).unlink()
    with pytest.raises(ModelError, match="has no checkpoint"):
        open_model(path)


def test_no_override_makes_another_network_of_a_trained_one(make_model: MakeModel) -> None:
    with pytest.raises(ConfigError, match="the network is the one that was trained"):
        open_model(make_model(), ["data.data_dir=x", "model.backbone=resnet18"])
