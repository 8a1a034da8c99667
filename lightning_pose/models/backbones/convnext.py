"""ConvNeXt, of the layers of transformers."""

from jaxtyping import Float
from torch import Tensor
from transformers import ConvNextConfig
from transformers.models.convnext.modeling_convnext import ConvNextModel

from lightning_pose.config.architectures import Architecture
from lightning_pose.models.backbones.base import Backbone


class ConvNeXt(Backbone):
    """A ConvNeXt without pooling and classifier.

    Source: Liu et al. 2022, "A ConvNet for the 2020s".
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        model = ConvNextModel(
            ConvNextConfig(depths=list(architecture.depths), hidden_sizes=list(architecture.widths))
        )
        self.embeddings = model.embeddings
        self.stages = model.encoder.stages
        self.strides, self.channels = architecture.strides, architecture.widths

    def forward(self, images: Float[Tensor, "N 3 H W"]) -> list[Tensor]:
        """Return the maps of the four stages."""
        features, pyramid = self.embeddings(images), []
        for stage in self.stages:
            features = stage(features)
            pyramid.append(features)
        return pyramid
