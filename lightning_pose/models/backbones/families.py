"""Which class makes which backbone."""

from lightning_pose.config.architectures import BACKBONES, Architecture, Family
from lightning_pose.core.errors import ModelError
from lightning_pose.models.backbones.base import Backbone
from lightning_pose.models.backbones.convnext import ConvNeXt
from lightning_pose.models.backbones.hiera import Hiera
from lightning_pose.models.backbones.resnet import ResNet
from lightning_pose.models.backbones.vit import VisionTransformer

FAMILIES: dict[Family, type[Backbone]] = {
    "resnet": ResNet,
    "convnext": ConvNeXt,
    "hiera": Hiera,
    "vit": VisionTransformer,
    "mae": VisionTransformer,
    "dinov2": VisionTransformer,
    "dinov3": VisionTransformer,
}


def build_backbone(name: str, image_size: tuple[int, int]) -> Backbone:
    """Return a backbone with random weights, drawn from torch's global generator.

    Args:
        name: a key of `BACKBONES`.
        image_size: height and width of its images in pixels; weights do not depend on it.

    Raises:
        ModelError: when there is no such backbone, or images of this size do not fit it.
    """
    if name not in BACKBONES:
        raise ModelError(f"{name}: there is no such backbone; there are {', '.join(BACKBONES)}")
    multiple = BACKBONES[name].multiple
    if any(side < multiple or side % multiple for side in image_size):
        near = " x ".join(str(max(1, round(side / multiple)) * multiple) for side in image_size)
        raise ModelError(
            f"{name}: expected images whose height and width are multiples of {multiple}, "
            f"got {image_size[0]} x {image_size[1]}; nearest is {near}"
        )
    return build(BACKBONES[name])


def build(architecture: Architecture) -> Backbone:
    """Return a backbone of any architecture, also one that has no name, with random weights."""
    return FAMILIES[architecture.family](architecture)
