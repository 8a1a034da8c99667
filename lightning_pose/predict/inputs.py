"""What is to be predicted: videos sorted into sessions, label files into sets, checked at the door."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from lightning_pose.core.errors import DataError, PoseError, raise_collected
from lightning_pose.core.naming import group_by_session, parse_stem
from lightning_pose.core.project import PROJECT_FILE, VIDEO_FOLDER, VIDEO_SUFFIXES, open_project
from lightning_pose.core.sessions import Session, check_session, videos_in

OTHER_SETS = ("_new", "_test")  # ends of the names of label files of other recordings than those trained on


class LabelSet(NamedTuple):
    """Label files of the same instants, one per view of the model."""

    name: str
    files: dict[str, Path]


class Failure(NamedTuple):
    """Something that could not be predicted, and why."""

    what: str
    reason: str


class Tolerance(NamedTuple):
    """Sessions that are not whole and yet predicted.

    Attributes:
        unequal: views that differ in length; frames are matched by number, and 3D covers the longest.
        missing_views: sessions that lack some of the views.
    """

    unequal: bool = False
    missing_views: bool = False


WHOLE = Tolerance()


class Inputs(NamedTuple):
    """What can be predicted, and what cannot."""

    sessions: list[Session]
    label_sets: list[LabelSet]
    failures: list[Failure]


def find_inputs(
    paths: Iterable[Path | str], views: Sequence[str], tolerance: Tolerance = WHOLE,
    only: Sequence[str] = (),
) -> Inputs:  # fmt: skip
    """Sort files and folders into sessions and label sets; what does not fit is named, nothing is dropped.

    A folder stands for the videos in it, and a project folder for its label files.

    Args:
        paths: videos, label CSVs and folders.
        views: the model's views; one empty name for a single view.
        tolerance: of sessions that are not whole. Videos that stop half way are always taken.
        only: sessions; the other videos are passed over, and none of them is opened.

    Raises:
        DataError: when a path leads to nothing that can be predicted, two videos are the same view of the
            same session, or there is no video of a session that is asked for; all of them listed.
    """
    videos, tables = _collect(paths)
    videos = _of_sessions(videos, views, only) if only else videos
    failures = [
        *_unnamed(videos, views, "video"),
        *_unnamed([path.with_stem(_base(path)) for path in tables], views, "label file"),
    ]
    strays = {failure.what for failure in failures}
    named = [path for path in videos if str(path) not in strays]
    sessions, refused = [], []
    for name, group in group_by_session(named, views).items():
        try:
            sessions.append(_tolerated(check_session(name, group, views, partial=True), views, tolerance))
        except PoseError as error:
            refused.append(Failure(_session_text(name), str(error)))
    kept = [path for path in tables if str(path.with_stem(_base(path))) not in strays]
    label_sets, lacking = _label_sets(kept, views)
    return Inputs(sessions, label_sets, [*failures, *refused, *lacking])


def _of_sessions(videos: Sequence[Path], views: Sequence[str], names: Sequence[str]) -> list[Path]:
    """Return the videos of some sessions.

    Raises:
        DataError: when there is none of one of them; all of them listed.
    """
    sessions = {path: _session_of(path, views) for path in videos}
    absent = [f"'{name}'" for name in names if name not in sessions.values()]
    if absent:
        raise_collected(DataError, "there are no videos of these sessions", absent)
    wanted = set(names)
    return [path for path, session in sessions.items() if session in wanted]


def _session_of(video: Path, views: Sequence[str]) -> str | None:
    """Return the session of a video; None where its name ends in no view."""
    try:
        return parse_stem(video.stem, views)[0]
    except DataError:
        return None


def _tolerated(session: Session, views: Sequence[str], tolerance: Tolerance) -> Session:
    """Return a session that is whole enough.

    Raises:
        DataError: when it is not; it says what would allow it.
    """
    absent = [view for view in views if view not in session.videos]
    if absent and not tolerance.missing_views:
        found = ", ".join(path.name for path in session.videos.values())
        raise DataError(
            f"no video of view {', '.join(absent)}: expected one of every view, since this network looks at "
            f"all of them together, found {found}. --allow_missing_views predicts from those that are there"
        )
    counts = {view: info.n_frames for view, info in session.infos.items()}
    if len(set(counts.values())) > 1 and not tolerance.unequal:
        listed = ", ".join(f"{view} {count}" for view, count in counts.items())
        raise DataError(
            f"the views differ in their number of frames: {listed}. Frames are matched by number: cut the "
            "videos to the frames that all views have, or, if all begin with the same frame, --allow_unequal "
            "predicts each to its end"
        )
    return session


def _collect(paths: Iterable[Path | str]) -> tuple[list[Path], list[Path]]:
    """Return the videos and label files that paths stand for, each once.

    Raises:
        DataError: naming every path that stands for nothing.
    """
    videos: dict[Path, Path] = {}
    tables: dict[Path, Path] = {}
    faults = []
    for path in map(Path, paths):
        suffix = path.suffix.lower()
        if path.is_dir():
            found, labels = _in_folder(path)
            if not found and not labels:
                faults.append(f"{path}: {_why_empty(path)}")
        elif not path.exists():
            faults.append(f"{path}: there is no such file or folder")
            continue
        else:
            found, labels = ([path] if suffix in VIDEO_SUFFIXES else []), ([path] if suffix == ".csv" else [])
            if not found and not labels:
                kinds = ", ".join(VIDEO_SUFFIXES)
                faults.append(f"{path}: expected a video ({kinds}), a label file (.csv), or a folder")
        videos |= {video.resolve(): video for video in found}
        tables |= {table.resolve(): table for table in labels}
    if faults:
        raise_collected(DataError, "this cannot be predicted", faults)
    return list(videos.values()), list(tables.values())


def _in_folder(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the videos of a folder, and the label files where it is a project."""
    videos = videos_in(folder)
    if videos and not (folder / PROJECT_FILE).is_file():
        return videos, []
    try:
        return videos, list(open_project(folder).label_files.values())
    except DataError:
        if (folder / PROJECT_FILE).is_file():
            raise
        return videos, []  # any other folder: the caller says that it holds nothing


def _why_empty(folder: Path) -> str:
    """Return what is wrong with a folder that holds nothing to predict."""
    inside = folder / VIDEO_FOLDER
    hint = f"; did you mean its videos, {inside}?" if inside.is_dir() else ""
    return f"no videos ({', '.join(VIDEO_SUFFIXES)}) and no label files in this folder{hint}"


def _unnamed(paths: Sequence[Path], views: Sequence[str], kind: str) -> list[Failure]:
    """Return the files whose names end in none of the views."""
    failures = []
    for path in paths:
        try:
            parse_stem(path.stem, views)
        except DataError as error:
            failures.append(Failure(str(path), f"this {kind} belongs to no view of the model: {error}"))
    return failures


def _label_sets(tables: Sequence[Path], views: Sequence[str]) -> tuple[list[LabelSet], list[Failure]]:
    """Put the label files of the same instants together, by folder and by name without the view."""
    groups: dict[tuple[Path, str], dict[str, Path]] = {}
    for path in tables:
        base = _base(path)
        name, view = parse_stem(base, views)
        key = (path.resolve().parent, name + path.stem.removeprefix(base))
        groups.setdefault(key, {})[view] = path
    sets, failures = [], []
    for (_, name), files in groups.items():
        absent = [view for view in views if view not in files]
        if absent:
            found = ", ".join(str(path) for path in files.values())
            lacks = f"no label file of view {', '.join(absent)}"
            reason = f"{lacks}: give those of all views, or the project folder"
            failures.append(Failure(found, reason))
        else:
            sets.append(LabelSet(name or "labels", {view: files[view] for view in views}))
    return sets, failures


def _base(path: Path) -> str:
    """Return the stem of a label file without the end that marks other recordings."""
    return next((path.stem.removesuffix(end) for end in OTHER_SETS if path.stem.endswith(end)), path.stem)


def _session_text(name: str) -> str:
    """Return how a session is called in messages."""
    return f"session '{name}'" if name else "the session"
