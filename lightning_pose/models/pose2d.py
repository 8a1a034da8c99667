"""The per-view network: every image of every view goes through the same backbone and head."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lightning_pose.data.heatmaps import Decoded, decode
from lightning_pose.models.backbones import ResNetBackbone
from lightning_pose.models.heads import PyramidHead, TransposedHead


class Pose2D(nn.Module):
    """Images to heatmaps, one per keypoint.

    Attributes:
        n_keypoints: heatmaps per image.
        stride: input pixels per heatmap pixel.
    """

    def __init__(
        self,
        backbone: str,
        n_keypoints: int,
        *,
        head: str = "heatmap_fpn",
        head_width: int = 128,
        downsample_factor: int = 2,
        seed: int = 0,
    ) -> None:
        """Build it with random weights that depend on the seed alone.

        Args:
            backbone: a name in `backbones.ARCHITECTURES`.
            n_keypoints: keypoints per view.
            head: `heatmap_fpn` or `heatmap_cnn`.
            head_width: channels inside a `heatmap_fpn`.
            downsample_factor: heatmaps are 2 to this power times smaller than images.
            seed: of the initial weights.
        """
        super().__init__()
        # torch's layers draw their weights from the global generator, which is given back as it was
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.backbone = ResNetBackbone(backbone)
            pyramid = (self.backbone.channels, self.backbone.strides, n_keypoints)
            if head == "heatmap_fpn":
                self.head = PyramidHead(*pyramid, downsample_factor=downsample_factor, width=head_width)
            else:
                self.head = TransposedHead(*pyramid, downsample_factor=downsample_factor)
        self.n_keypoints = n_keypoints
        self.stride = 2**downsample_factor

    def logits(self, images: Float[Tensor, "N 3 H W"]) -> Float[Tensor, "N K h w"]:
        """Return unnormalised heatmaps in float32, under autocast too."""
        return self.head(self.backbone(images)).float()

    def forward(self, images: Float[Tensor, "N 3 H W"]) -> Float[Tensor, "N K h w"]:
        """Return heatmaps that each sum to 1.

        Args:
            images: normalised as `data.images.normalise` does; H and W multiples of 32.
        """
        return heatmaps_from_logits(self.logits(images))

    def channels_last(self) -> "Pose2D":
        """Lay the weights out as convolutions like them on processors and GPUs alike; return the network."""
        for parameter in self.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        return self

    def decode(self, heatmaps: Float[Tensor, "N K h w"]) -> Decoded:
        """Return coordinates in network-input pixels (N K 2) and confidences (N K)."""
        return decode(heatmaps, self.stride)


def heatmaps_from_logits(logits: Float[Tensor, "*N h w"]) -> Float[Tensor, "*N h w"]:
    """Normalise over space."""
    return logits.flatten(-2).softmax(dim=-1).reshape(logits.shape)
