import math

import pytest
import torch
from torch import nn

from lightning_pose.data.batch import Outputs, Truth
from lightning_pose.data.heatmaps import render
from lightning_pose.losses.regression import laplace
from lightning_pose.models.backbones import Backbone
from lightning_pose.models.regression import RegressionPose2D


class Patches(Backbone):
    """One feature map of stride 4."""

    strides, channels = (4,), (8,)

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 8, 4, stride=4)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        return [torch.relu(self.convolution(images))]


def a_network(n_keypoints: int = 2) -> RegressionPose2D:
    torch.manual_seed(0)
    return RegressionPose2D(Patches(), n_keypoints)


def test_a_new_network_says_the_middle_of_the_image():
    found = a_network()(torch.randn(2, 3, 3, 32, 48))
    middle = torch.tensor([23.5, 15.5]).expand(2, 3, 2, 2)
    torch.testing.assert_close(found["xy"], middle, atol=0.2, rtol=0)


def test_coordinates_reach_every_parameter_and_every_view_is_predicted_alone():
    network, images = a_network(), torch.randn(2, 2, 3, 32, 48)
    found = network(images)
    torch.testing.assert_close(network(images[1:, :1])["xy"][0, 0], found["xy"][1, 0])
    laplace(found, Truth(xy=found["xy"].detach() + 3, visible=torch.full((2, 2, 2), 2))).backward()
    lacking = [
        name
        for name, p in network.named_parameters()
        if name != "attention.bias" and (p.grad is None or not p.grad.any())
    ]
    assert not lacking  # a bias of all places is none of attention


def test_coordinates_are_not_rounded_where_features_are():
    """Each keypoint looks at one place, which reduced precision does not tell from its neighbours."""
    features, attention = torch.zeros(1, 8, 4, 400), torch.zeros(1, 2, 1600)
    attention[0, 0, 1200 + 333] = attention[0, 1, 397] = 1
    with torch.autocast("cpu", torch.bfloat16):
        xy, log_scale = a_network().locate(attention, features)
    expected = torch.tensor([[[333 * 4 + 1.5, 3 * 4 + 1.5], [397 * 4 + 1.5, 1.5]]])
    torch.testing.assert_close(xy, expected)
    assert log_scale.dtype == torch.float32


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_confidence_is_the_share_of_errors_below_five_pixels(temperature):
    """Drawn from the law that is stated: a direction, and a distance of density d exp(-d / s) / s^2."""
    network, scale = a_network(), 2.7
    network.temperature.fill_(temperature)
    log_scale = torch.full((1, 1, 2), math.log(scale))
    found = network.decode(Outputs(xy=torch.zeros(1, 1, 2, 2), log_scale=log_scale))
    distance = torch.distributions.Gamma(2.0, 1 / (temperature * scale)).sample((400_000,))
    share = (distance < 5).double().mean().item()
    assert found.confidence[0, 0, 0].item() == pytest.approx(share, abs=3e-3)


def test_the_confidence_stays_in_its_range_whatever_the_scale():
    log_scale = torch.tensor([[[-8.0, 8.0]]])
    sure = a_network().decode(Outputs(xy=torch.zeros(1, 1, 2, 2), log_scale=log_scale)).confidence
    assert sure[0, 0, 0] == 1 and 0 <= sure[0, 0, 1] < 1e-4


def test_it_learns_where_a_spot_is_and_how_well_it_knows():
    """The second keypoint is nowhere to be seen, so its scale must come out larger."""
    network, generator = a_network(), torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(network.parameters(), 1e-2)
    found, place = Outputs(), torch.zeros(())
    for _ in range(200):
        place = 4 + torch.rand(16, 2, 2, generator=generator) * torch.tensor([40.0, 24.0])
        images = 20 * render(place[:, :1], (32, 48), 3.0)[:, :, None].expand(-1, -1, 3, -1, -1)
        found = network(images)
        loss = laplace(found, Truth(xy=place[:, None], visible=torch.full((16, 1, 2), 2)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    error = (found["xy"][:, 0] - place).norm(dim=-1).mean(dim=0)
    assert error[0] < 2 and error[1] > 8
    assert found["log_scale"][..., 0].mean() + 1 < found["log_scale"][..., 1].mean()
    sure = network.decode(found).confidence.mean(dim=(0, 1))
    assert sure[0] > 0.9 and sure[1] < 0.3
