"""Fill in what a configuration leaves to the project: files, views, keypoints, sizes; check the files."""

import copy
from collections.abc import Sequence
from pathlib import Path

import cv2

from lightning_pose.config.schema import Config, DataConfig
from lightning_pose.core.csv_header import read_header
from lightning_pose.core.errors import DataError
from lightning_pose.core.naming import image_file
from lightning_pose.core.project import LABELS, VIDEO_FOLDER, Project, open_project
from lightning_pose.core.skeletons import Skeleton, guess_skeleton
from lightning_pose.core.tables import read_labels

AREA = 256  # side of a square with as many pixels as the network sees by default
STRIDE = 32
PATH_LIKE = (".safetensors", ".bin", ".pt", ".pth", ".ckpt")
DEFAULT_EPOCHS = 300


def complete(config: Config, folder: Path) -> tuple[Config, list[str]]:
    """Return a configuration with nothing left open, and what stood in the way.

    Args:
        config: as bound; not changed.
        folder: of the configuration file: relative paths are relative to it.
    """
    config = copy.deepcopy(config)
    faults = _resolve_paths(config, folder)
    if config.data.data_dir is None:
        return config, [*faults, "data.data_dir: which folder holds the labels and images?"]
    data_dir = (folder / Path(config.data.data_dir).expanduser()).resolve()
    config.data.data_dir = str(data_dir)
    if not data_dir.is_dir():
        return config, [*faults, f"data.data_dir: there is no folder {data_dir}"]
    project, problem = _open(data_dir, needed=config.data.csv_file is None)
    if problem:
        return config, [*faults, problem]
    faults += _resolve_videos(config, folder, data_dir)
    files, found = _label_files(config.data, data_dir, project)
    faults += found
    if not found:
        faults += _complete_from_labels(config, files, data_dir, project)
    _complete_training(config)
    config.hydra = {}  # hydra itself takes the section away, and would not read back what stands for it
    return config, faults


def csv_paths(config: Config) -> dict[str, Path]:
    """Return the label file of every view of a completed configuration."""
    assert config.data.data_dir is not None
    names = config.data.csv_file if isinstance(config.data.csv_file, list) else [config.data.csv_file or ""]
    views = config.data.view_names or [""]
    return {view: Path(config.data.data_dir) / name for view, name in zip(views, names, strict=True)}


def _open(data_dir: Path, needed: bool) -> tuple[Project | None, str | None]:
    """Return the project in a folder, if it is one, and what is wrong where one is needed."""
    try:
        return open_project(data_dir), None
    except DataError as error:
        return None, f"data.csv_file is not given, and {error}" if needed else None


def _label_files(
    data: DataConfig, data_dir: Path, project: Project | None
) -> tuple[dict[str, Path], list[str]]:
    """Return the label file of every view, and what is wrong; sets views and files in `data`."""
    if data.csv_file is None:
        assert project is not None
        views = data.view_names or list(project.view_names)
        named = {view: project.label_file(view) for view in views or [""]}
    else:
        names = [data.csv_file] if isinstance(data.csv_file, str) else data.csv_file
        views = data.view_names if data.view_names is not None else _views_of(names, project)
        if len(views or [""]) != len(names):
            listed = ", ".join(views) or "none"
            return {}, [
                f"data.view_names and data.csv_file: {len(views)} views ({listed}), {len(names)} label files"
            ]
        named = {view: data_dir / name for view, name in zip(views or [""], names, strict=True)}
    data.view_names = list(views)
    data.csv_file = [
        str(path.relative_to(data_dir) if path.is_relative_to(data_dir) else path) for path in named.values()
    ]
    return named, [f"data.csv_file: there is no file {path}" for path in named.values() if not path.is_file()]


def _views_of(names: Sequence[str], project: Project | None) -> list[str]:
    """Return the views that label files are of: the project's, else as the files are called."""
    if len(names) == 1:
        return []
    stems = [Path(name).stem.removeprefix(f"{LABELS}_") for name in names]
    if project is not None and set(project.view_names) >= set(stems):
        return stems
    return (
        list(project.view_names) if project is not None and len(project.view_names) == len(names) else stems
    )


def _complete_from_labels(
    config: Config, files: dict[str, Path], data_dir: Path, project: Project | None
) -> list[str]:
    """Set keypoints, skeleton and image size from the label files; return what is wrong with these."""
    data, faults = config.data, []
    headers = {}
    for view, path in files.items():
        try:
            headers[view] = read_header(path).names
        except DataError as error:
            faults.append(str(error))
    if faults:
        return faults
    names = tuple(data.keypoint_names or next(iter(headers.values())))
    for view, found in headers.items():
        if found != names:
            lacking, added = sorted(set(names) - set(found)), sorted(set(found) - set(names))
            what = (
                f"lacks {lacking}, has {added} in addition"
                if lacking or added
                else "has them in another order"
            )
            faults.append(f"keypoints: {files[view]} {what}; expected {', '.join(names)}")
    if data.num_keypoints not in (None, len(names)):
        faults.append(
            f"data.num_keypoints is {data.num_keypoints}, but there are {len(names)} keypoints in the labels"
        )
    data.keypoint_names, data.num_keypoints = list(names), len(names)
    skeleton = _skeleton(names, project)
    if data.skeleton is None:
        data.skeleton = [[names[a], names[b]] for a, b in skeleton.edges]
    if data.swaps is None:
        data.swaps = [[names[a], names[b]] for a, b in skeleton.swaps]
    if config.training.imgaug_hflip and not data.swaps:
        faults.append(
            "training.imgaug_hflip: no keypoints are left and right of each other; list them in data.swaps"
        )
    if data.image_resize_dims.height is None:
        faults += _choose_size(data, files, data_dir)
    return faults


def _skeleton(names: tuple[str, ...], project: Project | None) -> Skeleton:
    """Return the project's skeleton, or the best guess."""
    if project is not None and set(names) <= set(project.keypoint_names):
        return project.skeleton.select(names)
    return guess_skeleton(names)


def _choose_size(data: DataConfig, files: dict[str, Path], data_dir: Path) -> list[str]:
    """Set a network size of the shape of the first image and the area of 256 x 256, or smaller as it is."""
    view, path = next(iter(files.items()))
    try:
        first = str(read_labels(path).frames[0])
    except DataError as error:
        return [str(error)]
    image = cv2.imread(str(image_file(data_dir, first)))
    if image is None:
        return [f"{path}: image {first} of view '{view}' is not in {data_dir}, or cannot be read"]
    height, width = image.shape[:2]
    scale = min(1.0, AREA / (height * width) ** 0.5)
    sides = [max(STRIDE * 2, round(side * scale / STRIDE) * STRIDE) for side in (height, width)]
    data.image_resize_dims.height, data.image_resize_dims.width = sides
    return []


def _complete_training(config: Config) -> None:
    """Set what depends on other keys."""
    training, model = config.training, config.model
    if training.train_batch_size is None:
        training.train_batch_size = 8 if len(config.data.view_names or []) > 1 else 16
    n = max(1, training.num_devices)  # every process sees as much of a batch
    training.train_batch_size = -(-training.train_batch_size // n) * n
    if training.max_epochs is None and training.max_steps is None:
        training.max_epochs = max(DEFAULT_EPOCHS, training.min_epochs or 0)
    if model.backbone_weights is None:
        given = "pretrained" if model.backbone_pretrained else "none"
        model.backbone_weights = model.backbone_checkpoint or given


def _resolve_videos(config: Config, folder: Path, data_dir: Path) -> list[str]:
    """Make the folders of videos absolute; return one that is to be predicted and is not there."""
    video_dir = Path(config.data.video_dir).expanduser() if config.data.video_dir else data_dir / VIDEO_FOLDER
    config.data.video_dir = str(folder / video_dir)
    wanted = config.eval.test_videos_directory
    videos = folder / Path(wanted).expanduser() if wanted else folder / video_dir
    config.eval.test_videos_directory = str(videos)
    if config.eval.predict_vids_after_training and not videos.is_dir():
        return [
            f"eval.test_videos_directory: there is no folder {videos} to predict after training; "
            "eval.predict_vids_after_training=false trains without"
        ]
    return []


def _resolve_paths(config: Config, folder: Path) -> list[str]:
    """Make the paths outside of the data absolute; return those that are not there."""
    faults = []
    for section, key, kinds in (
        (config.training, "split_file", "file"),
        (config.model, "checkpoint", "file or folder"),
        (config.model, "backbone_checkpoint", "file or folder"),
        (config.model, "backbone_weights", "file or folder"),
    ):
        value = getattr(section, key)
        if value is None or (key == "backbone_weights" and not _is_path(value, folder)):
            continue
        path = (folder / Path(value).expanduser()).resolve()
        setattr(section, key, str(path))
        if not path.exists() or (kinds == "file" and not path.is_file()):
            name = "training" if key == "split_file" else "model"
            faults.append(f"{name}.{key}: there is no {kinds} {path}")
    return faults


def _is_path(weights: str, folder: Path) -> bool:
    """Return whether weights are named by a path and not by a name on the hub."""
    if weights in ("none", "pretrained"):
        return False
    return weights.endswith(PATH_LIKE) or weights.startswith((".", "/", "~")) or (folder / weights).exists()
