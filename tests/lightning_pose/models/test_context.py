import pytest
import torch
from torch import nn

from lightning_pose.config.architectures import Architecture
from lightning_pose.data.heatmaps import render
from lightning_pose.losses.heatmap import cross_entropy
from lightning_pose.models.backbones import Backbone, build
from lightning_pose.models.context import CONTEXT, ContextPose2D
from lightning_pose.models.heads import PyramidHead, TransposedHead
from lightning_pose.models.pose2d import Pose2D

FRAMES = 2 * CONTEXT + 1
TINY = Architecture("resnet", (1, 1, 1, 1), (64, 64, 64, 64), None)


class Patches(Backbone):
    """One feature map of stride 4."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 4, stride=4)
        self.seen = 0

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        self.seen += len(images)
        return [self.convolution(images)]


class Finest(nn.Module):
    """Logits of the finest map, as they are."""

    def __init__(self, n_keypoints: int = 2) -> None:
        super().__init__()
        self.logits = nn.Conv2d(4, n_keypoints, 1)

    def forward(self, pyramid: list[torch.Tensor]) -> torch.Tensor:
        return self.logits(pyramid[0])


def a_network(*, new: bool = False) -> ContextPose2D:
    torch.manual_seed(0)
    network = ContextPose2D(Patches(), Finest(), n_keypoints=2, stride=4)
    if not new:
        nn.init.normal_(network.recurrence.answer.weight)
    return network


@pytest.mark.parametrize("head", [PyramidHead, TransposedHead])
def test_a_new_network_is_the_single_frame_network_of_the_middle_frame(head):
    backbone = build(TINY).eval()
    head = head(TINY.widths, TINY.strides, 3).eval()
    nn.init.normal_(next(m for m in head.modules() if isinstance(m, nn.ConvTranspose2d | nn.Conv2d)).weight)
    images = torch.randn(2, 1, FRAMES, 3, 64, 64)
    found = ContextPose2D(backbone, head, 3, 4).eval()(images)
    torch.testing.assert_close(found["logits"], Pose2D(backbone, head, 3, 4)(images[:, :, CONTEXT])["logits"])


def test_all_five_frames_say_something_and_reach_every_parameter():
    network, images = a_network(), torch.randn(2, 1, FRAMES, 3, 32, 48, requires_grad=True)
    network(images)["logits"].square().sum().backward()
    assert images.grad is not None
    assert all(images.grad[:, :, frame].abs().sum() > 0 for frame in range(FRAMES))
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


def test_time_may_run_backwards_but_frames_do_not_trade_places():
    network, images = a_network(), torch.randn(1, 1, FRAMES, 3, 32, 32)
    forwards = network(images)["logits"]
    network.recurrence.meet.weight.data = network.recurrence.meet.weight.data.roll(32, dims=1)
    torch.testing.assert_close(network(images.flip(2))["logits"], forwards)
    assert (network(images[:, :, [1, 0, 2, 3, 4]])["logits"] - forwards).abs().max() > 1e-3


def test_a_film_is_the_windows_around_its_frames_with_every_frame_seen_once():
    network, film = a_network(), torch.randn(9, 2, 3, 32, 32)
    with torch.no_grad():
        found = network.sequence(film)["logits"]
        assert network.backbone.seen == 9 * 2
        for t in range(5):
            window = film[t : t + FRAMES].movedim(0, 1)[None]
            torch.testing.assert_close(found[t : t + 1], network(window)["logits"])


def test_logits_are_float32_under_autocast():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert a_network()(torch.randn(1, 1, FRAMES, 3, 32, 32))["logits"].dtype == torch.float32


def test_a_film_through_a_network_of_single_frames_is_a_batch():
    network, film = Pose2D(Patches(), Finest(), 2, 4), torch.randn(3, 2, 3, 32, 32)
    torch.testing.assert_close(network.sequence(film)["logits"], network(film)["logits"])


class Identity(Backbone):
    """Images as their own feature maps."""

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        return [images]


class Red(nn.Module):
    """Logits that are high where the image is red."""

    def forward(self, pyramid: list[torch.Tensor]) -> torch.Tensor:
        return 20 * pyramid[0][:, :1]


@pytest.mark.slow
def test_a_spot_that_is_hidden_in_the_middle_frame_is_found_from_its_motion():
    """It moves by up to two pixels a frame; in the middle frame nothing of it is to be seen."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    network = ContextPose2D(Identity(), Red(), 1, 1)
    optimizer = torch.optim.AdamW(network.parameters(), 1e-2)
    times = torch.arange(FRAMES)[:, None] - CONTEXT
    error = torch.zeros(())
    for _ in range(100):
        place = 4.5 + 6 * torch.rand(8, 1, 2, generator=generator)
        speed = 4 * torch.rand(8, 1, 2, generator=generator) - 2
        images = render(place + times * speed, (16, 16))[:, None, :, None].repeat(1, 1, 1, 3, 1, 1) * 10
        images[:, :, CONTEXT] = 0
        outputs = network(images)
        loss = cross_entropy(outputs["logits"], render(place, (16, 16))[:, None])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        error = (network.decode(outputs).xy[:, 0] - place).norm(dim=-1).mean()
    assert error < 0.8  # a guess at the middle of the image is 2.3 px away
