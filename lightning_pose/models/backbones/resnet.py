"""ResNet: convolutions whose results are added to what they were made of.

Its layers are this module's own, under the names of transformers, whose weight files they take: to import
transformers takes as long as predicting a hundred images with them.
"""

from collections.abc import Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from lightning_pose.config.architectures import Architecture
from lightning_pose.models.backbones.base import Backbone

STEM = 64  # channels; the first stage of basic blocks keeps them, one of bottlenecks has four times as many
SHRINK = 4  # channels of a bottleneck's result to those that its 3 x 3 convolution works on


class ResNet(Backbone):
    """A ResNet without pooling and classifier.

    Source: He et al. 2016, "Deep residual learning for image recognition".
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        widths = architecture.widths
        self.embedder = nn.ModuleDict({"embedder": _Convolution(3, STEM, 7, stride=2)})
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        stages = [
            _Stage(before, width, depth, stride=1 if first else 2, bottleneck=widths[0] != STEM)
            for (before, width), depth, first in zip(
                pairwise((STEM, *widths)), architecture.depths, (True, False, False, False), strict=True
            )
        ]
        self.stages = nn.ModuleList(stages)
        self.strides, self.channels = architecture.strides, widths
        self.apply(_draw)

    def forward(self, images: Float[Tensor, "N 3 H W"]) -> list[Tensor]:
        """Return the maps of the four stages."""
        features, pyramid = self.pool(self.embedder["embedder"](images)), []
        for stage in self.stages:
            features = stage(features)
            pyramid.append(features)
        return pyramid


class _Convolution(nn.Module):
    """A convolution, normalised, and rectified unless it ends a block."""

    def __init__(
        self, before: int, width: int, side: int, *, stride: int = 1, rectified: bool = True
    ) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(before, width, side, stride, padding=side // 2, bias=False)
        self.normalization = nn.BatchNorm2d(width)
        self.activation = nn.ReLU(inplace=True) if rectified else nn.Identity()

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N D h w"]:
        return self.activation(self.normalization(self.convolution(x)))


class _Block(nn.Module):
    """relu(f(x) + s(x)), with f two or three convolutions and s the identity where it fits."""

    def __init__(self, convolutions: Sequence[_Convolution], shortcut: nn.Module) -> None:
        super().__init__()
        self.shortcut = shortcut
        self.layer = nn.Sequential(*convolutions)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N D h w"]:
        y = self.layer(x)
        y += self.shortcut(x)
        return self.activation(y)


class _Stage(nn.Module):
    """Blocks of one width, of which the first has the stride."""

    def __init__(self, before: int, width: int, depth: int, *, stride: int, bottleneck: bool) -> None:
        super().__init__()
        block = _bottleneck if bottleneck else _basic
        blocks = [block(before, width, stride), *(block(width, width, 1) for _ in range(depth - 1))]
        self.layers = nn.Sequential(*blocks)

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N D h w"]:
        return self.layers(x)


def _basic(before: int, width: int, stride: int) -> _Block:
    """Return a block of two 3 x 3 convolutions."""
    shortcut = _shortcut(before, width, stride)
    return _Block(
        [_Convolution(before, width, 3, stride=stride), _Convolution(width, width, 3, rectified=False)],
        shortcut,
    )


def _bottleneck(before: int, width: int, stride: int) -> _Block:
    """Return a block whose 3 x 3 convolution works on fewer channels, and has the stride."""
    shortcut, narrow = _shortcut(before, width, stride), width // SHRINK
    return _Block(
        [
            _Convolution(before, narrow, 1),
            _Convolution(narrow, narrow, 3, stride=stride),
            _Convolution(narrow, width, 1, rectified=False),
        ],
        shortcut,
    )


def _shortcut(before: int, width: int, stride: int) -> nn.Module:
    """Return the identity, or a convolution where the block changes the size."""
    if before == width and stride == 1:
        return nn.Identity()
    return _Convolution(before, width, 1, stride=stride, rectified=False)


def _draw(module: nn.Module) -> None:
    """Give a convolution weights with which the variance of gradients stays the same from layer to layer."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
