"""Predictions as proposals for labels: what the newest model says of a frame, read a row at a time."""

import math
import os
import threading
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int64

from lightning_pose.core.csv_header import Header, read_header
from lightning_pose.core.errors import DataError
from lightning_pose.core.naming import IMAGE_FOLDER
from lightning_pose.core.project import VIDEO_FOLDER

if TYPE_CHECKING:
    from apps.api.desk import Served

PREDICTIONS = "video_preds"
DEPTH = 4  # folders below the project's in which models are looked for
LOOK = 30.0  # seconds between looks for new predictions
OPEN = 64  # tables whose rows are known where to find

Proposals = dict[str, dict[str, tuple[float, float, float]]]


class Shelf:
    """The tables of predictions that lie in a project."""

    def __init__(self, root: Path) -> None:
        """Remember where to look; nothing is read yet."""
        self._root = root
        self._lock = threading.Lock()
        self._looked = -LOOK
        self._folders: list[Path] = []

    def tables(self, session: str, views: tuple[str, ...]) -> dict[str, Path]:
        """Return view to table of the newest predictions of a session; empty where there are none."""
        with self._lock:
            if time.monotonic() - self._looked > LOOK:
                self._folders, self._looked = list(_folders(self._root, DEPTH)), time.monotonic()
            folders = list(self._folders)
        found = []
        for folder in folders:
            names = {view: folder / f"{'_'.join(filter(None, (session, view)))}.csv" for view in views}
            present = {view: path for view, path in names.items() if self._is_inside(path)}
            if present:
                found.append((max(path.stat().st_mtime_ns for path in present.values()), present))
        return max(found, key=lambda one: one[0])[1] if found else {}

    def _is_inside(self, path: Path) -> bool:
        """Return whether there is a file, in the folder also when every link is followed."""
        return path.is_file() and path.resolve().is_relative_to(self._root)


def proposals(served: "Served", session: str, frame: int) -> Proposals | None:
    """Return what was predicted for a frame of a video (px, and how likely); None where nothing was.

    Args:
        served: the project.
        session: of the frame.
        frame: its number in the video.
    """
    if frame < 0:
        return None
    found: Proposals = {}
    for view, path in served.shelf.tables(session, served.views).items():
        try:
            found[view] = _row(path, path.stat().st_mtime_ns, frame, served.project.keypoint_names)
        except (DataError, OSError, ValueError):  # being written, or another kind of table: no proposal
            continue
    return {view: points for view, points in found.items() if points} or None


def _row(
    path: Path, changed: int, frame: int, names: tuple[str, ...]
) -> dict[str, tuple[float, float, float]]:
    """Return the keypoints of one frame of a table of predictions."""
    header, starts = _places(path, changed)
    if frame >= len(starts) - 1:
        return {}
    with path.open("rb") as source:
        source.seek(int(starts[frame]))
        cells = source.read(int(starts[frame + 1] - starts[frame])).decode().strip().split(",")
    if int(float(cells[0])) != frame:
        return {}
    points = {}
    for name in names:
        columns = [header.cells.get((name, coord)) for coord in ("x", "y", "likelihood")]
        if columns[0] is None or columns[1] is None:
            continue
        x, y, sure = (math.nan if column is None else float(cells[column] or "nan") for column in columns)
        if math.isfinite(x + y):
            points[name] = (x, y, sure if math.isfinite(sure) else 1.0)
    return points


@lru_cache(maxsize=OPEN)
def _places(path: Path, changed: int) -> tuple[Header, Int64[np.ndarray, "T"]]:
    """Return the header of a table, and where each of its rows begins; `changed` tells its states apart."""
    header = read_header(path)
    with path.open("rb") as source:
        lengths = np.fromiter((len(line) for line in source), dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return header, starts[header.lines :]


def _folders(root: Path, depth: int) -> Iterator[Path]:
    """Yield the folders of predictions inside a folder; links that lead out of it are not followed."""
    if depth < 0:
        return
    with os.scandir(root) as entries:
        inner = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    for name in inner:
        if name == PREDICTIONS:
            yield root / name
        elif not name.startswith(".") and name not in (IMAGE_FOLDER, VIDEO_FOLDER):
            yield from _folders(root / name, depth - 1)
