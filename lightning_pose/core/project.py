"""A project: one folder with videos, labels and what is known of its views and keypoints.

The layout is that of Lightning Pose; see docs/formats/project.md. `project.yaml` may be missing: then views
and keypoints are read off the label files.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lightning_pose.core.csv_header import read_header, read_lines
from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.files import write_text
from lightning_pose.core.labels import read_label_views
from lightning_pose.core.naming import IMAGE_FOLDER, group_by_session, missing_views
from lightning_pose.core.naming import parse_stem as parse_stem
from lightning_pose.core.poses import Poses
from lightning_pose.core.skeletons import Skeleton, guess_skeleton, skeleton_from_names

PROJECT_FILE = "project.yaml"
LABELS = "CollectedData"
VIDEO_FOLDER = "videos"
VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".m4v")
_KEYS = ("view_names", "keypoint_names", "skeleton", "swaps")
_OTHER_SETS = ("_new", "_test")  # labels of recordings unlike those trained on


@dataclass(frozen=True)
class Project:
    """A project folder.

    Attributes:
        folder: where it is.
        view_names: the views in order; empty where there is one view, whose name is then "".
        skeleton: keypoints, edges and left/right swaps.
        label_files: view to label file, of those that are there.
        other: further keys of project.yaml, kept as they are.
    """

    folder: Path
    view_names: tuple[str, ...]
    skeleton: Skeleton
    label_files: dict[str, Path]
    other: dict[str, Any] = field(default_factory=dict)

    @property
    def views(self) -> tuple[str, ...]:
        """The views to loop over: one empty name where there is a single view."""
        return self.view_names or ("",)

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        """The names of the keypoints in order."""
        return self.skeleton.names

    def label_file(self, view: str = "") -> Path:
        """Return the label file of a view, which need not be there yet."""
        return self.label_files.get(view, self.folder / _label_names(view)[0])

    def videos(self) -> dict[str, dict[str, Path]]:
        """Return session to view to video; `incomplete` names the sessions that lack views.

        Raises:
            DataError: when a video names no view, or two are of the same session and view.
        """
        folder = self.folder / VIDEO_FOLDER
        files = folder.iterdir() if folder.is_dir() else ()
        return group_by_session(
            [
                path
                for path in files
                if path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".")
            ],
            self.view_names,
        )

    def incomplete(self) -> dict[str, tuple[str, ...]]:
        """Return the sessions that lack the videos of views, with those views."""
        return missing_views(self.videos(), self.view_names)

    def read_labels(self) -> dict[str, Poses]:
        """Read the labels of every view.

        Raises:
            DataError: when a view has no label file, a file cannot be used, views differ, or their keypoints
                are not those of the project.
        """
        absent = [view for view in self.views if view not in self.label_files]
        if absent:
            faults = [" or ".join(str(self.folder / name) for name in _label_names(view)) for view in absent]
            raise_collected(DataError, f"{self.folder} lacks labels, expected", faults)
        views = read_label_views(self.label_files)
        names = views[self.views[0]].names
        if names != self.keypoint_names:
            raise DataError(
                f"{self.label_files[self.views[0]]} has the keypoints {', '.join(names)}, but "
                f"{self.folder / PROJECT_FILE} names {', '.join(self.keypoint_names)}"
            )
        return views


def open_project(folder: Path | str) -> Project:
    """Open a project folder.

    Raises:
        DataError: when there is neither project.yaml nor a label file, or what they say cannot be used.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(
            f"{folder} is not a folder: expected a project, with {PROJECT_FILE} or {LABELS}.csv in it"
        )
    record = _read_record(folder / PROJECT_FILE)
    if "view_names" in record:
        views = tuple(record["view_names"])
        label_files = _label_files(folder, views)
    else:
        views, label_files = _infer_views(folder)
    names = record.get("keypoint_names")
    if names is None:
        if not label_files:
            raise DataError(
                f"{folder} is not a project: expected {PROJECT_FILE} with keypoint_names, or labels in "
                f"{LABELS}.csv or {LABELS}_<view>.csv; found neither"
            )
        names = read_header(next(iter(label_files.values()))).names
    skeleton = _skeleton(folder / PROJECT_FILE, names, record)
    other = {key: value for key, value in record.items() if key not in _KEYS}
    return Project(folder, views, skeleton, label_files, other)


def is_project(folder: Path | str) -> bool:
    """Return whether a folder looks like a project; none of its files is read."""
    folder = Path(folder)
    return (folder / PROJECT_FILE).is_file() or any(folder.glob(f"{LABELS}*.csv"))


def create_project(folder: Path | str, view_names: Sequence[str], skeleton: Skeleton) -> Project:
    """Make a project folder with its project.yaml and empty folders for videos and images.

    Raises:
        DataError: when there is a project already, or a view's name cannot be part of a file name.
    """
    folder = Path(folder)
    if (folder / PROJECT_FILE).exists():
        raise DataError(f"{folder / PROJECT_FILE} exists already: give another folder, or open this project")
    project = Project(folder, tuple(view_names), skeleton, {})
    for name in (VIDEO_FOLDER, IMAGE_FOLDER):
        (folder / name).mkdir(parents=True, exist_ok=True)
    save_project(project)
    return open_project(folder)


def save_project(project: Project) -> None:
    """Write project.yaml: views, keypoints, skeleton edges and swaps, and the keys that were kept.

    Raises:
        DataError: when a view's name cannot be part of a file name.
    """
    faults = _view_name_faults(project.view_names)
    if faults:
        raise_collected(DataError, "these views cannot be used", faults)
    skeleton = project.skeleton
    record = {
        "view_names": list(project.view_names),
        "keypoint_names": list(skeleton.names),
        "skeleton": [[skeleton.names[a], skeleton.names[b]] for a, b in skeleton.edges],
        "swaps": [[skeleton.names[a], skeleton.names[b]] for a, b in skeleton.swaps],
        **project.other,
    }
    text = yaml.safe_dump(record, sort_keys=False, default_flow_style=None, allow_unicode=True, width=110)
    write_text(project.folder / PROJECT_FILE, text)


def _read_record(path: Path) -> dict[str, Any]:
    """Return what project.yaml says, checked; nothing where there is none."""
    if not path.is_file():
        return {}
    try:
        record = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not YAML: {error}") from error
    if record is None:
        record = {}
    if not isinstance(record, dict):
        raise DataError(
            f"{path}: expected keys such as view_names and keypoint_names, got a {type(record).__name__}"
        )
    record = {key: value for key, value in record.items() if value is not None}
    faults = _record_faults(record)
    if faults:
        raise_collected(DataError, f"{path} cannot be used", faults)
    if not record.get("keypoint_names"):  # an empty list says no more than none
        record.pop("keypoint_names", None)
    return record


def _record_faults(record: Mapping[str, Any]) -> list[str]:
    """Return the keys whose values are not of their kind."""
    faults = []
    for key in ("view_names", "keypoint_names"):
        value = record.get(key, [])
        if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
            faults.append(f"{key}: expected a list of names, got {value!r}")
        elif len(set(value)) < len(value):
            faults.append(
                f"{key}: {', '.join(sorted({n for n in value if value.count(n) > 1}))} occurs twice"
            )
        elif key == "view_names":
            faults += _view_name_faults(value)
    for key in ("skeleton", "swaps"):
        value = record.get(key, [])
        if not isinstance(value, list) or not all(
            isinstance(pair, list) and len(pair) == 2 for pair in value
        ):
            faults.append(f"{key}: expected a list of pairs of keypoints, got {value!r}")
    return faults


def _view_name_faults(names: Iterable[str]) -> list[str]:
    """Return the names that cannot be part of a file name."""
    return [
        f"view_names: '{name}' cannot be part of a file name"
        for name in names
        if re.search(r"[/\\\s,]", name)
    ]


def _skeleton(path: Path, names: Sequence[str], record: Mapping[str, Any]) -> Skeleton:
    """Return the project's own skeleton, or the best guess from the names."""
    try:
        edges = record.get("skeleton")
        if edges is None:
            guess = guess_skeleton(names)
            edges = [(guess.names[a], guess.names[b]) for a, b in guess.edges]
        return skeleton_from_names(names, edges, record.get("swaps"))
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _label_names(view: str) -> tuple[str, ...]:
    """Return the names that the label file of a view may have."""
    return (f"{LABELS}_{view}.csv", f"{view}.csv") if view else (f"{LABELS}.csv",)


def _label_files(folder: Path, views: Sequence[str]) -> dict[str, Path]:
    """Return the label files of known views that are there."""
    found = {}
    for view in views or ("",):
        present = [folder / name for name in _label_names(view) if (folder / name).is_file()]
        if present:
            found[view] = present[0]
    return found


def _infer_views(folder: Path) -> tuple[tuple[str, ...], dict[str, Path]]:
    """Return the views, and the label file of each, as the files of the folder tell them."""
    files = {path.stem: path for path in folder.glob("*.csv")}
    named = {stem: path for stem, path in files.items() if stem == LABELS or stem.startswith(f"{LABELS}_")}
    if not named:
        named = {stem: path for stem, path in files.items() if _holds_labels(path)}
    for stem in list(named):
        base = next((stem.removesuffix(end) for end in _OTHER_SETS if stem.endswith(end)), None)
        if base in named:
            del named[stem]
    if len(named) == 1 and (LABELS in named or not any(stem.startswith(LABELS) for stem in named)):
        return (), {"": next(iter(named.values()))}
    if LABELS in named:
        others = ", ".join(path.name for stem, path in sorted(named.items()) if stem != LABELS)
        raise DataError(
            f"{folder} has {LABELS}.csv, which is of a single view, and {others}: say in {PROJECT_FILE} "
            "which view_names there are"
        )
    views = {stem.removeprefix(f"{LABELS}_"): path for stem, path in named.items()}
    ordered = tuple(sorted(views, key=_natural))
    return ordered, {view: views[view] for view in ordered}


def _holds_labels(path: Path) -> bool:
    """Return whether a CSV holds labels: x and y without likelihood, and images in the first column.

    Raises:
        DataError: when it is empty, or begins like a table of poses and is none: no view may vanish unseen.
    """
    if read_lines(path, 1)[0][:1] != ["scorer"]:
        return False
    header = read_header(path)
    if not {"x", "y"} <= set(header.coords) <= {"x", "y", "visible"}:
        return False
    first = read_lines(path, header.lines + 1)[-1]
    return bool(first) and not first[0].strip().isdigit()


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts cam2 before cam10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
