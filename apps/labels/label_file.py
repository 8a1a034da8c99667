"""What a label file says, as the store compares and keeps it."""

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from lightning_pose.core.csv_header import Header, read_header, read_lines
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import IGNORED, VISIBLE
from lightning_pose.core.tables import read_labels

ATTEMPTS = 5
_RACY_NS = 2_000_000_000  # a file so young may change again without another time stamp


class LabelFile(NamedTuple):
    """The labels of one view as a file has them.

    Attributes:
        header: its columns.
        frames: paths of the images.
        points: px, NaN where there is no label.
        visible: 0 ignore, 1 occluded, 2 visible; what a file without this column says by its coordinates.
        sha256: of the bytes.
    """

    header: Header
    frames: list[str]
    points: Float[np.ndarray, "T K 2"]
    visible: Int[np.ndarray, "T K"]
    sha256: str

    @property
    def names(self) -> tuple[str, ...]:
        """Its keypoints."""
        return self.header.names

    @property
    def labeled(self) -> Bool[np.ndarray, "T K"]:
        """Where it says something."""
        return self.visible != IGNORED


def read_label_file(path: Path) -> LabelFile:
    """Read a label file, one without rows included.

    A keypoint counts as labeled where `visible` is 2 and there are coordinates, or where it is 1. The
    coordinates of what is to be ignored are not read.

    Raises:
        DataError: as `read_labels`, and when somebody keeps writing the file.
    """
    for _ in range(ATTEMPTS):
        before = file_hash(path)
        label_file = _read(path, before)
        if file_hash(path) == before:
            return label_file
    raise DataError(f"{path} keeps changing while it is read: is another program writing it?")


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, "" where there is none."""
    try:
        with path.open("rb") as source:
            return hashlib.file_digest(source, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


class FileHashes:
    """The SHA-256 of label files; those that were not written since are not read again."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        """Take view to file."""
        self._paths = paths
        self._known: dict[str, tuple[tuple[int, ...], str]] = {}

    def __call__(self, view: str) -> str:
        """Return the SHA-256 of a view's file, "" where there is none."""
        path = self._paths[view]
        try:
            status = path.stat()
        except FileNotFoundError:
            return ""
        signature = status.st_mtime_ns, status.st_size, status.st_ino
        if view in self._known and self._known[view][0] == signature:
            return self._known[view][1]
        sha256 = file_hash(path)
        if time.time_ns() - status.st_mtime_ns > _RACY_NS:
            self._known[view] = signature, sha256
        return sha256


def inside(folder: Path, path: Path) -> Path:
    """Return the file behind a label file's name.

    Raises:
        DataError: when it is a link that leads out of the project.
    """
    target = path.resolve()
    if not target.is_relative_to(folder.resolve()):
        raise DataError(f"{path} leads out of the project, to {target}: the store writes only inside")
    return target


def _read(path: Path, sha256: str) -> LabelFile:
    header = read_header(path)
    if not _has_rows(path, header.lines):
        nothing = np.zeros((0, len(header.names)))
        return LabelFile(header, [], np.zeros((*nothing.shape, 2)), nothing.astype(np.int8), sha256)
    poses = read_labels(path)
    visible = np.where(poses.present, VISIBLE, IGNORED) if poses.visible is None else poses.visible
    visible = np.where((visible == VISIBLE) & ~poses.present, IGNORED, visible).astype(np.int8)
    whole = poses.present & (visible != IGNORED)
    points = np.where(whole[..., None], poses.points, np.nan)
    return LabelFile(header, [str(frame) for frame in poses.frames.tolist()], points, visible, sha256)


def _has_rows(path: Path, lines: int) -> bool:
    try:
        return any(read_lines(path, lines + 1)[-1])
    except DataError:  # it ends before
        return False
