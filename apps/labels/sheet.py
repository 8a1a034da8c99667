"""A label file as text: single cells change, every other byte stays.

Numbers keep their spelling, rows their order, columns that are not labels their content, lines their ends.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Self

from apps.labels.journal import Exported
from lightning_pose.core.csv_header import Header
from lightning_pose.core.csv_numbers import MISSING
from lightning_pose.core.tables import SCORER

_FIELD = rb'(?:"(?:[^"]|"")*"[^,\r\n]*|[^,\r\n]*)'
_FIELDS = re.compile(_FIELD)
_RECORD = re.compile(rb"%b(?:,%b)*(?:\r\n|\r|\n|\Z)" % (_FIELD, _FIELD))
_NOTHING: Exported = (None, None, 0)
_AXES = ("x", "y")


class Sheet:
    """The records of a label file.

    Attributes:
        header: its columns.
    """

    def __init__(self, data: bytes, header: Header) -> None:
        """Take a file apart.

        Args:
            data: its bytes.
            header: what `read_header` says of it.
        """
        self.header = header
        self._records: list[bytes] = _records(data)
        self._end = _line_end(self._records[0]) or b"\n"
        self._place = {
            name: place
            for place, name in enumerate(map(self._name, self._records))
            if place >= header.lines and self._records[place].strip(b"\r\n")
        }

    @classmethod
    def new(cls, names: Sequence[str], scorer: str | None = None) -> Self:
        """Return a file without rows, with a column `visible` for every keypoint."""
        coords = (*_AXES, "visible")
        columns = [(name, coord) for name in names for coord in coords]
        rows = [
            ["scorer", *(scorer or SCORER for _ in columns)],
            ["bodyparts", *(name for name, _ in columns)],
            ["coords", *(coord for _, coord in columns)],
        ]
        cells = {column: place for place, column in enumerate(columns, start=1)}
        header = Header(scorer, tuple(names), coords, cells, (0,), (), len(columns) + 1, 3)
        return cls(b"".join(_joined(map(_quoted, row)) + b"\n" for row in rows), header)

    @property
    def frames(self) -> Iterable[str]:
        """The paths of the images that have a row."""
        return self._place.keys()

    @property
    def has_visible(self) -> bool:
        """Whether it can say that a keypoint is occluded."""
        return "visible" in self.header.coords

    def to_bytes(self) -> bytes:
        """Return the file."""
        return b"".join(self._records)

    def put(self, frame: str, cells: Mapping[str, Exported]) -> None:
        """Change cells of a row; those that say the same already are not touched."""
        place = self._place[frame]
        body, end = _split_end(self._records[place])
        fields = _fields(body)
        for name, cell in cells.items():
            if self._cell(fields, name) != cell:
                for coord, value in zip((*_AXES, "visible"), cell, strict=True):
                    column = self.header.cells.get((name, coord))
                    if column is not None and _number(fields[column]) != value:
                        fields[column] = _spelled(value)
        self._records[place] = _joined(fields) + end

    def append(self, frame: str, cells: Mapping[str, Exported]) -> None:
        """Add a row at the end."""
        fields = [b""] * self.header.width
        parts = frame.split("/", len(self.header.index) - 1)
        for column, part in zip(self.header.index, parts, strict=False):
            fields[column] = _quoted(part)
        for name in self.header.names:
            for coord, value in zip((*_AXES, "visible"), cells.get(name, _NOTHING), strict=True):
                if (name, coord) in self.header.cells:
                    fields[self.header.cells[name, coord]] = _spelled(value)
        if not _line_end(self._records[-1]):
            self._records[-1] += self._end
        self._place[frame] = len(self._records)
        self._records.append(_joined(fields) + self._end)

    def remove(self, frames: Iterable[str]) -> None:
        """Take rows out."""
        gone = {self._place[frame] for frame in frames}
        kept = [place for place in range(len(self._records)) if place not in gone]
        moved = {old: new for new, old in enumerate(kept)}
        self._place = {name: moved[place] for name, place in self._place.items() if place in moved}
        self._records = [self._records[place] for place in kept]

    def widen(self, names: Sequence[str], *, visible: bool) -> None:
        """Add columns for the keypoints that it lacks, in the order of `names`, and for `visible` if asked.

        A column `visible` says of every row what it said without: 2 where there are coordinates, 0 elsewhere.
        """
        coords = self.header.coords
        wanted = (*coords, "visible") if visible and not self.has_visible else coords
        columns = list(_widened(self.header, names, wanted))
        if columns == list(range(self.header.width)):
            return
        before = self.header
        head = 4 if _fields(self._records[1])[0] == b"individuals" else 3
        for place, record in enumerate(self._records):
            body, end = _split_end(record)
            if not body:
                continue
            fields = _fields(body)
            grown = [
                fields[column] if isinstance(column, int) else self._fill(fields, column, place, head)
                for column in columns
            ]
            self._records[place] = _joined(grown) + end
        cells = {column: new for new, column in enumerate(columns) if isinstance(column, tuple)}
        moved = {old: new for new, old in enumerate(columns) if isinstance(old, int)}
        cells |= {cell: moved[old] for cell, old in before.cells.items()}
        self.header = before._replace(
            names=tuple(dict.fromkeys(name for name, _ in sorted(cells, key=cells.__getitem__))),
            coords=wanted, cells=cells, width=len(columns), sets=tuple(moved[old] for old in before.sets),
        )  # fmt: skip

    def _fill(self, fields: list[bytes], column: tuple[str, str], place: int, head: int) -> bytes:
        """Return the content of a new column in a record."""
        name, coord = column
        if place < head:
            scorer = fields[next(iter(self.header.cells.values()))]
            animal = (
                (scorer,) if head == 4 else ()
            )  # the row of individuals is filled like that of the scorer
            return (scorer, *animal, _quoted(name), _quoted(coord))[place]
        if place < self.header.lines or coord != "visible":
            return b""
        return _spelled(self._cell(fields, name)[2] if (name, "x") in self.header.cells else 0)

    def _name(self, record: bytes) -> str:
        """Return the image that a record is of."""
        count = len(self.header.index)
        if count == 1 and b'"' not in record:
            return record.partition(b",")[0].decode()
        texts = [_text(field) for field in _fields(_split_end(record)[0])[:count]]
        return texts[0] if count == 1 else "/".join(filter(None, texts))

    def _cell(self, fields: list[bytes], name: str) -> Exported:
        """Return what a row says of a keypoint."""
        x, y = (_number(fields[self.header.cells[name, axis]]) for axis in _AXES)
        visible = _number(fields[self.header.cells[name, "visible"]]) if self.has_visible else None
        whole = x is not None and y is not None
        visible = (2 if whole else 0) if visible is None else int(visible)
        if visible == 0 or (visible == 2 and not whole):
            return _NOTHING
        return (x, y, visible) if whole else (None, None, visible)


def _widened(header: Header, names: Sequence[str], coords: Sequence[str]) -> Iterator[int | tuple[str, str]]:
    """Yield the columns in their new order: positions of old ones, keypoint and coordinate of new ones."""
    last = {name: place for (name, _), place in sorted(header.cells.items(), key=lambda item: item[1])}
    after: dict[int, list[tuple[str, str]]] = {}
    for name in header.names:
        after[last[name]] = [(name, coord) for coord in coords if (name, coord) not in header.cells]
    previous = max(header.index)
    for name in names:
        if name in last:
            previous = last[name]
        else:
            after.setdefault(previous, []).extend((name, coord) for coord in coords)
    yield from chain.from_iterable((place, *after.get(place, ())) for place in range(header.width))


def _records(data: bytes) -> list[bytes]:
    """Return the records of a CSV with their line ends; a quoted cell may contain such."""
    if b'"' not in data:
        return data.splitlines(keepends=True)
    return [match[0] for match in _RECORD.finditer(data) if match[0]]


def _fields(body: bytes) -> list[bytes]:
    """Return the cells of a record as they are spelled."""
    if b'"' not in body:
        return body.split(b",")
    fields, start = [], 0
    while True:
        match = _FIELDS.match(body, start)
        assert match is not None  # it matches nothing as well
        fields.append(match[0])
        if match.end() == len(body):
            return fields
        start = match.end() + 1


def _joined(fields: Iterable[bytes]) -> bytes:
    return b",".join(fields)


def _line_end(record: bytes) -> bytes:
    return record[len(record.rstrip(b"\r\n")) :]


def _split_end(record: bytes) -> tuple[bytes, bytes]:
    end = _line_end(record)
    return record[: len(record) - len(end)], end


def _text(field: bytes) -> str:
    """Return what a cell says, without the quotes around it."""
    return next(csv.reader([field.decode()]), [""])[0] if b'"' in field else field.decode()


def _number(field: bytes) -> float | None:
    """Return the number that a cell says; None where it is missing."""
    text = _text(field)
    if text in MISSING:
        return None
    return float(text)


def _spelled(value: float | int | None) -> bytes:
    """Return the shortest spelling that reads back as the same number; nothing for None."""
    return b"" if value is None else repr(value).encode()


def _quoted(text: str) -> bytes:
    """Return a cell, in quotes where a CSV needs them."""
    sink = io.StringIO()
    csv.writer(sink, lineterminator="").writerow([text])
    return sink.getvalue().encode() if text else b""
