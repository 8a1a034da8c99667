"""What another program wrote into the label files becomes operations of the journal."""

import sqlite3
import time
import uuid
from collections.abc import Collection, Iterable, Iterator

import numpy as np

from apps.labels.cells import STATES, UNLABELED, Operation, State
from apps.labels.difference import Difference, Reading, said
from apps.labels.frames import insert_frames, recount
from apps.labels.journal import APPLIED, CONFLICT, Author, Exported, Names, record, revision, set_revision

CLIENT = "label files"
_STATE_OF: tuple[State, ...] = (STATES[UNLABELED], "occluded", "visible")  # of `visible` 0, 1, 2
_NOTHING: Exported = (None, None, 0)

CellName = tuple[str, str, str]  # frame, view, keypoint
Entry = tuple[CellName, Exported, int]  # a value, and whether it is applied


def take_over(
    link: sqlite3.Connection, names: Names, reading: Reading, difference: Difference, who: str,
    theirs: Collection[CellName],
) -> None:  # fmt: skip
    """Apply what files say, but of conflicts only those of `theirs`; the others go into the history.

    The labels of frames whose rows were removed are taken back one by one, so that the history keeps them.
    """
    entries: list[Entry] = [
        (cell[:3], cell.theirs, CONFLICT if cell.conflict and cell[:3] not in theirs else APPLIED)
        for cell in difference.cells
    ]
    uids = insert_frames(link, names.views, difference.added, unwritten=0)
    entries += [(*entry, APPLIED) for entry in _labels_of(difference.added, uids, reading)]
    query = "SELECT frame, view, keypoint FROM labels WHERE frame = ? AND state <> 'unlabeled'"
    entries += [(name, _NOTHING, APPLIED) for uid in difference.gone for name in link.execute(query, (uid,))]
    _record(link, entries, who)
    rev = revision(link)
    link.executemany(
        "UPDATE frames SET gone = 1, since = ? WHERE uid = ?", [(rev, uid) for uid in difference.gone]
    )


def turn_down(
    link: sqlite3.Connection, names: Names, reading: Reading, difference: Difference, who: str
) -> None:
    """Keep what files say in the history only, and have the rows taken out that they added."""
    _record(link, [(cell[:3], cell.theirs, CONFLICT) for cell in difference.cells], who)
    query = "SELECT path FROM images JOIN frames ON frames.id = frame WHERE view = ? AND gone = 0"
    for view, file in reading.files.items():
        number = names.views[view]
        known = {path for (path,) in link.execute(query, (number,))}
        link.executemany(
            "INSERT OR IGNORE INTO unwanted VALUES (?, ?)",
            [(number, path) for path in file.frames if path not in known],
        )


def _record(link: sqlite3.Connection, entries: Iterable[Entry], who: str) -> None:
    """Write values of label files into the journal."""
    author, rev = Author(who, CLIENT, time.time()), revision(link) + 1  # also where there are no values
    frames, views, keypoints = (
        dict(link.execute(f"SELECT {name}, id FROM {table}"))
        for name, table in (("uid", "frames"), ("name", "views"), ("name", "keypoints"))
    )
    for (frame, view, keypoint), (x, y, visible), status in entries:
        place = frames[frame], views[view], keypoints[keypoint]
        operation = Operation(
            uuid.uuid4().hex, frame, view, keypoint, x, y, _STATE_OF[visible], "imported", base=rev
        )
        rev += 1
        record(link, place, operation, author, rev=rev, status=status)
    set_revision(link, rev)
    if link.execute("SELECT EXISTS (SELECT 1 FROM keypoints WHERE active = 0)").fetchone()[0]:
        recount(link)  # some of the cells may be of keypoints that are not shown


def _labels_of(
    added: list[dict[str, str]], uids: list[str], reading: Reading
) -> Iterator[tuple[CellName, Exported]]:
    """Yield the labels that the rows of further frames have."""
    for view, file in reading.files.items():
        row_of = {path: row for row, path in enumerate(file.frames)}
        for uid, images in zip(uids, added, strict=True):
            row = row_of[images[view]]
            for column in file.labeled[row].nonzero()[0].tolist():
                cell = np.append(file.points[row, column], file.visible[row, column])
                yield (uid, view, file.names[column]), said(cell)
