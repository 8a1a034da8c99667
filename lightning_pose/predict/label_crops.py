"""Labeled images through a pose network that looks at boxes: those of a detector, or given ones."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Int, UInt8

from lightning_pose.core.camera import Camera, affine, crop_matrix, resize_matrix
from lightning_pose.core.errors import DataError
from lightning_pose.core.naming import context_images, image_file
from lightning_pose.crops.boxes import Places, fill_images, square_boxes
from lightning_pose.crops.cut import cut
from lightning_pose.crops.geometry import full_from_crop
from lightning_pose.data.labels import LabeledFrames, native_from_network
from lightning_pose.predict.detector import Detector
from lightning_pose.predict.tracks import SequencePredictor, Tracks

Boxes = Int[np.ndarray, "N V 4"]


def find_label_boxes(frames: LabeledFrames, detector: Detector, batch_size: int) -> Boxes:
    """Return the box of every labeled image, x, y, h, w (px); each image stands for itself.

    An image in which the animal is not seen has the usual box of its folder.

    Args:
        frames: at the detector's size, with the neighbours that it looks at.
        detector: finds the animal.
        batch_size: images at a time.

    Raises:
        DataError: when no image of a view shows enough of the animal.
    """
    found: list[list[Places]] = [[] for _ in frames.view_names]
    for rows in _batches(frames, batch_size):
        batch = frames.batch(rows)
        said = detector.predictor(batch["images"].numpy(), batch.get("camera"))
        sizes = frames.native_sizes[list(rows)][:, :, None]
        xy = native_from_network(np.median(said.xy, axis=0), sizes, frames.size)
        for view, places in enumerate(found):
            places.append(detector.places(xy[:, view], said.confidence.mean(axis=0)[:, view]))
    boxes = []
    for images, places in zip(frames.frames, found, strict=True):
        whole = Places(*(np.concatenate(parts) for parts in zip(*places, strict=True)))
        boxes.append(square_boxes(fill_images(whole, [str(Path(image).parent) for image in images])))
    return np.stack(boxes, axis=1)


def predict_label_crops(
    frames: LabeledFrames,
    folder: Path,
    boxes: Boxes,
    predictor: SequencePredictor,
    size: tuple[int, int],
    *,
    batch_size: int,
    on_frames: Callable[[int], object] | None = None,
) -> Tracks:
    """Predict what boxes show of labeled images, in pixels of the images on disk.

    The neighbours in time that a network looks at are cut by the box of the labeled image, as
    `litpose crop` does for training.

    Args:
        frames: of any size; names the images, and has the cameras where networks are told of them.
        folder: that the images are below.
        boxes: x, y, h, w (px).
        predictor: all members of the pose model.
        size: height and width of its images (px).
        batch_size: images at a time.
        on_frames: told how many instants have been predicted since it was last called.

    Raises:
        DataError: when an image cannot be read.
    """
    xy, confidence = [], []
    with ThreadPoolExecutor(max(1, min(8, os.cpu_count() or 1))) as pool:
        for rows in _batches(frames, batch_size):
            here, names = (
                boxes[rows.start : rows.stop],
                [view[rows.start : rows.stop] for view in frames.frames],
            )
            wanted = [
                (folder, view[row], here[row, v], size, predictor.context)
                for row in range(len(rows))
                for v, view in enumerate(names)
            ]
            windows = np.stack(list(pool.map(_window, *zip(*wanted, strict=True))))
            images = windows.reshape(len(rows), len(names), *windows.shape[1:])
            camera = _crop_camera(frames, rows, here, size)
            found = predictor(images if predictor.context else images[:, :, 0], camera)
            xy.append(full_from_crop(found.xy, here, np.array(size[::-1])).swapaxes(1, 2))
            confidence.append(found.confidence.swapaxes(1, 2))
            if on_frames is not None:
                on_frames(len(rows))
    return Tracks(np.concatenate(xy, axis=2), np.concatenate(confidence, axis=2))


def _batches(frames: LabeledFrames, batch_size: int) -> list[range]:
    """Return the rows of instants to predict at a time."""
    instants = max(1, batch_size // len(frames.view_names))
    return [range(start, min(start + instants, len(frames))) for start in range(0, len(frames), instants)]


def _crop_camera(frames: LabeledFrames, rows: range, boxes: Boxes, size: tuple[int, int]) -> Camera | None:
    """Return the cameras of crops at the network's size, K' = A K, from those of the frames."""
    if frames.camera is None:
        return None
    A = np.empty((*boxes.shape[:2], 3, 3))
    for row, view in np.ndindex(boxes.shape[:2]):
        width, height = (int(side) for side in frames.native_sizes[rows[row], view])
        x, y, h, w = (int(side) for side in boxes[row, view])
        whole = resize_matrix(frames.size[1] / width, frames.size[0] / height)
        A[row, view] = resize_matrix(size[1] / w, size[0] / h) @ crop_matrix(x, y) @ np.linalg.inv(whole)
    return affine(Camera(*(field[list(rows)] for field in frames.camera)), A)


def _window(
    folder: Path, image: str, box: Int[np.ndarray, "4"], size: tuple[int, int], context: int
) -> UInt8[np.ndarray, "F H W 3"]:
    """Return what a box shows of an image and its neighbours in time, RGB.

    Raises:
        DataError: when one cannot be read.
    """
    crops = []
    for name in context_images(image, context, lambda other: image_file(folder, other).is_file()):
        pixels = cv2.imread(str(image_file(folder, name)), cv2.IMREAD_COLOR_RGB)
        if pixels is None:
            raise DataError(f"{image_file(folder, name)} cannot be read as an image")
        crops.append(cut(pixels, box, (size[1], size[0])))
    return np.stack(crops)
