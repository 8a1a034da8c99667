"""What another program changed in the label files, against what this store last wrote or read there."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from apps.labels.cells import ORIGINS, STATES
from apps.labels.journal import Exported, Names, exported
from apps.labels.label_file import LabelFile, read_label_file
from lightning_pose.core.errors import DataError
from lightning_pose.core.naming import image_session

_VISIBLE_OF = np.array([[exported(0, 0, s, o)[2] for o in range(len(ORIGINS))] for s in range(len(STATES))])


class CellDifference(NamedTuple):
    """A cell that another program changed; each value is x, y and `visible`, as a label file says them.

    Attributes:
        frame: id of the frame.
        view: name of the view.
        keypoint: its name.
        base: what the file said before.
        ours: what the store says.
        theirs: what the file says now.
        conflict: whether the store has a change of its own that the file never had.
    """

    frame: str
    view: str
    keypoint: str
    base: Exported
    ours: Exported
    theirs: Exported
    conflict: bool


class Difference(NamedTuple):
    """What another program did to the label files.

    Attributes:
        hashes: view to SHA-256 of the files that were changed, "" of one that was removed.
        cells: changed cells.
        added: images of the frames that were added, by view.
        gone: ids of the frames whose rows were removed.
        faults: why the files cannot be taken over as they are, in words.
    """

    hashes: dict[str, str]
    cells: list[CellDifference]
    added: list[dict[str, str]]
    gone: list[str]
    faults: list[str]

    @property
    def is_empty(self) -> bool:
        """Whether the files say what they said, in other bytes."""
        return not (self.cells or self.added or self.gone or self.faults)

    @property
    def only_adds(self) -> bool:
        """Whether there are further frames and nothing else, which takes nothing from anybody."""
        return bool(self.added) and not (self.cells or self.gone or self.faults)


class Grid(NamedTuple):
    """Labels of one view as arrays: x, y and `visible`; NaN where there is no coordinate.

    Attributes:
        ours: what the store says.
        base: what the file said when it was last read or written.
        theirs: what the file is taken to say now: what it cannot say is as it was.
        in_file: what it says by its letters.
        has_row: whether it has a row for the frame.
    """

    ours: Float[np.ndarray, "T K 3"]
    base: Float[np.ndarray, "T K 3"]
    theirs: Float[np.ndarray, "T K 3"]
    in_file: Float[np.ndarray, "T K 3"]
    has_row: Bool[np.ndarray, " T"]


class Reading(NamedTuple):
    """The files that were changed beside what the store has, with the numbers of the database.

    Attributes:
        files: view to what its file says, where it can be read.
        frames: numbers of the frames of the store.
        uids: their ids.
        keypoints: the keypoints by name, with those of the files that the project does not show.
        grids: view to labels.
    """

    files: dict[str, LabelFile]
    frames: list[int]
    uids: list[str]
    keypoints: dict[str, int]
    grids: dict[str, Grid]


def read_files(
    paths: Mapping[str, Path], hashes: Mapping[str, str]
) -> tuple[dict[str, LabelFile], list[str]]:
    """Read label files that were changed, and return what cannot be read, in words; no database is needed.

    Args:
        paths: label files of all views that have one.
        hashes: view to SHA-256 of the files that were changed; they are read again here.
    """
    files, faults = {}, []
    for view in hashes:
        try:
            if not paths[view].exists():
                faults.append(f"{paths[view]} was removed")
                continue
            files[view] = read_label_file(paths[view])
        except DataError as error:
            faults.append(str(error))
    return files, faults


def compare(
    link: sqlite3.Connection,
    names: Names,
    hashes: Mapping[str, str],
    files: Mapping[str, LabelFile],
    faults: list[str],
) -> tuple[Reading, Difference]:
    """Compare label files with the store.

    Args:
        link: open database.
        names: views and keypoints of the project.
        hashes: view to SHA-256 of the files that were changed.
        files: what they say, from `read_files`.
        faults: why others cannot be read.
    """
    rows = link.execute("SELECT id, uid, unwritten FROM frames WHERE gone = 0 ORDER BY id").fetchall()
    frames, uids, unwritten = ([row[place] for row in rows] for place in range(3))
    keypoints = dict(link.execute("SELECT name, id FROM keypoints ORDER BY id"))
    grids, added, lacking = {}, {}, np.ones((0, len(frames)), dtype=bool)
    for view, file in files.items():
        grids[view], added[view] = _grid(link, names.views[view], file, frames, keypoints)
        lacking = np.vstack([lacking, ~grids[view].has_row & ~np.array(unwritten, dtype=bool)])
    rows_added, row_faults = _join_rows(added, names)
    gone, gone_faults = _gone(uids, lacking, files, names)
    reading = Reading(dict(files), frames, uids, keypoints, grids)
    read = {view: files[view].sha256 if view in files else known for view, known in hashes.items()}
    faults = [*faults, *row_faults, *gone_faults]
    return reading, Difference(read, _all_cells(reading), rows_added, gone, faults)


def refresh(
    link: sqlite3.Connection, names: Names, reading: Reading, difference: Difference, since: int
) -> Difference | None:
    """Return a difference after further operations, without reading the files again.

    Args:
        link: open database.
        names: views and keypoints of the project.
        reading: of the files; its grids are brought up to date.
        difference: as it was.
        since: revision that it was made at.

    Returns:
        None when there are other frames than then, so that all has to be compared anew.
    """
    uids = [uid for (uid,) in link.execute("SELECT uid FROM frames WHERE gone = 0 ORDER BY id")]
    if uids != reading.uids:
        return None
    row_of = {number: row for row, number in enumerate(reading.frames)}
    column_of = {number: column for column, number in enumerate(reading.keypoints.values())}
    view_of = {names.views[view]: grid for view, grid in reading.grids.items()}
    query = (
        "SELECT cells.frame, cells.view, cells.keypoint, cells.x, cells.y, cells.state, cells.origin "
        "FROM operations JOIN cells USING (frame, view, keypoint) WHERE operations.rev > ?"
    )
    for frame, view, keypoint, *cell in link.execute(query, (since,)):
        if view in view_of and frame in row_of:
            view_of[view].ours[row_of[frame], column_of[keypoint]] = exported(*cell)
    return difference._replace(cells=_all_cells(reading))


def _all_cells(reading: Reading) -> list[CellDifference]:
    keypoints = list(reading.keypoints)
    return [
        cell for view, grid in reading.grids.items() for cell in _cells(view, grid, reading.uids, keypoints)
    ]


def _grid(
    link: sqlite3.Connection, view: int, file: LabelFile, frames: list[int], keypoints: dict[str, int]
) -> tuple[Grid, list[str]]:
    """Return the labels of a view, and the images of its file that the store does not know."""
    row_of = {number: row for row, number in enumerate(frames)}
    column_of = {number: column for column, number in enumerate(keypoints.values())}
    ours = np.full((len(frames), len(keypoints), 3), np.nan)
    ours[..., 2] = 0
    query = (
        "SELECT frame, keypoint, x, y, state, origin FROM cells JOIN frames ON frames.id = frame "
        "WHERE view = ? AND gone = 0"
    )
    cells = np.array(link.execute(query, (view,)).fetchall(), dtype=np.float64).reshape(-1, 6)
    numbers = cells[:, [0, 1, 4, 5]].astype(np.int64)
    rows = np.searchsorted(frames, numbers[:, 0])
    columns = np.searchsorted(list(keypoints.values()), numbers[:, 1])
    visible = _VISIBLE_OF[numbers[:, 2], numbers[:, 3]]
    ours[rows, columns, :2] = np.where(visible[:, None] > 0, cells[:, 2:4], np.nan)
    ours[rows, columns, 2] = visible
    base = ours.copy()
    query = "SELECT frame, keypoint, x, y, visible FROM unexported WHERE view = ?"
    for frame, keypoint, *cell in link.execute(query, (view,)):
        if frame in row_of:
            base[row_of[frame], column_of[keypoint]] = cell
    theirs = base.copy()
    known = dict(link.execute("SELECT path, frame FROM images WHERE view = ?", (view,)))
    places = np.array([row_of.get(known.get(path, -1), -1) for path in file.frames], dtype=np.int64)
    columns = np.array([column_of[keypoints[name]] for name in file.names if name in keypoints], dtype=int)
    read = np.concatenate([file.points, file.visible[..., None]], axis=2)
    read = read[:, [column for column, name in enumerate(file.names) if name in keypoints]]
    here = places >= 0
    in_file = np.full_like(ours, np.nan)
    in_file[..., 2] = 0
    for array in (theirs, in_file):
        array[np.ix_(places[here], columns)] = read[here]
    if "visible" not in file.header.coords:  # it cannot say that a point is occluded, nor that it is not
        theirs[..., 2] = np.where((theirs[..., 2] == 2) & (base[..., 2] == 1), 1, theirs[..., 2])
    has_row = np.zeros(len(frames), dtype=bool)
    has_row[places[here]] = True
    return Grid(ours, base, theirs, in_file, has_row), [file.frames[row] for row in np.flatnonzero(~here)]


def _cells(view: str, grid: Grid, uids: list[str], keypoints: list[str]) -> list[CellDifference]:
    changed = differs(grid.theirs, grid.base) & differs(grid.theirs, grid.ours)
    conflict = differs(grid.ours, grid.base)
    parts = grid.base, grid.ours, grid.theirs
    found = []
    for row, column in np.argwhere(changed).tolist():
        base, ours, theirs = (said(part[row, column]) for part in parts)
        clash = bool(conflict[row, column])
        found.append(CellDifference(uids[row], view, keypoints[column], base, ours, theirs, clash))
    return found


def differs(a: Float[np.ndarray, "T K 3"], b: Float[np.ndarray, "T K 3"]) -> Bool[np.ndarray, "T K"]:
    """Return where two cells say different things; missing coordinates are equal."""
    return ((a != b) & ~(np.isnan(a) & np.isnan(b))).any(axis=-1)


def said(cell: Float[np.ndarray, " 3"]) -> Exported:
    """Return a cell of a grid by its values."""
    x, y, visible = cell.tolist()
    return None if np.isnan(x) else x, None if np.isnan(y) else y, int(visible)


def _join_rows(added: Mapping[str, list[str]], names: Names) -> tuple[list[dict[str, str]], list[str]]:
    """Put new rows of all views that are of the same moment together, and name those that lack a view."""
    moments: dict[tuple[str, str], dict[str, str]] = {}
    for view, images in added.items():
        for image in images:
            moment = image_session(image, view), PurePosixPath(image.replace("\\", "/")).name
            moments.setdefault(moment, {})[view] = image
    whole = [images for images in moments.values() if images.keys() == names.views.keys()]
    faults = [
        f"{', '.join(images.values())} was added, but not to the labels of "
        + ", ".join(view for view in names.views if view not in images)
        for images in moments.values()
        if images.keys() != names.views.keys()
    ]
    return [{view: images[view] for view in names.views} for images in whole], faults


def _gone(
    uids: list[str], lacking: np.ndarray, files: Mapping[str, LabelFile], names: Names
) -> tuple[list[str], list[str]]:
    """Return the frames whose rows were removed everywhere, and name those that still have some."""
    if not len(lacking):
        return [], []
    everywhere = lacking.all(axis=0) & (len(files) == len(names.views))
    partly = lacking.any(axis=0) & ~everywhere
    faults = []
    if partly.any():
        views = [view for view, row in zip(files, lacking, strict=True) if (row & partly).any()]
        faults = [f"{partly.sum()} frames were removed from the labels of {', '.join(views)} only"]
    return [uids[row] for row in np.flatnonzero(everywhere)], faults
