"""Tables with a row per labeled frame: which calibration it has, and which box of the image it shows.

Tables beside one of these whose names end in `_new` or `_test`, of further labels, are read along with it.
"""

import csv
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import Float

from lightning_pose.core.errors import CalibrationError, DataError, raise_collected
from lightning_pose.core.naming import image_session
from lightning_pose.core.poses import shorten
from lightning_pose.data.labels import LabeledFrames

SIBLINGS = ("_new", "_test")
SIDES = ("x", "y", "w", "h")


def camera_files(file: Path, data_dir: Path, frames: LabeledFrames, sessions: Sequence[str]) -> list[Path]:
    """Return the calibration of every instant: `file` itself, or what it says if it is a CSV.

    The table has a row per image: its path without the view in an unnamed first column, the calibration in
    the column `file`.

    Raises:
        CalibrationError: when the file is not there or cannot be read, or names no calibration for an
            instant, or one that does not exist; all listed.
    """
    if not file.is_file():
        raise CalibrationError(f"data.camera_params_file: there is no file {file}")
    if file.suffix.lower() != ".csv":
        return [file] * len(frames)
    tables = {
        (image_session(image, ""), _name(image)): data_dir / row["file"]
        for image, row in _read(file, ("file",), CalibrationError).items()
        if row["file"]
    }
    names = [_name(image) for image in frames.frames[0]]
    found = [tables.get(key) for key in zip(sessions, names, strict=True)]
    faults = [
        f"{frames.frames[0][row]} (session '{sessions[row]}') has no row with a file"
        for row, path in enumerate(found)
        if path is None
    ]
    faults += [f"there is no file {path}" for path in dict.fromkeys(found) if path and not path.is_file()]
    if faults:
        raise_collected(CalibrationError, f"data.camera_params_file {file}", shorten(faults))
    return [path for path in found if path is not None]


def read_boxes(files: Sequence[Path], frames: LabeledFrames) -> Float[np.ndarray, "N V 4"]:
    """Return left, top, width and height (px) of the box that every labeled image shows.

    The tables have a row per image and the columns x, y, h, w.

    Raises:
        DataError: when there is not one table for each view, one cannot be read, an image has no row, or a
            box no area; all listed.
    """
    if len(files) != len(frames.view_names):
        raise DataError(f"data.bbox_file: {len(files)} files for {len(frames.view_names)} views")
    boxes = np.full((len(frames), len(frames.view_names), len(SIDES)), np.nan)
    faults = []
    for column, (file, images) in enumerate(zip(files, frames.frames, strict=True)):
        try:
            rows = _read(file, SIDES, DataError)
            for row, image in enumerate(images):
                if image in rows:
                    boxes[row, column] = [float(rows[image][side]) for side in SIDES]
        except (DataError, ValueError) as error:
            faults.append(str(error) if isinstance(error, DataError) else f"{file}: {error}")
            continue
        bad = ~(np.isfinite(boxes[:, column]).all(axis=-1) & (boxes[:, column, 2:] > 0).all(axis=-1))
        faults += [f"{file}: {images[row]} has no box of more than 0 x 0 px" for row in np.flatnonzero(bad)]
    if faults:
        raise_collected(DataError, "data.bbox_file does not fit the labels", shorten(faults))
    return boxes


def _read(
    file: Path, columns: Sequence[str], error: type[CalibrationError] | type[DataError]
) -> dict[str, dict[str, str]]:
    """Return the rows of a table by its first column, and of tables beside it that are of further labels."""
    found: dict[str, dict[str, str]] = {}
    others = [file.with_stem(file.stem + suffix) for suffix in SIBLINGS]
    for path in (*filter(Path.is_file, others), file):
        try:
            with path.open(newline="", encoding="utf-8-sig") as lines:
                rows = list(csv.DictReader(lines, restval=""))
        except (OSError, UnicodeDecodeError, csv.Error) as reason:
            raise error(f"{path}: cannot be read as a table: {reason}") from reason
        lacking = [name for name in columns if rows and name not in rows[0]]
        if lacking:
            raise error(
                f"{path}: there is no column {', '.join(lacking)}; expected {', '.join(('', *columns))}"
            )
        found |= {next(iter(row.values())): row for row in rows}
    return found


def _name(image: str) -> str:
    return PurePosixPath(image.replace("\\", "/")).name
