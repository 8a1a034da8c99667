"""The only file where a configuration becomes objects."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import torch

from lightning_pose.config import Config, csv_paths
from lightning_pose.core.errors import ModelError
from lightning_pose.data.augment import Augmentation, Geometric
from lightning_pose.data.cameras import check_cameras
from lightning_pose.data.labels import LabeledFrames, read_labeled_frames
from lightning_pose.data.module import LabeledData
from lightning_pose.data.photometric import Photometric
from lightning_pose.data.split import SplitRule
from lightning_pose.losses.base import WeightedLoss, supervised
from lightning_pose.losses.heatmap import HEATMAP_LOSSES
from lightning_pose.models.backbones import load_weights, read_state
from lightning_pose.models.pose2d import Pose2D
from lightning_pose.tasks.pose2d import Optimisation, Pose2DTask
from lightning_pose.tasks.schedule import Course, multi_step, one_cycle

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]


def image_size(config: Config) -> tuple[int, int]:
    """Return height and width of the network's images."""
    size = config.data.image_resize_dims
    assert size.height is not None and size.width is not None, "a completed configuration"
    return size.height, size.width


def build_frames(config: Config, progress: Callable[[int, int], None] | None = None) -> LabeledFrames:
    """Read and check the labels and images, and hold the labels to the calibrations that are there.

    Raises:
        DataError: with everything that does not fit.
        CalibrationError: when a calibration contradicts the labels.
    """
    frames = build_frames_of(config, csv_paths(config), progress)
    if config.data.bbox_file is None:  # labels of cropped images are not where the camera saw them
        check_cameras(frames, Path(config.data.data_dir or "."))
    return frames


def build_frames_of(
    config: Config, files: dict[str, Path], progress: Callable[[int, int], None] | None = None
) -> LabeledFrames:
    """Read and check other label files of the same views.

    Raises:
        DataError: with everything that does not fit.
    """
    return read_labeled_frames(
        files,
        Path(config.data.data_dir or "."),
        image_size(config),
        keypoint_names=config.data.keypoint_names,
        outside=config.data.labels_outside_image,
        uniform_for_missing=config.training.uniform_heatmaps_for_nan_keypoints,
        cache_gib=config.training.cache_gib,
        progress=progress,
    )


def build_split_rule(config: Config) -> SplitRule:
    """Return how labeled instants are divided."""
    training = config.training
    return SplitRule(
        mode=training.split,
        train_prob=training.train_prob,
        val_prob=training.val_prob,
        train_frames=training.train_frames,
        seed=training.rng_seed_data_pt,
        val_frames=training.val_frames,
        test_frames=training.test_frames,
        file=None if training.split_file is None else Path(training.split_file),
    )


def build_data(config: Config, frames: LabeledFrames, sets: Sequence[str]) -> LabeledData:
    """Return the loaders."""
    training = config.training
    return LabeledData(
        frames,
        sets,
        train_batch_size=training.train_batch_size or 1,
        val_batch_size=training.val_batch_size,
        seed=training.rng_seed_model_pt,
    )


def build_network(config: Config, *, weights: bool = False) -> Pose2D:
    """Return the network.

    Args:
        config: completed.
        weights: start from the weights that the configuration names; else random ones are for a checkpoint to
            fill.

    Raises:
        ModelError: when the weights cannot be had or do not fit.
    """
    network = Pose2D(
        config.model.backbone,
        len(config.data.keypoint_names or []),
        head=config.model.head,
        head_width=config.model.head_width,
        downsample_factor=config.data.downsample_factor,
        seed=config.training.rng_seed_model_pt,
    )
    if weights and config.model.backbone_weights not in (None, "none"):
        load_weights(network.backbone, config.model.backbone_weights, config.model.backbone)
    if weights and config.model.checkpoint is not None:
        start_from(network, Path(config.model.checkpoint))
    return network


def start_from(network: Pose2D, checkpoint: Path) -> None:
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
    fits = {key: value for key, value in state.items() if key in own and value.shape == own[key].shape}
    lacking = [key for key in own if key.startswith("backbone.") and key not in fits]
    if lacking:
        raise ModelError(f"model.checkpoint: {checkpoint} is of another backbone: it lacks {lacking[0]}")
    network.load_state_dict(fits, strict=False)


def build_task(config: Config, network: Pose2D, steps_per_epoch: int) -> Pose2DTask:
    """Return the training of a network."""
    training = config.training
    optimisation = Optimisation(
        optimizer=training.optimizer,
        learning_rate=training.optimizer_params.learning_rate,
        weight_decay=training.optimizer_params.weight_decay,
        course=_course(config, steps_per_epoch),
        steps_per_epoch=steps_per_epoch,
        unfreeze_step=_unfreeze_step(config, steps_per_epoch),
        seed=training.rng_seed_model_pt,
    )
    name = config.model.heatmap_loss_type
    losses = [WeightedLoss(f"heatmap_{name}", supervised(HEATMAP_LOSSES[name]))]
    return Pose2DTask(network, losses, build_augmentation(config), optimisation)


def build_augmentation(config: Config) -> Augmentation:
    """Return how training batches are moved and changed."""
    options = config.training.augment
    names = config.data.keypoint_names or []
    geometric = Geometric(
        rotation=options.rotation,
        right_angles=tuple(options.right_angles),
        zoom=options.zoom,
        shift=options.shift,
        flip=config.training.imgaug_hflip,
    )
    photometric = Photometric(
        brightness=options.brightness,
        contrast=options.contrast,
        colour=options.colour,
        blur=options.blur,
        noise=options.noise,
        erasing=options.erasing,
        erasing_size=options.erasing_size,
    )
    swaps = [(names.index(a), names.index(b)) for a, b in config.data.swaps or []]
    return Augmentation(geometric, photometric, swaps)


def steps_per_epoch(config: Config, data: LabeledData) -> int:
    """Return the batches of an epoch."""
    limit, n = config.training.limit_train_batches, len(data.sampler)
    if limit is None:
        return n
    return max(1, int(n * limit) if isinstance(limit, float) else min(n, limit))


def total_steps(config: Config, batches: int) -> int:
    """Return the steps of the optimiser in the whole training, of `batches` batches per epoch."""
    training = config.training
    if training.max_steps is not None:
        return training.max_steps
    return (training.max_epochs or 1) * math.ceil(batches / training.accumulate_grad_batches)


def least_steps(config: Config, batches: int) -> int:
    """Return the steps before which nothing stops early."""
    training = config.training
    if training.min_steps is not None:
        return training.min_steps
    return (training.min_epochs or 0) * math.ceil(batches / training.accumulate_grad_batches)


def trainer_options(config: Config, batches: int) -> dict[str, Any]:
    """Return the arguments of the trainer that the configuration decides; `callbacks.StopAt` counts steps."""
    training = config.training
    accelerator = "cpu" if training.num_gpus == 0 else training.accelerator
    limit = training.limit_train_batches
    per_epoch = math.ceil(batches / training.accumulate_grad_batches)
    return {
        "accelerator": accelerator,
        "devices": 1,
        "precision": choose_precision(training.precision, accelerator),
        "max_epochs": math.ceil(total_steps(config, batches) / per_epoch),
        "accumulate_grad_batches": training.accumulate_grad_batches,
        "gradient_clip_val": training.gradient_clip,
        "limit_train_batches": 1.0 if limit is None else limit,
        "log_every_n_steps": training.log_every_n_steps,
    }


def choose_precision(wanted: str, accelerator: str) -> Precision:
    """Return the precision to compute in; `auto` is 16 bit where the processor has instructions for it."""
    if wanted != "auto":
        return cast(Precision, {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}[wanted])
    if accelerator in ("auto", "cuda", "gpu") and torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
    if accelerator == "mps" or (accelerator == "auto" and torch.backends.mps.is_available()):
        return "32-true"
    return "bf16-mixed" if cpu_has_bf16() else "32-true"


def cpu_has_bf16() -> bool:
    """Return whether the processor multiplies bfloat16 in hardware (AVX512_BF16 or AMX)."""
    found = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))


def _course(config: Config, batches: int) -> Course:
    """Return the course of the learning rate."""
    training = config.training
    if training.lr_scheduler == "onecycle":
        return one_cycle(total_steps(config, batches), training.lr_scheduler_params.onecycle.warmup)
    params = training.lr_scheduler_params.multisteplr
    per_epoch = math.ceil(batches / training.accumulate_grad_batches)
    steps = params.milestone_steps or [epoch * per_epoch for epoch in params.milestones or []]
    return multi_step(steps, params.gamma)


def _unfreeze_step(config: Config, batches: int) -> int:
    """Return the step from which the backbone learns; one without weights learns from the start."""
    training = config.training
    if config.model.backbone_weights in (None, "none") and config.model.checkpoint is None:
        return 0
    if training.unfreezing_step is not None:
        return training.unfreezing_step
    return (training.unfreezing_epoch or 0) * math.ceil(batches / training.accumulate_grad_batches)
