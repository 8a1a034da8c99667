"""The new project: human and pseudo-labels in one, the images of both, and what a training needs to know."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import cv2
import numpy as np
from jaxtyping import Float, Int

from lightning_pose.core.calibration import find_calibration
from lightning_pose.core.errors import ConfigError, DataError, raise_collected
from lightning_pose.core.files import atomic_path, write_json
from lightning_pose.core.label_weights import PREFIX, read_label_weights, write_label_weights
from lightning_pose.core.naming import IMAGE_FOLDER, image_at, image_file, image_name, image_session
from lightning_pose.core.poses import IGNORED, VISIBLE, Poses
from lightning_pose.core.project import LABELS, PROJECT_FILE, Project, save_project
from lightning_pose.core.tables import write_poses
from lightning_pose.core.video import VideoReader
from lightning_pose.data.split import write_split
from lightning_pose.pseudolabels.smoothed import Smoothed

RECORD, SPLIT_FILE, CALIBRATIONS = "pseudolabels.json", "split.csv", "calibrations"
Progress = Callable[[int, int], None]


class Chosen(NamedTuple):
    """Frames of one session that become labeled.

    Attributes:
        smoothed: the session.
        rows: of its tables.
        weights: of every point in these frames; 0 is no label.
    """

    smoothed: Smoothed
    rows: Int[np.ndarray, "N"]
    weights: Float[np.ndarray, "N V K"]

    def labels(self, view: int) -> tuple[Poses, Float[np.ndarray, "N K"]]:
        """Return the pseudo-labels of one view under the names of their images, and their weights."""
        name = list(self.smoothed.views)[view]
        poses, weights = self.smoothed.views[name].rows(self.rows), self.weights[:, view]
        session = self.smoothed.session.name
        frames = np.array([image_name(session, name, frame) for frame in poses.frames.tolist()], dtype=str)
        points = np.where(weights[..., None] > 0, poses.points, np.nan)
        return Poses(poses.names, points, frames), weights


def claim(
    output: Path, project: Project, record: Mapping[str, Any], *, resume: bool, overwrite: bool
) -> None:
    """Make the output folder ours and write down what is to be made in it.

    Raises:
        ConfigError: when it is the project itself, or something is in it that neither `resume` nor
            `overwrite` allows to touch.
    """
    if (project.folder / RECORD).is_file():
        raise ConfigError(
            f"{project.folder} holds pseudo-labels already; give the project of the human labels, "
            f"which {RECORD} names"
        )
    if output.resolve() == project.folder.resolve():
        raise ConfigError(f"--output_dir is the project {output} itself, whose labels are not touched")
    if resume and overwrite:
        raise ConfigError("--resume continues what is there and --overwrite removes it: choose one")
    path = output / RECORD
    if output.is_dir() and any(output.iterdir()):
        if not (resume or overwrite):
            raise ConfigError(
                f"{output} is not empty. --resume goes on with it, --overwrite replaces the pseudo-labels "
                "in it; or name another --output_dir"
            )
        if not path.is_file():
            raise ConfigError(f"{output} holds something else ({RECORD} is missing), so it is left alone")
        if resume and (former := json.loads(path.read_text(encoding="utf-8"))) != record:
            faults = [
                f"{key} was {former.get(key)} and is now {value}"
                for key, value in record.items()
                if former.get(key) != value
            ]
            raise_collected(ConfigError, f"{output} cannot be resumed with other settings", faults)
        if overwrite:
            _empty(output)
    elif output.exists() and not output.is_dir():
        raise ConfigError(f"{output} is a file; expected a folder")
    write_json(path, record)


def write_labels(
    output: Path, project: Project, labels: Mapping[str, Poses], sets: Sequence[str], chosen: Sequence[Chosen]
) -> None:
    """Write tables, weights, split, calibrations and project.yaml; the images should be there.

    Args:
        output: folder of the new project.
        project: that the human labels are of.
        labels: human ones, by view.
        sets: of the human labels; pseudo-labels all train.
        chosen: the pseudo-labels.
    """
    sessions = {item.smoothed.session.name for item in chosen}
    for column, (view, human) in enumerate(labels.items()):
        file = output / ("_".join(filter(None, (LABELS, view))) + ".csv")
        parts, weights = zip(*(item.labels(column) for item in chosen), strict=True)
        pseudo = np.concatenate([part.frames for part in parts])
        own = read_label_weights(project.label_file(view), human)
        weighed = pseudo if own is None else np.concatenate([human.frames, pseudo])
        write_label_weights(
            file, np.concatenate(weights if own is None else (own, *weights)), human.names, weighed
        )
        write_poses(file, _joined(human, parts))
        sessions |= {image_session(str(image), view) for image in human.frames.tolist()}
        if column == 0:
            frames = [*map(str, human.frames.tolist()), *pseudo.tolist()]
            write_split(output / SPLIT_FILE, frames, [*sets, *["train"] * len(pseudo)])
    for session in sorted(sessions) if project.view_names else ():
        path = find_calibration(project.folder, session)
        if path is not None:
            _copy(path, output / CALIBRATIONS / f"{session}.toml")
    save_project(Project(output, project.view_names, project.skeleton, {}, project.other))


def write_images(
    output: Path,
    project: Project,
    labels: Mapping[str, Poses],
    chosen: Sequence[Chosen],
    context: int = 0,
    progress: Progress = lambda done, total: None,
) -> None:
    """Copy the images of human labels, take those of pseudo-labels from the videos; what is there stays.

    Args:
        output: folder of the new project.
        project: that the human labels are of.
        labels: human ones, by view.
        chosen: the pseudo-labels.
        context: frames before and after each image that come along, as far as there are any.
        progress: told (images done, all images).

    Raises:
        DataError: when an image is named by a path that leads out of the project.
        VideoError: when a frame cannot be decoded.
    """
    human = [str(image) for poses in labels.values() for image in poses.frames.tolist()]
    outside = [image for image in human if not _is_inside(image)]
    if outside:
        raise_collected(DataError, "images must be named relative to the project", outside[:20])
    offsets = range(-context, context + 1)
    around = [image_at(image, offset) if context else image for image in human for offset in offsets]
    copies = [
        image for image in dict.fromkeys(filter(None, around)) if image_file(project.folder, image).is_file()
    ]
    wanted = []
    for item in chosen:
        numbers = np.unique(item.smoothed.frames[item.rows][:, None] + np.array(offsets))
        last = item.smoothed.session.n_frames - 1
        wanted.append(numbers[(numbers >= 0) & (numbers <= last)].tolist())
    total = len(copies) + sum(map(len, wanted)) * len(labels)
    done = 0
    for image in copies:
        _copy(image_file(project.folder, image), image_file(output, image))
        progress(done := done + 1, total)
    for item, numbers in zip(chosen, wanted, strict=True):
        for view, path in item.smoothed.session.videos.items():
            with VideoReader(path, rgb=False) as reader:
                for number in numbers:
                    file = output / image_name(item.smoothed.session.name, view, number)
                    if not file.is_file():
                        with atomic_path(file) as temporary:
                            cv2.imwrite(str(temporary), reader[number])
                    progress(done := done + 1, total)


def _joined(human: Poses, parts: Sequence[Poses]) -> Poses:
    """Return all labels in one table, with the columns of the human one."""
    points = np.concatenate([human.points, *(part.points for part in parts)])
    frames = np.concatenate([human.frames, *(part.frames for part in parts)])
    visible = None
    if human.visible is not None:
        added = [np.where(part.present, VISIBLE, IGNORED) for part in parts]
        visible = np.concatenate([human.visible, *added])
    return Poses(human.names, points, frames, visible=visible, scorer=human.scorer)


def _copy(source: Path, target: Path) -> None:
    """Copy a file whole or not at all; one that is there stays."""
    if not target.is_file():
        with atomic_path(target) as temporary:
            shutil.copyfile(source, temporary)


def _is_inside(image: str) -> bool:
    """Return whether a path stays inside the folder that it is relative to."""
    path = PurePosixPath(image.replace("\\", "/"))
    return not path.is_absolute() and ".." not in path.parts and ":" not in path.parts[0]


def _empty(output: Path) -> None:
    """Remove what an earlier call has written, and nothing else."""
    for name in (IMAGE_FOLDER, CALIBRATIONS):
        shutil.rmtree(output / name, ignore_errors=True)
    tables = (*output.glob(f"{LABELS}*.csv"), *output.glob(f"{PREFIX}{LABELS}*.csv"))
    for path in (*tables, *(output / name for name in (SPLIT_FILE, PROJECT_FILE, "config.yaml", RECORD))):
        path.unlink(missing_ok=True)
