"""The health of a project: what is missing, what does not fit together, and what to do about it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import cv2
import numpy as np

from lightning_pose.core.calibration import Rig, find_calibration
from lightning_pose.core.errors import CalibrationError, DataError, PoseError
from lightning_pose.core.labels import missing_images, outside_image
from lightning_pose.core.naming import IMAGE_FOLDER, IMAGE_SUFFIXES, image_file, image_session
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import Project, open_project
from lightning_pose.core.video import VideoInfo, probe

Severity = Literal["error", "warning", "note"]
Subject = Literal["project", "videos", "calibration", "labels", "images"]
LISTED = 5  # names in one sentence
SAME_RATE = 0.01  # share by which the rates of views may differ
ENDLESS = (2**31, 2**31)  # px, of images that cannot be read


class Issue(NamedTuple):
    """Something that is wrong, or worth knowing.

    Attributes:
        severity: `error`, something cannot work; `warning`, something probably goes wrong; `note`.
        subject: what it is about.
        text: what, where, and what to do.
    """

    severity: Severity
    subject: Subject
    text: str


def check_project(folder: Path | str, progress: Callable[[int, int], None] | None = None) -> list[Issue]:
    """Look at everything in a project and return what is wrong, the gravest first; nothing is written.

    Args:
        folder: of the project.
        progress: called with the sessions looked at, and all: reading the index of long videos takes a while.
    """
    try:
        project = open_project(folder)
    except DataError as error:
        return [Issue("error", "project", str(error))]
    issues = [*_links(project)]
    sizes: dict[str, dict[str, tuple[int, int]]] = {}
    try:
        videos = project.videos()
    except DataError as error:
        issues.append(Issue("error", "videos", str(error)))
        videos = {}
    if not videos:
        issues.append(Issue("note", "videos", "there are no videos yet: `litpose add` puts them in place"))
    for done, (session, views) in enumerate(videos.items(), start=1):
        infos = {}
        issues += _session_issues(project, session, views, infos)
        sizes[session] = {view: (info.width, info.height) for view, info in infos.items()}
        if progress is not None:
            progress(done, len(videos))
    labels, faults = _labels(project)
    issues += faults
    issues += _calibration_issues(project, sizes, labels)
    order = ("error", "warning", "note")
    return sorted(issues, key=lambda issue: order.index(issue.severity))


def _links(project: Project) -> Iterator[Issue]:
    """Yield the links that lead out of the project, which the app does not follow."""
    home = project.folder.resolve()
    for place in (project.folder / "videos", project.folder / IMAGE_FOLDER):
        if not place.is_dir():
            continue
        out = [path.name for path in [place, *place.iterdir()] if not path.resolve().is_relative_to(home)]
        if out:
            text = f"links that lead out of the project, which the app does not follow: {_some(out)}"
            yield Issue("warning", "project", f"{text}. `litpose add` makes second names of files instead")


def _session_issues(
    project: Project, session: str, views: dict[str, Path], infos: dict[str, VideoInfo]
) -> Iterator[Issue]:
    """Yield what is wrong with the videos of a session, and fill in what they hold."""
    absent = [view for view in project.views if view not in views]
    if absent:
        text = (
            f"session '{session}' has no video of view {', '.join(absent)}, so it cannot be predicted in 3D"
        )
        yield Issue("warning", "videos", text)
    for view, path in views.items():
        try:
            infos[view] = probe(path)
        except (PoseError, OSError) as error:
            yield Issue("error", "videos", str(error))
    counts = {view: info.n_frames for view, info in infos.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{view} {count}" for view, count in counts.items())
        text = (
            f"session '{session}': the views differ in their number of frames: {listed}. Frames go by number"
        )
        yield Issue("error", "videos", f"{text}, so cut the videos to the frames that all views have")
    rates = {view: info.fps for view, info in infos.items()}
    if rates and max(rates.values()) > (1 + SAME_RATE) * min(rates.values()):
        listed = ", ".join(f"{view} {rate:g}" for view, rate in rates.items())
        yield Issue(
            "warning", "videos", f"session '{session}': its views differ in frames a second: {listed}"
        )


def _labels(project: Project) -> tuple[dict[str, Poses], list[Issue]]:
    """Return the labels, none where they cannot be read, and what is wrong with them and their images."""
    if not project.label_files:
        return {}, [Issue("note", "labels", "nothing is labeled yet: `litpose extract` chooses frames")]
    try:
        labels = project.read_labels()
    except DataError as error:
        return {}, [Issue("error", "labels", str(error))]
    issues = []
    named: set[Path] = set()
    for view, poses in labels.items():
        where = f"view {view}: " if view else ""
        gone = missing_images(poses, project.folder)
        if gone:
            issues.append(Issue("error", "images", f"{where}{_some(gone)}"))
        named |= {image_file(project.folder, str(image)).parent for image in poses.frames.tolist()}
        out = _outside(project, poses, view)
        if out:
            issues.append(Issue("warning", "labels", f"{where}{_some(out)}"))
    issues += _unlabeled_images(project, named)
    return labels, issues


def _outside(project: Project, poses: Poses, view: str) -> list[str]:
    """Return the labels outside their image; the images of a session are as large as its first one."""
    known: dict[str, tuple[int, int]] = {}
    sizes = []
    for image in map(str, poses.frames.tolist()):
        session = image_session(image, view)
        if session not in known:
            pixels = cv2.imread(str(image_file(project.folder, image)))
            known[session] = ENDLESS if pixels is None else (pixels.shape[1], pixels.shape[0])
        sizes.append(known[session])
    return outside_image(poses, np.array(sizes, dtype=int).reshape(-1, 2), tolerance=1.0)


def _unlabeled_images(project: Project, named: set[Path]) -> list[Issue]:
    """Return which folders have images, but none that is in a label file; `named` are those that have one."""
    folder = project.folder / IMAGE_FOLDER
    labeled = {path.resolve() for path in named}
    present = {path.parent for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES}
    strange = sorted({path.name for path in present if path.resolve() not in labeled})
    if not strange:
        return []
    text = f"folders with images of which no label file has a row: {_some(strange)}"
    return [Issue("note", "images", text)]


def _calibration_issues(
    project: Project, sizes: dict[str, dict[str, tuple[int, int]]], labels: dict[str, Poses]
) -> list[Issue]:
    """Return the sessions whose calibration is missing, or does not fit views, sizes or labels."""
    if len(project.views) < 2:
        return []
    first = project.views[0]
    rows = [] if first not in labels else [str(image) for image in labels[first].frames.tolist()]
    of_row = np.array([image_session(image, first) for image in rows])
    issues, missing = [], []
    for session in dict.fromkeys([*sizes, *of_row.tolist()]):
        try:
            path = find_calibration(project.folder, session)
            if path is None:
                missing.append(session)
                continue
            rig = Rig.load(path).check(project.views, sizes.get(session, {}), path)
            own = np.flatnonzero(of_row == session)
            if len(own):
                rig.check_points(np.stack([labels[view].points[own] for view in project.views]), path)
        except CalibrationError as error:
            issues.append(Issue("error", "calibration", f"session '{session}': {error}"))
    if missing:
        text = f"no calibration for {_some(missing)}: labeling has no help from other views, prediction no 3D"
        issues.append(Issue("note", "calibration", text))
    return issues


def _some(names: list[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    rest = len(names) - LISTED
    return "; ".join(names[:LISTED]) + (f"; and {rest} more" if rest > 0 else "")
