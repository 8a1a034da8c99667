"""How much of a project is labeled, and whether a model has seen all of it."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lightning_pose.core.errors import DataError
from lightning_pose.core.files import hash_file
from lightning_pose.core.naming import image_session
from lightning_pose.core.project import Project
from lightning_pose.projects.listing import changed_at

SPLIT = "split.csv"  # of a model folder: a row for every instant that its training knew


class Labels(NamedTuple):
    """What is labeled, by session and by keypoint.

    Attributes:
        frames: session to instants that are there to be labeled, the labeled ones among them.
        labeled: session to instants with a label in any view.
        keypoints: keypoint to labels, those of all views counted.
        queued: instants that a person has sent to be labeled and that have not been.
    """

    frames: dict[str, int]
    labeled: dict[str, int]
    keypoints: dict[str, int]
    queued: int = 0

    @property
    def total(self) -> int:
        """Labeled instants."""
        return sum(self.labeled.values())

    @property
    def waiting(self) -> int:
        """Instants without any label."""
        return sum(self.frames.values()) - self.total


NO_LABELS = Labels({}, {}, {})


def count_labels(project: Project) -> Labels:
    """Count what is in the label files; the app's store knows more, see `apps.labels.counts`.

    Raises:
        DataError: when the label files cannot be read.
    """
    if not project.label_files:
        return Labels({}, {}, dict.fromkeys(project.keypoint_names, 0))
    views = project.read_labels()
    first = project.views[0]
    sessions = np.array([image_session(str(image), first) for image in views[first].frames], dtype=object)
    labeled = np.any([poses.present.any(axis=1) for poses in views.values()], axis=0)
    points = np.sum([poses.present.sum(axis=0) for poses in views.values()], axis=0)
    return Labels(
        _counted(sessions), _counted(sessions[labeled]),
        dict(zip(project.keypoint_names, points.tolist(), strict=True)),
    )  # fmt: skip


def _counted(sessions: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for session in sessions:
        counts[session] = counts.get(session, 0) + 1
    return counts


def labels_changed(project: Project, folder: Path, trained: float) -> bool:
    """Return whether a model was trained with other labels than those of now.

    A model folder holds copies of its label files. Only a file that is younger than its copy and as long is
    read. Without a copy, the time of the training decides.

    Args:
        project: with the labels of now.
        folder: of the model, of one network.
        trained: when it was, Unix seconds.
    """
    for file in project.label_files.values():
        copy = folder / file.name
        if not copy.is_file():
            if (changed_at(file) or 0.0) > trained:
                return True
            continue
        now, then = file.stat(), copy.stat()
        if now.st_size != then.st_size:
            return True
        if now.st_mtime_ns > then.st_mtime_ns and hash_file(file) != hash_file(copy):
            return True
    return False


def trained_instants(folder: Path) -> int | None:
    """Return how many labeled instants the training of a network knew; None where that is not written."""
    try:
        with (folder / SPLIT).open(newline="", encoding="utf-8") as file:
            return sum(1 for _ in csv.reader(file)) - 1
    except (OSError, UnicodeDecodeError, csv.Error):
        return None


def known_labels(project: Project) -> Labels:
    """Return what is labeled, nothing where the label files cannot be read: `litpose check` says why."""
    try:
        return count_labels(project)
    except DataError:
        return NO_LABELS
