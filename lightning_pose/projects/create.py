"""New projects: from a person's words, or around the labels that DeepLabCut left."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.naming import IMAGE_FOLDER
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import (
    LABELS,
    PROJECT_FILE,
    Project,
    create_project,
    is_project,
    open_project,
)
from lightning_pose.core.skeletons import Skeleton, builtin_skeletons, guess_skeleton, skeleton_from_names
from lightning_pose.core.tables import read_labels, write_poses

DLC_FILE = "config.yaml"
LONGEST = 100  # characters of a name


class Adopted(NamedTuple):
    """A project of another program, made readable here.

    Attributes:
        project: the project.
        written: the files that were added; none of the others has changed.
    """

    project: Project
    written: tuple[Path, ...]


def new_project(
    folder: Path | str,
    keypoints: Sequence[str],
    views: Sequence[str] = (),
    *,
    edges: Sequence[Sequence[str]] | None = None,
    swaps: Sequence[Sequence[str]] | None = None,
) -> Project:
    """Make a project folder, which training, prediction and the app read.

    Args:
        folder: where; it may exist, but hold no project.
        keypoints: their names.
        views: names of the cameras as they end the names of videos; none for a single camera.
        edges: pairs of keypoints that a line joins; those of a built-in skeleton that fits, if not given.
        swaps: pairs of left and right; read off the names, if not given.

    Raises:
        DataError: when names cannot be used, pairs are not of keypoints, or there is a project already; all
            listed.
    """
    faults = [*name_faults("keypoint", keypoints), *name_faults("view", views)]
    if not keypoints:
        faults.append("no keypoints: expected at least one name")
    if faults:
        raise_collected(DataError, "this project cannot be made", faults)
    if is_project(folder):
        raise DataError(f"{folder} holds a project already: give another folder, or open this one")
    if edges is None:
        guess = guess_skeleton(keypoints)
        edges = [(guess.names[a], guess.names[b]) for a, b in guess.edges]
    return create_project(folder, views, skeleton_from_names(keypoints, edges, swaps))


def known_skeleton(name: str) -> Skeleton:
    """Return a skeleton that comes with the package.

    Raises:
        DataError: when there is none of that name.
    """
    known = builtin_skeletons()
    if name not in known:
        raise DataError(f"there is no skeleton '{name}': expected one of {', '.join(known)}")
    return known[name]


def name_faults(kind: str, names: Sequence[str]) -> list[str]:
    """Return what is wrong with names that become parts of tables and files."""
    faults = []
    for name in names:
        if not name.strip() or name != name.strip():
            faults.append(f"{kind} {name!r}: expected a name that neither begins nor ends with a space")
        elif len(name) > LONGEST or re.search(r"[\x00-\x1f,\"]", name):
            faults.append(
                f"{kind} {name[:40]!r}: expected up to {LONGEST} characters, no comma, quote or line break"
            )
    twice = sorted({name for name in names if list(names).count(name) > 1})
    return [*faults, *(f"{kind} '{name}' is named twice" for name in twice)]


def is_deeplabcut(folder: Path | str) -> bool:
    """Return whether a folder is a project of DeepLabCut that has not been made readable here yet."""
    folder = Path(folder)
    if is_project(folder) or not (folder / DLC_FILE).is_file():
        return False
    return any(folder.glob(f"{IMAGE_FOLDER}/*/{LABELS}_*.csv")) or "bodyparts" in _read(folder / DLC_FILE)


def adopt_deeplabcut(folder: Path | str) -> Adopted:
    """Make a project of DeepLabCut readable here: add project.yaml, and one label file made of its own.

    Nothing that DeepLabCut wrote is changed. Labels are joined by the names of their keypoints.

    Raises:
        DataError: when it is none, has several animals, or its labels cannot be read.
    """
    folder = Path(folder)
    record = _read(folder / DLC_FILE)
    if not is_deeplabcut(folder):
        raise DataError(f"{folder} is no project of DeepLabCut: expected {DLC_FILE} with bodyparts")
    if record.get("multianimalproject"):
        raise DataError(f"{folder / DLC_FILE}: projects of several animals cannot be opened, only of one")
    names = [str(name) for name in record.get("bodyparts") or []]
    edges = [pair for pair in record.get("skeleton") or [] if set(map(str, pair)) <= set(names)]
    tables = sorted(folder.glob(f"{IMAGE_FOLDER}/*/{LABELS}_*.csv"))
    labels = _joined([read_labels(table) for table in tables], names) if tables else None
    project = new_project(folder, names, edges=edges or None)
    written = [folder / PROJECT_FILE]
    if labels is not None:
        written.append(folder / f"{LABELS}.csv")
        write_poses(written[1], labels, scorer=str(record.get("scorer") or "DeepLabCut"))
    return Adopted(open_project(project.folder), tuple(written))


def _joined(tables: Sequence[Poses], names: Sequence[str]) -> Poses:
    """Return all labels in one table, keypoints in the order of the project."""
    unknown = sorted({name for table in tables for name in table.names} - set(names))
    if unknown:
        raise DataError(f"labels name keypoints that the bodyparts of {DLC_FILE} lack: {', '.join(unknown)}")
    points = []
    for table in tables:
        some = np.full((len(table), len(names), 2), np.nan)
        some[:, [names.index(name) for name in table.names]] = table.points
        points.append(some)
    frames = np.concatenate([table.frames for table in tables])
    return Poses(tuple(names), np.concatenate(points), frames)


def _read(path: Path) -> dict[str, Any]:
    """Return what DeepLabCut's configuration says; nothing where it cannot be read."""
    try:
        record = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return {}
    return record if isinstance(record, dict) else {}
