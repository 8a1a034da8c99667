from lightning_pose.build import build_augmentation, build_network, build_task
from lightning_pose.config import load_config


def test_a_backbone_with_weights_is_frozen_until_its_epoch(config):
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
