"""Square boxes around an animal from its keypoints, for one frame, for a recording, and as it comes in.

The side is `ratio` times the larger of the animal's extents in x and y, or fixed; the centre is the mean of
the keypoints. Lightning Pose counts every keypoint alike. Here a keypoint counts as far as it is sure: fully
from half the confidence of the frame's surest one, in proportion below that. It moves the centre by so much,
and stretches the box by so much of its distance from the centre: one bad keypoint does not inflate the box.
Where all are equally sure the two rules are one.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from lightning_pose.core.errors import ConfigError, DataError
from lightning_pose.crops.geometry import Boxes

FULLY = 0.5  # of the surest keypoint's confidence: from there on a keypoint counts fully
SMALLEST_SHARE = 0.5  # of the usual side: keypoints that have collapsed into one another are no small animal


@dataclass(frozen=True)
class BoxRule:
    """How large boxes are and what they are made from.

    Attributes:
        ratio: side of the box to extent of the keypoints, more than 1.
        size: fixed side (px) instead of the ratio; odd numbers grow by one.
        min_confidence: a frame whose surest keypoint is below shows no animal.
    """

    ratio: float = 2.0
    size: int | None = None
    min_confidence: float = 0.1

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ConfigError: when one is out of its range.
        """
        if not self.ratio > 1:
            raise ConfigError(
                f"crop_ratio: expected more than 1, the animal's own extent, got {self.ratio:g}"
            )
        if self.size is not None and self.size < 1:
            raise ConfigError(f"crop_size: expected a side in px, got {self.size}")
        if not 0 <= self.min_confidence <= 1:
            raise ConfigError(f"min_confidence: expected 0 to 1, got {self.min_confidence:g}")


class Places(NamedTuple):
    """Where the animal is, and how large its box; NaN where that is not known."""

    center: Float[np.ndarray, "*T 2"]  # px
    side: Float[np.ndarray, "*T"]  # px


def find_places(
    points: Float[np.ndarray, "*T K 2"], confidence: Float[np.ndarray, "*T K"] | None, rule: BoxRule
) -> Places:
    """Return the places of the boxes, frame by frame.

    The centre is not known where no keypoint is sure enough, the side where fewer than two are there.

    Args:
        points: pixels; NaN where missing.
        confidence: in [0, 1]; without it every keypoint counts alike, which is Lightning Pose's rule.
        rule: of the boxes.
    """
    there: Bool[np.ndarray, "*T K"] = np.asarray(np.isfinite(points).all(axis=-1))
    sure = there.astype(float) if confidence is None else np.where(there, np.nan_to_num(confidence), 0.0)
    most = sure.max(axis=-1, keepdims=True)
    seen = (most > 0) & (most >= rule.min_confidence)
    share = np.where(seen, np.minimum(sure / np.where(seen, FULLY * most, 1.0), 1.0), 0.0)[..., None]
    points = np.where(there[..., None], points, 0.0)
    center = (share * points).sum(axis=-2) / np.where(seen, share.sum(axis=-2), np.nan)
    if rule.size is not None:
        return Places(center, np.where(seen[..., 0], float(rule.size), np.nan))
    pulled = share * (points - center[..., None, :])
    extent = (pulled.max(axis=-2) - pulled.min(axis=-2)).max(axis=-1)
    several = (share[..., 0] > 0).sum(axis=-1) >= 2
    return Places(center, np.where(several, rule.ratio * extent, np.nan))


def square_boxes(places: Places) -> Boxes:
    """Return boxes x, y, h, w of whole pixels around known places; sides are even, at least 2.

    The side is rounded up, the corner towards 0, as Lightning Pose does.
    """
    side = np.maximum(np.ceil(places.side), 1).astype(np.int64)
    side += side % 2
    corner = np.trunc(places.center - side[..., None] // 2).astype(np.int64)
    return np.concatenate([corner, side[..., None], side[..., None]], axis=-1)


def fill_recording(places: Places, least: float = SMALLEST_SHARE) -> Places:
    """Return the places of all frames of a recording: gaps interpolated, the ends held.

    Args:
        places: of consecutive frames.
        least: of the median side, below which no side is left.

    Raises:
        DataError: when no frame has a side.
    """
    _require_sides(places)
    center = np.stack([_interpolate(axis) for axis in places.center.T], axis=-1)
    side = _interpolate(places.side)
    return Places(center, np.maximum(side, least * np.median(side)))


def fill_images(places: Places, folders: list[str], least: float = SMALLEST_SHARE) -> Places:
    """Return the places in unordered images: those unknown are the median of their folder, or of all.

    Args:
        places: of every image.
        folders: that the images are in.
        least: of the median side, below which no side is left.

    Raises:
        DataError: when no image has a side.
    """
    _require_sides(places)
    values = np.concatenate([places.center, places.side[:, None]], axis=1)
    groups = np.array(folders)
    for row, column in np.argwhere(~np.isfinite(values)):
        same = values[groups == groups[row], column]
        pool = same if np.isfinite(same).any() else values[:, column]
        values[row, column] = np.nanmedian(pool)
    side = np.maximum(values[:, 2], least * np.median(values[:, 2]))
    return Places(values[:, :2], side)


def _require_sides(places: Places) -> None:
    """Raise where no box could be made.

    Raises:
        DataError: when no side is known.
    """
    if not np.isfinite(places.side).any():
        raise DataError(
            "no box can be made: not one frame has two keypoints that are sure enough. "
            "With a single keypoint give --crop_size; --min_confidence 0 takes what there is"
        )


def _interpolate(values: Float[np.ndarray, "T"]) -> Float[np.ndarray, "T"]:
    """Return values with gaps filled linearly and the ends held."""
    known: Bool[np.ndarray, "T"] = np.isfinite(values)
    frames = np.arange(len(values))
    return np.interp(frames, frames[known], values[known])
