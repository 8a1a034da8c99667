"""What every network is to the tasks and programs that use it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lightning_pose.core.camera import Camera
from lightning_pose.data.batch import Outputs
from lightning_pose.data.heatmaps import Decoded
from lightning_pose.models.backbones import Backbone


class PoseNetwork(nn.Module, ABC):
    """Images of B instants in V views in, keypoints of every image out.

    Attributes:
        backbone: what weights are loaded into, and what is frozen at first.
        n_keypoints: per image.
        stride: network-input pixels per heatmap pixel.
        context: frames before and after an image that it looks at too; with 2, F is 5.
        joint_views: whether what it says of one view depends on the others.
    """

    backbone: Backbone
    n_keypoints: int
    stride: int
    context: int = 0
    joint_views: bool = False

    @abstractmethod
    def forward(
        self,
        images: Float[Tensor, "B V *F 3 H W"],
        camera: Camera | None = None,
        views: Sequence[int] | None = None,
    ) -> Outputs:
        """Return logits, or coordinates.

        Args:
            images: normalised as `data.images.normalise` does.
            camera: of these images, fields (B, V, ...); for networks that are told where cameras are.
            views: which of the trained views the V axis holds; None is all of them in order.
        """

    @abstractmethod
    def decode(self, outputs: Outputs) -> Decoded:
        """Return coordinates in network-input pixels (B V K 2) and confidences (B V K)."""

    def channels_last(self) -> "PoseNetwork":
        """Lay the weights out as convolutions like them on processors and GPUs alike; return the network."""
        for parameter in self.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        return self
