"""Smoothed sessions: the tables of `eks` and the videos that they are of."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from lightning_pose.core.errors import DataError, PoseError, raise_collected
from lightning_pose.core.naming import find_view, parse_stem, split_seed
from lightning_pose.core.poses import Poses, view_faults
from lightning_pose.core.sessions import Session, check_session
from lightning_pose.core.tables import read_poses

WORLD = re.compile(r"(^|_)3d(_results)?$")


class Smoothed(NamedTuple):
    """One session.

    Attributes:
        session: its videos.
        views: smoothed points of each view in pixels, with variances, all of the same frames.
        world: the same in 3D, where there is a calibration.
    """

    session: Session
    views: dict[str, Poses]
    world: Poses | None

    @property
    def frames(self) -> Int[np.ndarray, "T"]:
        """Frame numbers."""
        return next(iter(self.views.values())).frames

    @property
    def points(self) -> Float[np.ndarray, "T V K 2"]:
        """Pixels."""
        return np.stack([poses.points for poses in self.views.values()], axis=1)

    @property
    def sizes(self) -> Int[np.ndarray, "V 2"]:
        """Width and height of the videos, px."""
        return np.array([self.session.infos[view][:2] for view in self.views])


def read_smoothed(
    sources: Sequence[str],
    videos: Mapping[str, Mapping[str, Path]],
    views: Sequence[str],
    names: Sequence[str],
) -> list[Smoothed]:
    """Read smoothed sessions.

    Args:
        sources: output folders of `eks`, each of one session; `session=folder` says of which.
        videos: session to view to video.
        views: of the project; one empty name for a single view.
        names: keypoints of the project.

    Raises:
        DataError: when tables or videos are missing, are no smoothed ones, or do not fit together or the
            project; the faults of all sources together.
    """
    found: dict[str, Smoothed] = {}
    faults = []
    for source in sources:
        try:
            name, folder = _session_of(source, videos, views)
            if name in found:
                raise DataError(f"{source}: session '{name}' is given twice")
            found[name] = _read(folder, check_session(name, dict(videos[name]), views), views, names)
        except PoseError as error:
            faults.append(str(error))
    if faults:
        raise_collected(DataError, "smoothed sessions cannot be used", faults)
    return list(found.values())


def _session_of(
    source: str, videos: Mapping[str, Mapping[str, Path]], views: Sequence[str]
) -> tuple[str, Path]:
    """Return session and folder: as said, else by the folder's name, else by the predictions smoothed.

    Raises:
        DataError: when there is no such folder, or no session with videos can be told.
    """
    said, separator, rest = source.partition("=")
    folder = Path(source)
    if separator and not folder.exists():
        folder = Path(rest)
        candidates = [said]
    else:
        candidates = [folder.resolve().name, *_sessions_in_record(folder, views)]
    if not folder.is_dir():
        raise DataError(f"{source}: expected an output folder of eks; there is no folder {folder}")
    session = next((name for name in candidates if name in videos), None)
    if session is None:
        listed = ", ".join(videos) or "none"
        raise DataError(
            f"{source}: which session is it of? Say SESSION={folder}. Sessions with videos: {listed}"
        )
    return session, folder


def _sessions_in_record(folder: Path, views: Sequence[str]) -> list[str]:
    """Return the sessions of the predictions that went in, as the records of `eks` name their files."""
    sessions = []
    for path in sorted(folder.glob("*.json")):
        try:
            files = json.loads(path.read_text(encoding="utf-8"))["files"].values()
            stems = [split_seed(Path(file).stem)[0] for group in files for file in group]
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # not a record of eks
        for stem in stems:
            try:
                sessions.append(parse_stem(stem, views)[0])
            except DataError:  # named in another way, which says nothing of the session
                continue
    return list(dict.fromkeys(sessions))


def _read(folder: Path, session: Session, views: Sequence[str], names: Sequence[str]) -> Smoothed:
    """Read the tables of one session and check them.

    Raises:
        DataError: with every fault.
    """
    tables, world_file = _tables(folder, views)
    read = {view: _read_table(path, names) for view, path in tables.items()}
    faults = view_faults(read)
    frames = read[views[0]].frames
    if not faults and frames.size and not 0 <= frames.min() <= frames.max() < session.n_frames:
        faults.append(
            f"frames {frames.min()} to {frames.max()}; the videos of session '{session.name}' have "
            f"{session.n_frames}"
        )
    world = None if world_file is None else _read_table(world_file, names, dims=3)
    if world is not None and not np.array_equal(world.frames, frames):
        faults.append(f"{world_file.name if world_file else ''} has other frames than the views")
    if faults:
        raise_collected(DataError, f"the tables in {folder} do not fit", faults)
    return Smoothed(session, read, world)


def _tables(folder: Path, views: Sequence[str]) -> tuple[dict[str, Path], Path | None]:
    """Return the table of each view, and that of the world.

    Raises:
        DataError: when a view has none, or several.
    """
    files = sorted(folder.glob("*.csv"))
    world = next((path for path in files if WORLD.search(path.stem)), None)
    found: dict[str, list[Path]] = {view: [] for view in views}
    for path in files:
        if path != world:
            try:
                found[find_view(path.stem.removesuffix("_results"), views)[1]].append(path)
            except DataError:  # of no view, such as a table of metrics
                continue
    faults = [
        f"{f'view {view!r}: ' if view else ''}expected one smoothed table, found "
        + (", ".join(path.name for path in paths) or "none")
        for view, paths in found.items()
        if len(paths) != 1
    ]
    if faults:
        raise_collected(DataError, str(folder), faults)
    return {view: paths[0] for view, paths in found.items()}, world


def _read_table(path: Path, names: Sequence[str], dims: int = 2) -> Poses:
    """Read one table, its keypoints in the project's order.

    Raises:
        DataError: when it has no posterior variance, or lacks keypoints.
    """
    poses = read_poses(path)
    if poses.variance is None or poses.dims != dims or poses.frames.dtype.kind != "i":
        raise DataError(
            f"{path} is no smoothed table: expected frame numbers and the columns "
            + ", ".join(f"{axis}, {axis}_posterior_var" for axis in "xyz"[:dims])
        )
    absent = [name for name in names if name not in poses.names]
    if absent:
        raise DataError(f"{path} lacks the keypoints {', '.join(absent)}; it has {', '.join(poses.names)}")
    return poses.select(names)
