import pytest
import torch

from lightning_pose.models.heads import HeatmapHead


@pytest.mark.parametrize(("factor", "layers"), [(1, 3), (2, 2), (3, 1)])
def test_a_new_head_is_undecided(factor, layers):
    """Its softmax is flat, so that the first gradients are the same at every position."""
    head = HeatmapHead(512, 5, stride=32, downsample_factor=factor)
    assert sum(isinstance(layer, torch.nn.ConvTranspose2d) for layer in head.layers) == layers
    logits = head(torch.randn(2, 512, 2, 3))
    assert logits.shape == (2, 5, 64 // 2**factor, 96 // 2**factor)
    assert logits.abs().max() < 0.5
