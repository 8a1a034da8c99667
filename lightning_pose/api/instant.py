"""One instant: the parts of its images that a network is to look at, and what it says of them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import DataError
from lightning_pose.crops.cut import cut
from lightning_pose.crops.geometry import full_from_crop
from lightning_pose.data.cameras import network_camera
from lightning_pose.predict.ensemble import Consensus, combine
from lightning_pose.predict.network import Predictor
from lightning_pose.predict.runtime import RuntimePredictor

Image = UInt8[np.ndarray, "H W 3"]  # RGB
Box = tuple[int, int, int, int]  # x, y, width, height (px); (x, y) is its first pixel


def ask(
    predictor: Predictor | RuntimePredictor,
    size: tuple[int, int],
    images: Sequence[Image],
    boxes: Sequence[Box | None],
    rig: Rig | None = None,
) -> Consensus:
    """Return what all members say together of one instant, in pixels of its images (V 1 K).

    Args:
        predictor: all members; where they look at neighbours in time, the same images stand in for these.
        size: height and width of the network's images (px).
        images: of the views.
        boxes: the parts of them to look at; None for all of an image.
        rig: their cameras.

    Raises:
        DataError: when an image or a box cannot be used.
    """
    areas = np.array([_area(image, box) for image, box in zip(images, boxes, strict=True)])
    height, width = size
    seen = [cut(image, area, (width, height)) for image, area in zip(images, areas, strict=True)]
    batch = np.stack(seen)[None]
    if predictor.context:
        batch = np.repeat(batch[:, :, None], 2 * predictor.context + 1, axis=2)
    camera = None
    if rig is not None:
        native, left_top_size = areas[:, [3, 2]], areas[:, [0, 1, 3, 2]].astype(float)
        camera = network_camera(rig, native[None], (height, width), left_top_size[None])
    found = predictor(batch, camera)
    xy = full_from_crop(found.xy[:, 0].astype(np.float64), areas, np.array([width, height]))
    return combine(xy[:, :, None], found.confidence[:, 0, :, None].astype(np.float64))


def _area(image: Image, box: Box | None) -> tuple[int, int, int, int]:
    """Return the part of an image to look at, as x, y, height and width.

    Raises:
        DataError: when it is no image, or the box has no area.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise DataError(
            "expected an RGB image of bytes, height x width x 3, got one of "
            f"{' x '.join(map(str, image.shape))} {image.dtype}"
        )
    x, y, width, height = (0, 0, image.shape[1], image.shape[0]) if box is None else box
    if width < 1 or height < 1:
        raise DataError(f"bbox {box}: expected x, y, width and height in px, both sides 1 or more")
    return x, y, height, width
