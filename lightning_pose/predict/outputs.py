"""Where predictions go and how they are written; those of an ensemble are the smoother's input."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from lightning_pose.core.errors import DataError
from lightning_pose.core.metrics import temporal_norm
from lightning_pose.core.poses import Frames, Poses
from lightning_pose.core.tables import read_poses, write_metric_table, write_poses
from lightning_pose.predict.inputs import LabelSet, Session
from lightning_pose.predict.space import World

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
    """Return predictions as they are written: pixels to 1e-4, confidences to 1e-6."""
    return Poses(
        names=tuple(names),
        points=np.round(xy.astype(np.float64), PIXEL_DIGITS),
        frames=frames,
        likelihood=np.round(confidence.astype(np.float64), CONFIDENCE_DIGITS),
        sets=None if sets is None else tuple(sets),
        scorer=SCORER,
    )


def write_pixels(
    layout: Layout,
    session: Session,
    member: str,
    views: Mapping[str, Poses],
    errors: Mapping[str, Float[np.ndarray, "V T K"]] | None = None,
) -> None:
    """Write one member's predictions of a session, and how far each keypoint moves from frame to frame.

    Args:
        layout: where to.
        session: of these videos.
        member: of the ensemble.
        views: its predictions.
        errors: distances (px) from what poses look like, each kind by its name.
    """
    for v, (view, poses) in enumerate(views.items()):
        tables = {"temporal_norm": temporal_norm(poses.points)}
        tables |= {f"{name}_error": values[v] for name, values in (errors or {}).items()}
        for name, values in tables.items():
            write_metric_table(layout.metric(session, view, member, name), values, poses.names, poses.frames)
        write_poses(layout.pixels(session, view, member), poses)


def read_pixels(layout: Layout, session: Session, member: str) -> dict[str, Poses]:
    """Read back what `write_pixels` wrote.

    Raises:
        DataError: when a file is not of this video.
    """
    views = {}
    for view in session.videos:
        path = layout.pixels(session, view, member)
        views[view] = read_poses(path)
        if len(views[view]) != session.n_frames:
            raise DataError(
                f"{path} has {len(views[view])} frames, but {session.videos[view]} has "
                f"{session.n_frames}: it is of another video. --overwrite predicts anew"
            )
    return views


def write_world(layout: Layout, session: Session, names: Sequence[str], world: World) -> None:
    """Write the world points of a session and its reprojection errors, in all and per view."""
    frames = np.arange(session.n_frames)
    for view, error in zip(session.videos, world.error, strict=True):
        write_metric_table(layout.reprojection(session, view), error, names, frames)
    write_metric_table(layout.reprojection(session), world.mean_error, names, frames)
    poses = Poses(
        names=tuple(names),
        points=world.xyz,
        frames=frames,
        extras={
            "uncertainty": world.uncertainty,
            "reprojection_error": world.mean_error,
            "n_views": world.n_views,
        },
        scorer=SCORER,
    )
    write_poses(layout.world(session), poses)


def pixel_files(layout: Layout, session: Session, members: Sequence[str]) -> list[Path]:
    """Return the predictions that a finished session has."""
    return [layout.pixels(session, view, member) for member in members for view in session.videos]


def world_files(layout: Layout, session: Session) -> list[Path]:
    """Return the 3D files that a finished session has."""
    views = [layout.reprojection(session, view) for view in session.videos]
    return [*views, layout.reprojection(session), layout.world(session)]


def picture_files(layout: Layout, session: Session) -> list[Path]:
    """Return the labeled videos that a finished session has."""
    views = [layout.labeled(session, view) for view in session.videos]
    return views if len(views) == 1 else [*views, layout.mosaic(session)]


def label_files(layout: Layout, labels: LabelSet, members: Sequence[str]) -> list[Path]:
    """Return the predictions that a finished label set has."""
    names = [None, *members] if layout.is_ensemble else [None]
    return [layout.labels(file, name) for file in labels.files.values() for name in names]


def _joined(*parts: str) -> str:
    return "_".join(filter(None, parts))
