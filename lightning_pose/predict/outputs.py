"""Where predictions go and how they are written; those of an ensemble are the smoother's input.

Tables are written and read a block of frames at a time, those of all members and views side by side, so that
memory does not grow with the length of a session.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from lightning_pose.core.errors import DataError
from lightning_pose.core.metrics import temporal_norm
from lightning_pose.core.poses import Frames, Poses
from lightning_pose.core.sessions import Session
from lightning_pose.core.table_blocks import TableWriter, iterate_poses
from lightning_pose.predict.inputs import LabelSet
from lightning_pose.predict.tracks import Block

ROWS = 4096  # frames of a block
SCORER = "heatmap_tracker"
PIXEL_DIGITS, CONFIDENCE_DIGITS = 4, 6  # no network is better; the files are half as long


class Layout(NamedTuple):
    """The files of one model's predictions.

    Those of a single model have the names of its videos. Those of an ensemble have a seed as well, and no
    other `.csv` lies beside them: the smoother finds its input by looking into that folder.
    """

    out: Path
    is_ensemble: bool

    @property
    def predictions(self) -> Path:
        """Folder of the predictions of videos."""
        return self.out / "video_preds"

    def partial(self, session: Session) -> Path:
        """Return the file of what has been predicted of a session that is not finished."""
        return self.predictions / f"{session.name or 'session'}.partial"

    def identity(self, session: Session) -> Path:
        """Return the file that says what the predictions of a session were made from."""
        return self.predictions / f"{session.name or 'session'}.made_from.json"

    def label_identity(self, file: Path) -> Path:
        """Return the file that says what the predictions of a label file were made from."""
        return self.labels(file).with_name("made_from.json")

    def smoothed(self, session: Session) -> Path:
        """Return the folder of what the smoother makes of a session."""
        return self.out / "video_preds_smoothed" / (session.name or "session")

    def report(self, session: Session) -> Path:
        """Return the page about a session."""
        return self.out / "reports" / f"{session.name or 'session'}.html"

    def pixels(self, session: Session, view: str, member: str) -> Path:
        """Return the file of one member's predictions of one video."""
        return self.predictions / f"{self._stem(session, view, member)}.csv"

    def metric(self, session: Session, view: str, member: str, metric: str) -> Path:
        """Return the file of a number per frame and keypoint of one video."""
        folder = self.predictions / "metrics" if self.is_ensemble else self.predictions
        return folder / f"{self._stem(session, view, member)}_{metric}.csv"

    def world(self, session: Session) -> Path:
        """Return the file of the world points of a session; those of the ensemble's median."""
        return self._world_folder / f"{session.name or 'session'}_3d.csv"

    def reprojection(self, session: Session, view: str | None = None) -> Path:
        """Return the file of a session's reprojection errors: the mean over views, or those of one view."""
        if view is None:
            return self._world_folder / f"{session.name or 'session'}_reprojection_error.csv"
        stem = _joined(session.name, view) if self.is_ensemble else session.videos[view].stem
        return self._world_folder / f"{stem}_reprojection_error.csv"

    def labeled(self, session: Session, view: str) -> Path:
        """Return the labeled video of a view."""
        return self._labeled_folder / f"{session.videos[view].stem}_labeled.mp4"

    def mosaic(self, session: Session) -> Path:
        """Return the labeled video of all views."""
        return self._labeled_folder / f"{session.name or 'session'}_mosaic.mp4"

    def labels(self, file: Path, member: str | None = None, metric: str | None = None) -> Path:
        """Return the file of predictions of a label file; those of the ensemble's median without a member."""
        stem = "_".join(filter(None, ("predictions", member, metric)))
        return self.out / "image_preds" / file.name / f"{stem}.csv"

    @property
    def _world_folder(self) -> Path:
        return self.out / "video_preds_3d" if self.is_ensemble else self.predictions

    @property
    def _labeled_folder(self) -> Path:
        return self.predictions / "labeled_videos"

    def _stem(self, session: Session, view: str, member: str) -> str:
        if not self.is_ensemble:
            return session.videos[view].stem
        return _joined(session.name, view, member)


def make_poses(
    names: Sequence[str],
    xy: Float[np.ndarray, "T K 2"],
    confidence: Float[np.ndarray, "T K"],
    frames: Frames,
    sets: Sequence[str] | None = None,
) -> Poses:
    """Return predictions as they are written: pixels to 1e-4, confidences to 1e-6, missing points without."""
    there = np.isfinite(xy).all(axis=-1)
    return Poses(
        names=tuple(names),
        points=np.round(xy.astype(np.float64), PIXEL_DIGITS),
        frames=frames,
        likelihood=np.where(there, np.round(confidence.astype(np.float64), CONFIDENCE_DIGITS), np.nan),
        sets=None if sets is None else tuple(sets),
        scorer=SCORER,
    )


class PixelTables:
    """The tables of all members and views of a session: predictions, and numbers per frame and keypoint.

    Used as a context manager; they appear when it ends, the predictions last, and none of them after an
    exception.
    """

    def __init__(
        self, layout: Layout, session: Session, members: Sequence[str], names: Sequence[str]
    ) -> None:
        self.layout, self.session, self.members, self.names = layout, session, members, names
        self._tables: dict[Path, TableWriter] = {}
        self._before: dict[Path, Float[np.ndarray, "1 K 2"]] = {}  # points of the last frame
        self._stack = ExitStack()

    def __enter__(self) -> "PixelTables":
        for path in pixel_files(self.layout, self.session, self.members):
            self._table(path)  # the first to be opened appear last
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def append(self, block: Block, errors: Sequence[Mapping[str, Float[np.ndarray, "V t K"]]] = ()) -> None:
        """Write the next frames of all videos that have them.

        Args:
            block: what the members say.
            errors: of each member, distances (px) from what poses look like, each kind by its name.
        """
        for m, member in enumerate(self.members):
            for v, (view, info) in enumerate(self.session.infos.items()):
                count = min(block.stop, info.n_frames) - block.start
                if count <= 0:
                    continue
                frames = np.arange(block.start, block.start + count)
                xy, confidence = block.xy[m, v, :count], block.confidence[m, v, :count]
                poses = make_poses(self.names, xy, confidence, frames)
                path = self.layout.pixels(self.session, view, member)
                self._table(path).append_poses(poses)
                metrics = {"temporal_norm": self._motion(path, poses)}
                metrics |= {
                    f"{name}_error": e[v, :count] for name, e in (errors[m] if errors else {}).items()
                }
                for name, values in metrics.items():
                    table = self._table(self.layout.metric(self.session, view, member, name))
                    table.append_metric(values, self.names, frames)

    def _motion(self, path: Path, poses: Poses) -> Float[np.ndarray, "t K"]:
        """Return how far each keypoint moved since the frame before, also from block to block."""
        before = self._before.get(path)
        self._before[path] = poses.points[-1:]
        if before is None:
            return temporal_norm(poses.points)
        return temporal_norm(np.concatenate([before, poses.points]))[1:]

    def _table(self, path: Path) -> TableWriter:
        """Return the writer of a file."""
        if path not in self._tables:
            self._tables[path] = self._stack.enter_context(TableWriter(path))
        return self._tables[path]


def read_blocks(layout: Layout, session: Session, members: Sequence[str]) -> Iterator[Block]:
    """Read back what `PixelTables` wrote; views that end before the others are filled up with NaN and 0.

    Raises:
        DataError: when a file is not of this video, at the latest after the last block.
    """
    tables = [
        [_frames_of(layout.pixels(session, view, member), session, view) for view in session.videos]
        for member in members
    ]
    for start in range(0, session.n_frames, ROWS):
        count = min(ROWS, session.n_frames - start)
        found = [[next(table, None) for table in views] for views in tables]
        n_keypoints = next(len(poses.names) for views in found for poses in views if poses is not None)
        shape = (len(members), len(session.videos), count, n_keypoints)
        block = Block(start, np.full((*shape, 2), np.nan), np.zeros(shape))
        for m, views in enumerate(found):
            for v, poses in enumerate(views):
                if poses is not None:
                    block.xy[m, v, : len(poses)] = poses.points
                    block.confidence[m, v, : len(poses)] = np.nan_to_num(confidence_of(poses))
        yield block
    for table in chain.from_iterable(tables):
        next(table, None)  # at its end it compares the number of its rows with that of the video's frames


def _frames_of(path: Path, session: Session, view: str) -> Iterator[Poses]:
    """Yield the rows of one table in blocks.

    Raises:
        DataError: at its end, when it has more or fewer rows than the video has frames.
    """
    expected, there = session.infos[view].n_frames, 0
    for poses in iterate_poses(path, ROWS):
        there += len(poses)
        if there <= expected:
            yield poses
    if there != expected:
        raise DataError(
            f"{path} has {there} frames, but {session.videos[view]} has {expected}: it is of another video. "
            "--overwrite predicts anew"
        )


def confidence_of(poses: Poses) -> Float[np.ndarray, "T K"]:
    """Return the likelihood, or 1 where a table has points and no likelihood."""
    return poses.present.astype(float) if poses.likelihood is None else poses.likelihood


def pixel_files(layout: Layout, session: Session, members: Sequence[str]) -> list[Path]:
    """Return the predictions that a finished session has."""
    return [layout.pixels(session, view, member) for member in members for view in session.videos]


def world_files(layout: Layout, session: Session) -> list[Path]:
    """Return the 3D files that a finished session has."""
    views = [layout.reprojection(session, view) for view in session.videos]
    return [*views, layout.reprojection(session), layout.world(session)]


def picture_files(layout: Layout, session: Session, has_mosaic: bool) -> list[Path]:
    """Return the labeled videos that a finished session has."""
    views = [layout.labeled(session, view) for view in session.videos]
    return [*views, layout.mosaic(session)] if has_mosaic else views


def label_files(layout: Layout, labels: LabelSet, members: Sequence[str]) -> list[Path]:
    """Return the predictions that a finished label set has."""
    names = [None, *members] if layout.is_ensemble else [None]
    return [layout.labels(file, name) for file in labels.files.values() for name in names]


def _joined(*parts: str) -> str:
    return "_".join(filter(None, parts))
