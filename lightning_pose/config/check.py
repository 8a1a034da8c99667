"""Whether the values of a configuration can be used: ranges, choices, and numbers that contradict."""

import math
from collections.abc import Iterator
from dataclasses import fields

from lightning_pose.config.compatibility import choice, losses_asked_for, model_faults
from lightning_pose.config.schema import PRESETS, Config

_WHOLE_FROM_ONE = (
    "train_batch_size", "val_batch_size", "test_batch_size", "max_epochs", "max_steps",
    "accumulate_grad_batches", "check_val_every_n_epoch", "log_every_n_steps", "ckpt_every_n_epochs",
    "early_stop_patience", "num_devices",
)  # fmt: skip
_NOT_NEGATIVE = (
    "min_epochs", "min_steps", "unfreezing_epoch", "unfreezing_step", "rng_seed_data_pt", "rng_seed_model_pt",
    "num_gpus", "num_workers", "last_ckpt_every_seconds", "cache_gib", "reproject_weight",
)  # fmt: skip
_FRACTIONS = ("train_prob", "val_prob", "view_dropout")


def value_faults(config: Config) -> list[str]:
    """Return what is wrong with the values themselves; files are not looked at."""
    return [*_model_faults(config), *_loss_faults(config), *_data_faults(config), *_training_faults(config)]


def _model_faults(config: Config) -> Iterator[str]:
    """Yield contradictions and numbers of the model that cannot be."""
    model = config.model
    yield from model_faults(config)
    if model.head_width < 1:
        yield f"model.head_width: expected 1 or more, got {model.head_width}"
    if model.fusion_layers < 1:
        yield f"model.fusion_layers: expected 1 or more, got {model.fusion_layers}"
    if model.backbone_pretrained is False and model.backbone_weights not in (None, "none"):
        weights = model.backbone_weights
        yield f"model.backbone_pretrained is false, but model.backbone_weights is {weights}: choose one"
    if model.backbone_checkpoint and model.backbone_weights:
        yield "model.backbone_checkpoint and model.backbone_weights are both given: choose one"
    if "/" in model.model_name or not model.model_name:
        yield f"model.model_name: expected the name of a folder, got {model.model_name!r}"


def _data_faults(config: Config) -> Iterator[str]:
    """Yield faults of keypoints, views and sizes."""
    data = config.data
    if data.downsample_factor not in (1, 2, 3):
        yield f"data.downsample_factor: expected 1, 2 or 3, got {data.downsample_factor}"
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
        yield from _fraction(f"training.{name}", getattr(training, name))
    if training.train_prob + training.val_prob > 1 + 1e-9:
        total = training.train_prob + training.val_prob
        yield f"training.train_prob + training.val_prob: expected 1 at most, got {total:g}"
    if not training.train_frames > 0:
        yield f"training.train_frames: expected a share up to 1, or a count, got {training.train_frames}"
    if training.train_prob == 0:
        yield "training.train_prob: nothing is left to train on"
    yield from _length_faults(config)
    yield from _rate_faults(config)
    yield from _mask_faults(config)
    for name, weight in training.keypoint_weights.items():
        if not (weight >= 0 and math.isfinite(weight)):
            yield f"training.keypoint_weights.{name}: expected 0 or more, got {weight}"
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
    params = training.lr_scheduler_params
    for name in ("onecycle", "cosine", "multisteplr"):
        yield from _fraction(
            f"training.lr_scheduler_params.{name}.warmup", getattr(params, name).warmup, below=True
        )
    yield from _fraction("training.lr_scheduler_params.cosine.final", params.cosine.final)
    if training.ema_decay is not None:
        yield from _fraction("training.ema_decay", training.ema_decay, below=True)
    if training.gradient_clip is not None and training.gradient_clip <= 0:
        yield f"training.gradient_clip: expected a number above 0, or null, got {training.gradient_clip}"


def _mask_faults(config: Config) -> Iterator[str]:
    """Yield faults of how patches are masked."""
    mask = config.training.patch_mask
    if mask is None:
        return
    for name in ("init_ratio", "final_ratio", "whole_views"):
        yield from _fraction(f"training.patch_mask.{name}", getattr(mask, name))
    for unit in ("epoch", "step"):
        first, last = getattr(mask, f"init_{unit}"), getattr(mask, f"final_{unit}")
        if first is not None and last is not None and not 0 <= first <= last:
            yield f"training.patch_mask: expected 0 <= init_{unit} <= final_{unit}, got {first} and {last}"
    if any(v is not None for v in (mask.init_step, mask.final_step)) and any(
        v is not None for v in (mask.init_epoch, mask.final_epoch)
    ):
        yield "training.patch_mask: give its course in epochs or in steps, not in both"


def _loss_faults(config: Config) -> Iterator[str]:
    """Yield options of losses that cannot be, and stretches of video too short for them."""
    for name, loss in config.losses.items():
        start = f"losses.{name}"
        if loss.log_weight is not None and not math.isfinite(loss.log_weight):
            yield f"{start}.log_weight: expected a number, or null for a loss that is not used"
        kept = loss.components_to_keep
        if kept is not None and not (kept >= 1 if isinstance(kept, int) else 0 < kept <= 1):
            yield f"{start}.components_to_keep: expected a count, or a share above 0 up to 1.0, got {kept}"
        tolerances = loss.epsilon if isinstance(loss.epsilon, list) else [loss.epsilon or 0]
        if any(not tolerance >= 0 for tolerance in tolerances):
            yield f"{start}.epsilon: expected 0 or more, got {loss.epsilon}"
        if loss.prob_threshold is not None:
            yield from _fraction(f"{start}.prob_threshold", loss.prob_threshold)
        percentile = loss.empirical_epsilon_percentile
        if percentile is not None and not 0 <= percentile <= 100:
            yield f"{start}.empirical_epsilon_percentile: expected 0 to 100, got {percentile}"
    unlabeled = config.training.unlabeled
    temporal = [name for name in losses_asked_for(config) if name.startswith("temporal")]
    least = {"clip_length": 2 if temporal else 1, "clips_per_batch": 1, "num_workers": 0}
    for name, smallest in least.items():
        if getattr(unlabeled, name) < smallest:
            why = f" ({temporal[0]} compares frames with the next)" if smallest == 2 else ""
            got = getattr(unlabeled, name)
            yield f"training.unlabeled.{name}: expected {smallest} or more{why}, got {got}"
    anneal = config.callbacks.anneal_weight
    if anneal is not None:
        for name in ("init_val", "increase_factor", "final_val", "freeze_until_epoch"):
            if not getattr(anneal, name) >= 0:
                yield f"callbacks.anneal_weight.{name}: expected 0 or more, got {getattr(anneal, name)}"


def _fraction(key: str, value: float, *, below: bool = False) -> Iterator[str]:
    """Yield a fault when a value is not from 0 to 1, or with `below`, to below 1."""
    if not (0 <= value < 1 if below else 0 <= value <= 1):
        yield f"{key}: expected a fraction from 0 to {'below ' * below}1, got {value}"


def _augment_faults(config: Config) -> Iterator[str]:
    """Yield faults of the augmentation."""
    imgaug, augment = config.training.imgaug, config.training.augment
    if isinstance(imgaug, str):  # a table was translated before, or is a fault already
        yield from choice("training.imgaug", imgaug, tuple(PRESETS))
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
