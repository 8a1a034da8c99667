"""What every backbone is: images in, feature maps out, with their strides and channels stated."""

from abc import abstractmethod
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor, nn


class Backbone(nn.Module):
    """Images to a pyramid of feature maps; random as built.

    Attributes:
        strides: input pixels per feature, of each map, the finest first.
        channels: features per position, of each map.
    """

    strides: tuple[int, ...]
    channels: tuple[int, ...]

    @abstractmethod
    def forward(self, images: Float[Tensor, "N 3 H W"]) -> list[Tensor]:
        """Return the feature maps (N, channels, H / stride, W / stride), the finest first.

        Args:
            images: normalised as `data.images.normalise` does; H and W multiples of the coarsest stride.
        """


class Tokens(NamedTuple):
    """N sequences, each of the patches of n images of one size.

    Attributes:
        special: those that stand for no place: n times class and registers (N S D).
        patches: image by image, in each row by row (N P D).
        grid: rows and columns of patches in an image; P = n * rows * columns.
    """

    special: Float[Tensor, "N S D"]
    patches: Float[Tensor, "N P D"]
    grid: tuple[int, int]

    @property
    def n_images(self) -> int:
        """Images in a sequence."""
        return self.patches.shape[1] // (self.grid[0] * self.grid[1])

    def join(self, n: int) -> "Tokens":
        """Put every n consecutive sequences into one, so that their images attend to each other."""
        joined = [
            x.reshape(x.shape[0] // n, n * x.shape[1], x.shape[2]) for x in (self.special, self.patches)
        ]
        return Tokens(joined[0], joined[1], self.grid)


class TokenBackbone(Backbone):
    """A plain vision transformer, taken apart for networks in which several images make one sequence.

    `to_map(encode(embed(images)))` is what `forward` returns. Between `embed` and `encode`, patches can be
    changed (masked, or given a vector that says whose view they are) and sequences joined:

        tokens = backbone.embed(images)                      # of B instants in V views, N = B V
        maps = backbone.to_map(backbone.encode(tokens.join(V)))    # of the same N images again
    """

    @abstractmethod
    def embed(self, images: Float[Tensor, "N 3 H W"]) -> Tokens:
        """Cut images into patches; return one sequence for each, with learned positions added."""

    @abstractmethod
    def encode(self, tokens: Tokens) -> Tokens:
        """Run all blocks and the last normalisation; every token attends to all of its sequence.

        Positions are those in the image: the same place in two images of a sequence has the same one.
        """

    def to_map(self, tokens: Tokens) -> Float[Tensor, "N D h w"]:
        """Return the patches of every image as a map, sequence by sequence; special tokens are dropped."""
        patches = tokens.patches.reshape(-1, *tokens.grid, tokens.patches.shape[-1])
        return patches.movedim(-1, 1)

    def forward(self, images: Float[Tensor, "N 3 H W"]) -> list[Tensor]:
        """Return one feature map (N, channels, H / 16, W / 16), from each image alone."""
        return [self.to_map(self.encode(self.embed(images)))]
