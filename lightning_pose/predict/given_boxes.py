"""Boxes that say what of every frame a network is to see, from files as `litpose create_bbox` writes them."""

from pathlib import Path

import numpy as np
from jaxtyping import Int

from lightning_pose.core.errors import DataError, PoseError, raise_collected
from lightning_pose.core.sessions import Session
from lightning_pose.crops.tables import read_boxes


def box_file(folder: Path, video: Path) -> Path:
    """Return the file of the boxes of a video."""
    return folder / f"{video.stem}_bbox.csv"


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
