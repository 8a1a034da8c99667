import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from lightning_pose.data.batch import Outputs, Truth
from lightning_pose.losses.regression import BETA, laplace


def outputs(xy: torch.Tensor, log_scale: float = 0.0) -> Outputs:
    scale = torch.full(xy.shape[:-1], log_scale)
    return Outputs(xy=xy.requires_grad_(), log_scale=scale.requires_grad_())


def test_the_loss_is_the_surprise_of_a_density_that_integrates_to_one():
    """exp(-loss / s^beta) / (2 pi) is the density over the plane, in polar coordinates."""
    log_scale = math.log(3.0)

    def density(distance: float) -> float:
        found = outputs(torch.tensor([[[[distance, 0.0]]]]), log_scale)
        truth = Truth(xy=torch.zeros(1, 1, 1, 2), visible=torch.full((1, 1, 1), 2))
        return math.exp(-laplace(found, truth).item() / 3.0**BETA) / (2 * math.pi)

    total = quad(lambda d: 2 * math.pi * d * density(d), 0, 120)[0]
    assert total == pytest.approx(1, abs=1e-4)


def test_the_best_scale_is_half_the_mean_distance():
    """d(sum d / s + 2 log s)/ds = 0 at s = mean(d) / 2."""
    distance = torch.from_numpy(np.random.default_rng(0).gamma(2, 4.0, 400)).float()
    found = outputs(torch.stack([distance, torch.zeros(400)], dim=-1)[None, None])
    found["log_scale"] = torch.full((1, 1, 400), math.log(distance.mean().item() / 2), requires_grad=True)
    laplace(found, Truth(xy=torch.zeros(1, 1, 400, 2), visible=torch.full((1, 1, 400), 2))).backward()
    assert found["log_scale"].grad is not None
    assert abs(found["log_scale"].grad.sum().item()) < 1e-4


def test_missing_hidden_and_weightless_labels_count_for_nothing():
    xy = torch.tensor([[[[3.0, 4.0], [9.0, 9.0], [8.0, 8.0], [7.0, 7.0]]]])
    labels = torch.zeros(1, 1, 4, 2)
    labels[0, 0, 1] = torch.nan
    truth = Truth(xy=labels, visible=torch.tensor([[[2, 2, 1, 2]]]), weight=torch.tensor([[[1.0, 1, 1, 0]]]))
    found = outputs(xy)
    loss = laplace(found, truth)
    loss.backward()
    assert loss.item() == pytest.approx(5.0)
    assert xy.grad is not None
    torch.testing.assert_close(xy.grad[0, 0, 0], torch.tensor([0.6, 0.8]))
    assert not xy.grad[0, 0, 1:].any()


def test_without_a_label_there_is_no_loss_and_no_nan():
    found = outputs(torch.ones(1, 1, 2, 2))
    loss = laplace(found, Truth(xy=torch.full((1, 1, 2, 2), torch.nan), visible=torch.zeros(1, 1, 2).long()))
    loss.backward()
    assert loss.item() == 0
    assert found["xy"].grad is not None and not found["xy"].grad.any()


def test_a_perfect_point_has_a_finite_gradient():
    found = outputs(torch.zeros(1, 1, 1, 2))
    laplace(found, Truth(xy=torch.zeros(1, 1, 1, 2), visible=torch.full((1, 1, 1), 2))).backward()
    assert found["xy"].grad is not None and found["xy"].grad.isfinite().all()
