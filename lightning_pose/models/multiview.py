"""The multi-view transformer: what every view shows says something about every other one.

The patches of all views of an instant are one sequence, in which every patch attends to every other. Where
the backbone is a transformer, its own layers do that; where it makes a pyramid of maps, layers of our own do
it on the coarsest map and add to it what they found.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lightning_pose.core.camera import Camera
from lightning_pose.core.errors import ModelError
from lightning_pose.data.batch import Outputs
from lightning_pose.models.backbones import Backbone, TokenBackbone
from lightning_pose.models.base import HeatmapNetwork
from lightning_pose.models.rays import Rays, patch_rays

WIDTH, HEADS = 256, 8  # of the layers over a pyramid's coarsest map


class MultiviewPose2D(HeatmapNetwork):
    """Images of all views of an instant to logits of heatmaps.

    A view is known by a learned vector that is added to its patches, or, with `camera_tokens`, by the ray in
    the world that each patch looks along. Any views in any order make an instant; with camera tokens also
    those of a rig that it was not trained on.
    """

    joint_views = True

    def __init__(
        self,
        backbone: Backbone,
        head: nn.Module,
        n_keypoints: int,
        stride: int,
        *,
        n_views: int,
        fusion_layers: int = 2,
        camera_tokens: bool = False,
    ) -> None:
        """Put the parts together; the first four are those of `HeatmapNetwork`.

        Args:
            backbone: a transformer, or one that makes a pyramid.
            head: the pyramid to maps of logits.
            n_keypoints: these maps per image.
            stride: input pixels per heatmap pixel.
            n_views: that are trained.
            fusion_layers: over a pyramid's coarsest map; not used with a transformer.
            camera_tokens: know views by where their cameras are.
        """
        super().__init__(backbone, head, n_keypoints, stride)
        self.n_views, self.camera_tokens = n_views, camera_tokens
        self.fusion = (
            None if isinstance(backbone, TokenBackbone) else Fusion(backbone.channels[-1], fusion_layers)
        )
        width = backbone.channels[-1] if self.fusion is None else self.fusion.width
        if camera_tokens:
            self.rays = nn.Sequential(nn.Linear(6, width), nn.GELU(), nn.Linear(width, width))
        else:
            self.view_vectors = nn.Parameter(0.02 * torch.randn(n_views, width))

    def forward(
        self,
        images: Float[Tensor, "B V 3 H W"],
        camera: Camera | Rays | None = None,
        views: Sequence[int] | None = None,
    ) -> Outputs:
        """Return logits in float32, under autocast too.

        Raises:
            ModelError: when cameras are needed and not given, or there are more views than were trained.
        """
        n_instants, n_views = images.shape[:2]
        flat = images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        if self.fusion is None:
            assert isinstance(self.backbone, TokenBackbone)
            tokens = self.backbone.embed(flat)
            known = tokens.patches + self._who(images, camera, views, tokens.grid).flatten(0, 1).to(
                tokens.patches.dtype
            )
            joined = self.backbone.encode(tokens._replace(patches=known).join(n_views))
            pyramid = [self.backbone.to_map(joined)]
        else:
            pyramid = self.backbone(flat)
            grid = (pyramid[-1].shape[-2], pyramid[-1].shape[-1])
            who = self._who(images, camera, views, grid)
            pyramid = [
                *pyramid[:-1],
                self.fusion(pyramid[-1].unflatten(0, (n_instants, n_views)), who).flatten(0, 1),
            ]
        return Outputs(logits=self.head(pyramid).float().unflatten(0, images.shape[:2]))

    def _who(
        self,
        images: Float[Tensor, "B V 3 H W"],
        camera: Camera | Rays | None,
        views: Sequence[int] | None,
        grid: tuple[int, int],
    ) -> Float[Tensor, "B V P D"]:
        """Return what is added to every patch, so that it is known whose it is."""
        n_instants, n_views = images.shape[:2]
        n_patches = grid[0] * grid[1]
        if self.camera_tokens:
            if camera is None:
                raise ModelError(
                    "this network was trained with model.camera_tokens: it needs the cameras' calibration"
                )
            size = (images.shape[-2], images.shape[-1])
            rays = camera.values if isinstance(camera, Rays) else patch_rays(camera, size, grid)
            return self.rays(rays.to(images))
        chosen = list(range(n_views)) if views is None else list(views)
        if max(chosen) >= self.n_views:
            raise ModelError(
                f"this network was trained with {self.n_views} views, so it knows view {max(chosen)} not; "
                "one trained with model.camera_tokens=true takes other cameras too"
            )
        return self.view_vectors[chosen][None, :, None].expand(n_instants, -1, n_patches, -1)


class Fusion(nn.Module):
    """Transformer layers over the maps of all views, added to these maps; at first they add nothing."""

    def __init__(self, channels: int, n_layers: int) -> None:
        super().__init__()
        self.width = min(WIDTH, channels)
        self.narrow = nn.Linear(channels, self.width)
        layer = nn.TransformerEncoderLayer(
            self.width,
            HEADS,
            4 * self.width,
            dropout=0.0,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.layers = nn.TransformerEncoder(
            layer, n_layers, norm=nn.LayerNorm(self.width), enable_nested_tensor=False
        )
        self.widen = nn.Linear(self.width, channels)
        nn.init.zeros_(self.widen.weight)
        nn.init.zeros_(self.widen.bias)

    def forward(
        self, maps: Float[Tensor, "B V C h w"], who: Float[Tensor, "B V P D"]
    ) -> Float[Tensor, "B V C h w"]:
        """Return the maps with what all views say together.

        Args:
            maps: of the views of B instants.
            who: added to the patches, P = h w.
        """
        h, w = maps.shape[-2:]
        patches = self.narrow(maps.flatten(-2).transpose(-1, -2))
        patches = patches + who.to(patches.dtype) + place_code(h, w, self.width).to(patches)
        found = self.widen(self.layers(patches.flatten(1, 2))).unflatten(1, (maps.shape[1], h * w))
        return maps + found.transpose(-1, -2).unflatten(-1, (h, w))


def place_code(h: int, w: int, width: int) -> Float[Tensor, "P D"]:
    """Return sines and cosines of a patch's row and column in the image, at wavelengths from half a map up.

    Places are in [0, 1] from edge to edge, so that the code does not depend on the image's size.

    Source: Vaswani et al. 2017, "Attention is all you need", section 3.5, in two dimensions.
    """
    n = width // 4
    rate = math.pi * 2.0 ** torch.linspace(0, math.log2(max(h, w, 2)), n)
    down = ((torch.arange(h) + 0.5) / h)[:, None] * rate
    across = ((torch.arange(w) + 0.5) / w)[:, None] * rate
    down, across = (torch.cat([x.sin(), x.cos()], dim=-1) for x in (down, across))
    code = torch.cat([down[:, None].expand(-1, w, -1), across[None].expand(h, -1, -1)], dim=-1).flatten(0, 1)
    return nn.functional.pad(code, (0, width - code.shape[-1]))
