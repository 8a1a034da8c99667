"""What a tensor of another program's weight file is called here."""

import re
from collections.abc import Mapping

from torch import Tensor

from lightning_pose.config.architectures import Family

# what programs put in front: their own module names, a checkpoint's, or those of a larger model
_PREFIXES = re.compile(
    r"^((state_dict|module|model|network|backbone|resnet|convnext|vit|dinov2|sam2|vision_encoder|"
    r"image_encoder|trunk)\.)+"
)
_Rules = tuple[tuple[str, str], ...]  # pattern and replacement, one after the other

_RESNET: _Rules = (
    (r"^encoder\.", ""),  # transformers
    (r"^conv1\.", "embedder.embedder.convolution."),  # torchvision and OpenMMLab, to the end
    (r"^bn1\.", "embedder.embedder.normalization."),
    (r"^layer1\.", "stages.0.layers."),
    (r"^layer2\.", "stages.1.layers."),
    (r"^layer3\.", "stages.2.layers."),
    (r"^layer4\.", "stages.3.layers."),
    (r"\.downsample\.0\.", ".shortcut.convolution."),
    (r"\.downsample\.1\.", ".shortcut.normalization."),
    (r"\.(conv|bn)1\.", r".layer.0.\1."),
    (r"\.(conv|bn)2\.", r".layer.1.\1."),
    (r"\.(conv|bn)3\.", r".layer.2.\1."),
    (r"\.conv\.", ".convolution."),
    (r"\.bn\.", ".normalization."),
)
_CONVNEXT: _Rules = ((r"^encoder\.", ""),)
_HIERA: _Rules = (
    (r"^patch_embed\.proj\.", "patch_embed.projection."),  # Meta's own, to the last but one
    (r"\.norm([12])\.", r".layer_norm\1."),
    (r"\.mlp\.layers\.0\.", ".mlp.proj_in."),
    (r"\.mlp\.layers\.1\.", ".mlp.proj_out."),
    (r"^", "trunk."),
)
_TRANSFORMER: _Rules = (
    (r"^embeddings\.", ""),  # transformers
    (r"^patch_embeddings\.(projection\.)?", "projection."),
    (r"^position_embeddings$", "positions"),
    (r"^(encoder\.)?layers?\.", "layers."),
    (r"^layernorm\.", "norm."),
    (r"\.attention\.attention\.([qkv])\w+\.", r".attention.\1_proj."),
    (r"\.attention\.output\.dense\.", ".attention.o_proj."),
    (r"\.intermediate\.dense\.", ".mlp.fc1."),
    (r"\.output\.dense\.", ".mlp.fc2."),
    (r"^blocks\.", "layers."),  # Meta's own and timm, to the end
    (r"^patch_embed\.proj\.", "projection."),
    (r"^pos_embed$", "positions"),
    (r"^(storage|reg)_tokens?$", "register_tokens"),
    (r"\.attn\.proj\.", ".attention.o_proj."),
    (r"\.attn\.", ".attention."),
    (r"\.ls([12])\.gamma$", r".layer_scale\1.lambda1"),
)
_PRE_NORM: _Rules = ((r"\.norm1\.", ".layernorm_before."), (r"\.norm2\.", ".layernorm_after."))
_RULES: dict[Family, _Rules] = {
    "resnet": _RESNET,
    "convnext": _CONVNEXT,
    "hiera": _HIERA,
    "vit": _TRANSFORMER + _PRE_NORM,
    "mae": _TRANSFORMER + _PRE_NORM,
    "dinov2": _TRANSFORMER,
    "dinov3": (*_TRANSFORMER, (r"\.mlp\.fc1\.", ".mlp.up_proj."), (r"\.mlp\.fc2\.", ".mlp.down_proj.")),
}


def own_name(name: str, family: Family) -> str:
    """Return our name of a backbone's tensor; a name of ours stays as it is."""
    name = _PREFIXES.sub("", name)
    for pattern, replacement in _RULES[family]:
        name = re.sub(pattern, replacement, name)
    return name


def own_tensors(state: Mapping[str, Tensor], family: Family) -> dict[str, Tensor]:
    """Return tensors by our names, from those of any of the programs that `load_weights` reads.

    Queries, keys and values that a file of a plain transformer holds in one tensor are taken apart.
    """
    named: dict[str, Tensor] = {}
    for name, value in state.items():
        own = own_name(name, family)
        if ".attention.qkv." in own and len(value) % 3 == 0:
            for part, third in zip("qkv", value.chunk(3), strict=True):
                named[own.replace(".qkv.", f".{part}_proj.")] = third
        else:
            named[own] = value
    return named
