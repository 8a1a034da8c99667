"""Heads: a pyramid of feature maps in, one map of logits per keypoint out."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class PyramidHead(nn.Module):
    """Carry the coarse features up to the heatmap, adding the finer ones on the way.

    Every map is projected to the same width; from the coarsest on, each is doubled in size, added to the
    next finer one and smoothed by a 3 x 3 convolution. Coarse features know which leg it is, fine ones
    where it ends. The last weights start small, so that a new head is undecided everywhere.

    Source: Lin et al. 2017, "Feature pyramid networks for object detection".
    """

    def __init__(
        self,
        channels: Sequence[int],
        strides: Sequence[int],
        n_keypoints: int,
        *,
        downsample_factor: int = 2,
        width: int = 128,
    ) -> None:
        """Build it with random weights.

        Args:
            channels: of each map of the pyramid, the finest first.
            strides: of each map.
            n_keypoints: maps of logits.
            downsample_factor: these are 2 to this power times smaller than the image.
            width: channels inside.
        """
        super().__init__()
        finest = 2**downsample_factor
        used = [c for c, s in zip(channels, strides, strict=True) if s >= finest]
        self.n_unused = len(channels) - len(used)
        self.laterals = nn.ModuleList(_normalised(c, width, 1) for c in used)
        n_doublings = int(math.log2(strides[-1])) - downsample_factor
        self.smooths = nn.ModuleList(_normalised(width, width, 3) for _ in range(n_doublings))
        self.logits = nn.Conv2d(width, n_keypoints, 1)
        assert self.logits.bias is not None
        nn.init.normal_(self.logits.weight, std=1e-3)
        nn.init.zeros_(self.logits.bias)

    def forward(self, pyramid: Sequence[Tensor]) -> Float[Tensor, "N K h w"]:
        """Return logits."""
        finer = list(zip(self.laterals, pyramid[self.n_unused :], strict=True))
        lateral, coarsest = finer.pop()
        x = lateral(coarsest)
        for smooth in self.smooths:
            x = functional.interpolate(x, scale_factor=2.0, mode="nearest")
            if finer:
                lateral, features = finer.pop()
                x = x + lateral(features)
            x = torch.relu(smooth(torch.relu(x)))
        return _in_float32(self.logits, x)


class TransposedHead(nn.Module):
    """Lightning Pose's head: a pixel shuffle of the coarsest map, then transposed convolutions of stride 2.

    The weights start small, so that a new head is undecided everywhere and the first gradients are even.
    """

    def __init__(
        self, channels: Sequence[int], strides: Sequence[int], n_keypoints: int, *, downsample_factor: int = 2
    ) -> None:
        """Build it with random weights; the arguments are those of `PyramidHead`."""
        super().__init__()
        n_layers = int(math.log2(strides[-1])) - downsample_factor - 1
        layers: list[nn.Module] = [nn.PixelShuffle(2)]
        width = channels[-1] // 4
        for _ in range(n_layers):
            layer = nn.ConvTranspose2d(width, n_keypoints, 3, stride=2, padding=1, output_padding=1)
            assert layer.bias is not None
            nn.init.xavier_uniform_(layer.weight, gain=0.01)
            nn.init.zeros_(layer.bias)
            layers.append(layer)
            width = n_keypoints
        self.layers = nn.Sequential(*layers)

    def forward(self, pyramid: Sequence[Tensor]) -> Float[Tensor, "N K h w"]:
        """Return logits."""
        *layers, last = self.layers
        x = pyramid[-1]
        for layer in layers:
            x = layer(x)
        return _in_float32(last, x)


def _in_float32(layer: nn.Module, x: Tensor) -> Tensor:
    """Apply the last layer in float32, under autocast too: logits of 8 bits move points by 0.1 px."""
    if not torch.is_autocast_enabled(x.device.type):
        return layer(x)
    with torch.autocast(x.device.type, enabled=False):
        return layer(x.float())


def _normalised(width_in: int, width: int, kernel: int) -> nn.Sequential:
    """Return a convolution that keeps the size, and its normalisation."""
    convolution = nn.Conv2d(width_in, width, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(width))
