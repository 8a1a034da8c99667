import pytest
import torch
from torch import nn

from lightning_pose.config.architectures import BACKBONES, Architecture
from lightning_pose.data.augment import Augmentation
from lightning_pose.losses.base import WeightedLoss
from lightning_pose.models.backbones import build
from lightning_pose.models.heads import PyramidHead
from lightning_pose.models.pose2d import Pose2D
from lightning_pose.tasks.freezing import stages
from lightning_pose.tasks.pose2d import Optimisation, Pose2DTask

TINY = {
    "resnet": Architecture("resnet", (1, 1, 1, 1), (64, 8, 8, 8), None),
    "convnext": Architecture("convnext", (1, 1, 1, 1), (8, 8, 8, 8), None),
    "vit": Architecture("vit", (6,), (64,), None, heads=1, table=2),
    "dinov3": Architecture("dinov3", (6,), (64,), None, heads=1),
    "hiera": BACKBONES["vitt_sam2"]._replace(widths=(16, 32, 64, 128)),
}


@pytest.mark.parametrize("family", TINY)
def test_every_parameter_and_module_is_in_one_stage(family):
    backbone = build(TINY[family])
    found = stages(backbone)
    assert len(found) == 4
    parameters = [id(p) for stage in found for p in stage.parameters]
    assert sorted(parameters) == sorted(id(p) for p in backbone.parameters())
    modules = [id(m) for stage in found for m in stage.modules]
    assert sorted(modules) == sorted(id(m) for m in backbone.modules())


def test_the_image_comes_in_at_the_first_stage_and_the_last_normalisation_is_in_the_last():
    backbone = build(TINY["vit"])
    first, *_, last = stages(backbone)
    owned = [{id(p) for p in stage.parameters} for stage in (first, last)]
    assert id(backbone.projection.weight) in owned[0]
    assert id(backbone.cls_token) in owned[0]
    assert id(backbone.norm.weight) in owned[1]


def a_task(**options: object) -> Pose2DTask:
    backbone = build(TINY["resnet"])
    network = Pose2D(backbone, PyramidHead(backbone.channels, backbone.strides, 2, width=8), 2, 4)
    losses = [WeightedLoss("toy", lambda outputs, truth: outputs["logits"].square().mean())]
    settings = {"unfreeze_step": 4, "steps_per_epoch": 2, **options}
    return Pose2DTask(
        network, losses, Augmentation(), Optimisation("AdamW", 1e-2, 0.1, lambda step: 1.0, **settings)
    )


def take_step(task: Pose2DTask, step: int, optimizer: torch.optim.Optimizer) -> None:
    """What the trainer does, at a step of its own choosing."""
    type(task).global_step = step  # type: ignore[assignment]
    task.network.train()
    task.on_train_batch_start(None, 0)
    optimizer.zero_grad()
    task.network(torch.randn(2, 1, 3, 32, 32))["logits"].square().mean().backward()
    optimizer.step()


@pytest.fixture(autouse=True)
def _steps(monkeypatch):
    monkeypatch.setattr(Pose2DTask, "global_step", 0)


def state_of(module: nn.Module) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in module.state_dict().items()}


def test_a_frozen_backbone_has_no_gradients_no_decay_and_no_moving_statistics():
    torch.manual_seed(0)
    task = a_task()
    made = task.configure_optimizers()
    before, head = state_of(task.network.backbone), state_of(task.network.head)
    for step in range(4):
        take_step(task, step, made["optimizer"])
        assert all(p.grad is None and not p.requires_grad for p in task.network.backbone.parameters())
    after = task.network.backbone.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert not torch.equal(head["logits.weight"], task.network.head.logits.weight)
    for _ in range(4):
        made["lr_scheduler"]["scheduler"].step()
    take_step(task, 4, made["optimizer"])
    after = task.network.backbone.state_dict()
    assert all(not torch.equal(before[key], after[key]) for key in before if "num_batches" not in key)


def test_stages_learn_one_epoch_after_the_other_the_last_first():
    task = a_task(gradual=True)
    made = task.configure_optimizers()
    optimizer, scheduler = made["optimizer"], made["lr_scheduler"]["scheduler"]
    learning = []
    for step in range(12):
        type(task).global_step = step  # type: ignore[assignment]
        task.network.train()
        task.on_train_batch_start(None, 0)
        rates = [group["lr"] for group in optimizer.param_groups]
        grads = [all(p.requires_grad for p in stage.parameters) for stage, _ in task.stages]
        assert [rate > 0 for rate in rates] == [*grads, True]
        statistics = [all(m.training for m in stage.modules) for stage, _ in task.stages]
        assert statistics == grads
        learning.append(sum(grads))
        optimizer.step()
        scheduler.step()
    assert learning == [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert rates == pytest.approx([1e-3, 1.5e-3, 2.25e-3, 3.375e-3, 1e-2])
