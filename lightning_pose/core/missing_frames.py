"""The places of the frames of a video that stops half way among those that it was to have."""

import numpy as np
from jaxtyping import Bool, Int64

REGULAR = 0.3  # share of an interval by which the stamps of a constant rate may be off the beat


def place_frames(
    stamps: Int64[np.ndarray, "N"], total: int, step: float, settled: int | None
) -> tuple[Int64[np.ndarray, "T"], Bool[np.ndarray, "T"]]:
    """Return the stamps of all frames, estimated where one is missing, and which are there.

    Packets lie in the order of decoding: where a file is cut off between them, frames can be lacking before
    the last ones that are there. At a constant rate their places are seen in the stamps; at a variable one
    the frames behind a possible gap count as missing, since their numbers cannot be told.

    Args:
        stamps: of the frames in the file, ascending.
        total: frames that there were to be.
        step: interval that the container states, in the unit of the stamps; used where they do not tell.
        settled: stamp up to which no frame can be lacking; None when it can be anywhere, as where a damaged
            index hides packets. Then `total` is an estimate, and grows when the stamps say so.
    """
    gaps = np.diff(stamps)
    if len(gaps):
        usual = np.median(gaps)
        step = float(gaps[np.abs(gaps - usual) <= REGULAR * usual].mean())  # of 33, 33, 34 ms: 33.3
    beats = gaps / step
    strides = np.maximum(np.rint(beats), 1).astype(np.int64)
    regular = bool((np.abs(beats - strides) < REGULAR).all())
    open_end = np.full(len(beats), True) if settled is None else stamps[1:] > settled
    numbers = np.concatenate([[0], np.cumsum(np.where(open_end & regular, strides, 1))])
    if settled is None:
        total = max(total, int(numbers[-1]) + 1)
    elif not regular or numbers[-1] >= total:
        stamps = stamps[: max(1, int((stamps <= settled).sum()))]
        numbers = np.arange(len(stamps))
    after = np.arange(1, total - numbers[-1])
    known = np.interp(np.arange(numbers[-1] + 1), numbers, stamps)
    pts = np.rint(np.concatenate([known, stamps[-1] + after * max(step, 1.0)])).astype(np.int64)
    return pts, np.isin(np.arange(total), numbers)
