"""Tables of poses and metrics a block of rows at a time: no recording is too long for memory."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import Float

from lightning_pose.core.csv_header import read_header
from lightning_pose.core.csv_numbers import ColumnWriter, iterate_columns
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Frames, Poses
from lightning_pose.core.tables import pose_columns, poses_from_columns, text_columns


class TableWriter:
    """Writes one table, of poses or of a metric, block by block; it appears whole or not at all.

    What comes out is what `write_poses` and `write_metric_table` write of all rows at once. Used as a context
    manager; an exception inside leaves what was there before.
    """

    def __init__(self, path: Path | str) -> None:
        """Say where to; the first block decides on the columns."""
        self.path = Path(path)
        self._writer: ColumnWriter | None = None

    def __enter__(self) -> "TableWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.__exit__(kind, error, trace)
        elif error is None:
            raise DataError(f"{self.path}: not a single row was given to write")

    def append_poses(self, poses: Poses) -> None:
        """Write further rows of poses.

        Raises:
            DataError: when that is not possible, for example on a full disk.
        """
        header, columns = pose_columns(poses)
        self._append(header, columns)

    def append_metric(self, values: Float[np.ndarray, "T K"], names: Sequence[str], frames: Frames) -> None:
        """Write further rows of one number per frame and keypoint.

        Raises:
            DataError: as `append_poses`.
        """
        self._append([["", *names]], [frames, *np.asarray(values, dtype=np.float64).T])

    def _append(self, header: Sequence[Sequence[str]], columns: Sequence[np.ndarray]) -> None:
        if self._writer is None:
            self._writer = ColumnWriter(self.path, header).__enter__()
        self._writer.append(columns)


def iterate_poses(path: Path | str, rows: int) -> Iterator[Poses]:
    """Read a table of poses in blocks of so many rows, the last one shorter; see `read_poses`.

    Rows that repeat a frame are found within a block only.

    Raises:
        DataError: as `read_poses`, when the reading comes to it.
    """
    path = Path(path)
    header = read_header(path)
    text, skip = text_columns(header), header.lines
    held: list[np.ndarray] = []
    for stretch in iterate_columns(path, header.lines, header.width, text):
        held = [np.concatenate(pair) for pair in zip(held, stretch, strict=True)] if held else stretch
        while len(held[0]) >= rows:
            yield poses_from_columns(path, header, [column[:rows] for column in held], skip)
            held, skip = [column[rows:] for column in held], skip + rows
    if held and len(held[0]):
        yield poses_from_columns(path, header, held, skip)
    elif skip == header.lines:
        raise DataError(f"{path} has a header but no rows")
