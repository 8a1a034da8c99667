import pytest
import torch

from lightning_pose.models.backbones import build
from lightning_pose.models.backbones.names import own_name, own_tensors

from .conftest import SMALL


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("prefix", ["", "network.backbone."])
def test_names_of_ours_stay_as_they_are(small, name, prefix):
    for key in build(small[name]).state_dict():
        assert own_name(prefix + key, small[name].family) == key


# As the larger models are named whose files the hub has.
HUB = [
    ("mae", "vit.encoder.layer.0.attention.attention.query.bias", "layers.0.attention.q_proj.bias"),
    ("mae", "vit.embeddings.position_embeddings", "positions"),
    ("dinov2", "dinov2.encoder.layer.11.attention.output.dense.bias", "layers.11.attention.o_proj.bias"),
    ("hiera", "vision_encoder.backbone.blocks.3.mlp.proj_in.bias", "trunk.blocks.3.mlp.proj_in.bias"),
    ("convnext", "convnext.encoder.stages.0.layers.1.dwconv.bias", "stages.0.layers.1.dwconv.bias"),
    ("resnet", "resnet.encoder.stages.0.layers.1.layer.0.convolution.weight",
     "stages.0.layers.1.layer.0.convolution.weight"),
]  # fmt: skip


@pytest.mark.parametrize(("family", "name", "own"), HUB)
def test_the_prefixes_of_larger_models_are_taken_off(family, name, own):
    assert own_name(name, family) == own


# Names as in the checkpoints that Meta publishes, and timm after it.
META = {
    "patch_embed.proj.weight": "projection.weight",
    "pos_embed": "positions",
    "cls_token": "cls_token",
    "storage_tokens": "register_tokens",
    "blocks.3.attn.proj.bias": "layers.3.attention.o_proj.bias",
    "blocks.3.ls2.gamma": "layers.3.layer_scale2.lambda1",
    "norm.weight": "norm.weight",
}


@pytest.mark.parametrize("family", ["vit", "mae", "dinov2", "dinov3"])
def test_metas_own_names_are_read(family):
    assert {name: own_name(name, family) for name in META} == META


@pytest.mark.parametrize(
    ("family", "norm", "fc"),
    [
        ("vit", "layernorm_before", "mlp.fc1"),
        ("dinov2", "norm1", "mlp.fc1"),
        ("dinov3", "norm1", "mlp.up_proj"),
    ],
)
def test_blocks_are_named_as_the_family_names_them(family, norm, fc):
    assert own_name("blocks.0.norm1.bias", family) == f"layers.0.{norm}.bias"
    assert own_name("blocks.0.mlp.fc1.bias", family) == f"layers.0.{fc}.bias"


def test_queries_keys_and_values_are_taken_apart():
    parts = {part: torch.randn(4, 4) for part in "qkv"}
    named = own_tensors({"blocks.1.attn.qkv.weight": torch.cat(list(parts.values()))}, "vit")
    for part, tensor in parts.items():
        assert torch.equal(named[f"layers.1.attention.{part}_proj.weight"], tensor)
