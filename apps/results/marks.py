"""Marks of a session: frames and spans that a person gave a name, kept in the project.

`.litpose/marks/<session>.json` has a revision `rev` and `marks`, each with `id`, `frame`, `end`, `name`,
`color`, `note` and `who`; `end` is the last frame of a span, null of a single frame. Every change is a whole
new list that names the revision it was made from, so that nobody writes over what they have not seen.
"""

import json
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.files import write_json

FOLDER = Path(".litpose") / "marks"
MOST, LAST_FRAME = 5000, 2**31
LENGTHS = {"id": 64, "name": 200, "color": 7, "note": 2000, "who": 200}
_writing = threading.Lock()


class Marks(NamedTuple):
    """The marks of a session, and how often they were changed."""

    rev: int
    marks: list[dict[str, Any]]


class StaleError(Exception):
    """Marks that were made from an older revision; `now` is what there is."""

    def __init__(self, now: Marks) -> None:
        """Remember what there is."""
        super().__init__("somebody else changed the marks meanwhile")
        self.now = now


def read_marks(home: Path, session: str) -> Marks:
    """Return the marks of a session; none where nothing was marked.

    Raises:
        DataError: when the file is not one of marks.
    """
    path = _file(home, session)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        found = Marks(int(record["rev"]), checked(record["marks"]))
    except FileNotFoundError:
        return Marks(0, [])
    except (OSError, ValueError, KeyError, TypeError, DataError) as error:
        raise DataError(
            f"{path} cannot be read as marks ({error}): correct it, or delete it to begin anew"
        ) from error
    return found


def save_marks(home: Path, session: str, base: int, marks: list[dict[str, Any]]) -> Marks:
    """Write the marks of a session, and return them with their revision.

    Args:
        home: folder of the project.
        session: by name.
        base: revision that they were made from.
        marks: all of them, checked.

    Raises:
        StaleError: when they were changed since.
        DataError: when the file cannot be read or written.
    """
    with _writing:
        now = read_marks(home, session)
        if base != now.rev:
            raise StaleError(now)
        made = Marks(now.rev + 1, marks)
        try:
            write_json(_file(home, session), made._asdict())
        except OSError as error:
            raise DataError(f"the marks cannot be written to {home / FOLDER} ({error.strerror})") from error
        return made


def checked(marks: Any) -> list[dict[str, Any]]:
    """Return marks in order of frames, if they are some.

    Raises:
        DataError: when they are not; all faults listed.
    """
    if not isinstance(marks, list) or len(marks) > MOST:
        raise DataError(f"expected a list of at most {MOST} marks")
    faults = [fault for place, mark in enumerate(marks) for fault in _faults(mark, f"mark {place + 1}")]
    if not faults and len({mark["id"] for mark in marks}) < len(marks):
        faults.append("two marks have the same id")
    if faults:
        raise_collected(DataError, "these are not marks", faults[:20])
    kept = [
        {key: mark[key] for key in ("id", "frame", "end", "name", "color", "note", "who")} for mark in marks
    ]
    return sorted(kept, key=lambda mark: (mark["frame"], mark["id"]))


def _faults(mark: Any, where: str) -> list[str]:
    if not isinstance(mark, Mapping):
        return [f"{where}: expected an object"]
    faults = [
        f"{where}, {key}: expected a text of at most {longest} characters"
        for key, longest in LENGTHS.items()
        if not isinstance(mark.get(key), str) or len(mark[key]) > longest
    ]
    frame, end = mark.get("frame"), mark.get("end")
    if not _is_frame(frame):
        faults.append(f"{where}, frame: expected a whole number")
    elif end is not None and not (_is_frame(end) and end >= frame):
        faults.append(f"{where}, end: expected null, or a frame from {frame} on")
    if not faults and not (mark["id"] and re.fullmatch(r"#[0-9a-fA-F]{6}", mark["color"])):
        faults.append(f"{where}: expected an id, and a color such as #e69f00")
    return faults


def _is_frame(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LAST_FRAME


def _file(home: Path, session: str) -> Path:
    """Return the file of a session's marks; its name is one also where the session's has odd signs."""
    return home / FOLDER / f"{quote(session, safe=' ()[]+,=@')}.json"
