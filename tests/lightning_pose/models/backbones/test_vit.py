from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import Dinov2Config, DINOv3ViTConfig, ViTConfig, ViTMAEConfig
from transformers.models.dinov2.modeling_dinov2 import Dinov2Model
from transformers.models.dinov3_vit.modeling_dinov3_vit import DINOv3ViTModel
from transformers.models.vit.modeling_vit import ViTModel
from transformers.models.vit_mae.modeling_vit_mae import ViTMAEModel, build_2d_sinusoidal_position_embedding

from lightning_pose.config.architectures import BACKBONES
from lightning_pose.models.backbones import TokenBackbone, build, load_weights
from lightning_pose.models.backbones.vit import (
    interpolate_positions,
    resize_patches,
    rotary_angles,
    sinusoidal_positions,
)

SIZES = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 3, "initializer_range": 0.3}


def theirs(name: str, patch: int = 16) -> nn.Module:
    """Return the model of transformers with weights far from small, so that every part counts."""
    sizes = SIZES | {"image_size": 14 * patch, "patch_size": patch}
    if name == "vits_dinov2":
        return Dinov2Model(Dinov2Config(**sizes | {"image_size": 37 * patch})).eval()
    sizes["intermediate_size"] = 192
    if name == "vits_dinov3":
        return DINOv3ViTModel(DINOv3ViTConfig(**sizes, num_register_tokens=4)).eval()
    if name == "vitb_imagenet":
        return ViTMAEModel(ViTMAEConfig(**sizes, mask_ratio=0.0)).eval()
    return ViTModel(ViTConfig(**sizes), add_pooling_layer=False).eval()


def their_features(model: nn.Module, images: Tensor) -> Tensor:
    """Return class, registers and patches (N S+P D) as transformers computes them."""
    options: dict = {}
    if isinstance(model, ViTModel | ViTMAEModel):
        options["interpolate_pos_encoding"] = True
    if isinstance(model, ViTMAEModel):  # in this order it masks; at ratio 0 it only shuffles
        n_patches = images.shape[-2] * images.shape[-1] // 16**2
        options["noise"] = torch.arange(n_patches).float().expand(len(images), -1)
    return model(images, **options).last_hidden_state


def ours(name: str) -> TokenBackbone:
    backbone = build(BACKBONES[name]).eval()
    assert isinstance(backbone, TokenBackbone)
    for parameter in backbone.layers.parameters():
        if parameter.ndim == 2:
            nn.init.normal_(parameter, std=0.2)
    return backbone


def test_it_computes_what_transformers_does(transformer, tmp_path: Path):
    model = theirs(transformer)
    model.save_pretrained(tmp_path)
    backbone = ours(transformer)
    load_weights(backbone, str(tmp_path), transformer)
    images = torch.randn(2, 3, 64, 96)
    with torch.inference_mode():
        tokens, expected = backbone.encode(backbone.embed(images)), their_features(model, images)
        torch.testing.assert_close(torch.cat([tokens.special, tokens.patches], 1), expected)
        n_special = 5 if transformer == "vits_dinov3" else 1
        maps = expected[:, n_special:].mT.unflatten(-1, (4, 6))
        torch.testing.assert_close(backbone(images)[0], maps)


def test_an_image_joined_with_itself_gives_what_it_gives_alone(transformer):
    # every key is there twice, which leaves each mean over keys as it was, if both have the same position
    backbone, images = ours(transformer), torch.randn(2, 3, 32, 48)
    with torch.inference_mode():
        alone = backbone(images)[0].repeat_interleave(3, dim=0)
        tokens = backbone.embed(images.repeat_interleave(3, dim=0)).join(3)
        assert tokens.n_images == 3
        torch.testing.assert_close(backbone.to_map(backbone.encode(tokens)), alone, atol=1e-4, rtol=1e-4)


def test_joined_images_see_each_other_in_any_order(transformer):
    backbone, images = ours(transformer), torch.randn(3, 3, 32, 48)
    with torch.inference_mode():
        alone = backbone(images)[0]
        maps = backbone.to_map(backbone.encode(backbone.embed(images).join(3)))
        swapped = backbone.to_map(backbone.encode(backbone.embed(images[[2, 0, 1]]).join(3)))
    assert (maps - alone).abs().amax((1, 2, 3)).min() > 0.01
    torch.testing.assert_close(swapped, maps[[2, 0, 1]], atol=1e-4, rtol=1e-4)


def test_it_knows_where_a_patch_is(transformer):
    # without positions, equal patches would have equal features
    maps = ours(transformer)(torch.ones(1, 3, 48, 64))[0].flatten(2)
    assert torch.cdist(maps.mT, maps.mT)[0].fill_diagonal_(1).min() > 1e-4


def test_interpolated_positions_are_those_of_the_places_that_patches_cover():
    centres = (torch.arange(20) + 0.5) / 20
    table = torch.stack(torch.meshgrid(centres, centres, indexing="ij"), -1).reshape(1, 400, 2)
    rows, columns = (torch.arange(9) + 0.5) / 9, (torch.arange(12) + 0.5) / 12
    expected = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1)
    found = interpolate_positions(table, (9, 12)).reshape(9, 12, 2)
    # to a tenth of a cell of the table, except at the border, where the table ends
    torch.testing.assert_close(found[1:-1, 1:-1], expected[1:-1, 1:-1], atol=0.1 / 20, rtol=0)


def test_sinusoidal_positions_are_those_of_transformers_with_columns_first():
    rows, columns = build_2d_sinusoidal_position_embedding(5, 5, 24, cls_token=True).chunk(2, dim=1)
    torch.testing.assert_close(sinusoidal_positions(5, 24)[0], torch.cat([columns, rows], dim=1))


def test_rotary_angles_are_those_of_the_formula():
    angles = rotary_angles((2, 3), 8, torch.device("cpu"))
    y, x = 0.5, -2 / 3  # the first patch of the second row
    per_pair = [2 * torch.pi * place / 100 ** (j / 2) for place in (y, x) for j in range(2)]
    torch.testing.assert_close(angles[3], torch.tensor(per_pair * 2))


def test_a_resized_patch_embedding_sees_in_larger_patches_what_it_saw_in_its_own():
    kernel, patches = torch.randn(5, 3, 14, 14), torch.randn(7, 3, 14, 14)
    larger = functional.interpolate(patches, (16, 16), mode="bilinear")
    seen = torch.einsum("nchw,dchw->nd", larger, resize_patches(kernel, (16, 16)))
    torch.testing.assert_close(seen, torch.einsum("nchw,dchw->nd", patches, kernel), atol=1e-3, rtol=1e-4)


def test_dinov2_sees_in_patches_of_16_pixels_what_it_learned_in_14(small, tmp_path: Path):
    model = theirs("vits_dinov2", patch=14)
    model.save_pretrained(tmp_path)
    backbone = ours("vits_dinov2")
    load_weights(backbone, str(tmp_path), "vits_dinov2")
    patches = torch.randn(6, 3, 14, 14)
    larger = functional.interpolate(patches, (16, 16), mode="bilinear")
    image, larger_image = (  # two rows of three patches each
        p.unflatten(0, (2, 3)).permute(2, 0, 3, 1, 4).flatten(3).flatten(1, 2)[None]
        for p in (patches, larger)
    )
    with torch.inference_mode():
        expected = their_features(model, image)[:, 1:].mT.unflatten(-1, (2, 3))
        torch.testing.assert_close(backbone(larger_image)[0], expected, atol=2e-3, rtol=1e-3)


def test_the_fixed_positions_of_mae_stay_fixed(small):
    backbone = build(small["vitb_imagenet"]).requires_grad_(True)
    assert "positions" in backbone.state_dict()
    assert "positions" not in dict(backbone.named_parameters())


@pytest.mark.parametrize("train", [False, True])
def test_it_draws_no_random_numbers(transformer, train):
    backbone, images = ours(transformer).train(train), torch.randn(1, 3, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(backbone(images)[0], backbone(images)[0], rtol=0, atol=0)
