"""The per-view network: every image of every view goes through the same backbone and head."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from lightning_pose.core.camera import Camera
from lightning_pose.data.batch import Outputs
from lightning_pose.models.base import HeatmapNetwork


class Pose2D(HeatmapNetwork):
    """Images to logits of heatmaps, one per keypoint."""

    def forward(
        self,
        images: Float[Tensor, "B V 3 H W"],
        camera: Camera | None = None,
        views: Sequence[int] | None = None,
    ) -> Outputs:
        """Return logits in float32, under autocast too; cameras and the names of views say nothing to it."""
        flat = images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        return Outputs(logits=self.head(self.backbone(flat)).float().unflatten(0, images.shape[:2]))
