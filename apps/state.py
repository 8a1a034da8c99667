"""What a project or demo folder holds, found by name and place; no page, no framework.

Everything is looked for inside the folder that the viewer was given. A link that leads out of it is not
followed, and is named among the notes, as is every file whose name says neither session nor view.
"""

import contextlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from lightning_pose.core.calibration import Rig, find_calibration
from lightning_pose.core.errors import DataError
from lightning_pose.core.naming import find_view, parse_stem, split_seed
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import PROJECT_FILE, VIDEO_SUFFIXES, Project, open_project
from lightning_pose.core.tables import read_poses

BAND = 1.96  # half width of a 95 % interval of a Gaussian, in standard deviations
_PREDICTIONS, _ENSEMBLE_WORLD, _WORLD = "video_preds", "video_preds_3d", "_3d"
_NOT_POSES = ("_pixel_error", "_reprojection_error", "_temporal_norm", "_pca_error", "_error")
_SMOOTHED_HEAD, _SMOOTHED_TAIL = "multicam_", "_results"


@dataclass
class Source:
    """One answer to where the keypoints of a session are: a network's, or the smoother's.

    Attributes:
        name: folder of the model with the member's seed, or of the smoother's results.
        views: table of pixels of every view.
        world: table of world points, where there is one.
        smoothed: whether the smoother wrote it.
    """

    name: str
    views: dict[str, Path] = field(default_factory=dict)
    world: Path | None = None
    smoothed: bool = False

    @property
    def tables(self) -> list[Path]:
        """Every table of the source; never empty once the source is found."""
        return [*self.views.values(), *([self.world] if self.world is not None else [])]


@dataclass
class Session:
    """What was found of one recording."""

    name: str
    videos: dict[str, Path] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    labeled_videos: list[Path] = field(default_factory=list)
    truth: Path | None = None
    calibration: Path | None = None


@dataclass
class Contents:
    """A folder as the viewer sees it."""

    root: Path
    project: Project
    sessions: dict[str, Session]
    notes: list[str]
    summary: dict[str, Any] | None

    def relative(self, path: Path) -> str:
        """Return a path as it is shown: below the folder."""
        return path.relative_to(self.root).as_posix()

    def rig(self, session: Session) -> Rig | None:
        """Return the cameras of a session, where it is calibrated."""
        return None if session.calibration is None else Rig.load(session.calibration)


def read_folder(root: Path) -> Contents:
    """Look through a project folder, or one that `litpose demo` filled.

    Raises:
        DataError: when neither the folder nor its `project/` is a project, or the project's files are wrong.
    """
    root = root.resolve()
    nested = root / "project"
    home = nested if not (root / PROJECT_FILE).is_file() and nested.is_dir() else root
    project = open_project(home)
    summary = root / "summary.json"
    contents = Contents(root, project, {}, [], json.loads(summary.read_text()) if summary.is_file() else None)
    files = list(_files(contents))
    _add_videos(contents, files)
    _add_predictions(contents, files)
    _add_smoothed(contents, files)
    for name, session in contents.sessions.items():
        truth = home / "truth" / f"{name}{_WORLD}.csv"
        session.truth = truth if truth in files else None
        session.calibration = find_calibration(home, name)
    contents.sessions = dict(sorted(contents.sessions.items()))
    return contents


def load(path: Path) -> Poses:
    """Read a table of keypoints."""
    return read_poses(path)


def half_band(poses: Poses) -> Float[np.ndarray, "T K D"] | None:
    """Return half the width of the 95 % interval of every coordinate, where the table gives variances."""
    return None if poses.variance is None else BAND * np.sqrt(poses.variance)


def window(count: int, centre: int, width: int) -> slice:
    """Return `width` of `count` rows around `centre`, moved inwards at the ends."""
    start = max(0, min(centre - width // 2, count - width))
    return slice(start, min(count, start + width))


def jumps(points: Float[np.ndarray, "T K D"], count: int, apart: int = 10) -> Int[np.ndarray, "n"]:
    """Return the frames with the largest steps of any keypoint, largest first: where to look for errors.

    A step is measured against the keypoint's median step, so that a nose does not outshout a hip. Of frames
    closer together than `apart`, only the one with the largest step is returned.
    """
    if len(points) < 2:
        return np.zeros(0, dtype=int)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=-1)
    typical = np.nanmedian(np.where(np.isfinite(steps).any(axis=0), steps, 0.0), axis=0)
    relative = np.nan_to_num(steps / np.where(typical > 0, typical, np.nan)).max(axis=1)
    found: list[int] = []
    for frame in np.argsort(relative)[::-1] + 1:
        if len(found) == count or relative[frame - 1] == 0:
            break
        if all(abs(frame - other) >= apart for other in found):
            found.append(int(frame))
    return np.array(found, dtype=int)


def _files(contents: Contents) -> Iterator[Path]:
    """Yield every file below the folder; note the links that lead out of it."""
    for path in sorted(contents.root.rglob("*")):
        if any(part.startswith(".") for part in path.relative_to(contents.root).parts) or not path.is_file():
            continue
        if not path.resolve().is_relative_to(contents.root):
            contents.notes.append(f"{contents.relative(path)}: leads out of the folder, so it is not shown")
            continue
        yield path


def _session(contents: Contents, name: str) -> Session:
    return contents.sessions.setdefault(name, Session(name))


def _add_videos(contents: Contents, files: Iterable[Path]) -> None:
    """Sort recordings by session and view, and labeled videos by session."""
    for path in files:
        if path.suffix.lower() not in VIDEO_SUFFIXES:
            continue
        if not path.is_relative_to(contents.project.folder) or "labeled_videos" in path.parts:
            continue
        found = _parse(contents, path, path.stem)
        if found is not None:
            session, view = found
            _session(contents, session).videos[view] = path
    for path in files:
        if path.suffix.lower() in VIDEO_SUFFIXES and "labeled_videos" in path.parts:
            owners = [name for name in contents.sessions if path.stem.startswith(name)]
            if owners:
                _session(contents, max(owners, key=len)).labeled_videos.append(path)
            else:
                contents.notes.append(f"{contents.relative(path)}: of no session")


def _add_predictions(contents: Contents, files: Iterable[Path]) -> None:
    """Sort the tables of predictions by model, seed, session and view."""
    for path in files:
        if path.suffix != ".csv" or path.stem.endswith(_NOT_POSES):
            continue
        if path.parent.name not in (_PREDICTIONS, _ENSEMBLE_WORLD):
            continue
        model = contents.relative(path.parent.parent)
        if path.stem.endswith(_WORLD):
            name = model if path.parent.name == _PREDICTIONS else f"{model} · ensemble median"
            sources = _session(contents, path.stem.removesuffix(_WORLD)).sources
            sources.setdefault(name, Source(name)).world = path
        elif path.parent.name == _PREDICTIONS:
            stem, seed = split_seed(path.stem)
            name = model if seed is None else f"{model} · seed {seed}"
            found = _parse(contents, path, stem)
            if found is not None:
                sources = _session(contents, found[0]).sources
                sources.setdefault(name, Source(name)).views[found[1]] = path


def _add_smoothed(contents: Contents, files: Iterable[Path]) -> None:
    """Sort the smoother's tables, whose names say the view but not the session, by folder."""
    for path in files:
        if path.suffix != ".csv" or not path.stem.startswith(_SMOOTHED_HEAD):
            continue
        if not path.stem.endswith(_SMOOTHED_TAIL):
            continue
        session = _smoothed_session(contents, path.parent)
        if session is None:
            contents.notes.append(f"{contents.relative(path)}: cannot tell which session it is of")
            continue
        name = contents.relative(path.parent)
        source = _session(contents, session).sources.setdefault(name, Source(name, smoothed=True))
        view = path.stem.removeprefix(_SMOOTHED_HEAD).removesuffix(_SMOOTHED_TAIL)
        if view == "3d":
            source.world = path
        else:
            source.views[view] = path


def _smoothed_session(contents: Contents, folder: Path) -> str | None:
    """Return the session that a folder of smoothed results is of.

    The smoother's record names the tables it read. Without it the folder may be named after the session; a
    demo says it in its summary; else it is the only one predicted.
    """
    record = folder / "multicam_results.json"
    if record.is_file():
        for table in [
            table for tables in json.loads(record.read_text())["files"].values() for table in tables
        ]:
            with contextlib.suppress(DataError):  # named by hand: one of the other ways may tell
                return find_view(split_seed(Path(table).stem)[0], contents.project.view_names)[0]
    named = [part for part in reversed(folder.parts) if part in contents.sessions]
    if named:
        return named[0]
    if contents.summary is not None and "session" in contents.summary:
        return str(contents.summary["session"])
    predicted = [name for name, session in contents.sessions.items() if session.sources]
    return predicted[0] if len(predicted) == 1 else None


def _parse(contents: Contents, path: Path, stem: str) -> tuple[str, str] | None:
    """Split a stem into session and view, or note that it cannot be done."""
    try:
        return parse_stem(stem, contents.project.view_names)
    except DataError as error:
        contents.notes.append(f"{contents.relative(path)}: {error}")
        return None
