"""Cropping on disk: a video by a box per frame, labeled images with their neighbours and labels."""

import dataclasses
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.files import atomic_path
from lightning_pose.core.naming import image_at, image_file
from lightning_pose.core.poses import IGNORED, Poses, shorten
from lightning_pose.core.video import VideoReader, VideoWriter
from lightning_pose.crops.cut import cut
from lightning_pose.crops.geometry import Boxes, box_sizes, crop_from_full, crop_size
from lightning_pose.crops.remap import boxes_of
from lightning_pose.crops.tables import BoxTable

CONTEXT = 2  # frames on either side of a labeled one that networks with context look at
JPEG = (".jpg", ".jpeg")

OnFrame = Callable[[], object]
JITTER = 0.1  # of a frame's duration, by which stamps may be rounded at a constant rate


def crop_video(video: Path, boxes: Boxes, output: Path, on_frame: OnFrame | None = None) -> None:
    """Write what a box per frame shows of a video, every frame at the size that `crop_size` says.

    Frame i of the crop is frame i of the video, shown when that is. Beyond the border it is black.

    Args:
        video: to crop.
        boxes: of all its frames.
        output: video to write.
        on_frame: called after each frame.

    Raises:
        DataError: when there are more or fewer boxes than frames.
        VideoError: when the video cannot be decoded.
    """
    with VideoReader(video) as reader:
        if len(boxes) != len(reader):
            raise DataError(f"{video} has {len(reader)} frames, but there are {len(boxes)} boxes")
        size = crop_size(boxes)
        times = reader.times
        varies = not np.allclose(np.diff(times), 1 / reader.info.fps, rtol=0, atol=JITTER / reader.info.fps)
        with VideoWriter(output, *size, fps=reader.info.fps, timed=varies) as writer:
            for frame, box, seconds in zip(reader.frames(), boxes, times, strict=True):
                writer.write(cut(frame, box, size), seconds if varies else None)
                if on_frame is not None:
                    on_frame()


def crop_labels(labels: Poses, table: BoxTable) -> tuple[Poses, int]:
    """Return labels in pixels of their crops, and how many are left out since they lie outside them.

    Raises:
        DataError: when an image has no box.
    """
    boxes = boxes_of(labels, table)
    sizes = box_sizes(boxes)
    points = crop_from_full(labels.points, boxes, sizes)
    inside = ((points >= -0.5) & (points <= sizes[:, None] - 0.5)).all(axis=-1)
    lost = labels.present & ~inside
    points[lost] = np.nan
    visible = None if labels.visible is None else np.where(lost, IGNORED, labels.visible)
    return dataclasses.replace(labels, points=points, visible=visible), int(lost.sum())


def crop_images(
    table: BoxTable, folder: Path, output: Path, on_image: Callable[[int, int], object] | None = None
) -> int:
    """Write what the boxes show of labeled images and of the frames around them; return how many images.

    A frame around a labeled one is cropped by the box of that one, unless it is labeled itself. The images
    keep their names, the folders below, and their size: that of the box.

    Args:
        table: boxes by paths of images.
        folder: that these paths are relative to.
        output: folder to write to.
        on_image: told (images written, all images).

    Raises:
        DataError: when images are missing or cannot be read; all of them listed.
    """
    wanted = _with_neighbours(table, folder)

    def write(image: str) -> bool:
        pixels = cv2.imread(str(image_file(folder, image)), cv2.IMREAD_UNCHANGED)
        if pixels is None:
            return False
        with atomic_path(image_file(output, image)) as temporary:
            quality = (cv2.IMWRITE_JPEG_QUALITY, 100) if temporary.suffix.lower() in JPEG else ()
            return cv2.imwrite(str(temporary), cut(pixels, wanted[image]), quality)

    lacking = []
    with ThreadPoolExecutor(max(1, min(8, os.cpu_count() or 1))) as pool:
        for count, (image, written) in enumerate(zip(wanted, pool.map(write, wanted), strict=True), 1):
            if not written:
                lacking.append(f"{image_file(folder, image)} is missing or cannot be read as an image")
            if on_image is not None:
                on_image(count, len(wanted))
    if lacking:
        raise_collected(DataError, "images cannot be cropped", shorten(lacking))
    return len(wanted)


def _with_neighbours(table: BoxTable, folder: Path) -> Mapping[str, np.ndarray]:
    """Return the box of every labeled image, and of the frames around it that are there."""
    wanted = dict(zip((str(image) for image in table.frames.tolist()), table.boxes, strict=True))
    for image, box in list(wanted.items()):
        for offset in (*range(-CONTEXT, 0), *range(1, CONTEXT + 1)):
            other = image_at(image, offset) if any(map(str.isdigit, Path(image).stem)) else None
            if other is not None and other not in wanted and image_file(folder, other).is_file():
                wanted[other] = box
    return wanted
