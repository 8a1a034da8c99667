"""What jumps from frame to frame costs, within a stretch of video and where the network is sure."""

import math

import numpy as np
import pytest
import torch

from lightning_pose.data.batch import Outputs, Truth
from lightning_pose.losses.temporal import temporal, temporal_heatmap


def outputs_of(xy: object, confidence: float = 1.0) -> Outputs:
    """Points "B K 2" of one view."""
    points = torch.as_tensor(xy, dtype=torch.double)[:, None]
    return Outputs(xy_frame=points, confidence=torch.full(points.shape[:-1], confidence))


def one_clip(n: int) -> Truth:
    return Truth(clip=torch.zeros(n, dtype=torch.long))


def test_a_step_costs_its_length():
    outputs = outputs_of([[[0.0, 0.0]], [[math.sqrt(2), math.sqrt(2)]]])
    assert float(temporal(epsilon=0)(outputs, one_clip(2))) == pytest.approx(2)


@pytest.mark.parametrize(
    ("epsilon", "expected"), [(0.5, [0, 0, 0.5]), ([0.05, 0.2, 0.3], [0.05, 0.3, 0.7]), (9, [0, 0, 0])]
)
def test_only_what_exceeds_the_tolerance_costs(epsilon: float | list[float], expected: list[float]):
    lengths = torch.tensor([0.1, 0.5, 1.0])
    xy = torch.stack([torch.zeros(3, 2), torch.stack([lengths * 0.6, lengths * 0.8], dim=-1)])
    found = temporal(epsilon=epsilon)(outputs_of(xy), one_clip(2))
    assert float(found) == pytest.approx(np.mean(expected), abs=1e-7)


def test_cuts_between_stretches_cost_nothing(rng):
    still = np.repeat(rng.uniform(0, 500, (3, 1, 4, 2)), 5, axis=1).reshape(15, 4, 2)
    clip = torch.arange(3).repeat_interleave(5)
    assert float(temporal(epsilon=0)(outputs_of(still), Truth(clip=clip))) == 0
    assert float(temporal(epsilon=0)(outputs_of(still), one_clip(15))) > 10


def test_a_step_counts_where_both_ends_are_sure():
    outputs = outputs_of([[[0.0, 0.0]], [[8.0, 0.0]], [[8.0, 6.0]]])
    outputs["confidence"] = torch.tensor([0.01, 0.9, 0.9])[:, None, None]
    assert float(temporal(epsilon=0, prob_threshold=0.05)(outputs, one_clip(3))) == pytest.approx(6 / 2)


@pytest.mark.parametrize("missing", ["none", "some", "all"])
def test_missing_points_leave_the_gradient_finite(missing: str, rng):
    points = torch.tensor(rng.uniform(0, 100, (6, 1, 3, 2)))
    points[4] = points[3]  # a point that does not move has no direction
    if missing != "none":
        points[slice(2) if missing == "some" else slice(None), :, 1:] = torch.nan
        points[:, :, 0, 1] = torch.nan
    points.requires_grad_()
    outputs = Outputs(xy_frame=points, confidence=torch.ones(6, 1, 3))
    found = temporal(epsilon=1)(outputs, one_clip(6))
    found.backward()
    assert torch.isfinite(points.grad).all()
    assert (float(found.detach()) == 0) == (missing == "all")


def test_a_lone_frame_costs_nothing():
    outputs = outputs_of(np.ones((1, 2, 2)))
    outputs["logits"] = torch.randn(1, 1, 2, 6, 6)
    assert float(temporal()(outputs, one_clip(1))) == 0
    assert float(temporal_heatmap("mse")(outputs, one_clip(1))) == 0


@pytest.mark.parametrize("kind", ["mse", "kl"])
def test_heatmaps_are_compared_with_the_next_one(kind, rng):
    logits = rng.normal(0, 2, (5, 1, 2, 4, 6))
    h = np.exp(logits)
    h /= h.sum((-1, -2), keepdims=True)
    now, then = h[:-1], h[1:]
    change = (then - now) ** 2 if kind == "mse" else then * np.log(then / now)
    change = change.sum((-1, -2))
    clip = torch.tensor([0, 0, 0, 1, 1])
    epsilon = float(np.median(change))
    outputs = Outputs(logits=torch.tensor(logits), confidence=torch.ones(5, 1, 2))
    expected = np.maximum(change - epsilon, 0)[[0, 1, 3]].mean()
    assert float(temporal_heatmap(kind, epsilon)(outputs, Truth(clip=clip))) == pytest.approx(expected)


def test_heatmaps_of_an_unsure_network_cost_nothing():
    outputs = Outputs(logits=torch.randn(3, 1, 2, 4, 6), confidence=torch.full((3, 1, 2), 0.01))
    assert float(temporal_heatmap("kl")(outputs, one_clip(3))) == 0
