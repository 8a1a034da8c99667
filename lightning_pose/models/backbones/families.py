"""Which class makes which backbone."""

from importlib import import_module

from lightning_pose.config.architectures import BACKBONES, Architecture, Family
from lightning_pose.core.errors import ModelError
from lightning_pose.models.backbones.base import Backbone

# Module and class, loaded when one is built: what the others need of their library takes seconds.
FAMILIES: dict[Family, tuple[str, str]] = {
    "resnet": ("resnet", "ResNet"),
    "convnext": ("convnext", "ConvNeXt"),
    "hiera": ("hiera", "Hiera"),
    "vit": ("vit", "VisionTransformer"),
    "mae": ("vit", "VisionTransformer"),
    "dinov2": ("vit", "VisionTransformer"),
    "dinov3": ("vit", "VisionTransformer"),
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
    module, name = FAMILIES[architecture.family]
    return getattr(import_module(f"lightning_pose.models.backbones.{module}"), name)(architecture)
