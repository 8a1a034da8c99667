"""Tables of poses: CSV files of labels, predictions, smoothed and 3D poses, and of metrics.

The format is that of Lightning Pose and DeepLabCut: three header rows (scorer, bodyparts, coords), a first
column of frame numbers or image paths, then the columns of each keypoint; see docs/formats/labels.md and
predictions.md.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from lightning_pose.core.csv_header import SET, Header, read_header, read_lines
from lightning_pose.core.csv_numbers import read_columns, write_columns
from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.poses import Frames, Poses, shorten

SCORER = "lightning_pose"
COORDINATES = ("x", "y", "z")
POSTERIOR = "{}_posterior_var"
COUNTS = ("n_views",)  # extras that are written as integers


class Metric(NamedTuple):
    """One number per frame and keypoint, as a metric table holds it."""

    values: Float[np.ndarray, "T K"]
    names: tuple[str, ...]
    frames: Frames
    sets: tuple[str, ...] | None


def read_poses(path: Path | str) -> Poses:
    """Read labels, predictions, smoothed or 3D poses from a CSV with three header rows.

    Of the columns of a keypoint, `x, y[, z]` are the point, `likelihood` and `visible` what they say,
    `<axis>_posterior_var` the variance; all others become extras. A last column `set` becomes the sets.

    Raises:
        DataError: when the file is missing, empty, cut off, has a frame twice, text where a number should be,
            or a header that is not one; all faults listed with file and line.
    """
    path = Path(path)
    header = read_header(path)
    columns = _read_body(path, header.lines, header.width, text_columns(header))
    return poses_from_columns(path, header, columns, header.lines)


def text_columns(header: Header) -> list[int]:
    """Return the positions of the columns that are no numbers."""
    return [*header.index, *header.sets]


def poses_from_columns(path: Path, header: Header, columns: Sequence[np.ndarray], skip: int) -> Poses:
    """Return the rows of a table, or some of them, as poses.

    Args:
        path: of the table, for messages.
        header: of the table.
        columns: all of them.
        skip: lines of the file before these rows.

    Raises:
        DataError: as `read_poses`.
    """
    frames = _frames([columns[index] for index in header.index])
    faults = _frame_faults(frames, skip)
    table = {cell: columns[index] for cell, index in header.cells.items()}
    names, coords = header.names, header.coords
    blocks = {coord: np.stack([table[name, coord] for name in names], axis=1) for coord in coords}
    point_axes = [axis for axis in COORDINATES if axis in coords]
    points = np.stack([blocks.pop(axis) for axis in point_axes], axis=2)
    faults += _infinite(points, names, frames, skip)
    visible = blocks.pop("visible", None)
    if visible is not None:
        faults += _visible_faults(visible, names, frames, skip)
    if faults:
        raise_collected(DataError, f"{path} cannot be used", shorten(faults))
    variances = [
        blocks.pop(POSTERIOR.format(axis)) for axis in point_axes if POSTERIOR.format(axis) in blocks
    ]
    return Poses(
        names=names,
        points=points,
        frames=frames,
        likelihood=blocks.pop("likelihood", None),
        variance=np.stack(variances, axis=2) if variances else None,
        visible=None if visible is None else _visible(visible, points),
        sets=tuple(columns[header.sets[0]].tolist()) if header.sets else None,
        extras={coord: _counts(coord, block) for coord, block in blocks.items()},
        scorer=header.scorer,
    )


def read_labels(path: Path | str) -> Poses:
    """Read the labels of one view: pixels on images, the frames being paths of images.

    Raises:
        DataError: as `read_poses`, and when the table is of 3D points or of frame numbers.
    """
    poses = read_poses(path)
    if poses.dims != 2:
        raise DataError(f"{path} holds 3D points: expected labels in pixels, with x and y per keypoint")
    if poses.frames.dtype.kind != "U":
        raise DataError(
            f"{path} is indexed by frame numbers, so it is a prediction: expected labels whose first column "
            "names images, such as labeled-data/<session>_<view>/img00000012.png"
        )
    return poses


def write_poses(path: Path | str, poses: Poses, scorer: str | None = None) -> None:
    """Write poses as a CSV with three header rows, atomically; `read_poses` reads the same values back.

    Columns of a keypoint: x, y, (z), likelihood, visible, the extras, then the variances.

    Args:
        path: CSV file; its folder is made where it is missing.
        poses: what to write.
        scorer: first header row; by default what the poses were read with.

    Raises:
        DataError: when the file cannot be written; nothing half-written remains.
    """
    write_columns(path, *pose_columns(poses, scorer))


def pose_columns(poses: Poses, scorer: str | None = None) -> tuple[list[list[str]], list[np.ndarray]]:
    """Return the header rows and the columns of a table of poses; see `write_poses`."""
    axes = COORDINATES[: poses.dims]
    blocks = {axis: poses.points[..., index] for index, axis in enumerate(axes)}
    blocks |= {"likelihood": poses.likelihood} if poses.likelihood is not None else {}
    blocks |= {"visible": poses.visible} if poses.visible is not None else {}
    blocks |= poses.extras
    if poses.variance is not None:
        blocks |= {POSTERIOR.format(axis): poses.variance[..., index] for index, axis in enumerate(axes)}
    scorer = scorer or poses.scorer or SCORER
    cells = [(name, coord) for name in poses.names for coord in blocks]
    header = [
        ["scorer", *(scorer for _ in cells)],
        ["bodyparts", *(name for name, _ in cells)],
        ["coords", *(coord for _, coord in cells)],
    ]
    place = {name: index for index, name in enumerate(poses.names)}
    columns = [poses.frames, *(blocks[coord][:, place[name]] for name, coord in cells)]
    if poses.sets is not None:
        header = [[*row, cell] for row, cell in zip(header, (SET, "", ""), strict=True)]
        columns.append(np.array(poses.sets, dtype=str))
    return header, columns


def write_metric_table(
    path: Path | str,
    values: Float[np.ndarray, "T K"],
    names: Sequence[str],
    frames: Frames,
    sets: Sequence[str] | None = None,
) -> None:
    """Write one number per frame and keypoint: a header row of keypoints, frames in the first column.

    Raises:
        DataError: when the shapes do not fit, or the file cannot be written.
    """
    values, frames = np.asarray(values, dtype=np.float64), np.asarray(frames)
    if values.shape != (len(frames), len(names)) or (sets is not None and len(sets) != len(frames)):
        raise DataError(
            f"a metric of shape {values.shape} does not fit {len(frames)} frames, {len(names)} keypoints"
            + ("" if sets is None else f" and {len(sets)} sets")
        )
    header, columns = ["", *names], [frames, *values.T]
    if sets is not None:
        header, columns = [*header, SET], [*columns, np.array(tuple(sets), dtype=str)]
    write_columns(path, [header], columns)


def read_metric_table(path: Path | str) -> Metric:
    """Read what `write_metric_table` wrote; a last column named `set` is the sets.

    Raises:
        DataError: when the file is missing, empty, cut off or holds text where a number should be.
    """
    path = Path(path)
    names = read_lines(path, 1)[0][1:]
    has_sets = bool(names) and names[-1] == SET
    columns = _read_body(path, 1, len(names) + 1, [0, len(names)] if has_sets else [0])
    frames = _frames(columns[:1])
    faults = _frame_faults(frames, 1)
    if faults:
        raise_collected(DataError, f"{path} cannot be used", shorten(faults))
    if has_sets:
        return Metric(np.stack(columns[1:-1], axis=1), tuple(names[:-1]), frames, tuple(columns[-1].tolist()))
    return Metric(np.stack(columns[1:], axis=1), tuple(names), frames, None)


def _read_body(path: Path, skip: int, width: int, text: Sequence[int]) -> list[np.ndarray]:
    columns = read_columns(path, skip, width, text)
    if not len(columns[0]):
        raise DataError(f"{path} has a header but no rows")
    return columns


def _frames(columns: Sequence[np.ndarray]) -> Frames:
    """Return the index as integers where all of it are, else as text; several columns are parts of a path."""
    if len(columns) > 1:
        return np.array(["/".join(filter(None, parts)) for parts in zip(*columns, strict=True)])
    text = columns[0].astype(str)
    try:
        numbers = text.astype(np.float64)
    except ValueError:
        return text
    whole = np.isfinite(numbers) & (numbers == np.rint(numbers)) & (np.abs(numbers) < 2.0**53)
    return numbers.astype(np.int64) if whole.all() else text


def _frame_faults(frames: Frames, skip: int) -> list[str]:
    """Return the rows without a frame, and those with the frame of an earlier row."""
    if frames.dtype.kind == "U":
        empty = np.flatnonzero(np.char.strip(frames) == "")
    else:
        empty = np.zeros(0, dtype=int)
    faults = [f"line {skip + 1 + row} names no frame: its first cell is empty" for row in empty]
    values, first, inverse = np.unique(frames, return_index=True, return_inverse=True)
    if len(values) < len(frames):
        again = np.flatnonzero(first[inverse] != np.arange(len(frames)))
        faults += [
            f"line {skip + 1 + row} repeats {frames[row]} of line {skip + 1 + first[inverse[row]]}"
            for row in again
            if row not in empty
        ]
    return faults


def _infinite(points: np.ndarray, names: Sequence[str], frames: Frames, skip: int) -> list[str]:
    return [
        f"line {skip + 1 + row} ({frames[row]}), {names[column]}: the coordinates are infinite"
        for row, column in np.argwhere(np.isinf(points).any(axis=2))
    ]


def _visible_faults(visible: np.ndarray, names: Sequence[str], frames: Frames, skip: int) -> list[str]:
    wrong = np.isfinite(visible) & ~np.isin(visible, (0, 1, 2)) | np.isinf(visible)
    return [
        f"line {skip + 1 + row} ({frames[row]}), {names[column]}: visible is {visible[row, column]:g}, "
        "expected 0 (ignore), 1 (occluded) or 2 (visible)"
        for row, column in np.argwhere(wrong)
    ]


def _visible(visible: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return visibility as integers; an empty cell means visible where there are coordinates, else ignore."""
    unsaid = np.where(np.isfinite(points).all(axis=2), 2, 0)
    return np.where(np.isnan(visible), unsaid, visible).astype(np.int8)


def _counts(coord: str, block: np.ndarray) -> np.ndarray:
    return block.astype(np.int64) if coord in COUNTS and np.isfinite(block).all() else block
