"""Backbones: images in, a feature map out, with its stride and channels stated."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers import ResNetConfig
from transformers.models.resnet.modeling_resnet import ResNetModel

from lightning_pose.core.errors import ModelError, raise_collected


class Architecture(NamedTuple):
    """One member of a family of backbones."""

    layer_type: str
    depths: tuple[int, ...]
    widths: tuple[int, ...]
    hub_name: str


_NARROW, _WIDE = (64, 128, 256, 512), (256, 512, 1024, 2048)
ARCHITECTURES = {
    "resnet18": Architecture("basic", (2, 2, 2, 2), _NARROW, "microsoft/resnet-18"),
    "resnet34": Architecture("basic", (3, 4, 6, 3), _NARROW, "microsoft/resnet-34"),
    "resnet50": Architecture("bottleneck", (3, 4, 6, 3), _WIDE, "microsoft/resnet-50"),
    "resnet101": Architecture("bottleneck", (3, 4, 23, 3), _WIDE, "microsoft/resnet-101"),
    "resnet152": Architecture("bottleneck", (3, 8, 36, 3), _WIDE, "microsoft/resnet-152"),
}
WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
_PREFIXES = ("state_dict.", "module.", "model.", "network.", "backbone.", "resnet.")


class ResNetBackbone(nn.Module):
    """A ResNet without pooling and classifier, random as built; it returns a pyramid of feature maps.

    Attributes:
        strides: input pixels per feature, of each map, the finest first.
        channels: features per position, of each map.
    """

    strides = (4, 8, 16, 32)

    def __init__(self, name: str) -> None:
        super().__init__()
        arch = ARCHITECTURES[name]
        config = ResNetConfig(
            layer_type=arch.layer_type, depths=list(arch.depths), hidden_sizes=list(arch.widths)
        )
        model = ResNetModel(config)
        self.embedder = model.embedder
        self.stages = model.encoder.stages
        self.channels = arch.widths

    def forward(self, images: Float[Tensor, "N 3 H W"]) -> list[Tensor]:
        """Return the feature maps (N, channels, H / stride, W / stride), the finest first."""
        features, pyramid = self.embedder(images), []
        for stage in self.stages:
            features = stage(features)
            pyramid.append(features)
        return pyramid


def load_weights(backbone: ResNetBackbone, weights: str, name: str) -> None:
    """Fill a backbone from a file, a folder, or the Hugging Face hub.

    Files of transformers, torchvision, OpenMMLab and of this project's own checkpoints are read; classifiers
    and heads in them are left aside.

    Args:
        backbone: changed in place.
        weights: a path (.safetensors, .bin, .pt, .pth, .ckpt, or a folder with one), a name on the hub, or
            `pretrained` for the ImageNet weights of the architecture.
        name: of the architecture.

    Raises:
        ModelError: when the weights are not there or do not fit; it says how to get them.
    """
    path = Path(weights).expanduser()
    if path.exists():
        state = read_state(_weight_file(path))
    else:
        state = _from_hub(ARCHITECTURES[name].hub_name if weights == "pretrained" else weights)
    wanted = backbone.state_dict()
    found = {_own_name(key): value for key, value in state.items()}
    faults = [
        f"{key} is missing" for key in wanted if key not in found and not key.endswith("num_batches_tracked")
    ]
    faults += [
        f"{key}: expected {tuple(wanted[key].shape)}, got {tuple(found[key].shape)}"
        for key in wanted
        if key in found and found[key].shape != wanted[key].shape
    ]
    if faults:
        listed = [*faults[:4], f"and {len(faults) - 4} more"] if len(faults) > 5 else faults
        raise_collected(ModelError, f"{weights}: these are not weights of {name}", listed)
    backbone.load_state_dict({key: found[key] for key in wanted if key in found}, strict=False)


def read_state(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a weight file by name; nothing in it is executed.

    Raises:
        ModelError: when it is not a file of weights.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # every reader has its own errors, and each means the same here
        raise ModelError(f"{path}: not a file of weights that can be read safely: {error}") from error
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping):
        raise ModelError(f"{path}: expected tensors by name, got {type(content).__name__}")
    return {str(key): value for key, value in content.items() if isinstance(value, Tensor)}


def _weight_file(path: Path) -> Path:
    """Return the file of weights in a folder, or the file itself.

    Raises:
        ModelError: when the folder has none.
    """
    if path.is_file():
        return path
    found = next((path / name for name in WEIGHT_FILES if (path / name).is_file()), None)
    if found is None:
        raise ModelError(f"{path}: expected {' or '.join(WEIGHT_FILES)} in this folder")
    return found


def _from_hub(hub_name: str) -> dict[str, Tensor]:
    """Return the weights of a model on the Hugging Face hub, from its cache where they are there already.

    Raises:
        ModelError: when they cannot be had.
    """
    try:
        return dict(ResNetModel.from_pretrained(hub_name).state_dict())
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"model.backbone_weights: {hub_name} is neither a file nor a folder here, nor can it be had from "
            f"the Hugging Face hub. With a connection, run `hf download {hub_name}` here; without one, run "
            "it elsewhere with `--local-dir FOLDER`, copy the folder and set model.backbone_weights to it; "
            "or train from scratch with model.backbone_weights=none"
        ) from error


def _own_name(key: str) -> str:
    """Return our name of a tensor, from those of transformers, torchvision, OpenMMLab or our checkpoints."""
    while prefix := next((p for p in _PREFIXES if key.startswith(p)), None):
        key = key.removeprefix(prefix)
    if key.startswith(("embedder.", "stages.")):
        return key
    if key.startswith("encoder."):
        return key.removeprefix("encoder.")
    first, _, rest = key.partition(".")
    if first == "conv1":
        return f"embedder.embedder.convolution.{rest}"
    if first == "bn1":
        return f"embedder.embedder.normalization.{rest}"
    if first.startswith("layer") and first[5:].isdigit():
        return _block_name(int(first[5:]) - 1, rest)
    return key


def _block_name(stage: int, rest: str) -> str:
    """Return our name of a tensor in a block that torchvision calls `layerN.M.part.tensor`."""
    block, part, tail = rest.split(".", 2)
    start = f"stages.{stage}.layers.{block}"
    if part == "downsample":
        number, tensor = tail.split(".", 1)
        return f"{start}.shortcut.{'convolution' if number == '0' else 'normalization'}.{tensor}"
    kind = "convolution" if part.startswith("conv") else "normalization"
    return f"{start}.layer.{int(part[-1]) - 1}.{kind}.{tail}"
