"""Which frames of smoothed sessions become labeled, and how much each of their points counts."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from lightning_pose.core.errors import ConfigError, DataError, raise_collected
from lightning_pose.core.naming import frame_index, image_session
from lightning_pose.core.poses import Poses
from lightning_pose.frames.diversity import posture_features, spread_out
from lightning_pose.pseudolabels.choose import (
    most_certain,
    point_weights,
    usable_points,
)
from lightning_pose.pseudolabels.output import Chosen
from lightning_pose.pseudolabels.smoothed import Smoothed

HALF_WEIGHT = 0.01  # of the image's side: the default of `half_weight_px`
HELD_OUT = ("validation", "test")


class Options(NamedTuple):
    """What is chosen and how it counts.

    Attributes:
        frames: how many frames become labeled, each in all views.
        keep_share: of all frames, the most certain ones that are chosen from.
        half_weight_px: posterior standard deviation (px) at which a label counts half; None is 1 % of the
            side of a square of the image's area.
        min_weight: points that would count less get no label.
        min_likelihood: nor do points whose mean likelihood over the ensemble is lower.
        margin: frames beside a held-out human label that are not chosen.
        seed: of the choice.
    """

    frames: int = 500
    keep_share: float = 0.5
    half_weight_px: float | None = None
    min_weight: float = 0.1
    min_likelihood: float = 0.1
    margin: int = 10
    seed: int = 0

    def check(self) -> None:
        """Check the ranges.

        Raises:
            ConfigError: with every fault.
        """
        faults = [
            f"--{name}: expected {expected}, got {getattr(self, name)}"
            for name, good, expected in (
                ("frames", self.frames >= 1, "1 or more"),
                ("keep_share", 0 < self.keep_share <= 1, "a share above 0, up to 1"),
                ("half_weight_px", self.half_weight_px is None or self.half_weight_px > 0, "pixels above 0"),
                ("min_weight", 0 <= self.min_weight < 1, "a weight from 0 to below 1"),
                ("min_likelihood", 0 <= self.min_likelihood <= 1, "0 to 1"),
                ("margin", self.margin >= 0, "0 or more"),
                ("seed", self.seed >= 0, "0 or more"),
            )
            if not good
        ]
        if faults:
            raise_collected(ConfigError, "options cannot be used", faults)


def choose_frames(
    smoothed: Sequence[Smoothed], labels: Mapping[str, Poses], sets: Sequence[str], options: Options
) -> tuple[list[Chosen], int]:
    """Return the chosen frames of each session, and how many frames were certain enough.

    Args:
        smoothed: sessions.
        labels: human ones, by view.
        sets: of the human labels.
        options: what to choose.

    Raises:
        DataError: when all human labels of a session are held out, or no frame can be chosen.
    """
    weights = [_weights(item, options) for item in smoothed]
    allowed = [_allowed(item, labels, sets, options.margin) for item in smoothed]
    everything = np.concatenate(weights)
    free = np.concatenate(allowed)
    rows = most_certain(everything, free, options.keep_share)
    if not free.any():
        raise DataError(
            f"all {len(free)} frames are labeled by people, or within --margin {options.margin} of a label "
            "that is held out"
        )
    if not len(rows):
        raise DataError(
            f"no point in {free.sum()} frames is certain enough: inside its image, of a likelihood from "
            f"{options.min_likelihood:g} (--min_likelihood) and a weight from {options.min_weight:g} "
            "(--min_weight; --half_weight_px raises weights)"
        )
    if all(item.world is not None for item in smoothed):
        points = np.concatenate([item.world.points[:, None] for item in smoothed if item.world is not None])
    else:
        pixels = np.concatenate([item.points for item in smoothed])
        points = np.where(everything[..., None] > 0, pixels, np.nan)
    features = posture_features(points[rows])
    picked = rows[spread_out(features, options.frames, np.random.default_rng(options.seed))]
    starts = np.cumsum([0, *(len(item.frames) for item in smoothed)])
    chosen = []
    for item, weight, first, end in zip(smoothed, weights, starts[:-1], starts[1:], strict=True):
        own = picked[(picked >= first) & (picked < end)] - first
        if len(own):
            chosen.append(Chosen(item, own, weight[own]))
    return chosen, len(rows)


def _weights(item: Smoothed, options: Options) -> Float[np.ndarray, "T V K"]:
    """Return how much every point of a session counts; 0 where it gets no label."""
    half = HALF_WEIGHT * np.sqrt(item.sizes.prod(axis=1))
    if options.half_weight_px is not None:
        half = np.full(len(half), options.half_weight_px)
    variance = np.stack([poses.variance for poses in item.views.values() if poses.variance is not None], 1)
    weights = point_weights(variance, half) * usable_points(item.points, item.sizes)
    likely = [
        np.ones_like(weights[:, 0]) if poses.likelihood is None else poses.likelihood
        for poses in item.views.values()
    ]
    keep = (weights >= options.min_weight) & (np.stack(likely, axis=1) >= options.min_likelihood)
    return np.where(keep, weights, 0.0)


def _allowed(
    item: Smoothed, labels: Mapping[str, Poses], sets: Sequence[str], margin: int
) -> Bool[np.ndarray, "T"]:
    """Return the frames that no person has labeled and that are not beside a held-out label.

    Raises:
        DataError: when all labels of the session are held out.
    """
    view, human = next(iter(labels.items()))
    name, frames = item.session.name, item.frames
    own = [
        (frame_index(str(image)), which)
        for image, which in zip(human.frames.tolist(), sets, strict=True)
        if image_session(str(image), view) == name
    ]
    if own and all(which in HELD_OUT for _, which in own):
        raise DataError(
            f"session '{name}' is held out: all of its human labels validate or test, so nothing of it may "
            "train. Leave it out, or divide the labels otherwise (--config with training.split or split_file)"
        )
    allowed = np.ones(len(frames), dtype=bool)
    for number, which in own:
        allowed &= np.abs(frames - number) > (margin if which in HELD_OUT else 0)
    return allowed
