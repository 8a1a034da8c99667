from functools import cache
from pathlib import Path

import pytest
import torch

from lightning_pose.config.architectures import BACKBONES
from lightning_pose.core.errors import ModelError
from lightning_pose.models.backbones import Backbone, TokenBackbone, build, build_backbone

from .conftest import SMALL

PAGE = (Path(__file__).parents[4] / "docs" / "formats" / "backbones.md").read_text(encoding="utf-8")
DIFFERENT = [name for name, held in BACKBONES.items() if not held.origin]  # the others are ResNet-50
# Parameters as torchvision (ResNet, ConvNeXt) and timm (ViT) count them, less classifier and last
# normalisation of the former; DINOv2 with 16 x 16 instead of 14 x 14 pixels in a patch and without its mask
# token, MAE without its fixed positions.
PUBLISHED = {
    "resnet18": 11_689_512 - 513_000,
    "resnet34": 21_797_672 - 513_000,
    "resnet50": 25_557_032 - 2_049_000,
    "resnet101": 44_549_160 - 2_049_000,
    "resnet152": 60_192_808 - 2_049_000,
    "convnext_tiny": 28_589_128 - 769_000 - 2 * 768,
    "convnext_small": 50_223_688 - 769_000 - 2 * 768,
    "vits_dino": 21_665_664,
    "vitb_dino": 85_798_656,
    "vits_dinov2": 22_056_576 + 384 * 3 * (16**2 - 14**2) - 384,
    "vitb_dinov2": 86_580_480 + 768 * 3 * (16**2 - 14**2) - 768,
    "vitb_imagenet": 85_798_656 - 197 * 768,
}


@cache
def on_paper(name: str) -> Backbone:
    """Return a backbone in full size, of which only the shapes are there."""
    with torch.device("meta"):
        return build_backbone(name, (64, 96))


@pytest.mark.parametrize("name", DIFFERENT)
def test_every_backbone_has_the_strides_and_channels_that_it_states(name):
    backbone = on_paper(name)
    maps = backbone(torch.empty(2, 3, 64, 96, device="meta"))
    for features, channels, stride in zip(maps, backbone.channels, backbone.strides, strict=True):
        assert features.shape == (2, channels, 64 // stride, 96 // stride)
    assert isinstance(backbone, TokenBackbone) == BACKBONES[name].has_tokens


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_backbone_has_as_many_parameters_as_published(name):
    assert sum(p.numel() for p in on_paper(name).parameters()) == PUBLISHED[name]


@pytest.mark.parametrize("name", DIFFERENT)
def test_the_page_gives_its_size_and_where_its_weights_come_from(name):
    millions = sum(p.numel() for p in on_paper(name).parameters()) / 1e6
    assert f"| `{name}` | {millions:.1f} | " in PAGE
    assert f"](https://huggingface.co/{BACKBONES[name].hub_name})" in PAGE or name == "vitt"


@pytest.mark.parametrize("name", SMALL)
def test_the_gradient_of_every_map_together_reaches_every_parameter(name, small):
    backbone = build(small[name])
    maps = backbone(torch.randn(2, 3, 64, 96))
    sum((features * torch.randn_like(features)).sum() for features in maps).backward()
    assert not [name for name, p in backbone.named_parameters() if p.grad is None or not p.grad.any()]


@pytest.mark.parametrize("name", SMALL)
def test_a_backbone_says_the_same_of_an_image_alone_and_in_a_batch(name, small):
    backbone, images = build(small[name]).eval(), torch.randn(3, 3, 64, 32)
    with torch.inference_mode():
        for one, all_three in zip(backbone(images[1:2]), backbone(images), strict=True):
            torch.testing.assert_close(one, all_three[1:2], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", SMALL)
def test_bf16_comes_close_to_full_precision(name, small):
    backbone, images = build(small[name]).eval(), torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        full = backbone(images)[-1]
        with torch.autocast("cpu", torch.bfloat16):
            half = backbone(images)[-1]
    assert (half.float() - full).norm() < 0.05 * full.norm()


@pytest.mark.parametrize(
    ("name", "size", "near"), [("vits_dino", (100, 64), "96 x 64"), ("resnet18", (16, 48), "32 x 64")]
)
def test_images_that_do_not_fit_are_refused_with_the_nearest_size(name, size, near):
    with pytest.raises(ModelError, match=f"{name}: expected .* multiples of .*; nearest is {near}"):
        build_backbone(name, size)


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(ModelError, match=r"vitx: there is no such backbone; .*vits_dinov3"):
        build_backbone("vitx", (64, 64))
