"""Pixels of a crop and of the frame that it was cut from, exactly, whatever the size of its box.

A box is x, y, h, w, in the order of its file: its first pixel is (x, y), and it has h rows and w columns.
Pixel centres are at whole numbers, so the box covers x - 0.5 to x + w - 0.5, and a crop that was resized to
`size` shows at p what the frame shows at (x, y) + (p + 0.5) (w, h) / size - 0.5.
"""

import numpy as np
from jaxtyping import Float, Int, Num

Boxes = Int[np.ndarray, "*N 4"]


def full_from_crop(
    xy: Float[np.ndarray, "*N K 2"], boxes: Num[np.ndarray, "... 4"], size: Num[np.ndarray, "... 2"]
) -> Float[np.ndarray, "*N K 2"]:
    """Return pixels of the frame from pixels of its crop.

    Args:
        xy: K points of every crop.
        boxes: x, y, h, w of every crop (px of the frame), to be broadcast against the crops.
        size: width and height that the crops have (px), likewise.
    """
    return (xy + 0.5) * _scale(boxes, size) + boxes[..., None, :2] - 0.5


def crop_from_full(
    xy: Float[np.ndarray, "*N K 2"], boxes: Num[np.ndarray, "... 4"], size: Num[np.ndarray, "... 2"]
) -> Float[np.ndarray, "*N K 2"]:
    """Return pixels of a crop from pixels of the frame; the inverse of `full_from_crop`."""
    return (xy - boxes[..., None, :2] + 0.5) / _scale(boxes, size) - 0.5


def full_variance(
    variance: Float[np.ndarray, "*N K 2"], boxes: Num[np.ndarray, "... 4"], size: Num[np.ndarray, "... 2"]
) -> Float[np.ndarray, "*N K 2"]:
    """Return variances in squared pixels of the frame from those in squared pixels of the crop."""
    return variance * _scale(boxes, size) ** 2


def box_sizes(boxes: Num[np.ndarray, "*N 4"]) -> Num[np.ndarray, "*N 2"]:
    """Return width and height (px) of boxes, which is also the size of what they cut out."""
    return boxes[..., [3, 2]]


def crop_size(boxes: Num[np.ndarray, "T 4"]) -> tuple[int, int]:
    """Return the one width and height (px) of a cropped video: the median box, to the nearest even number.

    This is Lightning Pose's rule, so that the size of its cropped videos is known from their boxes alone.
    """
    height, width = (max(2, 2 * round(float(np.median(boxes[:, side])) / 2)) for side in (2, 3))
    return width, height


def _scale(boxes: Num[np.ndarray, "... 4"], size: Num[np.ndarray, "... 2"]) -> Float[np.ndarray, "... 1 2"]:
    """Return pixels of the frame per pixel of the crop, in x and y."""
    return (box_sizes(boxes) / size)[..., None, :]
