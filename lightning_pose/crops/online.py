"""Boxes as a video comes in: each needs a few frames ahead of it and some before, and no more.

So a run that starts in the middle gives the boxes of one that started at the beginning, as soon as it knows
the `PAST` frames before; nothing has to be stored to go on from there.

In order: a short gap is interpolated; in a long one the box is held until the animal is `AHEAD` frames off,
and after `HOLD` frames without it the box is the whole frame. A running median over `HALF` frames on either
side takes out single wild frames; it is symmetric, also at the ends of the video, so a steady motion passes
unchanged. No side is less than half of the median of those before.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from lightning_pose.crops.boxes import SMALLEST_SHARE, Places, square_boxes
from lightning_pose.crops.geometry import Boxes

HALF = 3  # frames on either side of the running median
AHEAD = 5  # frames ahead at which the end of a gap is seen
HOLD = 60  # frames that a box is held without the animal
LAG = HALF + AHEAD  # frames ahead that a box depends on
PAST = HALF + HOLD  # frames before that a box depends on


def settle(places: Places, first: int, frames: range, n_frames: int) -> Places:
    """Return the places of a range of frames, smoothed; NaN where the animal has not been seen for long.

    Args:
        places: as found in the frames from `first` on: at least those from `PAST` before the range to `LAG`
            after it, as far as the video has them.
        first: number of the first of these frames.
        frames: the numbers to return.
        n_frames: of the video.
    """
    values = np.concatenate([places.center, places.side[:, None]], axis=1)
    bridged = bridge(values)
    wanted = np.arange(frames.start, frames.stop)
    window = wanted[:, None] + np.arange(-HALF, HALF + 1)
    reach = np.minimum(np.minimum(wanted, n_frames - 1 - wanted), HALF)
    near = _at(bridged, window - first)
    near[np.abs(window - wanted[:, None]) > reach[:, None]] = np.nan
    smooth = np.where(np.isfinite(_at(bridged, wanted - first)), _median(near), np.nan)
    before = _at(values[:, 2:], wanted[:, None] + np.arange(-HOLD, HALF + 1) - first)
    least = SMALLEST_SHARE * np.nan_to_num(_median(before)[:, 0])
    return Places(smooth[:, :2], np.maximum(smooth[:, 2], least))


def bridge(values: Float[np.ndarray, "T D"]) -> Float[np.ndarray, "T D"]:
    """Return values with short gaps interpolated and long ones held, over `HOLD` frames at most.

    A box glides to where the animal is seen again over the last `AHEAD` frames of a gap. What comes before
    the first value takes it over, no more than `AHEAD` frames back.
    """
    frames = np.broadcast_to(np.arange(len(values))[:, None], values.shape)
    known: Bool[np.ndarray, "T D"] = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, frames, -1), axis=0)
    coming = np.minimum.accumulate(np.where(known, frames, len(values))[::-1], axis=0)[::-1]
    from_last = (last >= 0) & (frames - last <= HOLD)
    from_next = (coming < len(values)) & (coming - frames <= AHEAD)
    before = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    after = np.take_along_axis(values, np.minimum(coming, len(values) - 1), axis=0)
    leave = np.maximum(last, coming - AHEAD - 1)
    share = np.where(known, 0.0, (frames - leave) / np.maximum(coming - leave, 1))
    both = before + np.where(from_next, share, 0.0) * np.where(from_next, after - before, 0.0)
    return np.where(from_last, both, np.where(from_next, after, np.nan))


def boxes_in_frame(places: Places, size: tuple[int, int]) -> Boxes:
    """Return boxes with their centres inside a frame of this width and height; all of it where unknown."""
    width, height = size
    corner = np.array([width - 1, height - 1])
    unknown = ~np.isfinite(places.side) | ~np.isfinite(places.center).all(axis=-1)
    center = np.where(unknown[:, None], corner / 2, np.clip(places.center, 0, corner))
    return square_boxes(Places(center, np.where(unknown, max(size), places.side)))


class Track:
    """The boxes of one video as its frames come in; remembers no more of the past than they need."""

    def __init__(self, size: tuple[int, int], n_frames: int, begin: int = 0) -> None:
        """Begin with frame `begin` of a video of this width and height (px)."""
        self.stop = begin  # number of the frame after the last that is known
        self._size, self._n_frames = size, n_frames
        self._places = Places(np.zeros((0, 2)), np.zeros(0))

    def extend(self, places: Places) -> None:
        """Append what was found in the next frames."""
        self._places = Places(*(np.concatenate(pair) for pair in zip(self._places, places, strict=True)))
        self.stop += len(places.side)

    def boxes(self, frames: range) -> Boxes:
        """Return the boxes of the next frames, of which `LAG` more are known unless the video ends.

        Args:
            frames: their numbers, not before those asked for last.
        """
        first = self.stop - len(self._places.side)
        boxes = boxes_in_frame(settle(self._places, first, frames, self._n_frames), self._size)
        spare = max(0, frames.stop - PAST - first)
        self._places = Places(*(part[spare:] for part in self._places))
        return boxes


def _at(values: Float[np.ndarray, "T D"], index: Int[np.ndarray, "*N"]) -> Float[np.ndarray, "*N D"]:
    """Return rows; NaN for those that are not there."""
    there = (index >= 0) & (index < len(values))
    return np.where(there[..., None], values[np.clip(index, 0, len(values) - 1)], np.nan)


def _median(values: Float[np.ndarray, "T W D"]) -> Float[np.ndarray, "T D"]:
    """Return the median over the window of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    ordered = np.sort(np.where(known, values, np.inf), axis=1)
    count = known.sum(axis=1, keepdims=True)
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    middle = [
        np.take_along_axis(ordered, np.minimum(i, values.shape[1] - 1), axis=1)[:, 0] for i in (low, high)
    ]
    return np.where(count[:, 0] > 0, (middle[0] + middle[1]) / 2, np.nan)
