"""The label files made from the store: whole, durable, and with a manifest that is written last."""

import datetime
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from apps.labels.cells import OCCLUDED
from apps.labels.durable import write_durably
from apps.labels.journal import Exported, Names, exported
from apps.labels.sheet import Sheet
from lightning_pose.core.csv_header import read_header
from lightning_pose.core.label_manifest import MANIFEST, Written

BACKUPS, KEPT_BACKUPS, BACKUP_SECONDS = "backups", 10, 600.0

UNWRITTEN = "SELECT id FROM frames WHERE unwritten > 0 AND (labeled > 0 OR unwritten = 2)"

Key = tuple[int, int]  # frame and keypoint, by number


class ViewState(NamedTuple):
    """What has to reach the label file of one view.

    Attributes:
        name: of the view.
        number: of the view.
        changed: cells that may differ, with the revision and the value that they have now.
        fresh: frames whose row may be missing, with all their cells. A new frame gets its row with its first
            label: a row without any would teach some networks that nothing is to be seen there.
        images: path of the image of each of these frames.
        unwanted: images whose rows are to be taken out.
        whole: whether there is no file to build on, so that all frames are fresh.
    """

    name: str
    number: int
    changed: dict[Key, tuple[int, Exported]]
    fresh: dict[int, dict[int, Exported]]
    images: dict[int, str]
    unwanted: list[str]
    whole: bool

    @property
    def is_empty(self) -> bool:
        """Whether the label file says all already."""
        return not (self.changed or self.fresh or self.unwanted)


def view_state(link: sqlite3.Connection, name: str, number: int, *, everything: bool) -> ViewState:
    """Collect what has to reach the label file of a view; `everything` where there is no file to build on."""
    changed = {
        (frame, keypoint): (rev, exported(x, y, state, origin))
        for frame, keypoint, x, y, state, origin, rev in link.execute(
            "SELECT u.frame, u.keypoint, c.x, c.y, IFNULL(c.state, 0), IFNULL(c.origin, 4), IFNULL(c.rev, 0) "
            "FROM unexported u LEFT JOIN cells c USING (frame, view, keypoint) WHERE view = ?",
            (number,),
        )
    }
    which = f"{UNWRITTEN} AND gone = 0"
    if everything:
        which = "SELECT id FROM frames WHERE gone = 0 AND NOT (unwritten = 1 AND labeled = 0)"
    fresh: dict[int, dict[int, Exported]] = {row[0]: {} for row in link.execute(f"{which} ORDER BY id")}
    for frame, keypoint, *cell in link.execute(
        f"SELECT frame, keypoint, x, y, state, origin FROM cells WHERE frame IN ({which}) AND view = ?",
        (number,),
    ):
        fresh[frame][keypoint] = exported(*cell)
    images = dict(
        link.execute(
            "SELECT id, path FROM frames JOIN images ON images.frame = id WHERE view = ?1 AND gone = 0"
            + ("" if everything else f" AND id IN (SELECT frame FROM unexported UNION {UNWRITTEN})"),
            (number,),
        )
    )
    unwanted = [path for (path,) in link.execute("SELECT path FROM unwanted WHERE view = ?", (number,))]
    return ViewState(name, number, changed, fresh, images, unwanted, everything)


def has_occluded(link: sqlite3.Connection) -> bool:
    """Return whether a label file needs the column `visible` to say all."""
    query = f"SELECT 1 FROM cells WHERE state = {OCCLUDED} AND origin <> 2 LIMIT 1"
    return link.execute(query).fetchone() is not None


def build_file(
    path: Path, known: str, state: ViewState, names: Names, keypoints: Mapping[int, str], *, visible: bool
) -> tuple[bytes, bytes] | None:
    """Return a label file as it is, and as it has to be; None where it is not the known one.

    Args:
        path: the file.
        known: its SHA-256, "" where it is not expected to be there.
        state: what has to reach it.
        names: views and keypoints of the project.
        keypoints: names of all keypoints by number.
        visible: whether it needs to tell what is occluded.
    """
    old = path.read_bytes() if path.exists() else b""
    if (sha256_of(old) if old else "") != known:
        return None
    sheet = Sheet(old, read_header(path)) if old else Sheet.new(tuple(names.keypoints))
    sheet.widen(tuple(names.keypoints), visible=visible)
    inside = set(sheet.header.names)
    rows: dict[int, dict[str, Exported]] = {}
    for frame, cells in state.fresh.items():
        rows[frame] = {
            keypoints[number]: cell for number, cell in cells.items() if keypoints[number] in inside
        }
    for (frame, number), (_, cell) in state.changed.items():
        if keypoints[number] in inside and frame in state.images:
            rows.setdefault(frame, {})[keypoints[number]] = cell
    present = set(sheet.frames)
    for frame, cells in rows.items():
        if state.images[frame] in present:
            sheet.put(state.images[frame], cells)
        elif frame in state.fresh:
            sheet.append(state.images[frame], cells)
    sheet.remove(present.intersection(state.unwanted))
    return old, sheet.to_bytes()


def write_manifest(folder: Path, revision: int, files: Mapping[str, Written]) -> None:
    """Write which revision every label file holds, and its hash: view to name, revision and SHA-256."""
    record = {
        "format": 1,
        "revision": revision,
        "written": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "files": {
            view: {"file": name, "revision": rev, "sha256": sha256}
            for view, (name, rev, sha256) in files.items()
        },
    }
    write_durably(folder / MANIFEST, (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode())


def back_up(folder: Path, paths: Mapping[str, Path], revision: int, *, now: float, force: bool) -> None:
    """Copy the label files, unless it was done a short while ago; the first copy and the latest are kept."""
    backups = folder / BACKUPS
    backups.mkdir(exist_ok=True)
    made = sorted(path for path in backups.iterdir() if path.is_dir())
    present = [path for path in paths.values() if path.exists()]
    if not present or (made and not force and now - made[-1].stat().st_mtime < BACKUP_SECONDS):
        return
    stamp = datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%Y%m%dT%H%M%S.%f")
    target = backups / f"{stamp}-revision{revision}"
    target.mkdir()
    for path in present:
        shutil.copy2(path, target / path.name)
    for old in made[1 : len(made) + 2 - KEPT_BACKUPS]:
        shutil.rmtree(old, ignore_errors=True)


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of bytes, as `file_hash` that of a file."""
    return hashlib.sha256(data).hexdigest()
