"""What every keypoint is like over a session, in numbers for a table."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from lightning_pose.frames.signals import LEAST_CONFIDENCE

SURE = 0.5


class Column(NamedTuple):
    """One number per keypoint.

    Attributes:
        title: of the column.
        meaning: a sentence.
        values: per keypoint; NaN where unknown.
        worse: `high` or `low`: which end of the range is to be looked at.
        share: whether the values are shares, shown in per cent.
    """

    title: str
    meaning: str
    values: Float[np.ndarray, "K"]
    worse: str = "high"
    share: bool = False


def summarise(sample: Mapping[str, np.ndarray], *, members: int, view: int | None = None) -> list[Column]:
    """Return the columns of the table of keypoints.

    Args:
        sample: signals of frames spread over the session; see `frames.signals.measure`.
        members: of the ensemble.
        view: row of a view; None for all together.
    """

    def of(name: str) -> Float[np.ndarray, "n K"] | None:
        if name not in sample or not np.isfinite(sample[name]).any():
            return None
        values = sample[name] if view is None else sample[name][view : view + 1]
        return values.reshape(-1, values.shape[-1])

    found = []
    doubt = of("confidence")
    if doubt is not None:
        sure = np.exp(-doubt)
        missing = np.isclose(sure, LEAST_CONFIDENCE)
        found += [
            Column("confidence", "median", _quantile(sure, 0.5), "low"),
            Column("unsure", f"share of frames below {SURE}", (sure < SURE).mean(axis=0), share=True),
            Column("missing", "share of frames without it", missing.mean(axis=0), share=True),
        ]
    for name, title, meaning in (
        ("jump", "off its path, px", "exceeded in 5 % of frames"),
        ("reprojection", "reprojection, px", "median distance from the image of the world point"),
        ("reprojection", "reprojection 95 %, px", "exceeded in 5 % of frames"),
        ("pca", "PCA error, px", "median"),
        ("spread", f"spread of {members}, px", "median standard deviation between the networks"),
        ("smoother", "smoother, px", "exceeded in 5 % of frames: how far the smoother moves it"),
    ):
        values = of(name)
        if values is not None:
            found.append(Column(title, meaning, _quantile(values, 0.95 if "5 %" in meaning else 0.5)))
    return found


def _quantile(values: Float[np.ndarray, "n K"], share: float) -> Float[np.ndarray, "K"]:
    """Return a quantile of the known values; NaN where there is none."""
    ranked = np.sort(values, axis=0)
    count = np.isfinite(values).sum(axis=0)
    place = np.floor(share * np.maximum(count - 1, 0)).astype(int)
    return np.take_along_axis(ranked, place[None], axis=0)[0]
