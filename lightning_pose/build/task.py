"""From a configuration to the training of a network: its losses, its augmentation and its optimiser."""

from collections.abc import Sequence

from lightning_pose.build.losses import build_losses
from lightning_pose.build.machine import epoch_steps, total_steps
from lightning_pose.config import Config
from lightning_pose.data.augment import Augmentation, Geometric
from lightning_pose.data.masking import PatchMasking
from lightning_pose.data.photometric import Photometric
from lightning_pose.data.world import WorldMotion
from lightning_pose.losses.base import WeightedLoss
from lightning_pose.models.base import PoseNetwork
from lightning_pose.tasks.pose2d import Optimisation, Pose2DTask
from lightning_pose.tasks.schedule import Course, anneal, cosine, multi_step, one_cycle


def build_task(
    config: Config, network: PoseNetwork, steps_per_epoch: int, losses: Sequence[WeightedLoss] | None = None
) -> Pose2DTask:
    """Return the training of a network; without `losses`, by those that need no labels to be fitted to."""
    training = config.training
    optimisation = Optimisation(
        optimizer=training.optimizer,
        learning_rate=training.optimizer_params.learning_rate,
        weight_decay=training.optimizer_params.weight_decay,
        course=_course(config, steps_per_epoch),
        steps_per_epoch=steps_per_epoch,
        unfreeze_step=_unfreeze_step(config, steps_per_epoch),
        seed=training.rng_seed_model_pt,
        masking=_masking(config, steps_per_epoch),
        view_dropout=training.view_dropout,
        strength=_strength(config, steps_per_epoch),
        gradual=training.unfreezing == "gradual",
        accumulate=training.accumulate_grad_batches,
    )
    losses = build_losses(config) if losses is None else losses
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
    world = WorldMotion(options.world_scale, options.world_shift, options.world_rotation)
    moves = config.training.imgaug_3d and any(world)
    return Augmentation(geometric, photometric, swaps, world if moves else None)


def _masking(config: Config, batches: int) -> PatchMasking | None:
    """Return how much is masked, and when; an epoch stands for the step that it begins with."""
    options = config.training.patch_mask
    if options is None or not (options.final_ratio or options.whole_views):
        return None
    first, last = (
        step if step is not None else (epoch or 0) * epoch_steps(config, batches)
        for step, epoch in (
            (options.init_step, options.init_epoch),
            (options.final_step, options.final_epoch),
        )
    )
    return PatchMasking(first, last, options.init_ratio, options.final_ratio, options.whole_views)


def _course(config: Config, batches: int) -> Course:
    """Return the course of the learning rate."""
    params, total = config.training.lr_scheduler_params, total_steps(config, batches)
    if config.training.lr_scheduler == "onecycle":
        return one_cycle(total, params.onecycle.warmup)
    if config.training.lr_scheduler == "cosine":
        return cosine(total, params.cosine.warmup, params.cosine.final)
    multistep, epoch = params.multisteplr, epoch_steps(config, batches)
    steps = multistep.milestone_steps or [milestone * epoch for milestone in multistep.milestones or []]
    return multi_step(steps, multistep.gamma, round(multistep.warmup * total))


def _strength(config: Config, batches: int) -> Course:
    """Return how much annealed losses count."""
    options = config.callbacks.anneal_weight
    if options is None:
        return lambda step: 1.0
    return anneal(
        initial=options.init_val,
        increase=options.increase_factor,
        final=options.final_val,
        frozen_epochs=options.freeze_until_epoch,
        steps_per_epoch=epoch_steps(config, batches),
    )


def _unfreeze_step(config: Config, batches: int) -> int:
    """Return the step from which the backbone learns; one without weights learns from the start."""
    training = config.training
    if config.model.backbone_weights in (None, "none") and config.model.checkpoint is None:
        return 0
    if training.unfreezing_step is not None:
        return training.unfreezing_step
    return (training.unfreezing_epoch or 0) * epoch_steps(config, batches)
