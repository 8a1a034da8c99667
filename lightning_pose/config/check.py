"""Whether the values of a configuration can be used: ranges, choices, and what goes together."""

import math
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from lightning_pose.config.bind import nearest
from lightning_pose.config.schema import PRESETS, Config

MODEL_TYPES = ("heatmap",)
BACKBONES = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
HEADS = ("heatmap_fpn", "heatmap_cnn")
HEATMAP_LOSSES = ("ce", "mse", "kl", "js")
EXTRA_LOSSES: tuple[str, ...] = ()
STRIDE = 32  # of every backbone here

_WHOLE_FROM_ONE = (
    "train_batch_size", "val_batch_size", "test_batch_size", "max_epochs", "max_steps",
    "accumulate_grad_batches", "check_val_every_n_epoch", "log_every_n_steps", "ckpt_every_n_epochs",
    "early_stop_patience",
)  # fmt: skip
_NOT_NEGATIVE = (
    "min_epochs", "min_steps", "unfreezing_epoch", "unfreezing_step", "rng_seed_data_pt", "rng_seed_model_pt",
    "num_gpus", "num_workers", "last_ckpt_every_seconds", "cache_gib", "train_frames",
)  # fmt: skip
_FRACTIONS = ("train_prob", "val_prob")


def value_faults(config: Config) -> list[str]:
    """Return what is wrong with the values themselves; files are not looked at."""
    return [*_model_faults(config), *_loss_faults(config), *_data_faults(config), *_training_faults(config)]


def _model_faults(config: Config) -> Iterator[str]:
    """Yield parts of the model that are not there."""
    model = config.model
    yield from _choice("model.model_type", model.model_type, MODEL_TYPES)
    yield from _choice("model.backbone", model.backbone, BACKBONES)
    yield from _choice("model.head", model.head, HEADS)
    yield from _choice("model.heatmap_loss_type", model.heatmap_loss_type, HEATMAP_LOSSES)
    if model.head_width < 1:
        yield f"model.head_width: expected 1 or more, got {model.head_width}"
    if model.backbone_pretrained is False and model.backbone_weights not in (None, "none"):
        weights = model.backbone_weights
        yield f"model.backbone_pretrained is false, but model.backbone_weights is {weights}: choose one"
    if model.backbone_checkpoint and model.backbone_weights:
        yield "model.backbone_checkpoint and model.backbone_weights are both given: choose one"
    if "/" in model.model_name or not model.model_name:
        yield f"model.model_name: expected the name of a folder, got {model.model_name!r}"


def _loss_faults(config: Config) -> Iterator[str]:
    """Yield losses that are not there; one that acts by its weight alone counts as asked for."""
    asked = list(config.model.losses_to_use or [])
    asked += [
        name
        for name, loss in config.losses.items()
        if name.startswith("supervised_") and loss.log_weight is not None and name not in asked
    ]
    available = ", ".join(EXTRA_LOSSES) or "none beside the heatmap loss (model.heatmap_loss_type)"
    for name in asked:
        if name not in EXTRA_LOSSES:
            yield f"losses.{name}: this loss is not available; available: {available}"


def _data_faults(config: Config) -> Iterator[str]:
    """Yield faults of keypoints, views and sizes."""
    data = config.data
    if data.downsample_factor not in (1, 2, 3):
        yield f"data.downsample_factor: expected 1, 2 or 3, got {data.downsample_factor}"
    for side in ("height", "width"):
        size = getattr(data.image_resize_dims, side)
        if size is not None and (size < STRIDE or size % STRIDE):
            near = max(STRIDE, round(size / STRIDE) * STRIDE)
            key = f"data.image_resize_dims.{side}"
            yield f"{key}: expected a multiple of {STRIDE}, got {size}; nearest is {near}"
    if (data.image_resize_dims.height is None) != (data.image_resize_dims.width is None):
        yield "data.image_resize_dims: give both height and width, or neither"
    if data.num_keypoints is not None and data.num_keypoints < 1:
        yield f"data.num_keypoints: expected 1 or more, got {data.num_keypoints}"
    if data.keypoint_names and data.num_keypoints not in (None, len(data.keypoint_names)):
        named = len(data.keypoint_names)
        yield f"data.num_keypoints is {data.num_keypoints}, but data.keypoint_names has {named}"
    for key in ("keypoint_names", "view_names"):
        names = getattr(data, key) or []
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"data.{key}: {name} is there twice"
    for key in ("skeleton", "swaps"):
        for pair in getattr(data, key) or []:
            if len(pair) != 2 or (data.keypoint_names and not set(pair) <= set(data.keypoint_names)):
                yield f"data.{key}: expected pairs of keypoint names, got {pair}"


def _training_faults(config: Config) -> Iterator[str]:
    """Yield faults of sizes, rates and schedules."""
    training = config.training
    for names, least in ((_WHOLE_FROM_ONE, 1), (_NOT_NEGATIVE, 0)):
        for name in names:
            value = getattr(training, name)
            if value is not None and not value >= least:
                yield f"training.{name}: expected {least} or more, got {value}"
    for name in _FRACTIONS:
        if not 0 <= getattr(training, name) <= 1:
            yield f"training.{name}: expected a fraction from 0 to 1, got {getattr(training, name)}"
    if training.train_prob + training.val_prob > 1 + 1e-9:
        total = training.train_prob + training.val_prob
        yield f"training.train_prob + training.val_prob: expected 1 at most, got {total:g}"
    if training.train_prob == 0:
        yield "training.train_prob: nothing is left to train on"
    if training.num_gpus is not None and training.num_gpus > 1:
        yield f"training.num_gpus: one device trains, got {training.num_gpus}"
    yield from _length_faults(config)
    yield from _rate_faults(config)
    yield from _augment_faults(config)


def _length_faults(config: Config) -> Iterator[str]:
    """Yield faults of how long it trains."""
    training = config.training
    epochs, steps = (training.min_epochs, training.max_epochs), (training.min_steps, training.max_steps)
    if any(v is not None for v in epochs) and any(v is not None for v in steps):
        yield "training: give the length in epochs (max_epochs) or in steps (max_steps), not in both"
    for unit, (least, most) in (("epochs", epochs), ("steps", steps)):
        if least is not None and most is not None and least > most:
            yield f"training.min_{unit}: expected max_{unit} = {most} at most, got {least}"
    multistep = training.lr_scheduler_params.multisteplr
    for name, most in (("milestones", training.max_epochs), ("milestone_steps", training.max_steps)):
        late = [m for m in getattr(multistep, name) or [] if most is not None and m > most]
        if late and training.lr_scheduler == "multisteplr":
            yield f"training.lr_scheduler_params.multisteplr.{name}: {late} are after the end at {most}"


def _rate_faults(config: Config) -> Iterator[str]:
    """Yield faults of the optimiser's numbers."""
    training = config.training
    rate = training.optimizer_params.learning_rate
    if not (rate > 0 and math.isfinite(rate)):
        yield f"training.optimizer_params.learning_rate: expected a number above 0, got {rate}"
    warmup = training.lr_scheduler_params.onecycle.warmup
    if not 0 <= warmup < 1:
        key = "training.lr_scheduler_params.onecycle.warmup"
        yield f"{key}: expected a fraction from 0 to below 1, got {warmup}"
    if training.gradient_clip is not None and training.gradient_clip <= 0:
        yield f"training.gradient_clip: expected a number above 0, or null, got {training.gradient_clip}"


def _augment_faults(config: Config) -> Iterator[str]:
    """Yield faults of the augmentation."""
    imgaug, augment = config.training.imgaug, config.training.augment
    if isinstance(imgaug, dict):
        yield (
            "training.imgaug: a table of imgaug transforms is not read; set training.augment, or one of "
            + ", ".join(PRESETS)
        )
    else:
        yield from _choice("training.imgaug", imgaug, tuple(PRESETS))
    for entry in fields(augment):
        value = getattr(augment, entry.name)
        if isinstance(value, float) and not value >= 0:
            yield f"training.augment.{entry.name}: expected 0 or more, got {value}"
    for name in ("blur", "erasing", "erasing_size", "brightness", "colour", "noise"):
        if getattr(augment, name) > 1:
            yield f"training.augment.{name}: expected 1 at most, got {getattr(augment, name)}"
    odd = [angle for angle in augment.right_angles if angle not in (0, 90, 180, 270)]
    if odd or not augment.right_angles:
        yield f"training.augment.right_angles: expected some of 0, 90, 180, 270, got {augment.right_angles}"


def _choice(key: str, value: str, available: tuple[str, ...]) -> Iterator[str]:
    """Yield a fault when a value is none of those there are."""
    if value not in available:
        near = nearest(value, available)
        guess = f"; did you mean {near}?" if near else ""
        yield f"{key}: {value!r} is not available; available: {', '.join(available)}{guess}"


def file_fault(key: str, path: Path | None, what: str = "file") -> Iterator[str]:
    """Yield a fault when a file or folder that a key names is not there."""
    if path is not None and not (path.is_dir() if what == "folder" else path.is_file()):
        yield f"{key}: there is no {what} {path}"
