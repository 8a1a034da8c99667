"""What a project or demo folder holds, as the pages and routes are told; no page, no framework.

Everything is looked for inside the folder that was given. A link that leads out of it is not followed, and is
named among the notes, as is every file whose name says neither session nor view. Looking again is cheap: only
folders in which something came or went are listed, and where none was, the answer is the same object.
"""

import json
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from apps.results.catalogue import Catalogue
from apps.results.sources import Session as Session
from apps.results.sources import Source as Source
from apps.results.tree import Tree
from lightning_pose.core.calibration import Rig
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import PROJECT_FILE, Project, open_project
from lightning_pose.core.tables import read_poses

BAND = 1.96  # half width of a 95 % interval of a Gaussian, in standard deviations


@dataclass(frozen=True)
class Contents:
    """A folder as the viewer sees it.

    Attributes:
        root: the folder, resolved.
        project: the project in it.
        sessions: by name, in order.
        notes: files that are not shown, and why.
        summary: scores that a demo left.
    """

    root: Path
    project: Project
    sessions: dict[str, Session]
    notes: list[str]
    summary: dict[str, Any] | None

    def relative(self, path: Path) -> str:
        """Return a path as it is shown: below the folder."""
        return path.relative_to(self.root).as_posix()

    def rig(self, session: Session) -> Rig | None:
        """Return the cameras of a session, where it is calibrated."""
        path = session.calibration
        return None if path is None else Rig.load(path)


class Folder:
    """A project folder that is looked through again and again."""

    def __init__(self, root: Path) -> None:
        """Remember which; nothing is read yet."""
        self.root = root.resolve()
        self._tree = Tree(self.root)
        self._lock = threading.Lock()
        self._seen: tuple[object, float, Contents] | None = None

    def contents(self, within: float = 0.0) -> Contents:
        """Return what the folder holds, as it was at most so many seconds ago.

        Raises:
            DataError: when neither the folder nor its `project/` is a project, or its files are wrong.
        """
        with self._lock:
            if self._seen is not None and time.monotonic() - self._seen[1] < within:
                return self._seen[2]
            home = self._home()
            files = [home / PROJECT_FILE, self.root / "summary.json", *home.glob("*.csv")]
            stamps = [(path, path.stat().st_mtime_ns) for path in files if path.is_file()]
            listings = self._tree.look()
            key = (self._tree.revision, stamps)
            if self._seen is None or self._seen[0] != key:
                made = _read(self.root, home, listings)
            else:
                made = self._seen[2]
            self._seen = (key, time.monotonic(), made)
            return made

    def _home(self) -> Path:
        nested = self.root / "project"
        return nested if not (self.root / PROJECT_FILE).is_file() and nested.is_dir() else self.root


@lru_cache(maxsize=64)
def folder_of(root: Path) -> Folder:
    """Return the one memory of a folder, given resolved, in this process: the routes' and the pages'."""
    return Folder(root)


def read_folder(root: Path) -> Contents:
    """Look through a project folder, or one that `litpose demo` filled.

    Raises:
        DataError: when neither the folder nor its `project/` is a project, or the project's files are wrong.
    """
    return folder_of(root.resolve()).contents()


def _read(root: Path, home: Path, listings: dict[str, Any]) -> Contents:
    """Sort what was listed."""
    project = open_project(home)
    path = root / "summary.json"
    summary = json.loads(path.read_text()) if path.is_file() else None
    found = Catalogue(root, home, project.view_names, listings, summary)
    return Contents(root, project, found.sessions, found.notes, summary)


def load(path: Path) -> Poses:
    """Read a table of keypoints."""
    return read_poses(path)


def half_band(poses: Poses) -> Float[np.ndarray, "T K D"] | None:
    """Return half the width of the 95 % interval of every coordinate, where the table gives variances."""
    return None if poses.variance is None else BAND * np.sqrt(poses.variance)


def window(count: int, centre: int, width: int) -> slice:
    """Return `width` of `count` rows around `centre`, moved inwards at the ends."""
    start = max(0, min(centre - width // 2, count - width))
    return slice(start, min(count, start + width))


def jumps(points: Float[np.ndarray, "T K D"], count: int, apart: int = 10) -> Int[np.ndarray, "n"]:
    """Return the frames with the largest steps of any keypoint, largest first: where to look for errors.

    A step is measured against the keypoint's median step, so that a nose does not outshout a hip. Of frames
    closer together than `apart`, only the one with the largest step is returned.
    """
    if len(points) < 2:
        return np.zeros(0, dtype=int)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=-1)
    typical = np.nanmedian(np.where(np.isfinite(steps).any(axis=0), steps, 0.0), axis=0)
    relative = np.nan_to_num(steps / np.where(typical > 0, typical, np.nan)).max(axis=1)
    found: list[int] = []
    for frame in np.argsort(relative)[::-1] + 1:
        if len(found) == count or relative[frame - 1] == 0:
            break
        if all(abs(frame - other) >= apart for other in found):
            found.append(int(frame))
    return np.array(found, dtype=int)
