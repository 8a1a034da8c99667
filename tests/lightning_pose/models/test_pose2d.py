import torch
from torch import nn

from lightning_pose.data.batch import Outputs
from lightning_pose.models.backbones import Backbone
from lightning_pose.models.pose2d import Pose2D


class Patches(Backbone):
    """One feature map of stride 4."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 4, stride=4)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        return [self.convolution(images)]


class Finest(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.logits = nn.Conv2d(4, 2, 1)

    def forward(self, pyramid: list[torch.Tensor]) -> torch.Tensor:
        return self.logits(pyramid[0])


def a_network() -> Pose2D:
    return Pose2D(Patches(), Finest(), n_keypoints=2, stride=4)


def test_every_image_of_every_view_is_predicted_alone():
    network, images = a_network(), torch.randn(3, 2, 3, 32, 48)
    logits = network(images)["logits"]
    assert logits.shape == (3, 2, 2, 8, 12)
    alone = network(images[1:2, 1:])["logits"]
    torch.testing.assert_close(alone[0, 0], logits[1, 1])


def test_logits_are_float32_under_autocast():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert a_network()(torch.randn(1, 1, 3, 32, 32))["logits"].dtype == torch.float32


def test_the_peak_of_the_logits_is_found_in_pixels_of_the_image():
    u, v = torch.meshgrid(torch.arange(12.0), torch.arange(8.0), indexing="xy")
    logits = -((u - 6.3) ** 2 + (v - 3.8) ** 2) / (2 * 1.25**2)
    found = a_network().decode(Outputs(logits=logits.expand(1, 1, 2, 8, 12)))
    expected = (torch.tensor([6.3, 3.8]) + 0.5) * 4 - 0.5
    torch.testing.assert_close(found.xy, expected.expand(1, 1, 2, 2), atol=0.01, rtol=0)
