"""The only rooms where a configuration becomes objects."""

from lightning_pose.build.data import (
    build_clips,
    build_data,
    build_frames,
    build_frames_of,
    build_split_rule,
    calibrate_frames,
    context_frames,
    image_size,
)
from lightning_pose.build.losses import build_losses, training_labels
from lightning_pose.build.machine import (
    choose_precision,
    cpu_has_bf16,
    least_steps,
    steps_per_epoch,
    total_steps,
    trainer_options,
)
from lightning_pose.build.network import build_network, start_from
from lightning_pose.build.task import build_augmentation, build_task

__all__ = [
    "build_augmentation",
    "build_clips",
    "build_data",
    "build_frames",
    "build_frames_of",
    "build_losses",
    "build_network",
    "build_split_rule",
    "build_task",
    "calibrate_frames",
    "choose_precision",
    "context_frames",
    "cpu_has_bf16",
    "image_size",
    "least_steps",
    "start_from",
    "steps_per_epoch",
    "total_steps",
    "trainer_options",
    "training_labels",
]
