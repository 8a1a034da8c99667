"""Where in the world the animal is: the box that the scene shows."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float

from apps.results.rows import Rows, State, state_of
from apps.results.sources import Source
from apps.results.windows import WORLD
from lightning_pose.core.errors import DataError

SPOTS, AROUND = 48, 16  # places of a table that are looked at, and frames at each
OUTLIERS = 0.01  # share of coordinates on either side that do not count: a lost point is not a larger room
ROOM = 0.05  # share of the largest side that is added on all sides
FIRST = ("smoother", "truth", "network")


def world_bounds(sources: Iterable[Source]) -> Float[np.ndarray, "2 3"] | None:
    """Return lowest and highest corner of where keypoints are (world units), as the best source has it."""
    ordered = sorted(sources, key=lambda source: FIRST.index(source.kind))
    for source in ordered:
        if source.world is not None:
            try:
                found = _bounds(source.world, state_of(source.world))
            except DataError:
                continue
            if found is not None:
                return found
    return None


@lru_cache(maxsize=256)
def _bounds(table: Path, state: State) -> Float[np.ndarray, "2 3"] | None:
    """Look at a sample of a table; `state` tells its states apart."""
    with Rows(table) as rows:
        first, last = rows.first(), rows.last()
        if first is None or last is None:
            return None
        places = [[rows.head.cells[name, axis] for name in rows.head.names] for axis in WORLD]
        starts = np.unique(np.linspace(first, max(first, last - AROUND + 1), SPOTS).astype(int))
        cells = np.concatenate([rows.read(start, start + AROUND)[1] for start in starts.tolist()])
    points = cells[:, np.array(places).T].reshape(-1, 3)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return None
    low, high = np.quantile(points, [OUTLIERS, 1 - OUTLIERS], axis=0)
    room = ROOM * (high - low).max()
    return np.stack([low - room, high + room])
