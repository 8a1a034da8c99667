"""Tables of any length, a stretch of frames at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from jaxtyping import Float, Int

from lightning_pose.core.csv_header import SET, read_header, read_lines
from lightning_pose.core.csv_numbers import read_columns
from lightning_pose.core.errors import DataError

VALUE = "value"  # the one coordinate of a metric
BYTES = 4 << 20  # of text that are parsed at a time


class Rows(NamedTuple):
    """Frames in a row of a table: their numbers, and what every coordinate is for every keypoint."""

    frames: Int[np.ndarray, "t"]
    columns: dict[str, Float[np.ndarray, "t K"]]


class Table:
    """A table of poses, or of a metric, that is indexed by frame numbers."""

    def __init__(self, path: Path | str) -> None:
        """Read the header.

        Raises:
            DataError: when there is no such file, or its header is none.
        """
        self.path = Path(path)
        first = read_lines(self.path, 1)[0]
        if first[:1] == ["scorer"]:
            header = read_header(self.path)
            if len(header.index) > 1 or header.sets:
                raise DataError(f"{self.path} is indexed by images: expected predictions of a video")
            self.names, self._skip, self._width = header.names, header.lines, header.width
            self._cells = {
                coord: [header.cells[name, coord] for name in header.names] for coord in header.coords
            }
        else:
            self.names, self._skip, self._width = tuple(first[1:]), 1, len(first)
            if SET in self.names:
                raise DataError(f"{self.path} is indexed by images: expected a metric of a video")
            self._cells = {VALUE: list(range(1, len(first)))}

    @property
    def coords(self) -> tuple[str, ...]:
        """What there is of every keypoint."""
        return tuple(self._cells)

    def blocks(self, rows: int) -> Iterator[Rows]:
        """Yield all rows in order, `rows` at a time; the last time those that are left.

        Raises:
            DataError: when rows have too few or too many cells or a cell is not a number, with the lines.
        """
        held, count = [], 0
        for batch in self._batches():
            held.append(batch)
            count += len(batch)
            while count >= rows:
                whole = np.concatenate(held)
                yield self._rows(whole[:rows])
                held, count = [whole[rows:]], count - rows
        if count:
            yield self._rows(np.concatenate(held))

    def _batches(self) -> Iterator[Float[np.ndarray, "t C"]]:
        """Yield the body as the parser hands it over."""
        names = [str(index) for index in range(self._width)]
        try:
            reader = pa_csv.open_csv(
                self.path,
                read_options=pa_csv.ReadOptions(
                    skip_rows=self._skip, column_names=names, block_size=BYTES, use_threads=False
                ),
                convert_options=pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.float64())),
            )
            for batch in reader:
                columns = [column.to_numpy(zero_copy_only=False) for column in batch.columns]
                yield np.stack(columns, axis=1)
        except pa.ArrowInvalid as error:
            read_columns(self.path, self._skip, self._width, [])  # says which lines are wrong
            raise DataError(f"{self.path} cannot be read: {error}") from error

    def _rows(self, body: Float[np.ndarray, "t C"]) -> Rows:
        """Return rows as frames and coordinates."""
        if not np.isfinite(body[:, 0]).all():
            raise DataError(f"{self.path}: a row names no frame: its first cell is empty")
        frames = np.rint(body[:, 0]).astype(np.int64)
        return Rows(frames, {coord: body[:, cells] for coord, cells in self._cells.items()})
