import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from lightning_pose.data.heatmaps import render
from lightning_pose.losses.heatmap import HEATMAP_LOSSES


def some() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 8, 10, generator=generator, dtype=torch.float64)
    targets = render(torch.rand(2, 3, 2, generator=generator, dtype=torch.float64) * 7, (8, 10))
    return logits, targets


def test_losses_agree_with_scipy():
    logits, targets = some()
    p, t = (x.flatten(0, 1).flatten(1).numpy() for x in (torch.softmax(logits.flatten(2), 2), targets))
    p = p.reshape(t.shape)
    expected = {
        "ce": entropy(t, p, axis=1).mean(),
        "kl": entropy(t, p, axis=1).mean(),
        "js": (jensenshannon(t, p, axis=1) ** 2).mean(),
        "mse": ((p - t) ** 2).sum(axis=1).mean(),
    }
    for name, value in expected.items():
        assert HEATMAP_LOSSES[name](logits, targets).item() == pytest.approx(value, abs=1e-6), name


@pytest.mark.parametrize("name", HEATMAP_LOSSES)
def test_a_keypoint_without_target_does_not_count(name):
    logits, targets = some()
    alone = HEATMAP_LOSSES[name](logits[:, :2], targets[:, :2])
    targets[:, 2] = 0
    torch.testing.assert_close(HEATMAP_LOSSES[name](logits, targets), alone)


@pytest.mark.parametrize("name", HEATMAP_LOSSES)
def test_without_any_target_the_loss_and_its_gradient_are_zero(name):
    logits, targets = some()
    logits.requires_grad_()
    loss = HEATMAP_LOSSES[name](logits, torch.zeros_like(targets))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


@pytest.mark.parametrize("name", HEATMAP_LOSSES)
def test_a_perfect_map_costs_nothing_and_is_a_minimum(name):
    _, targets = some()
    logits = (targets + 1e-30).log().requires_grad_()
    loss = HEATMAP_LOSSES[name](logits, targets)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert logits.grad is not None
    assert logits.grad.abs().max() < 1e-6


def test_cross_entropy_still_pulls_where_the_map_has_underflowed():
    logits = torch.zeros(1, 1, 8, 8)
    logits[0, 0, 0, 0] = 300.0
    logits.requires_grad_()
    target = render(torch.tensor([[[6.0, 6.0]]]), (8, 8))
    HEATMAP_LOSSES["ce"](logits, target).backward()
    assert logits.grad is not None
    assert logits.grad[0, 0, 6, 6] < -0.05
