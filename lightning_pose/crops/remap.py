"""Predictions on crops, brought back to pixels of the whole frames."""

import dataclasses

import numpy as np

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses, shorten
from lightning_pose.crops.geometry import Boxes, box_sizes, crop_size, full_from_crop, full_variance
from lightning_pose.crops.tables import BoxTable


def remap(poses: Poses, table: BoxTable, size: tuple[int, int] | None = None) -> Poses:
    """Return poses on the whole frames from poses on their crops, exactly.

    Args:
        poses: on a cropped video (the frames are numbers) or on cropped images (paths).
        table: the boxes that were cropped by.
        size: width and height (px) of a cropped video; those that `crop_size` says by default. A cropped
            image is as large as its box.

    Raises:
        DataError: when the boxes are not those of these frames.
    """
    boxes = boxes_of(poses, table)
    sizes = np.array(size or crop_size(table.boxes)) if poses.frames.dtype.kind == "i" else box_sizes(boxes)
    variance = None if poses.variance is None else full_variance(poses.variance, boxes, sizes)
    return dataclasses.replace(poses, points=full_from_crop(poses.points, boxes, sizes), variance=variance)


def boxes_of(poses: Poses, table: BoxTable) -> Boxes:
    """Return the box of every row of poses.

    Raises:
        DataError: when a row has none, or the table is of a video with another number of frames.
    """
    if poses.frames.dtype.kind != table.frames.dtype.kind:
        kinds = {"i": "frames of a video", "U": "labeled images"}
        ours, theirs = (kinds[frames.dtype.kind] for frames in (poses.frames, table.frames))
        raise DataError(f"the poses are of {ours}, but the boxes of {theirs}")
    if poses.frames.dtype.kind == "i" and len(poses) != len(table.frames):
        raise DataError(
            f"{len(poses)} frames of poses, but {len(table.frames)} boxes: they are of different videos"
        )
    place = {frame: row for row, frame in enumerate(table.frames.tolist())}
    lacking = [str(frame) for frame in poses.frames.tolist() if frame not in place]
    if lacking:
        raise DataError("there is no box for " + ", ".join(shorten(lacking)))
    return table.boxes[[place[frame] for frame in poses.frames.tolist()]]
