"""From a configuration to labeled frames, their split and their loaders."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from lightning_pose.config import Config, csv_paths
from lightning_pose.config.compatibility import LOSSES, losses_asked_for
from lightning_pose.core.errors import CalibrationError, raise_collected
from lightning_pose.core.label_manifest import unfinished_views
from lightning_pose.core.label_weights import read_view_weights
from lightning_pose.core.poses import shorten
from lightning_pose.core.project import VIDEO_FOLDER
from lightning_pose.core.sessions import find_rig, read_sessions
from lightning_pose.data.cameras import calibrate
from lightning_pose.data.clips import ClipOptions, Clips, Source
from lightning_pose.data.labels import LabeledFrames, read_labeled_frames
from lightning_pose.data.module import LabeledData
from lightning_pose.data.split import SplitRule
from lightning_pose.data.targets import reproject_labels, weigh_keypoints
from lightning_pose.models.context import CONTEXT


def image_size(config: Config) -> tuple[int, int]:
    """Return height and width of the network's images."""
    size = config.data.image_resize_dims
    assert size.height is not None and size.width is not None, "a completed configuration"
    return size.height, size.width


def context_frames(config: Config) -> int:
    """Return how many frames before and after an image the network looks at too."""
    return CONTEXT if config.model.model_type == "heatmap_mhcrnn" else 0


def build_frames(config: Config, progress: Callable[[int, int], None] | None = None) -> LabeledFrames:
    """Read and check the labels and images, hold the labels to the calibrations, and make the targets.

    Raises:
        DataError: with everything that does not fit.
        CalibrationError: when a calibration contradicts the labels, or one that is needed is not there.
    """
    training = config.training
    _say_what_is_unfinished(Path(config.data.data_dir or "."))
    frames = _read(config, csv_paths(config), progress)
    calibrate_frames(config, frames, geometric_options(config))
    weights = read_view_weights(csv_paths(config), frames.poses)
    if weights is not None:
        frames.targets = frames.targets._replace(weight=weights)
    if training.reproject_labels:
        frames.targets = reproject_labels(frames, training.reproject_weight)
    if training.keypoint_weights:
        frames.targets = weigh_keypoints(frames.targets, frames.keypoint_names, training.keypoint_weights)
    return frames


def build_frames_of(
    config: Config, files: dict[str, Path], progress: Callable[[int, int], None] | None = None
) -> LabeledFrames:
    """Read and check other label files of the same views, for evaluation.

    Raises:
        DataError: with everything that does not fit.
        CalibrationError: when a calibration contradicts the labels, or one that is needed is not there.
    """
    frames = _read(config, files, progress)
    calibrate_frames(config, frames, ["model.camera_tokens"] if config.model.camera_tokens else [])
    return frames


def geometric_options(config: Config) -> list[str]:
    """Return the options that are on and cannot do without a calibration of every labeled session."""
    needs = {name: LOSSES[name] for name in losses_asked_for(config) if name in LOSSES}
    switches = {
        "training.imgaug_3d": config.training.imgaug_3d,
        "training.reproject_labels": config.training.reproject_labels,
        "model.camera_tokens": config.model.camera_tokens,
    } | {f"losses.{name}": need.calibration and not need.video for name, need in needs.items()}
    return [name for name, on in switches.items() if on]


def _require_rigs(config: Config, sources: Sequence[Source]) -> None:
    """Hold unlabeled video to what needs calibrations: a network of all sessions, a loss of one at least.

    Raises:
        CalibrationError: when they are not there; the sessions without listed.
    """
    lacking = [f"'{source.session.name}'" for source in sources if source.rig is None]
    losses = [name for name in losses_asked_for(config) if LOSSES[name].calibration and LOSSES[name].video]
    needs = None
    if config.model.camera_tokens:
        needs = "model.camera_tokens needs a calibration of every session"
    elif losses and len(lacking) == len(sources):
        needs = f"losses.{losses[0]} needs a calibration of at least one session"
    if needs and lacking:
        advice = "put calibration.toml into the project, or take these sessions out of data.video_dir"
        heading = f"{needs} of unlabeled video; {advice}"
        raise_collected(CalibrationError, heading, shorten(lacking))


def _say_what_is_unfinished(project: Path) -> None:
    """Warn of label files that may not belong together."""
    views = [view or "the only view" for view in unfinished_views(project)]
    if views:
        warnings.warn(
            f"the label files of {', '.join(views)} are not as the app wrote them last: that was "
            f"interrupted, or another program edited them. `litpose app {project}` shows what differs",
            stacklevel=3,
        )


def _read(
    config: Config, files: dict[str, Path], progress: Callable[[int, int], None] | None
) -> LabeledFrames:
    """Read labels and decode images."""
    return read_labeled_frames(
        files,
        Path(config.data.data_dir or "."),
        image_size(config),
        keypoint_names=config.data.keypoint_names,
        outside=config.data.labels_outside_image,
        uniform_for_missing=config.training.uniform_heatmaps_for_nan_keypoints,
        context=context_frames(config),
        cache_gib=config.training.cache_gib,
        progress=progress,
    )


def calibrate_frames(config: Config, frames: LabeledFrames, needed_by: Sequence[str]) -> None:
    """Give labeled frames of the configuration's project the cameras that there are.

    Raises:
        CalibrationError: when a calibration contradicts the labels, or one that is needed is not there.
        DataError: when boxes cannot be read or are not those of the labels.
    """
    data, data_dir = config.data, Path(config.data.data_dir or ".")
    boxes = [data.bbox_file] if isinstance(data.bbox_file, str) else data.bbox_file
    calibrate(
        frames,
        data_dir,
        camera_file=None if data.camera_params_file is None else data_dir / data.camera_params_file,
        box_files=None if boxes is None else [data_dir / file for file in boxes],
        needed_by=needed_by,
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


def build_clips(config: Config) -> Clips:
    """Return the unlabeled video of every step, for losses that look at it.

    Raises:
        DataError: when sessions lack a view, have views of different lengths, or are too short.
        CalibrationError: when a calibration is there and cannot be that of a session, or there is none and an
            option needs one.
    """
    data, unlabeled = config.data, config.training.unlabeled
    data_dir, views = Path(data.data_dir or "."), tuple(csv_paths(config))
    # a CSV names calibrations of labeled images; videos find theirs by name
    given = data.camera_params_file if str(data.camera_params_file).endswith(".toml") else None
    calibration = None if given is None else data_dir / given
    sessions = read_sessions(Path(data.video_dir or data_dir / VIDEO_FOLDER), views)
    sources = [Source(session, find_rig(session, calibration, data_dir).rig) for session in sessions]
    _require_rigs(config, sources)
    options = ClipOptions(
        unlabeled.clip_length,
        unlabeled.clips_per_batch,
        context=context_frames(config),
        seed=config.training.rng_seed_model_pt,
    )
    return Clips(sources, image_size(config), options)


def build_data(
    config: Config, frames: LabeledFrames, sets: Sequence[str], clips: Clips | None = None
) -> LabeledData:
    """Return the loaders."""
    training = config.training
    return LabeledData(
        frames,
        sets,
        train_batch_size=training.train_batch_size or 1,
        val_batch_size=training.val_batch_size,
        seed=training.rng_seed_model_pt,
        clips=clips,
        num_workers=training.unlabeled.num_workers,
    )
