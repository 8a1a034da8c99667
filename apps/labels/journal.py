"""The journal: operations on cells, one after the other, and what they made of the cells.

Functions on an open database; those that write expect to be inside a transaction.
"""

import math
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from apps.labels.cells import (
    ABSENT,
    ORIGINS,
    PREDICTION,
    STATES,
    UNLABELED,
    VISIBLE,
    Cell,
    Change,
    Operation,
    Result,
    Values,
    cell_from_values,
    is_labeled,
)

LONGEST_NAME = 200  # characters of ids of operations and of names of people and clients
APPLIED, CONFLICT, SUPERSEDED = range(3)
_STATUS: tuple[Literal["applied", "conflict", "superseded"], ...] = ("applied", "conflict", "superseded")
_EMPTY: Values = (None, None, UNLABELED, ORIGINS.index("imported"), 0)
_CHANGES = """
    SELECT o.rev, o.id, f.uid, v.name, k.name, o.x, o.y, o.state, o.origin, o.was_x, o.was_y, o.was_state,
        o.was_origin, o.was_rev, o.status, o.who, o.client, o.at, o.undoes
    FROM operations o JOIN frames f ON f.id = o.frame JOIN views v ON v.id = o.view
        JOIN keypoints k ON k.id = o.keypoint
"""

Exported = tuple[float | None, float | None, int]  # x, y and `visible`, as a label file says them
Place = tuple[int, int, int]  # frame, view and keypoint, by their numbers in the database


class Names(NamedTuple):
    """The numbers that the database has for the views and keypoints of the project."""

    views: Mapping[str, int]
    keypoints: Mapping[str, int]

    @property
    def total(self) -> int:
        """Cells of a frame."""
        return len(self.views) * len(self.keypoints)


class Author(NamedTuple):
    """Who changes cells, with what, and when."""

    who: str
    client: str
    at: float


def exported(x: float | None, y: float | None, state: int, origin: int) -> Exported:
    """Return a cell as it stands in a label file: an unconfirmed prediction is no label."""
    if state in (UNLABELED, ABSENT) or origin == PREDICTION:
        return None, None, 0
    return x, y, 2 if state == VISIBLE else 1


def revision(link: sqlite3.Connection) -> int:
    """Return the last revision."""
    return link.execute("SELECT rev FROM store").fetchone()[0]


def set_revision(link: sqlite3.Connection, rev: int) -> None:
    """Keep the last revision."""
    link.execute("UPDATE store SET rev = ?", (rev,))


def apply(
    link: sqlite3.Connection, names: Names, operations: Sequence[Operation], author: Author
) -> list[Result]:
    """Apply operations in order, and answer each."""
    rev = revision(link)
    results = []
    for operation in operations:
        result, rev = _apply_one(link, names, operation, author, rev)
        results.append(result)
    set_revision(link, rev)
    return results


def current(link: sqlite3.Connection, place: Place) -> Values:
    """Return a cell as it is now."""
    row = link.execute(
        "SELECT x, y, state, origin, rev FROM cells WHERE frame = ? AND view = ? AND keypoint = ?", place
    ).fetchone()
    return _EMPTY if row is None else row


def record(
    link: sqlite3.Connection, place: Place, operation: Operation, author: Author, *, rev: int, status: int
) -> Values:
    """Write an operation down under a new revision, and change its cell where it is applied.

    Returns:
        The cell as it is then.
    """
    was = current(link, place)
    state, origin = STATES.index(operation.state), ORIGINS.index(operation.origin)
    x, y = (None, None) if state == UNLABELED else (operation.x, operation.y)
    link.execute(
        "INSERT INTO operations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            rev, operation.id, *place, x, y, state, origin, operation.base, status,
            author.who, author.client, operation.seq, operation.undoes, author.at, *was,
        ),
    )  # fmt: skip
    if status != APPLIED:
        return was
    mark_unexported(link, place, exported(*was[:4]))
    link.execute(
        "INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*place, x, y, state, origin, rev)
    )
    change = is_labeled(state, origin) - is_labeled(*was[2:4])
    link.execute(
        "UPDATE frames SET labeled = labeled + ?, worst = NULL WHERE id = ?"
        if change
        else "UPDATE frames SET worst = NULL WHERE ? = 0 AND id = ? AND worst IS NOT NULL",
        (change, place[0]),
    )
    return x, y, state, origin, rev


def mark_unexported(link: sqlite3.Connection, place: Place, in_file: Exported) -> None:
    """Note that a cell may differ from its label file, which says `in_file`; a former note stays."""
    link.execute("INSERT OR IGNORE INTO unexported VALUES (?, ?, ?, ?, ?, ?)", (*place, *in_file))


def changes(link: sqlite3.Connection, since: int) -> list[Change]:
    """Return the last change of every cell that changed after a revision, in the order of revisions."""
    query = (
        f"{_CHANGES} WHERE o.rev > ? AND o.status = 0 AND NOT EXISTS (SELECT 1 FROM operations later "
        "WHERE later.frame = o.frame AND later.view = o.view AND later.keypoint = o.keypoint "
        "AND later.rev > o.rev AND later.status = 0) ORDER BY o.rev"
    )
    return list(_changes(link.execute(query, (since,))))


def history(link: sqlite3.Connection, place: Place) -> list[Change]:
    """Return what was done to a cell, oldest first, what lost a conflict included."""
    query = f"{_CHANGES} WHERE o.frame = ? AND o.view = ? AND o.keypoint = ? ORDER BY o.rev"
    return list(_changes(link.execute(query, place)))


def labelers(link: sqlite3.Connection) -> dict[str, int]:
    """Return how many labels are whose, as they stand; without those that the files had at first."""
    query = (
        "SELECT who, COUNT(*) FROM cells JOIN operations USING (rev) JOIN frames ON frames.id = cells.frame "
        "JOIN views ON views.id = cells.view JOIN keypoints ON keypoints.id = cells.keypoint "
        f"WHERE cells.state <> {UNLABELED} AND cells.origin <> {PREDICTION} AND gone = 0 AND views.active "
        "AND keypoints.active GROUP BY who"
    )
    return dict(link.execute(query))


def undoable(link: sqlite3.Connection, client: str, limit: int) -> tuple[list[Change], list[Change]]:
    """Return the last operations of a client that are in effect, and those that were taken back since.

    An operation that undoes another takes it out of effect; undone itself, it puts it back. Both lists begin
    with what comes next; the second is empty once the client has done something new.
    """
    query = f"{_CHANGES} WHERE o.client = ? AND o.status = 0 ORDER BY o.rev DESC LIMIT ?"
    undone: set[str] = set()
    done, taken_back = [], []
    for change in _changes(link.execute(query, (client, limit))):
        in_effect = change.id not in undone
        if change.undoes:
            undone |= {change.undoes} if in_effect else set()
        elif in_effect:
            done.append(change)
        elif not done:
            taken_back.append(change)
    return done, taken_back[::-1]


def _apply_one(
    link: sqlite3.Connection, names: Names, operation: Operation, author: Author, rev: int
) -> tuple[Result, int]:
    """Return the answer to one operation, and the last revision after it."""
    fault = _fault(operation)
    if fault:
        return Result(operation.id, "refused", cell_from_values(None), fault), rev
    known = link.execute(
        "SELECT frame, view, keypoint, status FROM operations WHERE id = ?", (operation.id,)
    ).fetchone()
    if known is not None:  # the client has lost the answer to it
        status = "conflict" if known[3] == CONFLICT else "duplicate"
        return Result(operation.id, status, cell_from_values(current(link, known[:3]))), rev
    place, fault = _locate(link, names, operation)
    if place is None:
        return Result(operation.id, "refused", cell_from_values(None), fault), rev
    status = _decide(link, place, operation, author.client)
    cell = cell_from_values(record(link, place, operation, author, rev=rev + 1, status=status))
    answer = ("applied", "conflict", "duplicate")[status]
    return Result(operation.id, answer, cell), rev + 1


def _locate(
    link: sqlite3.Connection, names: Names, operation: Operation
) -> tuple[Place, str] | tuple[None, str]:
    """Return where the cell of an operation is, or None and why the operation can never be applied."""
    if operation.view not in names.views:
        return None, f"the project has no view '{operation.view}'"
    if operation.keypoint not in names.keypoints:
        return None, f"the project has no keypoint '{operation.keypoint}'"
    row = link.execute("SELECT id FROM frames WHERE uid = ? AND gone = 0", (operation.frame,)).fetchone()
    if row is None:
        return None, f"the project has no frame {operation.frame}"
    return (row[0], names.views[operation.view], names.keypoints[operation.keypoint]), ""


def _fault(operation: Operation) -> str:
    """Return what is wrong with an operation by itself, "" for nothing."""
    texts = (operation.id, operation.frame, operation.view, operation.keypoint, operation.undoes)
    if not all(map(is_text, texts)) or not 0 < len(operation.id) <= LONGEST_NAME:
        return f"an operation needs an id of 1 to {LONGEST_NAME} characters, and names that are text"
    if operation.state not in STATES or operation.origin not in ORIGINS:
        expected = f"expected one of {', '.join(STATES)} and one of {', '.join(ORIGINS)}"
        return f"no state '{operation.state}' or origin '{operation.origin}': {expected}"
    if not all(type(number) is int and 0 <= number < 2**63 for number in (operation.base, operation.seq)):
        return "base and seq are expected to be whole numbers from 0"
    point = (operation.x, operation.y)
    if (point[0] is None) != (point[1] is None):
        return "expected x and y, or neither"
    if not all(value is None or _is_finite(value) for value in point):
        return f"the coordinates are {point[0]} and {point[1]}: expected finite numbers"
    if operation.state == "visible" and point[0] is None:
        return "a visible keypoint needs coordinates"
    return ""


def is_text(value: Any) -> bool:
    """Return whether a value is text that can be written down; halves of a surrogate pair cannot."""
    return isinstance(value, str) and not re.search("[\ud800-\udfff]", value)


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _decide(link: sqlite3.Connection, place: Place, operation: Operation, client: str) -> int:
    """Return whether an operation is applied, contradicts another client, or comes too late."""
    x, y, state, origin, rev = current(link, place)
    if rev <= operation.base:
        return APPLIED
    unseen = "FROM operations WHERE frame = ? AND view = ? AND keypoint = ? AND rev > ? AND status = 0"
    where = (*place, operation.base, client)
    latest = link.execute(f"SELECT MAX(seq) {unseen} AND client = ?", where).fetchone()[0]
    if operation.seq and (latest or 0) > operation.seq:
        return SUPERSEDED
    wanted = (operation.x, operation.y, operation.state, operation.origin)
    if wanted == (x, y, STATES[state], ORIGINS[origin]):
        return APPLIED
    found = link.execute(f"SELECT 1 {unseen} AND client <> ? LIMIT 1", where).fetchone()
    return APPLIED if found is None else CONFLICT


def _changes(rows: sqlite3.Cursor) -> Iterator[Change]:
    for row in rows:
        rev, identity, frame, view, keypoint, x, y, state, origin, *was, status, who, client, at, undoes = row
        cell = Cell(x, y, STATES[state], ORIGINS[origin], rev)
        old = cell_from_values(was)
        yield Change(
            rev, identity, frame, view, keypoint, cell, old, _STATUS[status], who, client, at, undoes
        )
