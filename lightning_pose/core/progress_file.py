"""How far a program is, in a small file that another one reads."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lightning_pose.core.files import write_json

EVERY = 0.5  # seconds between states


class Progress(NamedTuple):
    """How far a program is.

    Attributes:
        completed: of `total`.
        total: 0 where that is not known.
        what: is being done.
        left: seconds that this will still take at the rate so far; None where there is none yet.
        parts: what is in work now, such as sessions, by name, and the share of each that is done.
    """

    completed: int
    total: int
    what: str
    left: float | None = None
    parts: tuple[tuple[str, float], ...] = ()


class ProgressFile:
    """Writes JSON with the fields of `Progress` and `timestamp`, at most every half second."""

    def __init__(self, path: Path | None) -> None:
        """Describe the file; without one, nothing is written."""
        self.path = path
        self._written, self._what = 0.0, ""
        self._first = (0.0, 0)  # when something new began, and how much of it was done already

    def tell(
        self, completed: int, total: int, what: str, parts: Mapping[str, float] | None = None
    ) -> None:  # fmt: skip
        """Write how far it is, if it is the end, something new, or a while since the last time."""
        now, new = time.monotonic(), what != self._what
        if self.path is None or not (completed >= total > 0 or new or now - self._written >= EVERY):
            return
        if new:
            self._first = (now, completed)
        self._written, self._what = now, what
        record: dict[str, Any] = {
            "completed": completed,
            "total": total,
            "what": what,
            "timestamp": time.time(),
        }
        begin, already = self._first
        if completed > already and total:
            record["left"] = round((now - begin) / (completed - already) * max(total - completed, 0), 1)
        if parts:
            record["parts"] = {name: round(share, 3) for name, share in parts.items()}
        write_json(self.path, record)


def read_progress(path: Path | str) -> Progress | None:
    """Return the last state that was written; None where there is none that can be read."""
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
        left = record.get("left")
        done, total = int(record["completed"]), int(record["total"])
        parts = tuple((str(name), float(share)) for name, share in record.get("parts", {}).items())
        what = str(record.get("what", ""))
        return Progress(done, total, what, None if left is None else float(left), parts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
