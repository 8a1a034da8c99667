"""Boxes that say what of every frame a network is to see, from files as `litpose create_bbox` writes them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int

from lightning_pose.core.errors import DataError, PoseError, raise_collected
from lightning_pose.core.sessions import Session
from lightning_pose.crops.tables import read_boxes


def box_file(folder: Path, video: Path) -> Path:
    """Return the file of the boxes of a video."""
    return folder / f"{video.stem}_bbox.csv"


def label_box_file(folder: Path, labels: Path) -> Path:
    """Return the file of the boxes of a label file's images: its own, or the one for all."""
    own = folder / labels.name / "bbox.csv"
    return own if own.is_file() else folder / "bbox.csv"


def read_session_boxes(session: Session, folder: Path) -> Int[np.ndarray, "T V 4"]:
    """Return x, y, h, w of every frame of every view; the last box stands in after a view has ended.

    Raises:
        DataError: when a video has no boxes, or not one for every frame; all of them listed.
    """
    views, faults = [], []
    for view, video in session.videos.items():
        path, expected = box_file(folder, video), session.infos[view].n_frames
        try:
            boxes = read_boxes(path).boxes
        except PoseError as error:
            faults.append(str(error))
            continue
        if len(boxes) != expected:
            faults.append(f"{path} has {len(boxes)} boxes, but {video} has {expected} frames")
            continue
        views.append(boxes[np.minimum(np.arange(session.n_frames), expected - 1)])
    if faults:
        raise_collected(DataError, "boxes cannot be used", faults)
    return np.stack(views, axis=1)


def read_label_boxes(
    files: Mapping[str, Path], images: Sequence[Sequence[str]], folder: Path
) -> Int[np.ndarray, "N V 4"]:
    """Return x, y, h, w of every labeled image of every view.

    They are in `bbox.csv`, as with Lightning Pose, or, with several label files, in `<label file>/bbox.csv`.

    Args:
        files: view to its labels.
        images: of every view, as the labels name them.
        folder: of the boxes.

    Raises:
        DataError: when an image has no box; all views listed.
    """
    views, faults = [], []
    for file, names in zip(files.values(), images, strict=True):
        path = label_box_file(folder, file)
        try:
            table = read_boxes(path)
        except PoseError as error:
            faults.append(str(error))
            continue
        row = {str(name): index for index, name in enumerate(table.frames)}
        absent = [name for name in names if name not in row]
        if absent:
            faults.append(f"{path} has no box for {len(absent)} images of {file.name}, such as {absent[0]}")
            continue
        views.append(table.boxes[[row[name] for name in names]])
    if faults:
        raise_collected(DataError, "boxes cannot be used", faults)
    return np.stack(views, axis=1)
