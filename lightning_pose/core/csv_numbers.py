"""Columns of numbers to and from CSV text, fast and exactly.

Every float is written as its shortest decimal that reads back as the same float, in Python's spelling (`1.0`,
`1e-05`), which is also that of pandas; a missing value is an empty cell.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from jaxtyping import Shaped

from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.files import atomic_path
from lightning_pose.core.poses import shorten

ROWS_AT_ONCE = 65536
BYTES_AHEAD = 1 << 18
MISSING = tuple(pa_csv.ConvertOptions().null_values)  # '', NaN, nan, NA, null, ...
_NUMBER = re.compile(r"\s*[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|inf|infinity|nan)\s*", re.IGNORECASE)


def read_columns(path: Path, skip_rows: int, width: int, text: Sequence[int]) -> list[np.ndarray]:
    """Read the body of a CSV as columns: float64, NaN where empty, but str where the position is in `text`.

    Raises:
        DataError: when rows have too few or too many cells or a cell is not a number; each with its line.
    """
    with _explained(path, skip_rows, width, text):
        table = pa_csv.read_csv(path, **_reading(skip_rows, width, text))
        return [column.to_numpy() for column in table.columns]


def iterate_columns(
    path: Path, skip_rows: int, width: int, text: Sequence[int]
) -> Iterator[list[np.ndarray]]:
    """Read the body of a CSV a stretch of rows at a time, as `read_columns` reads the whole.

    Raises:
        DataError: as `read_columns`, when the reading comes to it.
    """
    how = _reading(skip_rows, width, text)
    how["read_options"].block_size = BYTES_AHEAD  # it reads 32 of them ahead, and many files may be open
    with _explained(path, skip_rows, width, text), pa_csv.open_csv(path, **how) as batches:
        for batch in batches:
            if len(batch):
                yield [column.to_numpy(zero_copy_only=False) for column in batch.columns]


def columns_of(path: Path, skip_rows: int, body: bytes, width: int) -> list[np.ndarray]:
    """Return whole rows that were cut out of a CSV of numbers as columns: float64, NaN where empty.

    Raises:
        DataError: as `read_columns`, with the lines counted in the whole file.
    """
    if not body:
        return [np.zeros(0) for _ in range(width)]
    with _explained(path, skip_rows, width, []):
        table = pa_csv.read_csv(pa.BufferReader(body), **_reading(0, width, []))
        return [column.to_numpy() for column in table.columns]


def _reading(skip_rows: int, width: int, text: Sequence[int]) -> dict[str, Any]:
    """Return pyarrow's options."""
    names = [str(index) for index in range(width)]
    types = {name: pa.string() if index in text else pa.float64() for index, name in enumerate(names)}
    return {
        "read_options": pa_csv.ReadOptions(skip_rows=skip_rows, column_names=names),
        "convert_options": pa_csv.ConvertOptions(column_types=types, strings_can_be_null=False),
    }


@contextmanager
def _explained(path: Path, skip_rows: int, width: int, text: Sequence[int]) -> Iterator[None]:
    """Turn pyarrow's fault into one that names the lines."""
    try:
        yield
    except pa.ArrowInvalid as error:
        faults = list(_body_faults(path, skip_rows, width, text))
        raise_collected(DataError, f"{path} cannot be read", shorten(faults) or [str(error)])


class ColumnWriter:
    """Writes a CSV of columns of float, int or str block by block; it appears whole or not at all.

    Used as a context manager; an exception inside leaves what was there before.
    """

    def __init__(self, path: Path | str, header: Sequence[Sequence[str]]) -> None:
        """Describe the file; it is opened by `with`.

        Args:
            path: its folder is made where it is missing.
            header: rows of cells.
        """
        self.path, self._header = Path(path), header
        self._stack = ExitStack()

    def __enter__(self) -> "ColumnWriter":
        with ExitStack() as stack, self._told():
            temporary = stack.enter_context(atomic_path(self.path))
            self._sink = stack.enter_context(temporary.open("wb"))
            self._sink.write(_header_text(self._header).encode())
            self._stack = stack.pop_all()
        return self

    def append(self, columns: Sequence[Shaped[np.ndarray, "T"]]) -> None:
        """Write further rows.

        Raises:
            DataError: when that is not possible, for example on a full disk.
        """
        with self._told():
            for start in range(0, len(columns[0]), ROWS_AT_ONCE):
                cells = [_text_column(column[start : start + ROWS_AT_ONCE]) for column in columns]
                rows = pc.binary_join_element_wise(*cells, _cell(","))  # pyright: ignore[reportAttributeAccessIssue]
                self._sink.write("\n".join([*rows.to_pylist(), ""]).encode())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._told():
            self._stack.__exit__(kind, error, trace)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn a fault of the disk into a message."""
        try:
            yield
        except OSError as error:
            raise DataError(
                f"{self.path} could not be written: {error}; nothing of it was left behind"
            ) from error


def write_columns(
    path: Path | str, header: Sequence[Sequence[str]], columns: Sequence[Shaped[np.ndarray, "T"]]
) -> None:
    """Write header rows and columns of float, int or str as a CSV, atomically.

    Raises:
        DataError: when the file cannot be written, for example on a full disk; nothing of it remains.
    """
    with ColumnWriter(path, header) as writer:
        writer.append(columns)


def _header_text(header: Sequence[Sequence[str]]) -> str:
    return "".join(",".join(_quoted(cell) for cell in row) + "\n" for row in header)


def _quoted(cell: str) -> str:
    """Quote a cell as a CSV needs it."""
    if any(mark in cell for mark in ',"\n\r'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _text_column(column: Shaped[np.ndarray, "N"]) -> pa.Array:
    """Return the cells of a column as text."""
    if column.dtype.kind == "f":
        return _float_text(np.ascontiguousarray(column, dtype=np.float64))
    if column.dtype.kind in "iub":
        return _arrow(column).cast(pa.string())
    return _arrow_text([_quoted(str(cell)) for cell in column.tolist()])


def _float_text(values: Shaped[np.ndarray, "N"]) -> pa.Array:
    """Return floats in Python's spelling; pyarrow's is another for whole, large and small numbers."""
    text = _arrow(values).cast(pa.string())
    size = np.abs(values)
    whole = (values == np.rint(values)) & (size < 1e10)
    other = ((size < 1e-3) | (size >= 1e10)) & (size != 0)
    if whole.any():
        with_point = pc.binary_join_element_wise(text, _cell(".0"), _cell(""))  # pyright: ignore[reportAttributeAccessIssue]
        text = pc.if_else(_arrow(whole), with_point, text)  # pyright: ignore[reportAttributeAccessIssue]
    if other.any():
        spelled = _arrow_text([repr(value) for value in values[other].tolist()])
        text = pc.replace_with_mask(text, _arrow(other), spelled)  # pyright: ignore[reportAttributeAccessIssue]
    missing = np.isnan(values)
    if missing.any():
        text = pc.if_else(_arrow(missing), _cell(""), text)  # pyright: ignore[reportAttributeAccessIssue]
    return text


def _arrow(values: Shaped[np.ndarray, "N"]) -> pa.Array:
    """Return numbers or truth values as pyarrow has them; its own `array` loads pandas, half a second."""
    is_truth = values.dtype.kind == "b"
    content = np.packbits(values, bitorder="little") if is_truth else np.ascontiguousarray(values)
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(content)]
    )


def _arrow_text(cells: Sequence[str]) -> pa.Array:
    """Return text as pyarrow has it, likewise."""
    encoded = [cell.encode() for cell in cells]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    parts = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.large_string(), len(cells), parts).cast(pa.string())


def _cell(text: str) -> pa.Scalar:
    """Return one cell as pyarrow has it, likewise."""
    return _arrow_text([text])[0]


def _body_faults(path: Path, skip_rows: int, width: int, text: Sequence[int]) -> Iterator[str]:
    """Say which lines of a CSV that could not be read are wrong, and how; slow, for errors only."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as source:
        reader = csv.reader(source)
        for row in reader:
            line = reader.line_num
            if line <= skip_rows or not row:
                continue
            if len(row) != width:
                few = " (is the file cut off?)" if len(row) < width else ""
                yield f"line {line} ({row[0]}) has {len(row)} cells where the header has {width}{few}"
                continue
            for column, cell in enumerate(row):
                if column not in text and cell not in MISSING and not _NUMBER.fullmatch(cell):
                    yield f"line {line} ({row[0]}), column {column + 1}: '{cell}' is not a number"
