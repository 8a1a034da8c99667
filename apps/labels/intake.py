"""The first reading of a project's label files into its database."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from itertools import repeat
from pathlib import PurePosixPath

import numpy as np

from apps.labels.cells import IMPORTED, OCCLUDED, VISIBLE
from apps.labels.frames import insert_frames, recount
from apps.labels.journal import Names, set_revision
from apps.labels.label_file import LabelFile, read_label_file
from apps.labels.schema import transaction
from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.naming import image_name, locate_image
from lightning_pose.core.poses import Poses, view_faults
from lightning_pose.core.project import Project

FRAMES_AT_ONCE = 1024
READING = 0.5  # share of the time of a first opening that the files take, about
Told = Callable[[float], None]
_STATE = np.array([0, OCCLUDED, VISIBLE], dtype=np.int64)  # of `visible` 0, 1, 2


def begin(link: sqlite3.Connection, project: Project, told: Told = lambda share: None) -> Names:
    """Read the label files where it was never done, and return the numbers of views and keypoints.

    Args:
        link: open database.
        project: whose label files they are.
        told: the share that is done, where they are read.

    Raises:
        DataError: when the label files cannot be used; nothing is kept of them then.
    """
    if link.execute("SELECT EXISTS (SELECT 1 FROM frames)").fetchone()[0]:
        with transaction(link):
            return set_names(link, project)
    files = read_files(project, told)
    with transaction(link):
        link.execute("DELETE FROM files")
        return fill(link, project, files, told)


def read_files(project: Project, told: Told = lambda share: None) -> dict[str, LabelFile]:
    """Read the label files of all views that have one, and check that they belong together.

    Raises:
        DataError: when a file cannot be used or views differ; the faults of all files together.
    """
    files, faults = {}, []
    for place, (view, path) in enumerate(project.label_files.items()):
        told(READING * place / len(project.label_files))
        try:
            files[view] = read_label_file(path)
        except DataError as error:
            faults.append(str(error))
    if faults:
        raise_collected(DataError, f"the labels of {project.folder} cannot be used", faults)
    faults = view_faults({view: _poses(file) for view, file in files.items()}) if files else []
    if faults:
        raise_collected(DataError, f"the label files of {project.folder} do not belong together", faults)
    return files


def set_names(link: sqlite3.Connection, project: Project, further: Iterator[str] | tuple = ()) -> Names:
    """Give numbers to the views and keypoints of the project, and return them.

    What the project no longer names keeps its number and its cells, and is not shown.

    Args:
        link: open database, in a transaction.
        project: what is shown.
        further: keypoints that only the files have.
    """
    before = _active(link)
    for table, shown, hidden in (
        ("views", project.views, ()),
        ("keypoints", project.keypoint_names, tuple(further)),
    ):
        link.executemany(
            f"INSERT OR IGNORE INTO {table} (name, active) VALUES (?, 0)",
            [(name,) for name in (*shown, *hidden)],
        )
        link.execute(f"UPDATE {table} SET active = 0 WHERE active = 1")
        link.executemany(f"UPDATE {table} SET active = 1 WHERE name = ?", [(name,) for name in shown])
    names = load_names(link, project)
    if before != _active(link):
        _name_images(link, names)
        recount(link)
    return names


def load_names(link: sqlite3.Connection, project: Project) -> Names:
    """Return the numbers of the views and keypoints of the project, in its order.

    Raises:
        DataError: when the database does not know one of them, so that it has to be opened for writing first.
    """
    numbers = [dict(link.execute(f"SELECT name, id FROM {table}")) for table in ("views", "keypoints")]
    wanted = (project.views, project.keypoint_names)
    absent = [
        name for names, known in zip(wanted, numbers, strict=True) for name in names if name not in known
    ]
    if absent:
        raise DataError(
            f"the labels of {project.folder} do not know {', '.join(absent)} yet: open them for writing"
        )
    views, keypoints = (
        {name: known[name] for name in names} for names, known in zip(wanted, numbers, strict=True)
    )
    return Names(views, keypoints)


def fill(
    link: sqlite3.Connection,
    project: Project,
    files: Mapping[str, LabelFile],
    told: Told = lambda share: None,
) -> Names:
    """Put frames and cells of label files into an empty database."""
    names = set_names(link, project, (name for file in files.values() for name in file.names))
    if files:
        rows = list(_image_rows(project, files))
        insert_frames(link, names.views, rows, unwritten=2 * (len(files) < len(project.views)))
        _fill_cells(link, names, files, told)
    for view, file in files.items():
        link.execute(
            "INSERT INTO files (view, name, revision, sha256) VALUES (?, ?, 0, ?)",
            (names.views[view], project.label_files[view].name, file.sha256),
        )
    recount(link)
    link.execute("UPDATE frames SET since = 0")
    set_revision(link, 0)
    return names


def _active(link: sqlite3.Connection) -> list[tuple]:
    query = "SELECT name FROM {} WHERE active = 1 ORDER BY name"
    return [tuple(link.execute(query.format(table)).fetchall()) for table in ("views", "keypoints")]


def _poses(file: LabelFile) -> Poses:
    return Poses(file.names, file.points, np.array(file.frames, dtype=str))


def _image_rows(project: Project, files: Mapping[str, LabelFile]) -> Iterator[dict[str, str]]:
    """Yield the images of every frame; those of a view without a file are named after those of another."""
    first, known = next(iter(files.items()))
    for row, image in enumerate(known.frames):
        yield {
            view: files[view].frames[row] if view in files else _image_of_view(image, first, view)
            for view in project.views
        }


def _name_images(link: sqlite3.Connection, names: Names) -> None:
    """Name the images of views that came to the project later, after those of a view that was there."""
    query = (
        "SELECT views.name, frames.id, path FROM frames JOIN images ON images.frame = frames.id "
        "JOIN views ON views.id = images.view WHERE NOT EXISTS "
        "(SELECT 1 FROM images other WHERE other.frame = frames.id AND other.view = ?) "
        "GROUP BY frames.id HAVING views.id = MIN(views.id)"
    )
    for view, number in names.views.items():
        rows = link.execute(query, (number,)).fetchall()
        link.executemany(
            "INSERT INTO images VALUES (?, ?, ?)",
            [(frame, number, _image_of_view(image, known, view)) for known, frame, image in rows],
        )


def _image_of_view(image: str, known: str, view: str) -> str:
    """Return the path that the image of another view has."""
    location = locate_image(image, (known,))
    return image_name(location.session, view, location.frame, PurePosixPath(image).suffix)


def _fill_cells(link: sqlite3.Connection, names: Names, files: Mapping[str, LabelFile], told: Told) -> None:
    """Put the cells of all views into the database in the order in which it keeps them, which is fastest."""
    keypoints = dict(link.execute("SELECT name, id FROM keypoints"))
    first, *_ = files.values()
    frames = [frame for (frame,) in link.execute("SELECT id FROM frames ORDER BY id")]
    for start in range(0, len(first.frames), FRAMES_AT_ONCE):
        told(READING + (1 - READING) * start / len(first.frames))
        chunk = slice(start, start + FRAMES_AT_ONCE)
        rows = []
        for view, file in files.items():
            numbers = [keypoints[name] for name in file.names]
            rows += _cell_rows(file, chunk, frames[chunk], names.views[view], numbers)
        rows.sort()  # no two have the same frame, view and keypoint
        link.executemany(f"INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, {IMPORTED}, 0)", rows)


def _cell_rows(
    file: LabelFile, chunk: slice, frames: list[int], view: int, keypoints: list[int]
) -> Iterator[tuple]:
    """Return the labeled cells of a stretch of frames as rows of the database, which reads NaN as NULL."""
    rows, columns = np.argwhere(file.labeled[chunk]).T
    x, y = file.points[chunk][rows, columns].T.tolist()
    states = _STATE[file.visible[chunk][rows, columns]].tolist()
    numbers = np.array(frames)[rows].tolist(), repeat(view), np.array(keypoints)[columns].tolist()
    return zip(*numbers, x, y, states, strict=False)
