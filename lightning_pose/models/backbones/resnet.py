"""ResNet, of the layers of transformers."""

from jaxtyping import Float
from torch import Tensor
from transformers import ResNetConfig
from transformers.models.resnet.modeling_resnet import ResNetModel

from lightning_pose.config.architectures import Architecture
from lightning_pose.models.backbones.base import Backbone

STEM = 64  # channels; the first stage of basic blocks keeps them, one of bottlenecks has four times as many


class ResNet(Backbone):
    """A ResNet without pooling and classifier.

    Source: He et al. 2016, "Deep residual learning for image recognition".
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        model = ResNetModel(
            ResNetConfig(
                embedding_size=STEM,
                layer_type="basic" if architecture.widths[0] == STEM else "bottleneck",
                depths=list(architecture.depths),
                hidden_sizes=list(architecture.widths),
            )
        )
        self.embedder = model.embedder
        self.stages = model.encoder.stages
        self.strides, self.channels = architecture.strides, architecture.widths

    def forward(self, images: Float[Tensor, "N 3 H W"]) -> list[Tensor]:
        """Return the maps of the four stages."""
        features, pyramid = self.embedder(images), []
        for stage in self.stages:
            features = stage(features)
            pyramid.append(features)
        return pyramid
