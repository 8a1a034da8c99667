"""Hiera as in Segment Anything 2: a vision transformer with a pyramid, of the layers of transformers."""

from jaxtyping import Float
from torch import Tensor
from transformers.models.sam2.configuration_sam2 import Sam2HieraDetConfig
from transformers.models.sam2.modeling_sam2 import Sam2HieraDetModel

from lightning_pose.config.architectures import Architecture
from lightning_pose.models.backbones.base import Backbone


class Hiera(Backbone):
    """The trunk of SAM 2's image encoder, without its neck.

    Source: Ryali et al. 2023, "Hiera: a hierarchical vision transformer without the bells-and-whistles";
        Ravi et al. 2024, "SAM 2: segment anything in images and videos".
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        heads = [architecture.heads * 2**stage for stage in range(len(architecture.widths))]
        self.trunk = Sam2HieraDetModel(
            Sam2HieraDetConfig(
                hidden_size=architecture.widths[0],
                num_attention_heads=architecture.heads,
                blocks_per_stage=list(architecture.depths),
                embed_dim_per_stage=list(architecture.widths),
                num_attention_heads_per_stage=heads,
                global_attention_blocks=list(architecture.global_blocks),
                window_positional_embedding_background_size=[architecture.table] * 2,
            )
        )
        self.strides, self.channels = architecture.strides, architecture.widths

    def forward(self, images: Float[Tensor, "N 3 H W"]) -> list[Tensor]:
        """Return the maps at the ends of the four stages."""
        return [features.movedim(-1, 1) for features in self.trunk(images).intermediate_hidden_states]
