"""How much is labeled, by session and by keypoint, read beside the store and without opening it."""

import sqlite3
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from apps.labels.schema import connect
from apps.labels.store import DATABASE
from lightning_pose.core.errors import DataError
from lightning_pose.core.label_manifest import STORE_FOLDER
from lightning_pose.core.project import Project, open_project
from lightning_pose.projects.labeled import Labels, known_labels

_POINTS = "state IN (1, 2) AND origin <> 2"  # labels with a place; predictions that nobody confirmed are none


def labels_of(project: Project) -> Labels:
    """Return what the store says of a project, or its label files where no store was opened yet.

    Nothing is returned where neither can be read: the health page says why. What has not changed is not read
    again.
    """
    database = project.folder / STORE_FOLDER / DATABASE
    files = [database] if database.is_file() else [*project.label_files.values()]
    changed = tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files if path.is_file())
    return _labels(project.folder, changed)


@lru_cache(maxsize=16)
def _labels(folder: Path, changed: object) -> Labels:
    """Count anew; `changed` tells the states of the files apart."""
    project = open_project(folder)
    database = folder / STORE_FOLDER / DATABASE
    if not database.is_file():
        return known_labels(project)
    try:
        with closing(connect(database, read_only=True)) as link:
            return _count(link, project)
    except (DataError, sqlite3.Error):  # of an older version, until the store has been opened
        return known_labels(project)


def _count(link: sqlite3.Connection, project: Project) -> Labels:
    """Count in an open database."""
    names = dict(link.execute("SELECT id, name FROM keypoints WHERE active"))
    frames = dict(link.execute("SELECT session, COUNT(*) FROM frames WHERE gone = 0 GROUP BY session"))
    labeled = dict(
        link.execute("SELECT session, COUNT(*) FROM frames WHERE gone = 0 AND labeled > 0 GROUP BY session")
    )
    counted = dict(link.execute(f"SELECT keypoint, COUNT(*) FROM cells WHERE {_POINTS} GROUP BY keypoint"))
    keypoints = {name: counted.get(number, 0) for number, name in names.items()}
    whole = len(names) * link.execute("SELECT COUNT(*) FROM views WHERE active").fetchone()[0]
    has_queue = any(column[1] == "queued" for column in link.execute("PRAGMA table_info(frames)"))
    query = "SELECT COUNT(*) FROM frames WHERE gone = 0 AND queued AND labeled < ?"
    queued = link.execute(query, (whole,)).fetchone()[0] if has_queue else 0
    ordered = {name: keypoints.get(name, 0) for name in project.keypoint_names}
    return Labels(frames, labeled, ordered, queued)
