"""What a batch holds."""

from typing import NotRequired, TypedDict

from jaxtyping import Float, Int, UInt8
from torch import Tensor

from lightning_pose.core.camera import Camera


class LabeledBatch(TypedDict):
    """B instants of V synchronised views, all images at the network's size."""

    images: UInt8[Tensor, "B V H W 3"]  # RGB
    xy: Float[Tensor, "B V K 2"]  # labels in network-input pixels, NaN where missing
    visible: Int[Tensor, "B V K"]  # 0 ignore, 1 occluded, 2 visible
    native_size: Float[Tensor, "B V 2"]  # width and height of the images on disk, pixels
    index: Int[Tensor, "B"]  # rows of the labels
    camera: NotRequired[Camera]  # fields (B, V, ...), of the network-size images
