"""From a configuration to a network, with the weights that it starts from."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from lightning_pose.config import Config
from lightning_pose.core.errors import ModelError
from lightning_pose.models.backbones import BACKBONES, build, load_weights, read_state
from lightning_pose.models.base import PoseNetwork
from lightning_pose.models.context import ContextPose2D
from lightning_pose.models.heads import PyramidHead, TransposedHead
from lightning_pose.models.multiview import MultiviewPose2D
from lightning_pose.models.pose2d import Pose2D
from lightning_pose.models.regression import RegressionPose2D


def build_network(config: Config, *, weights: bool = False) -> PoseNetwork:
    """Return the network, random as its seed says.

    Args:
        config: completed.
        weights: start from the weights that the configuration names; else random ones are for a checkpoint to
            fill.

    Raises:
        ModelError: when the weights cannot be had or do not fit.
    """
    # torch's layers draw their weights from the global generator, which is given back as it was
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.training.rng_seed_model_pt)
        network = _random_network(config)
    if weights and config.model.backbone_weights not in (None, "none"):
        load_weights(network.backbone, config.model.backbone_weights, config.model.backbone)
    if weights and config.model.checkpoint is not None:
        start_from(network, Path(config.model.checkpoint))
    return network


def filled_network(config: Config, state: Mapping[str, Tensor]) -> PoseNetwork:
    """Return the network with the weights of a checkpoint; it draws none of its own, which takes a while.

    Args:
        config: completed.
        state: every tensor of the network by name.

    Raises:
        RuntimeError: torch's, when one lacks, is too many, or has another shape.
    """
    with torch.random.fork_rng(devices=[]), _Undrawn():  # layers of transformers draw all the same
        network = _random_network(config)
    # checkpoints of former versions know no temperature
    network.load_state_dict({"temperature": torch.ones(())} | dict(state))
    return network


_DRAW = (Tensor.normal_, Tensor.uniform_)  # what some functions of `torch.nn.init` call at once


class _Undrawn(TorchFunctionMode):
    """While it is on, layers are made with whatever is in memory, not with weights that are drawn."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func in _DRAW:
            return args[0].zero_()  # torch draws a cut-off normal again until nothing lies outside
        if getattr(func, "__module__", "") == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


def _random_network(config: Config) -> PoseNetwork:
    """Return the network that `model.model_type` names."""
    model, n_keypoints = config.model, len(config.data.keypoint_names or [])
    factor = config.data.downsample_factor
    backbone = build(BACKBONES[model.backbone])
    if model.model_type == "regression":
        return RegressionPose2D(backbone, n_keypoints)
    pyramid = (backbone.channels, backbone.strides, n_keypoints)
    if model.head == "heatmap_fpn":
        head = PyramidHead(*pyramid, downsample_factor=factor, width=model.head_width)
    else:
        head = TransposedHead(*pyramid, downsample_factor=factor)
    if model.model_type == "heatmap_multiview_transformer":
        return MultiviewPose2D(
            backbone,
            head,
            n_keypoints,
            2**factor,
            n_views=len(config.data.view_names or [""]),
            fusion_layers=model.fusion_layers,
            camera_tokens=model.camera_tokens,
        )
    kind = ContextPose2D if model.model_type == "heatmap_mhcrnn" else Pose2D
    return kind(backbone, head, n_keypoints, 2**factor)


def start_from(network: PoseNetwork, checkpoint: Path) -> None:
    """Fill a network from a checkpoint of another training; a head for other keypoints starts anew.

    Args:
        network: changed in place.
        checkpoint: a file, or a folder that is searched for `*-best.ckpt`, else `last.ckpt`.

    Raises:
        ModelError: when there is none, or its backbone is another one.
    """
    if checkpoint.is_dir():
        found = sorted(checkpoint.rglob("*-best.ckpt")) or sorted(checkpoint.rglob("last.ckpt"))
        if not found:
            raise ModelError(f"model.checkpoint: {checkpoint} holds neither *-best.ckpt nor last.ckpt")
        checkpoint = found[-1]
    own = network.state_dict()
    state = {key.removeprefix("network."): value for key, value in read_state(checkpoint).items()}
    state.pop("temperature", None)  # was fitted to what those weights say, not to what these will
    fits = {key: value for key, value in state.items() if key in own and value.shape == own[key].shape}
    lacking = [key for key in own if key.startswith("backbone.") and key not in fits]
    if lacking:
        raise ModelError(f"model.checkpoint: {checkpoint} is of another backbone: it lacks {lacking[0]}")
    anew = sorted({key.rsplit(".", 1)[0] for key in own if key not in fits and key != "temperature"})
    if anew:
        warnings.warn(
            f"model.checkpoint: {checkpoint} is of other keypoints, views or another head: random at first "
            f"are {', '.join(anew[:4])}{', ...' * (len(anew) > 4)}", stacklevel=2,
        )  # fmt: skip
    network.load_state_dict(fits, strict=False)
