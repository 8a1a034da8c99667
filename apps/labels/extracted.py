"""Frames of which `litpose extract` has made images are to be labeled."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from apps.labels.frames import check_rows, frame_id, insert_frames
from lightning_pose.core.errors import DataError
from lightning_pose.core.project import Project
from lightning_pose.frames.extraction import RECORDS


def record_states(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what changes when the records of a project do: name to time of change and size."""
    states = {}
    for path in (folder / RECORDS).glob("*.json"):
        with suppress(OSError):
            stat = path.stat()
            states[path.name] = stat.st_mtime_ns, stat.st_size
    return states


def take_extracted(link: sqlite3.Connection, project: Project, views: Mapping[str, int]) -> list[str]:
    """Add the extracted frames that were never known, and return what could not be added, in words.

    Args:
        link: open database, in a transaction.
        project: whose records are read.
        views: its views with their numbers.
    """
    known = {uid for (uid,) in link.execute("SELECT uid FROM frames")}
    first, faults = next(iter(views)), []
    for path in sorted((project.folder / RECORDS).glob("*.json")):
        try:
            rows = [entry["images"] for entry in json.loads(path.read_text(encoding="utf-8"))["frames"]]
            check_rows(rows, views)
            new = [row for row in rows if frame_id(row[first]) not in known]
            if new:
                insert_frames(link, views, new, unwritten=1)
        except DataError as error:
            faults.append(f"{path}: {error}")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            faults.append(f"{path} is no record of extracted frames: {error!r}")
    return faults
