import pytest
import torch

from lightning_pose.models.pose2d import Pose2D


@pytest.mark.parametrize("head", ["heatmap_fpn", "heatmap_cnn"])
@pytest.mark.parametrize("downsample_factor", [1, 2, 3])
def test_heatmaps_are_smaller_by_the_stride_and_sum_to_one(downsample_factor, head):
    network = Pose2D("resnet18", 4, head=head, downsample_factor=downsample_factor).eval()
    heatmaps = network(torch.randn(2, 3, 64, 96))
    assert network.stride == 2**downsample_factor
    assert heatmaps.shape == (2, 4, 64 // network.stride, 96 // network.stride)
    torch.testing.assert_close(heatmaps.sum(dim=(2, 3)), torch.ones(2, 4))
    assert network.decode(heatmaps).xy.shape == (2, 4, 2)


def test_weights_depend_on_the_seed_alone_and_the_global_generator_is_left_as_it_was():
    state = torch.random.get_rng_state()
    one, two, other = (Pose2D("resnet18", 2, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(state, torch.random.get_rng_state())
    first = [next(iter(network.parameters())) for network in (one, two, other)]
    assert torch.equal(first[0], first[1])
    assert not torch.equal(first[0], first[2])


def test_gradients_reach_every_weight():
    network = Pose2D("resnet18", 3)
    network.logits(torch.randn(2, 3, 64, 64)).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


def test_heatmaps_are_float32_under_autocast():
    network = Pose2D("resnet18", 2).eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        heatmaps = network(torch.randn(1, 3, 64, 64))
    assert heatmaps.dtype == torch.float32
    assert heatmaps.sum(dim=(2, 3)).sub(1).abs().max() < 1e-5
