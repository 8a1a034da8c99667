"""Heads: a feature map in, one map of logits per keypoint out."""

import math

from jaxtyping import Float
from torch import Tensor, nn


class HeatmapHead(nn.Module):
    """Upsample features to heatmap logits: a pixel shuffle, then transposed convolutions of stride 2.

    The map is 2^d times smaller than the network's input. The last weights start small, so that a new head is
    undecided everywhere and the first gradients are even.
    """

    def __init__(self, channels: int, n_keypoints: int, *, stride: int, downsample_factor: int = 2) -> None:
        super().__init__()
        n_layers = int(math.log2(stride)) - downsample_factor - 1
        layers: list[nn.Module] = [nn.PixelShuffle(2)]
        width = channels // 4
        for _ in range(n_layers):
            layer = nn.ConvTranspose2d(width, n_keypoints, 3, stride=2, padding=1, output_padding=1)
            nn.init.xavier_uniform_(layer.weight, gain=0.01)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
            layers.append(layer)
            width = n_keypoints
        self.layers = nn.Sequential(*layers)

    def forward(self, features: Float[Tensor, "N C h0 w0"]) -> Float[Tensor, "N K h w"]:
        """Return logits."""
        return self.layers(features)
