"""From a configuration to labeled frames, their split and their loaders."""

from collections.abc import Callable, Sequence
from pathlib import Path

from lightning_pose.config import Config, csv_paths
from lightning_pose.data.cameras import check_cameras
from lightning_pose.data.labels import LabeledFrames, read_labeled_frames
from lightning_pose.data.module import LabeledData
from lightning_pose.data.split import SplitRule


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
