"""The network as it is exported: bytes of images in, keypoints in pixels and calibrated confidences out."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from lightning_pose.data.images import normalise
from lightning_pose.models.base import PoseNetwork
from lightning_pose.models.context import Recurrence
from lightning_pose.models.multiview import MultiviewPose2D
from lightning_pose.models.rays import Rays


class Graph(nn.Module):
    """A trained network with what comes before it and after it.

    Views that do not depend on each other are images among others, so that any number of them goes in.
    """

    def __init__(self, network: PoseNetwork) -> None:
        """Take a network over: it is changed, and of no use by itself any more.

        Args:
            network: ready to predict, on the CPU.
        """
        super().__init__()
        temperature = float(network.temperature)
        del network.temperature  # a number, so that decoding can leave out what a temperature of 1 changes
        network.temperature = temperature  # pyright: ignore[reportAttributeAccessIssue]
        self.network, self.temperature = network, temperature
        self.dtype = torch.float32

    def round_to_half(self) -> None:
        """Round the layers to half precision; what a network computes in float32 under autocast stays so."""
        for layer in self.network.children():
            if not isinstance(layer, Recurrence):
                layer.half()
        self.dtype = torch.float16

    @property
    def takes_rays(self) -> bool:
        """Whether it is told where its cameras are."""
        return isinstance(self.network, MultiviewPose2D) and self.network.camera_tokens

    def forward(
        self, images: UInt8[Tensor, "N *V H W 3"], rays: Float[Tensor, "N V P 6"] | None = None
    ) -> tuple[Float[Tensor, "n *V K 2"], Float[Tensor, "n *V K"]]:
        """Return keypoints in pixels of the images, and confidences; n is N, or N - 2 context.

        Args:
            images: RGB. With an axis V where views are looked at together.
            rays: of the patches, where the network is told where its cameras are.
        """
        inputs = normalise(images).to(self.dtype)
        if self.network.joint_views:
            outputs = self.network(inputs, None if rays is None else Rays(rays))
        else:
            outputs = self.network.sequence(inputs[:, None])
        found = self.network.decode(outputs)
        if self.network.joint_views:
            return found.xy, found.confidence
        return found.xy[:, 0], found.confidence[:, 0]

    def example(
        self, n_views: int, size: tuple[int, int], rays: tuple[int, int] | None, count: int = 2
    ) -> dict[str, Tensor]:
        """Return inputs by name: images of noise, and rays.

        Args:
            n_views: of the model.
            size: height and width of the images.
            rays: rows and columns of patches; None where it takes none.
            count: images, or instants.
        """
        rng = np.random.default_rng(0)
        views = (n_views,) if self.network.joint_views else ()
        frames = count + 2 * self.network.context
        images = rng.integers(0, 256, (frames, *views, *size, 3), np.uint8)
        inputs = {"images": torch.from_numpy(images)}
        if rays is not None:
            values = rng.normal(size=(frames, n_views, rays[0] * rays[1], 6)).astype(np.float32)
            inputs["rays"] = torch.from_numpy(values)
        return inputs

    def dynamic_axes(self, most: int | None) -> dict[str, Any]:
        """Return which axes of its inputs may have any length, for torch's exporter."""
        least = 2 * self.network.context + 2 if self.network.context else 1
        batch = torch.export.Dim("batch", min=least, max=most)
        return {"images": {0: batch}, "rays": {0: batch} if self.takes_rays else None}
