"""What the store knows of the label files: their bytes as it last wrote or read them, and what it plans."""

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from apps.labels.difference import Reading, differs, said
from apps.labels.export import ViewState
from apps.labels.journal import Names


class KnownFile(NamedTuple):
    """The label file of a view.

    Attributes:
        name: of the file.
        revision: that it holds.
        sha256: of its bytes, "" where there was none.
        planned: SHA-256 of the bytes that are about to take its place, None for none.
    """

    name: str
    revision: int
    sha256: str
    planned: str | None


def known_files(link: sqlite3.Connection, names: Names, paths: Mapping[str, Path]) -> dict[str, KnownFile]:
    """Return view to what is known of its file."""
    rows = {
        row[0]: KnownFile(*row[1:])
        for row in link.execute("SELECT view, name, revision, sha256, planned_sha256 FROM files")
    }
    return {
        view: rows.get(number, KnownFile(paths[view].name, 0, "", None))
        for view, number in names.views.items()
    }


def note_plan(
    link: sqlite3.Connection, names: Names, paths: Mapping[str, Path], planned: Mapping[str, str], rev: int
) -> None:
    """Note the SHA-256 of the files that are about to be put in place, so that they are known again."""
    for view, sha256 in planned.items():
        number = names.views[view]
        link.execute(
            "INSERT OR IGNORE INTO files (view, name, revision, sha256) VALUES (?, ?, 0, '')",
            (number, paths[view].name),
        )
        link.execute(
            "UPDATE files SET planned_revision = ?, planned_sha256 = ? WHERE view = ?", (rev, sha256, number)
        )


def settle(link: sqlite3.Connection, hashes: Mapping[str, str], views: Mapping[str, int]) -> None:
    """Decide after an interruption which of the planned files are in place."""
    for view, sha256 in hashes.items():
        link.execute(
            "UPDATE files SET revision = planned_revision, sha256 = planned_sha256 "
            "WHERE view = ? AND planned_sha256 = ?",
            (views[view], sha256),
        )
    link.execute("UPDATE files SET planned_revision = NULL, planned_sha256 = NULL")


def note_finished(
    link: sqlite3.Connection, states: Iterable[ViewState], hashes: Mapping[str, str], rev: int
) -> None:
    """Note that files hold a revision: what has not changed again since is exported."""
    fresh: set[int] = set()
    for state in states:
        view = state.number
        link.execute(
            "UPDATE files SET revision = ?, sha256 = ?, planned_revision = NULL, planned_sha256 = NULL "
            "WHERE view = ?",
            (rev, hashes[state.name], view),
        )
        cells = [(frame, view, keypoint, rev) for (frame, keypoint), (rev, _) in state.changed.items()]
        link.executemany(
            "DELETE FROM unexported WHERE (frame, view, keypoint) = (?1, ?2, ?3) "
            "AND IFNULL((SELECT rev FROM cells WHERE (frame, view, keypoint) = (?1, ?2, ?3)), 0) = ?4",
            cells,
        )
        link.executemany(  # changed again while it was written: the file says what it was then
            "UPDATE unexported SET x = ?, y = ?, visible = ? WHERE (frame, view, keypoint) = (?, ?, ?)",
            [(*cell, frame, view, keypoint) for (frame, keypoint), (_, cell) in state.changed.items()],
        )
        link.executemany(
            "DELETE FROM unwanted WHERE view = ? AND path = ?", [(view, path) for path in state.unwanted]
        )
        fresh |= state.fresh.keys()
    link.executemany("UPDATE frames SET unwritten = 0 WHERE id = ? AND unwritten > 0", [(n,) for n in fresh])


def note_reading(
    link: sqlite3.Connection, names: Names, reading: Reading, paths: Mapping[str, Path], rev: int
) -> None:
    """Go on from files that were read: what they do not say as the store does is to be exported."""
    numbers = list(reading.keypoints.values())
    for view, grid in reading.grids.items():
        link.execute("DELETE FROM unexported WHERE view = ?", (names.views[view],))
        rows, columns = np.argwhere(differs(grid.in_file, grid.ours)).T.tolist()
        link.executemany(
            "INSERT INTO unexported VALUES (?, ?, ?, ?, ?, ?)",
            [
                (reading.frames[row], names.views[view], numbers[column], *said(grid.in_file[row, column]))
                for row, column in zip(rows, columns, strict=True)
            ],
        )
        link.executemany(
            "UPDATE frames SET unwritten = 2 WHERE id = ? AND unwritten = 0",
            [(reading.frames[row],) for row in np.flatnonzero(~grid.has_row)],
        )
        link.execute(
            "INSERT OR REPLACE INTO files (view, name, revision, sha256) VALUES (?, ?, ?, ?)",
            (names.views[view], paths[view].name, rev, reading.files[view].sha256),
        )
