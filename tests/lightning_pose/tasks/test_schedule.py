import pytest
import torch

from lightning_pose.tasks.schedule import anneal, cosine, multi_step, one_cycle, unfreeze


def test_one_cycle_rises_linearly_and_falls_to_a_thousandth():
    course = one_cycle(100, 0.1)
    assert [course(step) for step in (0, 4, 9)] == pytest.approx([0.1, 0.5, 1.0])
    assert course(10) == 1
    assert course(55) == pytest.approx(0.5, abs=1e-3)
    assert course(100) == pytest.approx(1e-3)
    assert course(1000) == pytest.approx(1e-3)


def test_milestones_multiply():
    course = multi_step([10, 20], 0.5)
    assert [course(step) for step in (0, 9, 10, 19, 20, 99)] == [1, 1, 0.5, 0.5, 0.25, 0.25]


def test_an_unfrozen_backbone_follows_the_ramp_of_lightning_pose():
    """Head rate 1e-3, unfrozen at epoch 2: 0, 0, 1e-4, 1.5e-4, 2.25e-4, ... 1e-3; milestones for both."""
    head = multi_step([90], 0.5)
    course = unfreeze(head, start=20, steps_per_epoch=10)
    rates = [1e-3 * course(10 * epoch) for epoch in range(10)]
    assert rates[:5] == pytest.approx([0, 0, 1e-4, 1.5e-4, 2.25e-4])
    assert rates[8] == pytest.approx(1e-3)
    assert rates[9] == pytest.approx(0.5e-3)


def test_the_cosine_is_the_schedule_of_torch():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    reference = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=40, eta_min=0.1)
    course = cosine(40, final=0.1)
    for step in range(41):
        assert course(step) == pytest.approx(optimizer.param_groups[0]["lr"])
        optimizer.step()
        reference.step()


def test_a_warm_up_rises_linearly_and_ends_where_it_should():
    course = cosine(100, warmup=0.2, final=0.5)
    assert [course(step) for step in (0, 9, 19, 20)] == pytest.approx([0.05, 0.5, 1, 1])
    assert [course(step) for step in (60, 100, 500)] == pytest.approx([0.75, 0.5, 0.5])
    course = multi_step([4, 20], 0.5, warmup_steps=10)
    assert [course(step) for step in (0, 3, 4, 9, 20)] == pytest.approx([0.1, 0.4, 0.25, 0.5, 0.25])


def test_annealing_follows_lightning_pose():
    """0 until epoch 60, 0.01 more in every epoch, 1 from epoch 160 on."""
    course = anneal(initial=0.0, increase=0.01, final=1.0, frozen_epochs=60, steps_per_epoch=7)
    epochs = [0, 59, 60, 61, 110, 159, 160, 300]
    assert [course(7 * epoch) for epoch in epochs] == pytest.approx([0, 0, 0, 0.01, 0.5, 0.99, 1, 1])
    assert course(7 * 61 - 1) == 0
    assert course(7 * 61 + 6) == pytest.approx(0.01)
