"""What every network is to the tasks and programs that use it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lightning_pose.core.camera import Camera
from lightning_pose.data.batch import Outputs
from lightning_pose.data.heatmaps import Decoded, decode_logits
from lightning_pose.models.backbones import Backbone


class PoseNetwork(nn.Module, ABC):
    """Images of B instants in V views in, keypoints of every image out.

    Attributes:
        backbone: what weights are loaded into, and what is frozen at first.
        n_keypoints: per image.
        stride: network-input pixels per heatmap pixel.
        context: frames before and after an image that it looks at too; with 2, F is 5.
        joint_views: whether what it says of one view depends on the others.
        temperature: of the confidences; 1 unless `lightning_pose.confidence` found a better one.
    """

    backbone: Backbone
    n_keypoints: int
    stride: int
    context: int = 0
    joint_views: bool = False
    temperature: Float[Tensor, ""]

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("temperature", torch.ones(()))

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

    def sequence(
        self,
        images: Float[Tensor, "S V 3 H W"],
        camera: Camera | None = None,
        views: Sequence[int] | None = None,
    ) -> Outputs:
        """Return what it says of the frames of a film that have `context` neighbours on both sides.

        Args:
            images: consecutive frames; the first and the last `context` of them are only looked at.
            camera: of the S - 2 context frames that are predicted, else as in `forward`.
            views: as in `forward`.
        """
        if not self.context:
            return self(images, camera, views)
        return self(images.unfold(0, 2 * self.context + 1, 1).movedim(-1, 2), camera, views)

    def decode(self, outputs: Outputs) -> Decoded:
        """Return coordinates in network-input pixels (B V K 2) and confidences (B V K)."""
        return decode_logits(outputs["logits"], self.stride, self.temperature)

    def channels_last(self) -> "PoseNetwork":
        """Lay the weights out as convolutions like them on processors and GPUs alike; return the network."""
        for parameter in self.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        return self


class HeatmapNetwork(PoseNetwork):
    """A network of a backbone and a head that makes a map of logits for every keypoint."""

    def __init__(self, backbone: Backbone, head: nn.Module, n_keypoints: int, stride: int) -> None:
        """Put a backbone and a head together.

        Args:
            backbone: images to a pyramid of feature maps.
            head: the pyramid to maps of logits.
            n_keypoints: these maps per image.
            stride: input pixels per heatmap pixel.
        """
        super().__init__()
        self.backbone, self.head = backbone, head
        self.n_keypoints, self.stride = n_keypoints, stride
