"""Files of boxes: a row per frame of a video, or per labeled image, as Lightning Pose has them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from lightning_pose.core.csv_header import read_lines
from lightning_pose.core.csv_numbers import read_columns, write_columns
from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.poses import Frames, shorten
from lightning_pose.crops.geometry import Boxes

SIDES = ("x", "y", "h", "w")


class BoxTable(NamedTuple):
    """Boxes, and the frames that they are of: numbers, or paths of images."""

    boxes: Boxes
    frames: Frames


def read_boxes(path: Path | str) -> BoxTable:
    """Read a CSV with the columns x, y, h, w after a first one that names frames.

    Raises:
        DataError: when it cannot be read, lacks a column, or a box is missing, empty or not of whole pixels;
            all faults listed.
    """
    path = Path(path)
    header = read_lines(path, 1)[0]
    lacking = [side for side in SIDES if side not in header[1:]]
    if lacking:
        raise DataError(f"{path}: there is no column {', '.join(lacking)}; expected {','.join(('', *SIDES))}")
    columns = read_columns(path, 1, len(header), [0])
    if not len(columns[0]):
        raise DataError(f"{path} has a header but no boxes")
    values = np.stack([columns[header.index(side, 1)] for side in SIDES], axis=1)
    values = np.where(np.isinf(values), np.nan, values)
    whole = (values == np.rint(values)).all(axis=1) & (values[:, 2:] > 0).all(axis=1)
    faults = [
        f"line {row + 2} ({columns[0][row]}): expected whole pixels and an area, got "
        + ", ".join(f"{side} {value:g}" for side, value in zip(SIDES, values[row], strict=True))
        for row in np.flatnonzero(~whole)
    ]
    if faults:
        raise_collected(DataError, f"{path} cannot be used", shorten(faults))
    return BoxTable(values.astype(np.int64), _frames(columns[0].astype(str)))


def write_boxes(path: Path | str, table: BoxTable) -> None:
    """Write boxes as `read_boxes` and Lightning Pose read them, atomically.

    Raises:
        DataError: when the file cannot be written.
    """
    write_columns(path, [["", *SIDES]], [table.frames, *table.boxes.T])


def _frames(text: np.ndarray) -> Frames:
    """Return frame numbers where all cells are such, else the text."""
    return text.astype(np.int64) if all(cell.strip().isdigit() for cell in text.tolist()) else text
