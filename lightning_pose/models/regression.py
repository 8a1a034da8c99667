"""The regressing network: coordinates without heatmaps, and how far off they are expected to be."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lightning_pose.core.camera import Camera
from lightning_pose.data.batch import Outputs
from lightning_pose.data.heatmaps import Decoded, input_from_heatmap
from lightning_pose.models.backbones import Backbone
from lightning_pose.models.base import PoseNetwork

NEAR = 5.0  # px; the confidence is the probability that the error is smaller
LOG_SCALE = 2.0  # at first, some 7 px
LARGEST = 8.0  # of the logarithm of the scale, either way, so that its exponential stays finite


class RegressionPose2D(PoseNetwork):
    """Images to coordinates, through the coarsest map of features.

    For every keypoint a map of attention a, which sums to 1 over the places u of the coarsest features f,
    says where to look. The coordinate is the mean place, sum a u, and a correction W sum a f, which is linear
    in the features that were looked at, as is the logarithm of the error's scale s. Distances d from the
    truth are taken to have the density exp(-d / s) / (2 pi s^2), so that the confidence, the probability of
    an error below 5 px, is 1 - (1 + r) exp(-r) with r = 5 / (T s) and T the temperature.
    """

    def __init__(self, backbone: Backbone, n_keypoints: int) -> None:
        """Put random weights on a backbone; a new network says the middle of the image for every keypoint.

        Args:
            backbone: images to a pyramid of feature maps.
            n_keypoints: per image.
        """
        super().__init__()
        self.backbone, self.n_keypoints = backbone, n_keypoints
        self.stride = backbone.strides[-1]
        width = backbone.channels[-1]
        self.attention = nn.Conv2d(width, n_keypoints, 1)
        self.weight = nn.Parameter(1e-3 * torch.randn(n_keypoints, width, 3))
        self.bias = nn.Parameter(torch.tensor([0.0, 0.0, LOG_SCALE]).repeat(n_keypoints, 1))
        nn.init.normal_(self.attention.weight, std=1e-3)

    def forward(
        self,
        images: Float[Tensor, "B V 3 H W"],
        camera: Camera | None = None,
        views: Sequence[int] | None = None,
    ) -> Outputs:
        """Return coordinates in float32, under autocast too; cameras and the names of views say nothing."""
        flat = images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        features = self.backbone(flat)[-1]
        attention = self.attention(features).float().flatten(-2).softmax(dim=-1)
        found = self.locate(attention, features.float())
        xy, log_scale = (values.unflatten(0, images.shape[:2]) for values in found)
        return Outputs(xy=xy, log_scale=log_scale, confidence=self._confidence(log_scale))

    def locate(
        self, attention: Float[Tensor, "N K P"], features: Float[Tensor, "N C h w"]
    ) -> tuple[Float[Tensor, "N K 2"], Float[Tensor, "N K"]]:
        """Return coordinates and the logarithm of their scale, from where was looked and what is there.

        In float32, under autocast too, which would round places to 8 bits.
        """
        h, w = features.shape[-2:]
        rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
        places = torch.stack([columns, rows], dim=-1).flatten(0, 1).to(attention)
        with torch.autocast(attention.device.type, enabled=False):
            seen = torch.einsum("nkp,ncp->nkc", attention, features.flatten(-2))
            said = torch.einsum("nkc,kcd->nkd", seen, self.weight) + self.bias
            xy = input_from_heatmap(attention @ places, self.stride) + self.stride * said[..., :2]
        return xy, said[..., 2].clamp(-LARGEST, LARGEST)

    def decode(self, outputs: Outputs) -> Decoded:
        """Return coordinates in network-input pixels (B V K 2) and confidences (B V K)."""
        return Decoded(outputs["xy"], self._confidence(outputs["log_scale"]))

    def _confidence(self, log_scale: Float[Tensor, "B V K"]) -> Float[Tensor, "B V K"]:
        """Return the probability of an error below 5 px."""
        r = NEAR / (self.temperature * torch.exp(log_scale))
        return -torch.expm1(-r) - r * torch.exp(-r)
