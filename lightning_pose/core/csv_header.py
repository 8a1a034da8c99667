"""The three header rows of a table of poses: scorer, bodyparts, coords."""

import csv
import re
from pathlib import Path
from typing import NamedTuple

from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.naming import IMAGE_SUFFIXES

SET = "set"


class Header(NamedTuple):
    """Which column of a table holds what.

    Attributes:
        scorer: who made the poses.
        names: keypoints in order.
        coords: the columns that every keypoint has, in the order of the first.
        cells: position of the column of a keypoint and a coordinate.
        index: positions of the columns that name the frame.
        sets: position of the column `set`, if there is one.
        width: number of columns.
        lines: number of lines before the first row of data.
    """

    scorer: str | None
    names: tuple[str, ...]
    coords: tuple[str, ...]
    cells: dict[tuple[str, str], int]
    index: tuple[int, ...]
    sets: tuple[int, ...]
    width: int
    lines: int


def read_lines(path: Path, count: int) -> list[list[str]]:
    """Return the cells of the first lines of a CSV.

    Raises:
        DataError: when there is no such file, it has fewer lines, or it is not text.
    """
    if not path.is_file():
        raise DataError(f"{path} does not exist" if not path.exists() else f"{path} is not a file")
    rows: list[list[str]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as source:
            for row in csv.reader(source):
                rows.append(row)
                if len(rows) == count:
                    return rows
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is not a CSV in UTF-8: {error}") from error
    if not any(any(row) for row in rows):
        raise DataError(f"{path} is empty")
    raise DataError(f"{path} ends after {len(rows)} lines: expected {count} or more")


def read_header(path: Path) -> Header:
    """Read and check the header of a table of poses.

    Raises:
        DataError: when the first three rows are not scorer, bodyparts and coords, with x and y per keypoint.
    """
    rows, lines = _header_rows(path)
    if not len(rows[0]) == len(rows[1]) == len(rows[2]):
        raise DataError(
            f"{path}: the header rows have {len(rows[0])}, {len(rows[1])} and {len(rows[2])} cells; expected "
            "the same number in scorer, bodyparts and coords"
        )
    columns = list(zip(*rows, strict=True))
    n_index = 1
    while n_index < len(columns) and not any(columns[n_index]):
        n_index += 1
    sets = tuple(index for index in range(n_index, len(columns)) if _is_set(columns[index]))
    cells: dict[tuple[str, str], int] = {}
    faults = [f"there are {len(sets)} columns named {SET}"] if len(sets) > 1 else []
    for index in sorted(set(range(n_index, len(columns))) - set(sets)):
        cell = columns[index][1:]
        if not all(cell):
            faults.append(f"column {index + 1} has no keypoint or no coordinate")
        elif cell in cells:
            faults.append(f"columns {cells[cell] + 1} and {index + 1} are both {cell[1]} of '{cell[0]}'")
        else:
            cells[cell] = index
    names = tuple(dict.fromkeys(name for name, _ in cells))
    coords = tuple(coord for name, coord in cells if name == names[0])
    faults += _coords_faults(names, coords, cells)
    if faults:
        raise_collected(DataError, f"the header of {path} cannot be used", faults)
    scorer = next((columns[index][0] for index in cells.values() if columns[index][0]), None)
    lines += _is_index_name(path, lines)
    return Header(scorer, names, coords, cells, tuple(range(n_index)), sets, len(columns), lines)


def _header_rows(path: Path) -> tuple[list[list[str]], int]:
    """Return the cells of scorer, bodyparts and coords, and the number of lines that they take.

    Raises:
        DataError: when the file starts otherwise.
    """
    rows = read_lines(path, 3)
    if rows[1][:1] == ["individuals"]:  # DeepLabCut writes this row also where there is one animal
        rows = read_lines(path, 4)
        animals = sorted(set(filter(None, rows[1][1:])))
        if len(animals) > 1:
            raise DataError(f"{path} holds several animals ({', '.join(animals)}); expected a file of one")
        rows = [rows[0], *rows[2:]]
        return rows, 4
    if "x" not in rows[2] or "y" not in rows[2]:
        advice = "; is it separated by semicolons?" if ";" in "".join(rows[0]) else ""
        raise DataError(
            f"{path} does not start with the header rows scorer, bodyparts, coords: expected x and y in its "
            f"third line, got '{','.join(rows[2])[:60]}'{advice}"
        )
    return rows, 3


def _is_set(column: tuple[str, ...]) -> bool:
    """Return whether a column is the set; pandas names its empty levels when it writes a table again."""
    return column[0] == SET and all(not cell or cell.startswith("Unnamed") for cell in column[1:])


def _coords_faults(
    names: tuple[str, ...], coords: tuple[str, ...], cells: dict[tuple[str, str], int]
) -> list[str]:
    """Return the keypoints that lack a column, or have one that others do not."""
    if not names:
        return ["there are no keypoints"]
    point = tuple(coord for coord in coords if coord in ("x", "y", "z"))
    if point not in (("x", "y"), ("x", "y", "z")):
        return [f"'{names[0]}' has the columns {', '.join(coords)}; expected x, y or x, y, z"]
    faults = []
    for name in names[1:]:
        own = {coord for other, coord in cells if other == name}
        if own != set(coords):
            got = ", ".join(coord for other, coord in cells if other == name)
            faults.append(f"'{name}' has the columns {got}, but '{names[0]}' has {', '.join(coords)}")
    return faults


def _is_index_name(path: Path, lines: int) -> bool:
    """Return whether the line after the header is the name of the index and no row of data.

    pandas writes such a line where the index has a name. It looks like an image without labels; it is none
    when it names no image and the next line does, or no number and the next line does.
    """
    try:
        name, row = read_lines(path, lines + 2)[lines:]
    except DataError:  # fewer than two lines of data: the first is one of them
        return False
    if not name or any(name[1:]) or not row:
        return False
    if _is_number(row[0]):
        return not _is_number(name[0])
    return _is_image(row[0]) and not _is_image(name[0])


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"\s*[+-]?\d+(\.0*)?\s*", cell) is not None


def _is_image(cell: str) -> bool:
    return cell.lower().endswith(IMAGE_SUFFIXES)
