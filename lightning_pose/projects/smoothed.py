"""What the smoother has left behind: which tables it was made of, and when it ended."""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from lightning_pose.projects.listing import changed_at

SMOOTHED = "video_preds_smoothed"  # a folder for every session, beside the predictions
RECORD = "multicam_results.json"  # of all views together; written last


def record_of(view: str) -> str:
    """Return the name of the record of a view that was smoothed for itself."""
    return f"{'_'.join(filter(None, ('singlecam', view, 'results')))}.json"


def smoothed_at(folder: str, views: Sequence[str]) -> float | None:
    """Return when the smoother ended: with all views together, or with the first of them one by one."""
    together = changed_at(f"{folder}/{RECORD}")
    if together is not None:
        return together
    times = []
    for view in views:
        time = changed_at(f"{folder}/{record_of(view)}")
        if time is None:
            return None
        times.append(time)
    return min(times)


class Elsewhere(NamedTuple):
    """The smoother's results in a folder of a person's choice: whose tables it read, and when it ended."""

    model: str
    tables: frozenset[str]
    at: float

    def has(self, model: str, table: str) -> bool:
        """Return whether a table of a model's folder was among them."""
        return self.model == model and table in self.tables


@lru_cache(maxsize=512)
def read_elsewhere(record: Path, changed: float | None) -> Elsewhere | None:
    """Read a record of the smoother; `changed` tells its states apart."""
    try:
        files = json.loads(record.read_text(encoding="utf-8"))["files"].values()
        tables = [Path(table) for of_view in files for table in of_view]
        names = frozenset(table.name for table in tables)
        return Elsewhere(tables[0].parent.parent.name, names, changed or 0.0)
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
