"""How far a program is, in a small file that another one reads."""

import json
import time
from pathlib import Path
from typing import NamedTuple

from lightning_pose.core.files import write_json

EVERY = 0.5  # seconds between states


class Progress(NamedTuple):
    """How far a program is: `completed` of `total`, 0 where that is not known, of `what`."""

    completed: int
    total: int
    what: str


class ProgressFile:
    """Writes JSON with `completed`, `total`, `what` and `timestamp`, at most every half second."""

    def __init__(self, path: Path | None) -> None:
        """Describe the file; without one, nothing is written."""
        self._path = path
        self._last: tuple[float, str] = (0.0, "")

    def tell(self, completed: int, total: int, what: str) -> None:
        """Write how far it is, if it is the end, something new, or a while since the last time."""
        now = time.monotonic()
        due = completed >= total > 0 or what != self._last[1] or now - self._last[0] >= EVERY
        if self._path is None or not due:
            return
        self._last = (now, what)
        record = {"completed": completed, "total": total, "what": what, "timestamp": time.time()}
        write_json(self._path, record)


def read_progress(path: Path | str) -> Progress | None:
    """Return the last state that was written; None where there is none that can be read."""
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
        return Progress(int(record["completed"]), int(record["total"]), str(record.get("what", "")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
