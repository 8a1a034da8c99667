import pytest

from lightning_pose.tasks.schedule import multi_step, one_cycle, unfreeze


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
