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

from apps.results.catalogue import Catalogue
from apps.results.sources import Session as Session
from apps.results.sources import Source as Source
from apps.results.tree import Tree
from lightning_pose.core.project import PROJECT_FILE, Project, open_project


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
