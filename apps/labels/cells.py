"""What the label store speaks of: cells, operations on them, and what became of these."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

State = Literal["unlabeled", "visible", "occluded", "absent"]  # absent: not in view
Origin = Literal["manual", "derived", "prediction", "confirmed", "imported"]
Status = Literal["applied", "duplicate", "conflict", "refused"]

STATES: tuple[State, ...] = get_args(State)  # their places are the numbers in the database: only append
ORIGINS: tuple[Origin, ...] = get_args(Origin)
UNLABELED, VISIBLE, OCCLUDED, ABSENT = range(4)
MANUAL, DERIVED, PREDICTION, CONFIRMED, IMPORTED = range(5)


class Cell(NamedTuple):
    """One keypoint in one view of one frame.

    Attributes:
        x: px of the original image, (0, 0) being the centre of the top-left pixel; None where there is none.
        y: as x.
        state: what is known of it.
        origin: how it came about.
        rev: revision of its last change; 0 where it is as the label files had it at first.
    """

    x: float | None
    y: float | None
    state: State
    origin: Origin
    rev: int


EMPTY = Cell(None, None, "unlabeled", "imported", 0)


class Operation(NamedTuple):
    """A change of one cell, as a client asks for it.

    Attributes:
        id: unique, made by the client; the same id again changes nothing.
        frame: id of the frame.
        view: name of the view; "" in a project of one view.
        keypoint: its name.
        x: px; None for no coordinate.
        y: px; None for no coordinate.
        state: the new state. `visible` needs coordinates, `unlabeled` keeps none.
        origin: how the new value came about.
        base: revision of the cell that the client had seen, 0 for none.
        seq: number of the operation in its client, from 1; of two that change the same cell and arrive in
            the wrong order, the later one stays. 0 where the client does not count.
        undoes: id of the operation that this one takes back, "" for none.
    """

    id: str
    frame: str
    view: str
    keypoint: str
    x: float | None
    y: float | None
    state: State
    origin: Origin
    base: int
    seq: int = 0
    undoes: str = ""


class Result(NamedTuple):
    """What became of an operation.

    Attributes:
        id: of the operation.
        status: `applied`; `duplicate`, of an id known already or older than what its client has done to the
            cell since; `conflict`, when another client has changed the cell since `base`; `refused`, when it
            can never be applied. Each of them is final: the client need not send the operation again.
        cell: the cell as it is now.
        reason: why it was refused, for people.
    """

    id: str
    status: Status
    cell: Cell
    reason: str = ""


class Change(NamedTuple):
    """An entry of the history of a cell.

    Attributes:
        rev: revision that it made.
        id: of the operation.
        frame: id of the frame.
        view: name of the view.
        keypoint: its name.
        cell: the value it gave the cell, or would have given it.
        was: the value before.
        status: `applied`, `conflict`, or `superseded` by an operation of the same client that came first.
        who: name of the person.
        client: the browser or program.
        at: when, in seconds since 1970 UTC.
        undoes: id of the operation that it takes back, "" for none.
    """

    rev: int
    id: str
    frame: str
    view: str
    keypoint: str
    cell: Cell
    was: Cell
    status: Literal["applied", "conflict", "superseded"]
    who: str
    client: str
    at: float
    undoes: str


class FrameTable(NamedTuple):
    """All frames in columns, in the order of the rows of the label files.

    Attributes:
        id: opaque and stable.
        session: name of the recording.
        index: number of the frame in its video, -1 where the image's name has none.
        n_labeled: cells that are visible, occluded or absent, over all views; predictions do not count.
        flagged: whether somebody marked it.
        note: free text.
        worst_px: largest reprojection error, px, as `LabelStore.measure` was told; None where unknown.
        queued: whether it waits in the labeling queue: wanted, and not labeled whole.
    """

    id: list[str]
    session: list[str]
    index: list[int]
    n_labeled: list[int]
    flagged: list[bool]
    note: list[str]
    worst_px: list[float | None]
    queued: list[bool]


class FrameNews(NamedTuple):
    """What became of frames after a revision.

    Attributes:
        rows: id to row of the table of frames, of those of which anything changed, their cells included.
        remarked: ids of those whose flag, note or place in the queue changed.
        listed: whether frames came or went.
    """

    rows: dict[str, tuple]
    remarked: list[str]
    listed: bool


Values = tuple[float | None, float | None, int, int, int]  # a cell as the database has it


def cell_from_values(values: Sequence | None) -> Cell:
    """Return a cell from x, y and the numbers of state, origin and revision; the empty one for None."""
    if values is None:
        return EMPTY
    x, y, state, origin, rev = values
    return Cell(x, y, STATES[state], ORIGINS[origin], rev)


def is_labeled(state: int, origin: int) -> bool:
    """Return whether somebody has decided on a cell, by the numbers of its state and origin."""
    return state != UNLABELED and origin != PREDICTION
