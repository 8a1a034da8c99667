import torch

from lightning_pose.losses.base import WeightedLoss, weighted_sum


def test_parts_are_weighted_and_reported_unweighted():
    losses = [
        WeightedLoss("a", lambda outputs, batch: outputs["x"].sum(), 2.0),
        WeightedLoss("b", lambda outputs, batch: batch["y"].mean(), 0.5),
    ]
    total = weighted_sum(losses, {"x": torch.tensor([1.0, 2.0])}, {"y": torch.tensor([4.0, 8.0])})
    assert total.loss.item() == 2 * 3 + 0.5 * 6
    assert {name: part.item() for name, part in total.parts.items()} == {"a": 3, "b": 6}
