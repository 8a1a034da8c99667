import pytest
import torch

from lightning_pose.build import (
    build_augmentation,
    build_network,
    build_task,
    choose_precision,
    cpu_has_bf16,
    least_steps,
    start_from,
    total_steps,
    trainer_options,
)
from lightning_pose.config import Config, load_config
from lightning_pose.core.errors import ModelError


def config(**training: object) -> Config:
    made = Config()
    made.data.keypoint_names = ["nose", "paw_left", "paw_right"]
    made.data.swaps = [["paw_left", "paw_right"]]
    for key, value in training.items():
        setattr(made.training, key, value)
    return made


def test_length_in_epochs_and_in_steps_agree():
    assert total_steps(config(max_epochs=10), batches=7) == 70
    assert total_steps(config(max_epochs=10, accumulate_grad_batches=3), batches=7) == 30
    assert total_steps(config(max_steps=5), batches=7) == 5
    assert least_steps(config(min_epochs=2), batches=7) == 14
    assert trainer_options(config(max_steps=15), batches=7)["max_epochs"] == 3
    assert trainer_options(config(max_steps=14), batches=7)["max_epochs"] == 2


def test_precision_is_reduced_only_where_the_processor_has_it(monkeypatch):
    assert choose_precision("fp32", "cpu") == "32-true"
    assert choose_precision("bf16", "cpu") == "bf16-mixed"
    assert choose_precision("auto", "cpu") == ("bf16-mixed" if cpu_has_bf16() else "32-true")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False, "amx_bf16": False})
    assert choose_precision("auto", "cpu") == "32-true"


def test_a_checkpoint_of_other_keypoints_gives_its_backbone(tmp_path):
    source, target = build_network(config()), config()
    target.data.keypoint_names = ["a", "b"]
    target.training.rng_seed_model_pt = 5
    torch.save(
        {"state_dict": {f"network.{k}": v for k, v in source.state_dict().items()}}, tmp_path / "last.ckpt"
    )
    network = build_network(target)
    own_logits = network.head.logits.weight.clone()
    start_from(network, tmp_path)
    for one, two in zip(network.backbone.parameters(), source.backbone.parameters(), strict=True):
        assert torch.equal(one, two)
    assert torch.equal(network.head.logits.weight, own_logits)
    other = config()
    other.model.backbone = "resnet34"
    with pytest.raises(ModelError, match="another backbone"):
        start_from(build_network(other), tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"neither .*best.ckpt nor last.ckpt"):
        start_from(network, tmp_path / "empty")


def test_a_backbone_with_weights_is_frozen_until_its_epoch():
    made = config(max_epochs=4, unfreezing_epoch=2, lr_scheduler="multisteplr")
    made.model.backbone_weights = "pretrained"
    task = build_task(made, build_network(made), steps_per_epoch=5)
    assert task.optimisation.unfreeze_step == 10
    groups = task.configure_optimizers()["optimizer"].param_groups
    assert [group["lr"] for group in groups] == [0, 2e-3]
    made.model.backbone_weights = "none"
    assert build_task(made, build_network(made), steps_per_epoch=5).optimisation.unfreeze_step == 0


def test_flips_know_the_sides(toy_project):
    data = {"data": {"data_dir": str(toy_project())}, "training": {"imgaug_hflip": True}}
    augmentation = build_augmentation(load_config(data).config)
    assert augmentation.geometric.flip
    assert augmentation.swaps == ((1, 2),)
