"""Frames: the instants that are labeled, each with its image in every view."""

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from apps.labels.cells import FrameNews, FrameTable
from apps.labels.journal import Names, Place, is_text, revision, set_revision
from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.naming import frame_index, image_session
from lightning_pose.core.poses import shorten


def frame_id(image: str) -> str:
    """Return the id of a frame from the path of its image in the first view."""
    return hashlib.sha256(image.encode()).hexdigest()[:16]


def number_of(link: sqlite3.Connection, uid: str) -> int:
    """Return the number of a frame in the database.

    Raises:
        DataError: when there is no such frame.
    """
    row = link.execute("SELECT id FROM frames WHERE uid = ? AND gone = 0", (uid,)).fetchone()
    if row is None:
        raise DataError(f"the project has no frame {uid}")
    return row[0]


def place_of(link: sqlite3.Connection, names: Names, uid: str, view: str, keypoint: str) -> Place:
    """Return the numbers of a cell in the database.

    Raises:
        DataError: when there is no such cell.
    """
    if view not in names.views or keypoint not in names.keypoints:
        raise DataError(f"the project has no view '{view}' with a keypoint '{keypoint}'")
    return number_of(link, uid), names.views[view], names.keypoints[keypoint]


_COLUMNS = "uid, session, number, labeled, flagged, note, worst, queued"


def frame_table(link: sqlite3.Connection, total: int) -> FrameTable:
    """Return all frames in columns.

    Args:
        link: open database.
        total: cells of a frame that is labeled whole.
    """
    rows = link.execute(f"SELECT {_COLUMNS} FROM frames WHERE gone = 0 ORDER BY id").fetchall()
    table = FrameTable(*([] for _ in FrameTable._fields))
    for row in rows:
        for column, value in zip(table, _shown(row, total), strict=True):
            column.append(value)
    return table


def frame_news(link: sqlite3.Connection, since: int, total: int) -> FrameNews:
    """Return what became of frames after a revision; `total` as in `frame_table`."""
    remarks = "SELECT frame FROM annotations WHERE rev > ?1 UNION SELECT frame FROM queue WHERE rev > ?1"
    remarked = {number for (number,) in link.execute(remarks, (since,))}
    query = "SELECT DISTINCT frame FROM operations WHERE rev > ? AND status = 0"
    numbers = remarked | {number for (number,) in link.execute(query, (since,))}
    row_of = f"SELECT {_COLUMNS} FROM frames WHERE id = ? AND gone = 0"
    rows = {number: link.execute(row_of, (number,)).fetchone() for number in sorted(numbers)}
    there = {number: row for number, row in rows.items() if row is not None}
    came = link.execute("SELECT EXISTS (SELECT 1 FROM frames WHERE since > ?)", (since,)).fetchone()[0]
    return FrameNews(
        {row[0]: _shown(row, total) for row in there.values()},
        [row[0] for number, row in there.items() if number in remarked],
        bool(came),
    )


def _shown(row: tuple, total: int) -> tuple:
    """Return a frame as the table has it."""
    uid, session, number, labeled, flagged, note, worst, queued = row
    return uid, session, number, labeled, bool(flagged), note, worst, bool(queued) and labeled < total


def insert_frames(
    link: sqlite3.Connection, views: Mapping[str, int], rows: Sequence[Mapping[str, str]], *, unwritten: int
) -> list[str]:
    """Add frames, each given by its image in every view, and return their ids; those that are known stay.

    This takes a revision of its own.

    Args:
        link: open database, in a transaction.
        views: the views of the project with their numbers, the first view first.
        rows: view to path of the image, relative to the project.
        unwritten: 0 where the label files have them, 1 where they get them with the first label, 2 where
            some lack them.

    Raises:
        DataError: when an image belongs to two frames.
    """
    rev = revision(link) + 1
    set_revision(link, rev)
    first = next(iter(views))
    uids = [frame_id(row[first]) for row in rows]
    for uid, row in zip(uids, rows, strict=True):
        known = link.execute("SELECT id, gone FROM frames WHERE uid = ?", (uid,)).fetchone()
        if known is None:
            number = link.execute(
                "INSERT INTO frames (uid, session, number, unwritten, since) VALUES (?, ?, ?, ?, ?)",
                (uid, image_session(row[first], first), _number(row[first]), unwritten, rev),
            ).lastrowid
        else:
            number = known[0]
            if known[1]:
                back = "UPDATE frames SET gone = 0, unwritten = ?, since = ? WHERE id = ?"
                link.execute(back, (unwritten, rev, number))
        try:
            link.executemany(
                "INSERT OR IGNORE INTO images VALUES (?, ?, ?)"
                if known
                else "INSERT INTO images VALUES (?, ?, ?)",
                [(number, views[view], path) for view, path in row.items()],
            )
        except sqlite3.IntegrityError:
            raise DataError(
                f"an image of {dict(row)} is that of another frame already: expected every image once"
            ) from None
    return uids


def check_rows(rows: Sequence[Mapping[str, str]], views: Mapping[str, int]) -> None:
    """Check that rows have an image in every view, below the project.

    Raises:
        DataError: when they have not; all listed.
    """
    faults = [fault for row in rows for fault in _row_faults(row, views)]
    if faults:
        raise_collected(DataError, "these frames cannot be added", shorten(faults))


def frame_images(link: sqlite3.Connection, uid: str) -> dict[str, str]:
    """Return view to path of the image, relative to the project."""
    return dict(
        link.execute(
            "SELECT views.name, path FROM images JOIN frames ON frames.id = frame "
            "JOIN views ON views.id = view WHERE uid = ? AND views.active = 1 ORDER BY view",
            (uid,),
        )
    )


def annotate(
    link: sqlite3.Connection, uid: str, flagged: bool | None, note: str | None, author: tuple[str, float]
) -> int:
    """Set the flag and the note of a frame, None leaving them as they are; return the revision.

    Raises:
        DataError: when there is no such frame, or the note is no text.
    """
    if not (note is None or is_text(note)):
        raise DataError("the note is no text that can be written down")
    number = number_of(link, uid)
    old_flag, old_note = link.execute("SELECT flagged, note FROM frames WHERE id = ?", (number,)).fetchone()
    new = (old_flag if flagged is None else int(flagged), old_note if note is None else note)
    rev = revision(link) + 1
    link.execute("UPDATE frames SET flagged = ?, note = ? WHERE id = ?", (*new, number))
    link.execute("INSERT INTO annotations VALUES (?, ?, ?, ?, ?, ?)", (rev, number, *new, *author))
    set_revision(link, rev)
    return rev


def keep_worst(link: sqlite3.Connection, worst_px: Mapping[str, float | None], rev: int) -> None:
    """Keep the largest reprojection error (px) of the frames whose cells are still those of a revision."""
    link.executemany(
        "UPDATE frames SET worst = ? WHERE uid = ? AND NOT EXISTS "
        "(SELECT 1 FROM operations WHERE frame = frames.id AND rev > ? AND status = 0)",
        [(worst, uid, rev) for uid, worst in worst_px.items()],
    )


def recount(link: sqlite3.Connection) -> None:
    """Count the labels of all frames anew, as views and keypoints of the project have changed."""
    link.execute(
        "UPDATE frames SET labeled = (SELECT COUNT(*) FROM cells "
        "JOIN views ON views.id = view JOIN keypoints ON keypoints.id = keypoint "
        "WHERE frame = frames.id AND state <> 0 AND origin <> 2 AND views.active AND keypoints.active)"
    )


def _row_faults(row: Mapping[str, str], views: Mapping[str, int]) -> list[str]:
    """Return what is wrong with the images of a frame."""
    if row.keys() != views.keys():
        return [f"{dict(row)}: expected an image in each of the views {', '.join(views)}"]
    return [
        f"'{path}' is no path below the project"
        for path in row.values()
        if not path or _leaves(path) or any(mark in path for mark in "\n\r\0")
    ]


def _leaves(path: str) -> bool:
    parts = PurePosixPath(path.replace("\\", "/"))
    return parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]


def _number(image: str) -> int:
    """Return the number of a frame in its video, -1 where the name has none."""
    try:
        return frame_index(image)
    except DataError:
        return -1
