"""Boxes of a recording, steadied over time."""

from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy.lib.stride_tricks import sliding_window_view

from lightning_pose.core.errors import ConfigError
from lightning_pose.crops.geometry import Boxes

Method = Literal["median", "steady"]


def smooth_boxes(boxes: Boxes, method: Method = "median", window: int = 5) -> Boxes:
    """Return boxes smoothed over a centred window of frames, in whole pixels.

    `median` is Lightning Pose's: the running median of each column, of what there is of the window at the
    ends. It takes out single wild frames and leaves the box trembling. `steady` is made for square boxes: it
    moves centre and side, not corners; takes the same median, then a weighted mean (Hann) over the same
    window, both symmetric also at the ends; and rounds sides up to even numbers.

    Args:
        boxes: of consecutive frames.
        method: how.
        window: frames; an odd number for a window that is centred.

    Raises:
        ConfigError: when there is no window.
    """
    if window < 1:
        raise ConfigError(f"--window: expected 1 frame or more, got {window}")
    if method == "median":
        return np.rint(np.nanmedian(_windows(boxes.astype(float), window), axis=-1)).astype(np.int64)
    return _steady(boxes.astype(float), window // 2)


def _windows(values: Float[np.ndarray, "T D"], window: int) -> Float[np.ndarray, "T D window"]:
    """Return the values around each frame, NaN beyond the ends; even windows reach further back."""
    ends = ((window // 2, window - 1 - window // 2), (0, 0))
    return sliding_window_view(np.pad(values, ends, constant_values=np.nan), window, axis=0)


def _steady(boxes: Float[np.ndarray, "T 4"], half: int) -> Boxes:
    """Return boxes whose centres and sides went through a median and a mean, both symmetric."""
    sides = boxes[:, [3, 2]]
    values = np.concatenate([boxes[:, :2] + sides / 2, sides], axis=1)
    frames = np.arange(len(values))
    reach = np.minimum(np.minimum(frames, frames[::-1]), half)
    distance = np.abs(np.arange(-half, half + 1))
    outside = distance > reach[:, None]

    def around(values: np.ndarray) -> np.ndarray:
        """Return the symmetric windows."""
        return np.where(outside[:, None], np.nan, _windows(values, 2 * half + 1))

    median = np.nanmedian(around(values), axis=-1)
    weight = np.where(outside, 0.0, np.cos(np.pi / 2 * distance / (reach[:, None] + 1)) ** 2)[:, None]
    mean = np.nansum(around(median) * weight, axis=-1) / weight.sum(axis=-1)
    sides = (2 * np.ceil(mean[:, 2:] / 2 - 1e-9)).astype(np.int64)
    corner = np.rint(mean[:, :2] - sides / 2).astype(np.int64)
    return np.concatenate([corner, sides[:, ::-1]], axis=1)
