"""Makes the copy of a table in binary: `python -m apps.results.build TABLE COPY`.

It prints the number of frames that are done, and of all, on a line each time; a fault is a sentence on the
error output, and the exit status 2. The copy appears whole or not at all.
"""

import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from apps.results.copies import CopyWriter
from apps.results.rows import Rows, read_head, state_of
from lightning_pose.core.csv_numbers import iterate_columns
from lightning_pose.core.errors import DataError
from lightning_pose.core.files import atomic_path
from lightning_pose.core.terminal import guarded

SPARSE = 100  # times as many frames as rows that a table may span: a number gone wrong is not a terabyte
STEADY = 100_000  # frames that it may span anyway

Tell = Callable[[int, int], None]


def make_copy(table: Path, copy: Path, tell: Tell | None = None) -> None:
    """Write the copy of a table.

    Args:
        table: CSV of poses or of a metric, a row per frame of a video.
        copy: where to.
        tell: called with the frames that are done, and all.

    Raises:
        DataError: when the table is none, is faulty, or changed meanwhile; or the disk is full.
    """
    state, head = state_of(table), read_head(table)
    with Rows(table) as rows:
        total = (rows.last() or 0) + 1
    try:
        with atomic_path(copy) as temporary, temporary.open("wb") as file:
            writer = CopyWriter(file, head)
            count, before = 0, -1
            for columns in iterate_columns(table, head.lines, head.width, head.text):
                frames = _frames(table, columns[0], before)
                count, before = count + len(frames), int(frames[-1])
                if before > STEADY + SPARSE * count:
                    raise DataError(f"{table}: frame {before} comes in row {count}: a number gone wrong?")
                writer.add(frames, columns)
                if tell is not None:
                    tell(min(before + 1, total), total)
            if not count:
                raise DataError(f"{table} has a header but no rows")
            writer.finish()
            if state_of(table) != state:
                raise DataError(f"{table} changed while it was read")
    except OSError as error:
        raise DataError(f"{table}: no copy can be written to {copy.parent} ({error.strerror})") from error


def _frames(table: Path, cells: np.ndarray, before: int) -> np.ndarray:
    """Return the numbers of frames of some rows.

    Raises:
        DataError: when they are none, or do not ascend.
    """
    if not np.isfinite(cells).all() or (cells != np.rint(cells)).any():
        raise DataError(f"{table}: expected the number of a frame at the start of every row")
    if cells[0] <= before or (np.diff(cells) <= 0).any():
        raise DataError(f"{table}: expected a row per frame in ascending order, behind frame {before}")
    return cells.astype(np.int64)


def end_tidily() -> None:
    """Have this program remove what it has written when it is told to end."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def main(arguments: Sequence[str]) -> int:
    """Run the program."""
    table, copy = map(Path, arguments)
    end_tidily()

    def run() -> int:
        make_copy(table, copy, lambda done, total: print(done, total, flush=True))
        return 0

    return guarded(run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
