"""Cutting boxes out of images."""

import cv2
import numpy as np
from jaxtyping import Int, Shaped


def cut(
    image: Shaped[np.ndarray, "H W *C"], box: Int[np.ndarray, "4"], size: tuple[int, int] | None = None
) -> Shaped[np.ndarray, "h w *C"]:
    """Return what a box shows of an image; black where it reaches beyond the border.

    Args:
        image: of any depth and number of channels.
        box: x, y, h, w (px).
        size: width and height (px) to resize to, averaging over areas where it shrinks; the box's own by
            default.
    """
    x, y, h, w = (int(side) for side in box)
    inside = image[max(y, 0) : max(y + h, 0), max(x, 0) : max(x + w, 0)]
    if inside.shape[:2] != (h, w):
        whole = np.zeros((h, w, *image.shape[2:]), image.dtype)
        rows, columns = inside.shape[:2]
        top, left = max(-y, 0), max(-x, 0)
        whole[top : top + rows, left : left + columns] = inside
        inside = whole
    if size is None or size == (w, h):
        return inside.copy() if inside.base is not None else inside
    return resize(inside, size)


def resize(image: Shaped[np.ndarray, "h w *C"], size: tuple[int, int]) -> Shaped[np.ndarray, "H W *C"]:
    """Resize to (width, height) px: averaging over areas where it shrinks, interpolating where it grows.

    What lies at u comes to (u + 0.5) s - 0.5.
    """
    if image.shape[1::-1] == size:
        return image
    shrinks = image.shape[1] >= size[0] and image.shape[0] >= size[1]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
