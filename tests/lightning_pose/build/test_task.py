import pytest

from lightning_pose.build.network import build_network
from lightning_pose.build.task import build_augmentation, build_task
from lightning_pose.config import load_config
from lightning_pose.config.schema import AnnealConfig, PatchMask
from lightning_pose.data.masking import PatchMasking
from lightning_pose.data.world import WorldMotion


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


@pytest.mark.parametrize(
    ("training", "rotation", "world"),
    [
        ({}, 25, None),
        ({"imgaug_3d": True}, 0, WorldMotion(0.2, 0.25, 0)),
        (
            {"imgaug_3d": True, "augment": {"rotation": 10, "world_rotation": 5}},
            10,
            WorldMotion(0.2, 0.25, 5),
        ),
        ({"imgaug_3d": True, "imgaug": "none"}, 0, None),
    ],
)
def test_moving_the_world_leaves_out_what_moves_each_view_unless_it_is_asked_for(
    toy_project, training, rotation, world
):
    made = load_config({"data": {"data_dir": str(toy_project())}, "training": training}).config
    augmentation = build_augmentation(made)
    assert augmentation.geometric.rotation == rotation
    assert augmentation.world == world


def test_masking_given_in_epochs_begins_and_ends_with_them(config):
    made = config(max_epochs=10)
    made.training.patch_mask = PatchMask(init_epoch=2, final_epoch=8, init_ratio=0.1, final_ratio=0.5)
    masking = build_task(made, build_network(made), steps_per_epoch=7).optimisation.masking
    assert masking == PatchMasking(14, 56, 0.1, 0.5, 0.0)
    made.training.patch_mask = PatchMask(init_epoch=2, final_epoch=8, final_ratio=0.0)
    assert build_task(made, build_network(made), steps_per_epoch=7).optimisation.masking is None


def test_losses_are_annealed_by_the_same_course_wherever_it_is_asked(config):
    made = config(max_epochs=4, accumulate_grad_batches=2)
    made.callbacks.anneal_weight = AnnealConfig(init_val=0.0, increase_factor=0.25, freeze_until_epoch=1)
    strength = build_task(made, build_network(made), steps_per_epoch=10).optimisation.strength
    assert [strength(5 * epoch) for epoch in range(7)] == [0, 0, 0.25, 0.5, 0.75, 1, 1]
    made.callbacks.anneal_weight = None
    assert build_task(made, build_network(made), steps_per_epoch=10).optimisation.strength(0) == 1


def test_the_course_of_the_learning_rate_spans_the_training_however_batches_accumulate(config):
    made = config(max_epochs=4, accumulate_grad_batches=3, lr_scheduler="cosine")
    made.training.lr_scheduler_params.cosine.final = 0.1
    course = build_task(made, build_network(made), steps_per_epoch=10).optimisation.course
    assert course(0) == 1
    assert course(8) == pytest.approx(0.55)
    assert course(16) == pytest.approx(0.1)
