"""Evidence from files: the tables of a session read side by side, a stretch of frames at a time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import DataError
from lightning_pose.core.naming import find_view
from lightning_pose.core.skeletons import Skeleton, guess_skeleton
from lightning_pose.frames.files import SessionFiles
from lightning_pose.frames.observed import Evidence, Observed
from lightning_pose.frames.stream import VALUE, Rows, Table

GATE = 9.21  # 99 % of a chi-square of two coordinates: what the smoother leaves out lies beyond
REJECT_SHARE, REJECT_LEAST_PX = 0.02, 10.0  # of cameras, where reprojection errors are not on disk


def read_evidence(
    files: SessionFiles, skeleton: Skeleton | None = None, *, rig: Rig | None = None
) -> Evidence:
    """Prepare the evidence of a session; the tables are read when frames are.

    Args:
        files: of the session; see `find_files`.
        skeleton: bones and left/right pairs; guessed from the names of keypoints by default. Keypoints that
            the tables lack are left out.
        rig: cameras of the views, for reprojection errors and world points that are not on disk.

    Raises:
        DataError: when tables are missing, have other keypoints than the first, or no frame numbers.
    """
    tables = {view: [Table(path) for path in paths] for view, paths in files.predictions.items()}
    every = [table for members in tables.values() for table in members]
    if not every:
        raise DataError(f"session '{files.name}': expected a table of predictions of every view, got none")
    names = every[0].names
    other = [str(table.path) for table in every if set(table.names) != set(names)]
    if other:
        raise DataError(f"{', '.join(other)}: expected the keypoints of {every[0].path}: {', '.join(names)}")
    known = guess_skeleton(names) if skeleton is None else skeleton.select(names)
    views = tuple(files.predictions)
    camera = None if rig is None or len(views) < 2 else rig.check(views)
    source = _Source(files, tables, names, camera)
    members = max(len(group) for group in tables.values())
    return Evidence(files.name, views, known, members, source.read, source.count, source.part)


class _Source:
    """The tables of a session, read side by side."""

    def __init__(
        self,
        files: SessionFiles,
        tables: Mapping[str, Sequence[Table]],
        names: Sequence[str],
        rig: Rig | None,
    ) -> None:
        self.names = tuple(names)
        self.views = tuple(tables)
        self.several = max(map(len, tables.values())) > 1
        self.rig = rig
        self.metrics = set(files.used_metrics)
        self.has_world, self.has_smoothed = files.world is not None, bool(files.smoothed)
        self._all: dict[tuple[str, str, int], Table] = {  # by view, kind and number
            (view, "members", m): table for view, members in tables.items() for m, table in enumerate(members)
        }
        self._all |= {
            (view, kind, m): Table(path)
            for kind, of_views in files.used_metrics.items()
            for view, paths in of_views.items()
            for m, path in enumerate(paths)
        }
        self._all |= {
            (view, "smoothed", 0): Table(path) for view, path in files.smoothed.items() if view in tables
        }
        if files.world is not None:
            self._all["", "world", 0] = Table(files.world)
        self._orders = {
            key: [table.names.index(name) if name in table.names else -1 for name in self.names]
            for key, table in self._all.items()
        }
        self.noise = _noise(files.records, self.views, self.names)

    def read(self, rows: int) -> Iterator[Observed]:
        """Yield the session in order; a view or a table that ends earlier is missing from there on."""
        streams = {key: table.blocks(rows) for key, table in self._all.items()}
        start = None
        for blocks in zip_longest(*streams.values()):
            parts = {key: block for key, block in zip(streams, blocks, strict=True) if block is not None}
            seen = self._joined(parts, start)
            yield seen
            start = seen.start + seen.count

    def count(self) -> int:
        """Return the number of frames, of the longest table."""
        return max(table.count for table in self._all.values())

    def part(self, start: int, stop: int) -> Observed:
        """Return some frames, counted from the first; at least one is expected to be there."""
        found = {key: table.rows(start, stop) for key, table in self._all.items()}
        return self._joined({key: rows for key, rows in found.items() if len(rows.frames)}, None)

    def _joined(self, parts: Mapping[tuple, Rows], start: int | None) -> Observed:
        """Put the rows of the tables of a stretch side by side, from `start` on if that is known.

        Raises:
            DataError: when their frames are not the same.
        """
        longest = max((block.frames for block in parts.values()), key=len)
        start = int(longest[0]) if start is None else start
        found = {}
        for key, block in parts.items():
            if not np.array_equal(block.frames, start + np.arange(len(block.frames))):
                raise DataError(
                    f"{self._all[key].path}: expected the frames {start} to {start + len(longest) - 1} "
                    "in order, as the other tables of the session have them"
                )
            found[key] = {
                coord: _filled(values, len(longest))[:, self._orders[key]]
                for coord, values in block.columns.items()
            }
        return self._observed(start, len(longest), found)

    def _observed(self, start: int, count: int, found: Mapping[tuple, Mapping[str, np.ndarray]]) -> Observed:
        """Put the tables of a stretch together."""
        blank = np.full((count, len(self.names)), np.nan)
        xy, confidence, spread = [], [], []
        for view in self.views:
            members = [columns for key, columns in found.items() if key[:2] == (view, "members")]
            points = np.stack([[c["x"], c["y"]] for c in members] or [[blank, blank]])
            sure = np.stack([c.get("likelihood", blank) for c in members] or [blank])
            centre, deviation = _median(points)
            xy.append(np.moveaxis(centre, 0, -1))
            spread.append(deviation)
            confidence.append(_mean(sure))
        distances = {"spread": np.stack(spread)} if self.several else {}
        pixels = np.stack(xy)
        for name, kinds in (("pca", ("pca_singleview_error", "pca_multiview_error")),
                            ("reprojection", ("reprojection_error",))):  # fmt: skip
            stacks = [self._largest(view, kinds, found, blank) for view in self.views]
            if any(kind in self.metrics for kind in kinds):
                distances[name] = np.stack(stacks)
        sure = np.stack(confidence)
        xyz = None
        if self.has_world:
            world = found.get(("", "world", 0), {})
            xyz = np.stack([world.get(axis, blank) for axis in "xyz"], axis=-1)
        if self.rig is not None and ("reprojection" not in distances or xyz is None):
            limit = max(REJECT_LEAST_PX, REJECT_SHARE * float(self.rig.sizes.max()))
            weights = np.where(np.isfinite(sure), sure, 1.0)
            lifted = self.rig.triangulate_robust(pixels, weights, threshold_px=limit)
            distances.setdefault("reprojection", lifted.error)
            xyz = lifted.xyz if xyz is None else xyz
        has_confidence = any(
            "likelihood" in table.coords for key, table in self._all.items() if key[1] == "members"
        )
        gated = self._smoothed(pixels, distances, found, blank) if self.has_smoothed else None
        return Observed(start, pixels, sure if has_confidence else None, distances, xyz, gated)

    def _largest(
        self,
        view: str,
        kinds: Sequence[str],
        found: Mapping[tuple, Mapping[str, np.ndarray]],
        blank: np.ndarray,
    ) -> Float[np.ndarray, "t K"]:
        """Return the largest of the metrics of a view, over members and kinds."""
        values = [columns[VALUE] for key, columns in found.items() if key[0] == view and key[1] in kinds]
        return np.fmax.reduce([blank, *values])

    def _smoothed(
        self,
        xy: Float[np.ndarray, "V t K 2"],
        distances: dict[str, np.ndarray],
        found: Mapping[tuple, Mapping[str, np.ndarray]],
        blank: np.ndarray,
    ) -> Bool[np.ndarray, "V t K"]:
        """Add how far the smoother moves every point, and return which of them are outliers to it."""
        tables = [found.get((view, "smoothed", 0), {}) for view in self.views]
        points = np.stack([[table.get(axis, blank) for axis in "xy"] for table in tables])
        variance = np.stack(
            [[table.get(f"{axis}_posterior_var", blank) for axis in "xy"] for table in tables]
        ).mean(axis=1)
        distance = np.linalg.norm(xy - np.moveaxis(points, 1, -1), axis=-1)
        distances["smoother"] = distance
        with np.errstate(invalid="ignore"):
            return np.asarray(distance**2 > GATE * (self.noise[:, None] ** 2 + np.nan_to_num(variance)))


def _filled(values: Float[np.ndarray, "t N"], count: int) -> Float[np.ndarray, "T N+1"]:
    """Return rows as many as are wanted, the last missing where there are fewer, and a missing column.

    The column stands for the keypoints that a table lacks: a smoother may have been asked for some only.
    """
    filled = np.full((count, values.shape[1] + 1), np.nan)
    filled[: len(values), :-1] = values
    return filled


def _median(
    points: Float[np.ndarray, "M 2 t K"],
) -> tuple[Float[np.ndarray, "2 t K"], Float[np.ndarray, "t K"]]:
    """Return the median over members, and the standard deviation of one of them per axis (px)."""
    if len(points) == 1:
        return points[0], np.full(points.shape[2:], np.nan)
    ranked = np.sort(points, axis=0)  # the missing ones come last
    count = np.isfinite(points).sum(axis=0)
    low, high = np.maximum((count - 1) // 2, 0), np.minimum(count // 2, len(points) - 1)
    first, second = (np.take_along_axis(ranked, i[None], axis=0)[0] for i in (low, high))
    middle = (first + second) / 2
    mean = _mean(points)
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = np.where(np.isfinite(points), (points - mean) ** 2, 0).sum(axis=0) / (count - 1)
    squares = np.where(count > 1, squares, np.nan).mean(axis=0)
    return middle, np.sqrt(squares)


def _mean(values: Float[np.ndarray, "M *N"]) -> Float[np.ndarray, "*N"]:
    """Return the mean over members that have a value; NaN where none has."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0).sum(axis=0) / known.sum(axis=0)


def _noise(records: Sequence[Path], views: Sequence[str], names: Sequence[str]) -> Float[np.ndarray, "V K"]:
    """Return the standard deviation (px) that the smoother gives observations; 1 px where nothing says it.

    The record of one camera need not name it as its view: the name of the file does.
    """
    noise = np.ones((len(views), len(names)))
    for record in records:
        try:
            said = json.loads(record.read_text(encoding="utf-8"))["keypoints"]
            for k, name in enumerate(names):
                given = said.get(name, {}).get("observation_sd_px", {})
                if len(given) == 1 and not given.keys() & set(views):
                    given = {find_view(record.stem, views)[1]: next(iter(given.values()))}
                for v, view in enumerate(views):
                    noise[v, k] = float(given.get(view, noise[v, k]))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, DataError):
            continue  # a record of something else
    return noise
