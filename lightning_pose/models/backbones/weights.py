"""Weights of a backbone: from a file, a folder, or the Hugging Face hub."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from lightning_pose.config.architectures import BACKBONES, Architecture
from lightning_pose.core.errors import ModelError, raise_collected
from lightning_pose.models.backbones.base import Backbone
from lightning_pose.models.backbones.names import own_tensors

WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")


def load_weights(backbone: Backbone, weights: str, name: str) -> None:
    """Fill a backbone from a file, a folder, or the Hugging Face hub.

    Files of transformers, torchvision, OpenMMLab, Meta and of this project's own checkpoints are read;
    classifiers, decoders and heads in them are left aside. Patches of another size are resized (DINOv2's
    have 14 pixels).

    Args:
        backbone: changed in place.
        weights: a path (.safetensors, .bin, .pt, .pth, .ckpt, or a folder with one), a name on the hub, or
            `pretrained` for the weights that the architecture is known for.
        name: of the architecture.

    Raises:
        ModelError: when the weights are not there or do not fit; it says how to get them.
    """
    architecture = BACKBONES[name]
    path = Path(weights).expanduser()
    state = read_state(_weight_file(path) if path.exists() else _from_hub(weights, name))
    wanted = backbone.state_dict()
    found = _with_our_patches(own_tensors(state, architecture.family), wanted)
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
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
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


def _from_hub(weights: str, name: str) -> Path:
    """Return the weight file of a model on the Hugging Face hub, from its cache where it is there already.

    Raises:
        ModelError: when it cannot be had.
    """
    architecture = BACKBONES[name]
    hub_name = architecture.hub_name if weights == "pretrained" else weights
    if hub_name is None:
        raise ModelError(f"model.backbone_weights: {_not_on_hub(name, architecture)}")
    from transformers.utils import cached_file  # seconds that reading a file of one's own should not cost

    cause = None
    for file in WEIGHT_FILES:
        try:
            found = cached_file(hub_name, file, _raise_exceptions_for_missing_entries=False)
        except (OSError, ValueError, RuntimeError) as error:
            cause = error  # without a connection, the other file may be in the cache
            continue
        if found is not None:
            return Path(found)
    licence = _licence(hub_name) if architecture.gated else ""
    raise ModelError(
        f"model.backbone_weights: {hub_name} is neither a file nor a folder here, nor can it be had from "
        f"the Hugging Face hub. {licence}With a connection, run `hf download {hub_name}` here; without one, "
        "run it elsewhere with `--local-dir FOLDER`, copy the folder and set model.backbone_weights to it; "
        "or train from scratch with model.backbone_weights=none"
    ) from cause


def _licence(hub_name: str) -> str:
    """Return what to do before weights under a licence can be had."""
    page = f"https://huggingface.co/{hub_name}"
    return f"Its licence has to be accepted first, on {page}; then run `hf auth login`. "


def _not_on_hub(name: str, architecture: Architecture) -> str:
    """Return why an architecture has no `pretrained` weights on the hub, and what to do."""
    if architecture.origin:
        return f"{architecture.origin}. Download it and set model.backbone_weights to it, or to none"
    return f"nobody has published weights of {name}; set it to none, or to a file of your own"


def _with_our_patches(found: dict[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors with the kernel of the patch embedding resized where only its size differs."""
    kernel, ours = found.get("projection.weight"), wanted.get("projection.weight")
    if kernel is None or ours is None or kernel.ndim != 4 or kernel.shape[:2] != ours.shape[:2]:
        return found
    height, width = ours.shape[-2:]
    if kernel.shape == ours.shape:
        return found
    from lightning_pose.models.backbones.vit import resize_patches

    return found | {"projection.weight": resize_patches(kernel, (height, width))}
