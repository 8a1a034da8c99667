"""The database of a project's labels: its tables, and how it is opened and brought up to date."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightning_pose.core.errors import DataError

BUSY_SECONDS = 10.0

_FIRST = """
CREATE TABLE store (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    rev INTEGER NOT NULL                -- the last revision given to an operation or an annotation
);
INSERT INTO store VALUES (1, 0);
CREATE TABLE views (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    active INTEGER NOT NULL DEFAULT 1   -- 0: in the files, and no longer in project.yaml
);
CREATE TABLE keypoints (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    active INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE frames (
    id INTEGER PRIMARY KEY,             -- in the order of the rows of the label files
    uid TEXT NOT NULL UNIQUE,
    session TEXT NOT NULL,
    number INTEGER NOT NULL,            -- -1: the image's name has none
    labeled INTEGER NOT NULL DEFAULT 0,
    flagged INTEGER NOT NULL DEFAULT 0,
    note TEXT NOT NULL DEFAULT '',
    worst REAL,
    gone INTEGER NOT NULL DEFAULT 0,    -- 1: another tool removed its rows, and that was accepted
    unwritten INTEGER NOT NULL DEFAULT 0 -- 1: gets its rows with its first label; 2: its rows may be missing
);
CREATE TABLE images (
    frame INTEGER NOT NULL, view INTEGER NOT NULL, path TEXT NOT NULL,
    PRIMARY KEY (frame, view)
) WITHOUT ROWID;
CREATE UNIQUE INDEX images_by_path ON images (view, path);
CREATE TABLE cells (                    -- as they are now; a cell without a row is unlabeled
    frame INTEGER NOT NULL, view INTEGER NOT NULL, keypoint INTEGER NOT NULL,
    x REAL, y REAL,
    state INTEGER NOT NULL,             -- 0 unlabeled, 1 visible, 2 occluded, 3 absent
    origin INTEGER NOT NULL,            -- 0 manual, 1 derived, 2 prediction, 3 confirmed, 4 imported
    rev INTEGER NOT NULL,
    PRIMARY KEY (frame, view, keypoint)
) WITHOUT ROWID;
CREATE TABLE operations (               -- the journal; rows are only ever added
    rev INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    frame INTEGER NOT NULL, view INTEGER NOT NULL, keypoint INTEGER NOT NULL,
    x REAL, y REAL, state INTEGER NOT NULL, origin INTEGER NOT NULL,
    base INTEGER NOT NULL,
    status INTEGER NOT NULL,            -- 0 applied, 1 conflict, 2 superseded
    who TEXT NOT NULL, client TEXT NOT NULL, seq INTEGER NOT NULL, undoes TEXT NOT NULL,
    at REAL NOT NULL,                   -- seconds since 1970 UTC
    was_x REAL, was_y REAL, was_state INTEGER NOT NULL, was_origin INTEGER NOT NULL, was_rev INTEGER NOT NULL
);
CREATE INDEX operations_of_cell ON operations (frame, view, keypoint, rev);
CREATE INDEX operations_of_client ON operations (client, rev);
CREATE TABLE annotations (              -- history of flags and notes
    rev INTEGER PRIMARY KEY, frame INTEGER NOT NULL, flagged INTEGER NOT NULL, note TEXT NOT NULL,
    who TEXT NOT NULL, at REAL NOT NULL
);
CREATE TABLE unexported (               -- cells that may differ from the files, with what the files say
    frame INTEGER NOT NULL, view INTEGER NOT NULL, keypoint INTEGER NOT NULL,
    x REAL, y REAL, visible INTEGER NOT NULL, -- 0 ignore, 1 occluded, 2 visible, as docs/formats/labels.md
    PRIMARY KEY (frame, view, keypoint)
) WITHOUT ROWID;
CREATE TABLE unwanted (                 -- rows that another tool added and that were rejected
    view INTEGER NOT NULL, path TEXT NOT NULL, PRIMARY KEY (view, path)
) WITHOUT ROWID;
CREATE TABLE files (                    -- the label files as this store last knew them
    view INTEGER PRIMARY KEY, name TEXT NOT NULL,
    revision INTEGER NOT NULL, sha256 TEXT NOT NULL,
    planned_revision INTEGER, planned_sha256 TEXT
);
CREATE INDEX occluded_cells ON cells (state) WHERE state = 2;
CREATE INDEX unwritten_frames ON frames (id) WHERE unwritten > 0;
CREATE VIEW labels AS
    SELECT frames.uid AS frame, frames.session, frames.number, views.name AS view, keypoints.name AS keypoint,
        x, y, rev, CASE state WHEN 0 THEN 'unlabeled' WHEN 1 THEN 'visible' WHEN 2 THEN 'occluded'
        ELSE 'absent' END AS state, CASE origin WHEN 0 THEN 'manual' WHEN 1 THEN 'derived'
        WHEN 2 THEN 'prediction' WHEN 3 THEN 'confirmed' ELSE 'imported' END AS origin
    FROM cells JOIN frames ON frames.id = cells.frame JOIN views ON views.id = cells.view
        JOIN keypoints ON keypoints.id = cells.keypoint;
"""
_QUEUE = """
ALTER TABLE frames ADD COLUMN queued INTEGER NOT NULL DEFAULT 0;  -- 1: wanted, until it is labeled whole
ALTER TABLE frames ADD COLUMN since INTEGER NOT NULL DEFAULT 0;   -- revision in which it came or went
CREATE TABLE queue (                    -- history of the labeling queue; rows are only ever added
    rev INTEGER PRIMARY KEY, frame INTEGER NOT NULL,
    queued INTEGER NOT NULL,            -- 1 put in, 0 taken out
    source TEXT NOT NULL, reason TEXT NOT NULL, who TEXT NOT NULL, at REAL NOT NULL
);
CREATE INDEX queue_of_frame ON queue (frame, rev);
CREATE INDEX frames_since ON frames (since);
"""
# The script at place n makes version n + 1 of version n; scripts are never changed, only added to.
MIGRATIONS = (_FIRST, _QUEUE)


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the database, make it where it is missing, and bring an older one up to date.

    A commit has reached the disk when it returns: the rollback journal is synced before the database, the
    database before the journal goes, and the folder after it (`synchronous = EXTRA`).

    Raises:
        DataError: when it is no such database, of a newer version, or cannot be opened.
    """
    if read_only and not path.exists():
        raise DataError(f"{path} does not exist: open the labels of this project for writing first")
    try:
        link = _open(path, "rw" if read_only else "rwc")
        if read_only:
            link.execute("PRAGMA query_only = ON")  # and yet able to roll back what a killed writer left
        version = link.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise DataError(
                f"{path} is of version {version}, but this program knows versions up to {len(MIGRATIONS)}: "
                "update the program"
            )
        if version < len(MIGRATIONS) and read_only:
            raise DataError(f"{path} is of an older version {version}: open it for writing first")
        if version < len(MIGRATIONS):
            _migrate(link, path, version)
        link.execute("SELECT rev FROM store").fetchone()
    except sqlite3.Error as error:
        raise DataError(
            f"{path} cannot be opened as a database of labels: {error}. The label files beside it hold all "
            "labels as they were last written; moved away, the database is made anew from them."
        ) from error
    return link


@contextmanager
def transaction(link: sqlite3.Connection) -> Iterator[None]:
    """Commit what is done inside, all of it or nothing.

    Raises:
        DataError: when the database cannot be written, for example on a full disk.
    """
    try:
        link.execute("BEGIN IMMEDIATE")
        try:
            yield
            link.execute("COMMIT")
        except BaseException:
            if link.in_transaction:
                link.execute("ROLLBACK")
            raise
    except sqlite3.OperationalError as error:
        raise DataError(f"the labels could not be saved: {error}; nothing of this change was kept") from error


def _open(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    link = sqlite3.connect(uri, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=True)
    link.execute("PRAGMA journal_mode = DELETE")
    link.execute("PRAGMA synchronous = EXTRA")
    return link


def _migrate(link: sqlite3.Connection, path: Path, version: int) -> None:
    """Run the scripts that are missing in one transaction, beside a copy of the database as it was."""
    if version:
        shutil.copy2(path, path.with_name(f"{path.name}.version{version}"))
    scripts = "".join(MIGRATIONS[version:])
    try:
        link.executescript(f"BEGIN IMMEDIATE; {scripts} PRAGMA user_version = {len(MIGRATIONS)}; COMMIT;")
    except sqlite3.Error:
        if link.in_transaction:
            link.execute("ROLLBACK")
        raise
