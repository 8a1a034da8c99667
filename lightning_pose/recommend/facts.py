"""What a project holds, as far as it matters for a training: labels, images, videos, calibrations."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from lightning_pose.core.calibration import Rig, find_calibration
from lightning_pose.core.errors import DataError, PoseError, raise_collected
from lightning_pose.core.labels import missing_images
from lightning_pose.core.naming import image_file, image_session
from lightning_pose.core.poses import OCCLUDED, Poses
from lightning_pose.core.project import Project, open_project

Size = tuple[int, int]  # width and height, px


class Facts(NamedTuple):
    """A project, counted.

    Attributes:
        folder: where it is.
        view_names: empty where there is a single view.
        label_files: of each view, relative to the folder.
        keypoint_names: in order.
        swaps: left/right pairs of names.
        edges: lines of the skeleton.
        instants: labeled moments of each session.
        sizes: of the images of each view; several where sessions differ.
        missing: share of the labels that each keypoint lacks, over all views.
        occluded: share of all labels that are marked occluded; None without a `visible` column.
        extent: median side of the box around the labels of an image, as a share of the image's side.
        videos: sessions that have a video of every view.
        calibrated: labeled sessions that have a calibration of all views.
        notes: what should be known or mended, in words.
    """

    folder: Path
    view_names: tuple[str, ...]
    label_files: tuple[str, ...]
    keypoint_names: tuple[str, ...]
    swaps: tuple[tuple[str, str], ...]
    edges: tuple[tuple[str, str], ...]
    instants: dict[str, int]
    sizes: dict[str, tuple[Size, ...]]
    missing: dict[str, float]
    occluded: float | None
    extent: float
    videos: tuple[str, ...]
    calibrated: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def n_instants(self) -> int:
        """Labeled moments, each with all its views."""
        return sum(self.instants.values())

    @property
    def n_views(self) -> int:
        """Views, one at least."""
        return max(1, len(self.view_names))

    @property
    def size(self) -> Size:
        """Width and height of the images of the first view (px): the network's images have its shape."""
        return next(iter(self.sizes.values()))[0]

    @property
    def is_calibrated(self) -> bool:
        """Whether there are several views and every labeled session has a calibration of them."""
        return self.n_views > 1 and set(self.calibrated) == set(self.instants)


def inspect_project(folder: Path | str) -> Facts:
    """Return what a project holds; videos and calibrations that cannot be used are notes.

    Raises:
        DataError: when it is no project, its labels cannot be used, or images that they name are missing.
    """
    project = open_project(folder)
    labels = project.read_labels()
    absent = [text for poses in labels.values() for text in missing_images(poses, project.folder)]
    if absent:
        raise_collected(DataError, "labeled images are missing", absent)
    names, skeleton = project.keypoint_names, project.skeleton
    first = labels[project.views[0]]
    instants = Counter(image_session(str(image), project.views[0]) for image in first.frames.tolist())
    sizes = {view: _image_sizes(project.folder, poses, view) for view, poses in labels.items()}
    present = np.concatenate([poses.present for poses in labels.values()])
    videos, notes = _videos(project)
    calibrated, faults = _calibrated(project, sorted(instants), sizes) if project.view_names else ((), [])
    empty = [name for k, name in enumerate(names) if not present[:, k].any()]
    if empty:
        notes.append(f"never labeled: {', '.join(empty)}; nothing will be learned of them")
    return Facts(
        folder=project.folder,
        view_names=project.view_names,
        label_files=tuple(project.label_files[view].name for view in project.views),
        keypoint_names=names,
        swaps=tuple((names[a], names[b]) for a, b in skeleton.swaps),
        edges=tuple((names[a], names[b]) for a, b in skeleton.edges),
        instants=dict(sorted(instants.items())),
        sizes=sizes,
        missing=dict(zip(names, (1 - present.mean(axis=0)).tolist(), strict=True)),
        occluded=_occluded(labels),
        extent=_extent(labels, sizes),
        videos=videos,
        calibrated=calibrated,
        notes=(*notes, *faults),
    )


def _image_sizes(folder: Path, labels: Poses, view: str) -> tuple[Size, ...]:
    """Return the sizes of the first image of every session, without repetition.

    Raises:
        DataError: when an image cannot be read.
    """
    first = {image_session(image, view): image for image in reversed(labels.frames.tolist())}
    sizes, faults = [], []
    for image in reversed(first.values()):
        path = image_file(folder, image)
        pixels = cv2.imread(str(path))
        if pixels is None:
            faults.append(f"{path} cannot be read as an image")
        else:
            sizes.append((pixels.shape[1], pixels.shape[0]))
    if faults:
        raise_collected(DataError, "labeled images cannot be read", faults)
    return tuple(dict.fromkeys(sizes))


def _occluded(labels: dict[str, Poses]) -> float | None:
    """Return the share of labels marked occluded."""
    columns = [poses.visible for poses in labels.values() if poses.visible is not None]
    return float(np.mean(np.concatenate(columns) == OCCLUDED)) if columns else None


def _extent(labels: dict[str, Poses], sizes: dict[str, tuple[Size, ...]]) -> float:
    """Return the median over images of the side of the labels' box over the image's; 1 without labels."""
    shares = []
    for view, poses in labels.items():
        points = poses.points[poses.present.sum(axis=1) > 1]
        if len(points):
            box = np.nanmax(points, axis=1) - np.nanmin(points, axis=1)
            shares.append(np.sqrt((box / np.array(sizes[view][0])).prod(axis=1)))
    return float(np.median(np.concatenate(shares))) if shares else 1.0


def _videos(project: Project) -> tuple[tuple[str, ...], list[str]]:
    """Return the sessions with all their videos, and what is wrong with others."""
    try:
        lacking = project.incomplete()
        complete = tuple(session for session in project.videos() if session not in lacking)
    except DataError as error:
        return (), [str(error)]
    return complete, [
        f"videos of session '{session}' lack {', '.join(views)}" for session, views in lacking.items()
    ]


def _calibrated(
    project: Project, sessions: list[str], sizes: dict[str, tuple[Size, ...]]
) -> tuple[tuple[str, ...], list[str]]:
    """Return the sessions with a calibration that can be used, and what is wrong with others."""
    images = {view: found[0] for view, found in sizes.items() if len(found) == 1}
    calibrated, faults = [], []
    for session in sessions:
        try:
            path = find_calibration(project.folder, session)
            if path is not None:
                Rig.load(path).check(project.view_names, images, path)
                calibrated.append(session)
        except PoseError as error:
            faults.append(str(error))
    lacking = sorted(set(sessions) - set(calibrated))
    if calibrated and lacking and not faults:
        faults.append(f"sessions without a calibration: {', '.join(lacking)}")
    return tuple(calibrated), list(dict.fromkeys(faults))
