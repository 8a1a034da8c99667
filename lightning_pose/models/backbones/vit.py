"""Plain vision transformers (DINO, DINOv2, DINOv3, MAE, and a small one), of the layers of transformers."""

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from transformers import Dinov2Config, DINOv3ViTConfig, ViTConfig, ViTMAEConfig
from transformers.models.dinov2.modeling_dinov2 import Dinov2Model
from transformers.models.dinov3_vit.modeling_dinov3_vit import DINOv3ViTModel
from transformers.models.vit.modeling_vit import ViTModel
from transformers.models.vit_mae.modeling_vit_mae import ViTMAEModel

from lightning_pose.config.architectures import Architecture
from lightning_pose.models.backbones.base import TokenBackbone, Tokens

PATCH = 16  # pixels
REGISTERS = 4  # of DINOv3
ROTARY_BASE = 100.0  # of DINOv3


class _Parts(NamedTuple):
    """What the families name differently."""

    projection: nn.Conv2d
    embeddings: Any  # holds the other tokens and positions, under names that all share
    layers: nn.ModuleList
    norm: nn.Module


class VisionTransformer(TokenBackbone):
    """A vision transformer with patches of 16 pixels, for images of any shape.

    DINO, DINOv2 and MAE add a learned position to every patch, from a square table that is interpolated to
    the image; MAE's is fixed. DINOv3 turns queries and keys by angles that say where a patch is, and has
    four register tokens.

    Source: Dosovitskiy et al. 2021 (ViT); Caron et al. 2021 (DINO); Oquab et al. 2024 (DINOv2);
        Siméoni et al. 2025 (DINOv3); He et al. 2022 (MAE).
    """

    register_tokens: nn.Parameter | None
    positions: Tensor | None

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        parts = _parts(architecture)
        self.projection, self.layers, self.norm = parts.projection, parts.layers, parts.norm
        self.cls_token = parts.embeddings.cls_token
        self.register_parameter("register_tokens", getattr(parts.embeddings, "register_tokens", None))
        if architecture.family == "mae":  # a buffer, so that it stays fixed when the network is unfrozen
            positions = sinusoidal_positions(architecture.table, architecture.widths[0])
            self.register_buffer("positions", positions)
        else:
            positions = getattr(parts.embeddings, "position_embeddings", None)
            self.register_parameter("positions", positions)
        self.head_width = architecture.widths[0] // architecture.heads
        self.strides, self.channels = architecture.strides, architecture.widths

    def embed(self, images: Float[Tensor, "N 3 H W"]) -> Tokens:
        """Cut images into patches; return one sequence for each, with learned positions added."""
        features = self.projection(images)
        rows, columns = features.shape[-2:]
        special, patches = self.cls_token, features.flatten(2).mT
        if self.positions is not None:
            special = special + self.positions[:, :1]
            patches = patches + interpolate_positions(self.positions[:, 1:], (rows, columns))
        if self.register_tokens is not None:
            special = torch.cat([special, self.register_tokens], dim=1)
        return Tokens(special.expand(images.shape[0], -1, -1), patches, (rows, columns))

    def encode(self, tokens: Tokens) -> Tokens:
        """Run all blocks and the last normalisation; every token attends to all of its sequence."""
        n_special = tokens.special.shape[1]
        x = torch.cat([tokens.special, tokens.patches], dim=1)
        options = {}
        if self.positions is None:  # transformers turns as many of the last tokens as there are angles
            angles = rotary_angles(tokens.grid, self.head_width, x.device).tile(tokens.n_images, 1)
            options["position_embeddings"] = (angles.cos(), angles.sin())
        for layer in self.layers:
            x = layer(x, **options)
        x = self.norm(x)
        return tokens._replace(special=x[:, :n_special], patches=x[:, n_special:])


def interpolate_positions(table: Float[Tensor, "1 S D"], grid: tuple[int, int]) -> Float[Tensor, "1 P D"]:
    """Return the positions of a grid of patches, from a table that covers a square image.

    Args:
        table: row by row.
        grid: rows and columns.
    """
    side = math.isqrt(table.shape[1])
    if grid == (side, side):
        return table
    square = table.unflatten(1, (side, side)).movedim(-1, 1).float()
    return functional.interpolate(square, grid, mode="bicubic").flatten(2).mT.to(table.dtype)


def sinusoidal_positions(side: int, width: int) -> Float[Tensor, "1 S D"]:
    """Return MAE's fixed positions: zero for the class token, then those of a square, row by row.

    The features of row y and column x are sin(x f_j), cos(x f_j), sin(y f_j), cos(y f_j), with
    f_j = 10000^(-j / m) for j = 0 .. m - 1 and m = D / 4. (transformers leaves them zero in a new model.)

    Source: He et al. 2022, "Masked autoencoders are scalable vision learners"; the order is that of its code.
    """
    m = width // 4
    frequencies = 10_000 ** (-torch.arange(m) / m)
    places = torch.arange(side)
    y, x = (place[:, None] * frequencies for place in torch.cartesian_prod(places, places).T)
    table = torch.cat([x.sin(), x.cos(), y.sin(), y.cos()], dim=1)
    return functional.pad(table, (0, 0, 1, 0))[None]


def rotary_angles(grid: tuple[int, int], head_width: int, device: torch.device) -> Float[Tensor, "P d"]:
    """Return by how many radians DINOv3 turns the features of a head, at every patch of an image.

    With (y, x) the centre of a patch in [-1, 1] and m = d / 4, the angles are 2 pi y / b^(j / m) and
    2 pi x / b^(j / m) for j = 0 .. m - 1, twice over: feature i is turned with feature i + d / 2.

    Source: Siméoni et al. 2025, "DINOv3", section 3.2.
    """
    y, x = ((torch.arange(n, device=device) + 0.5) / n * 2 - 1 for n in grid)
    centres = torch.cartesian_prod(y, x)
    periods = ROTARY_BASE ** torch.arange(0, 1, 4 / head_width, device=device)
    return (2 * math.pi * centres[:, :, None] / periods).flatten(1).tile(2)


def resize_patches(kernel: Float[Tensor, "D C h w"], size: tuple[int, int]) -> Float[Tensor, "D C h2 w2"]:
    """Return the patch embedding that sees in patches of another size what `kernel` sees in its own.

    With B the matrix that resizes a patch bilinearly, the new weights w' minimise |B^T w' - w|: then
    <B x, w'> = <x, w> for every patch x, exactly where patches grow. (Resizing the weights as if they were
    an image makes every response larger by the ratio of the areas.)

    Source: Beyer et al. 2023, "FlexiViT", eq. 4.
    """
    height, width = kernel.shape[-2:]
    pixels = torch.eye(height * width, dtype=torch.float64).reshape(-1, 1, height, width)
    resized = functional.interpolate(pixels, size, mode="bilinear")
    inverse = torch.linalg.pinv(resized.flatten(1))
    weights = kernel.double().flatten(2) @ inverse.mT
    return weights.unflatten(-1, size).to(kernel.dtype)


def _parts(architecture: Architecture) -> _Parts:
    """Return a transformer of one of the families in parts, with random weights."""
    width, image_size = architecture.widths[0], architecture.table * PATCH
    sizes: dict[str, Any] = {
        "hidden_size": width,
        "num_hidden_layers": architecture.depths[0],
        "num_attention_heads": architecture.heads,
        "patch_size": PATCH,
    }
    if architecture.family == "dinov2":
        model = Dinov2Model(Dinov2Config(**sizes, image_size=image_size, use_mask_token=False))
        layers, norm = model.encoder.layer, model.layernorm
        return _Parts(model.embeddings.patch_embeddings.projection, model.embeddings, layers, norm)
    sizes["intermediate_size"] = 4 * width
    if architecture.family == "dinov3":
        # transformers would stretch the positions at random in training; augmentation is the data's business
        config = DINOv3ViTConfig(**sizes, num_register_tokens=REGISTERS, pos_embed_rescale=None)
        model = DINOv3ViTModel(config)
        return _Parts(model.embeddings.patch_embeddings, model.embeddings, model.model.layer, model.norm)
    if architecture.family == "mae":
        model = ViTMAEModel(ViTMAEConfig(**sizes, image_size=image_size))
    else:
        model = ViTModel(ViTConfig(**sizes, image_size=image_size), add_pooling_layer=False)
    projection = model.embeddings.patch_embeddings.projection
    return _Parts(projection, model.embeddings, model.layers, model.layernorm)
