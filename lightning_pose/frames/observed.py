"""A session to be judged: what is known of its predictions, a stretch of frames at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from lightning_pose.core.skeletons import Skeleton

CELLS, FEWEST_ROWS = 200_000, 256  # points of all views at a time; frames at a time, at least


class Observed(NamedTuple):
    """Frames in a row.

    Attributes:
        start: number of the first frame.
        xy: px, the median over the members of an ensemble; NaN where missing.
        confidence: mean over the members; None where tables have none.
        distances: px, by kind: `spread` between members, `reprojection`, `pca`, `smoother`; NaN if unknown.
        xyz: world points, None without.
        gated: where the smoother's observation is an outlier to it; None without a smoother.
    """

    start: int
    xy: Float[np.ndarray, "V t K 2"]
    confidence: Float[np.ndarray, "V t K"] | None
    distances: dict[str, Float[np.ndarray, "V t K"]]
    xyz: Float[np.ndarray, "t K 3"] | None
    gated: Bool[np.ndarray, "V t K"] | None

    @property
    def count(self) -> int:
        """Number of frames."""
        return self.xy.shape[1]

    def rows(self, start: int, stop: int) -> "Observed":
        """Return some of the frames, counted from the first of these, as views into them."""
        cut = slice(start, stop)
        return Observed(
            self.start + start,
            self.xy[:, cut],
            None if self.confidence is None else self.confidence[:, cut],
            {kind: values[:, cut] for kind, values in self.distances.items()},
            None if self.xyz is None else self.xyz[cut],
            None if self.gated is None else self.gated[:, cut],
        )


@dataclass(frozen=True, eq=False)
class Evidence:
    """A session to be judged: it can be read again and again, and never lies in memory as a whole.

    Attributes:
        session: its name.
        views: their names; one empty name for a single view.
        skeleton: keypoints, in the order of the K axis, with bones and left/right pairs.
        members: of the ensemble.
        read: gives the frames in order, as many at a time as it is told.
        count: tells how many frames there are.
        part: gives some frames, from one up to another, counted from the first.
    """

    session: str
    views: tuple[str, ...]
    skeleton: Skeleton
    members: int
    read: Callable[[int], Iterator[Observed]]
    count: Callable[[], int]
    part: Callable[[int, int], Observed]

    def blocks(self, rows: int | None = None) -> Iterator[tuple[Observed, slice]]:
        """Yield stretches with one more frame on either side, if there is one, and which rows are theirs."""
        if rows is None:
            rows = max(CELLS // (len(self.views) * len(self.skeleton.names)), FEWEST_ROWS)
        before = now = None
        for after in self.read(rows):
            if now is not None:
                yield _joined(before, now, after)
            before, now = now, after
        if now is not None:
            yield _joined(before, now, None)


def evidence_of(
    seen: Observed, views: Sequence[str], skeleton: Skeleton, *, session: str = "", members: int = 1
) -> Evidence:
    """Return the evidence of a session that is in memory."""

    def read(rows: int) -> Iterator[Observed]:
        for start in range(0, seen.count, rows):
            yield seen.rows(start, start + rows)

    return Evidence(session, tuple(views), skeleton, members, read, lambda: seen.count, seen.rows)


def _joined(before: Observed | None, now: Observed, after: Observed | None) -> tuple[Observed, slice]:
    """Return a stretch with its neighbours, and the rows that are its own."""
    parts = [now]
    if before is not None:
        parts.insert(0, before.rows(before.count - 1, before.count))
    if after is not None:
        parts.append(after.rows(0, 1))
    first = int(before is not None)
    if len(parts) == 1:
        return now, slice(0, now.count)

    def join(values: list[np.ndarray | None], axis: int = 1) -> np.ndarray | None:
        there = [value for value in values if value is not None]
        return np.concatenate(there, axis=axis) if there else None

    xy = join([part.xy for part in parts])
    assert xy is not None
    whole = Observed(
        parts[0].start,
        xy,
        join([part.confidence for part in parts]),
        {kind: np.concatenate([part.distances[kind] for part in parts], axis=1) for kind in now.distances},
        join([part.xyz for part in parts], axis=0),
        join([part.gated for part in parts]),
    )
    return whole, slice(first, first + now.count)
