"""What a batch holds: instants of synchronised views, with labels or without, and what is made of them.

F, the frames of an image and its neighbours in time, is an axis only for networks that look at several.
"""

from typing import NotRequired, TypedDict

from jaxtyping import Float, Int, UInt8
from torch import Tensor

from lightning_pose.core.camera import Camera


class LabeledBatch(TypedDict):
    """B instants of V synchronised views, all images at the network's size."""

    images: UInt8[Tensor, "B V *F H W 3"]  # RGB
    xy: Float[Tensor, "B V K 2"]  # labels in network-input pixels, NaN where missing
    visible: Int[Tensor, "B V K"]  # 0 ignore, 1 occluded, 2 visible
    native_size: Float[Tensor, "B V 2"]  # width and height of the images on disk, pixels
    index: Int[Tensor, "B"]  # rows of the labels
    weight: NotRequired[Float[Tensor, "B V K"]]  # of each label; 1 where it is absent
    camera: NotRequired[Camera]  # fields (B, V, ...), of the network-size images; NaN without a calibration


class UnlabeledBatch(TypedDict):
    """B instants of unlabeled video: stretches of consecutive frames, one after the other."""

    images: UInt8[Tensor, "B V *F H W 3"]  # RGB
    native_size: Float[Tensor, "B V 2"]  # width and height of the video, pixels
    clip: Int[Tensor, "B"]  # which stretch an instant is of; its instants are in order
    camera: NotRequired[Camera]  # as in `LabeledBatch`


class TrainingBatch(TypedDict):
    """What a step sees."""

    labeled: LabeledBatch
    unlabeled: NotRequired[UnlabeledBatch]


class Outputs(TypedDict, total=False):
    """What a network says of B instants in V views.

    Heatmap networks give `logits`, regressing ones `xy`, `confidence` and `log_scale`. For losses that look
    at coordinates, the task adds `xy`, `confidence` and `xy_frame`, differentiable.
    """

    logits: Float[Tensor, "B V K h w"]
    xy: Float[Tensor, "B V K 2"]  # pixels of the network's (moved) images
    confidence: Float[Tensor, "B V K"]  # in [0, 1]
    log_scale: Float[Tensor, "B V K"]  # of regressing networks: logarithm of the expected error's scale, px
    xy_frame: Float[Tensor, "B V K 2"]  # pixels of the images on disk, where augmentation moved nothing


class Truth(TypedDict, total=False):
    """What losses compare outputs with; unlabeled instants have no `targets`, `xy`, `visible`, `weight`."""

    targets: Float[Tensor, "B V K h w"]  # each sums to 1, or is all zeros where there is no target
    weight: Float[Tensor, "B V K"]
    xy: Float[Tensor, "B V K 2"]  # labels in pixels of the moved images, NaN where missing
    visible: Int[Tensor, "B V K"]
    camera: Camera  # of the moved images, fields (B, V, ...)
    clip: Int[Tensor, "B"]
    views: list[int]  # which of the model's views the V axis holds; absent where it holds all in order
    stride: int  # network pixels per heatmap pixel
