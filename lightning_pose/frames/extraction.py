"""Frames of videos become images to be labeled: all views, with neighbours, and a record of why.

`labeled-data/<session>_<view>/img00000123.png` are the images, `extracted/<session>.json` the record. All
images of a session are first written under `extracted/.<session>/`, whole files only, then moved to their
places without replacing any, and the record is written last. So an interrupted run is continued by the same
command. Two programs that extract into one project do so one after the other.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from lightning_pose.core.errors import DataError
from lightning_pose.core.files import atomic_path, write_json
from lightning_pose.core.naming import image_name, locate_image
from lightning_pose.core.poses import IGNORED, Poses
from lightning_pose.core.project import Project
from lightning_pose.core.sessions import Session
from lightning_pose.core.tables import read_labels, write_poses
from lightning_pose.core.video import VideoReader

try:
    import fcntl
except ImportError:  # Windows: two programs that extract at the same moment may lose a line of the record
    fcntl = None

RECORDS = "extracted"

Progress = Callable[[int], None]


class Pick(NamedTuple):
    """A frame to extract, how it was chosen, and why."""

    frame: int
    method: str
    reasons: tuple[str, ...] = ()


class Plan(NamedTuple):
    """The frames of one session to extract, and how many neighbours come along on either side."""

    session: Session
    picks: tuple[Pick, ...]
    context: int = 2

    @property
    def numbers(self) -> list[int]:
        """The frames and their neighbours."""
        reach = range(-self.context, self.context + 1)
        around = {pick.frame + step for pick in self.picks for step in reach}
        return sorted(number for number in around if 0 <= number < self.session.n_frames)

    @property
    def images(self) -> int:
        """Images of all views."""
        return len(self.numbers) * len(self.session.videos)


def record_file(project: Project, session: str) -> Path:
    """Return the record of what was extracted of a session."""
    return project.folder / RECORDS / f"{session or 'session'}.json"


def extracted_frames(project: Project, session: str) -> set[int]:
    """Return the frames of a session that were extracted before.

    Raises:
        DataError: when the record cannot be read.
    """
    return {int(entry["frame"]) for entry in _read_record(project, session)["frames"]}


def labeled_frames(project: Project, session: str) -> set[int]:
    """Return the frames of a session that the label files name, with labels or without.

    Raises:
        DataError: when a label file cannot be read.
    """
    found = set()
    for path in project.label_files.values():
        for image in read_labels(path).frames.tolist():
            try:
                where = locate_image(str(image), project.view_names)
            except DataError:  # an image that was not taken from a video of this project
                continue
            if where.session == session:
                found.add(where.frame)
    return found


def extract(project: Project, plan: Plan, progress: Progress = lambda images: None) -> list[dict[str, str]]:
    """Write the images of a plan and its record; return a row per frame: view to the path of its image.

    Images that are there are not replaced. The rows are what a label store takes, or `append_rows`.

    Args:
        project: to extract into.
        plan: what.
        progress: told how many images have been written since it was last told.

    Raises:
        VideoError: when a frame cannot be decoded; what was written so far is kept for the next run.
        DataError: when the record of what was extracted before cannot be read.
        OSError: when the disk is full or cannot be written, likewise.
    """
    rows = label_rows(plan)
    if plan.picks:
        with _alone(record_file(project, plan.session.name).parent):
            _read_record(project, plan.session.name)  # one that is none is said before the work
            _write_images(project, plan, progress)
            _note(project, plan, rows)
    return rows


def _write_images(project: Project, plan: Plan, progress: Progress) -> None:
    """Write the images of a plan, aside first, and put them in their places together."""
    name = plan.session.name
    waiting = _waiting(project, name)
    images = []
    for view, video in plan.session.videos.items():
        targets = {number: image_name(name, view, number) for number in plan.numbers}
        with VideoReader(video, rgb=False) as reader:
            for number, image in targets.items():
                if not (project.folder / image).is_file() and not (waiting / image).is_file():
                    _, data = cv2.imencode(".png", reader[number])
                    with atomic_path(waiting / image) as temporary:
                        temporary.write_bytes(data.tobytes())
                images.append(image)
                progress(1)
    for image in images:
        target = project.folder / image
        target.parent.mkdir(parents=True, exist_ok=True)
        if (waiting / image).is_file() and not target.exists():
            (waiting / image).rename(target)


def _note(project: Project, plan: Plan, rows: Sequence[Mapping[str, str]]) -> None:
    """Add the frames of a plan to the record, and forget what an interrupted run left aside."""
    name = plan.session.name
    record = _read_record(project, name)
    known = {entry["frame"] for entry in record["frames"]}
    record["frames"] += [
        {"frame": pick.frame, "images": dict(row), "method": pick.method, "reasons": list(pick.reasons)}
        for pick, row in zip(plan.picks, rows, strict=True)
        if pick.frame not in known
    ]
    record["frames"].sort(key=lambda entry: entry["frame"])
    write_json(record_file(project, name), record | {"context": plan.context})
    shutil.rmtree(_waiting(project, name), ignore_errors=True)


def _waiting(project: Project, session: str) -> Path:
    """Return the folder where images are until all of a plan are there."""
    return record_file(project, session).parent / f".{session or 'session'}"


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other program extracts into a project, and keep others waiting meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # file systems without locks: they are seldom two
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def label_rows(plan: Plan) -> list[dict[str, str]]:
    """Return a row for every frame of a plan: view to the path of its image, relative to the project."""
    name = plan.session.name
    return [{view: image_name(name, view, pick.frame) for view in plan.session.videos} for pick in plan.picks]


def append_rows(project: Project, rows: Sequence[Mapping[str, str]], scorer: str | None = None) -> None:
    """Append empty rows to the label files of all views; files that are not there are made.

    Lightning Pose trains on rows without labels: it teaches that nothing is to be seen there. So this is
    for tools that list images by these files, and for those who label all of them.

    Raises:
        DataError: when a label file cannot be read or written.
    """
    for view in project.views:
        path = project.label_file(view)
        former = read_labels(path) if path.is_file() else None
        known: Collection[Any] = () if former is None else set(former.frames.tolist())
        new = [row[view] for row in rows if row[view] not in known]
        if not new:
            continue
        names = project.keypoint_names if former is None else former.names
        points = np.full((len(new), len(names), 2), np.nan)
        visible = None
        frames = np.array(new, dtype=str)
        if former is not None:
            points = np.concatenate([former.points, points])
            frames = np.concatenate([former.frames, frames])
            if former.visible is not None:
                visible = np.concatenate([former.visible, np.full((len(new), len(names)), IGNORED)])
            scorer = former.scorer or scorer
        write_poses(path, Poses(names, points, frames, visible=visible, scorer=scorer))


def _read_record(project: Project, session: str) -> dict[str, Any]:
    """Return the record of a session; an empty one where nothing was extracted.

    Raises:
        DataError: when it is none.
    """
    path = record_file(project, session)
    if not path.is_file():
        return {"session": session, "frames": []}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(entry["frame"], int) for entry in record["frames"]):
            raise TypeError
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} is no record of extracted frames: expected 'frames', a list of entries with 'frame'. "
            "Remove it to begin anew; images that are there stay"
        ) from error
    return record
