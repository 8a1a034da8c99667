"""The animal: its keypoints and skeleton, and what differs from one individual to the next."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from lightning_pose.core.skeletons import Skeleton

KEYPOINTS = (
    "nose", "ear_left", "ear_right", "neck", "back", "tail_base", "tail_mid", "tail_tip",
    "elbow_left", "elbow_right", "paw_front_left", "paw_front_right",
    "knee_left", "knee_right", "hock_left", "hock_right", "paw_hind_left", "paw_hind_right",
)  # fmt: skip
_EDGES = (
    ("nose", "ear_left"), ("nose", "ear_right"), ("ear_left", "neck"), ("ear_right", "neck"),
    ("neck", "back"), ("back", "tail_base"), ("tail_base", "tail_mid"), ("tail_mid", "tail_tip"),
    ("neck", "elbow_left"), ("elbow_left", "paw_front_left"),
    ("neck", "elbow_right"), ("elbow_right", "paw_front_right"),
    ("tail_base", "knee_left"), ("knee_left", "hock_left"), ("hock_left", "paw_hind_left"),
    ("tail_base", "knee_right"), ("knee_right", "hock_right"), ("hock_right", "paw_hind_right"),
)  # fmt: skip
BONES = (
    ("nose", "ear_left"), ("nose", "ear_right"), ("ear_left", "ear_right"),
    ("elbow_left", "paw_front_left"), ("elbow_right", "paw_front_right"),
    ("knee_left", "hock_left"), ("knee_right", "hock_right"),
    ("hock_left", "paw_hind_left"), ("hock_right", "paw_hind_right"),
)  # fmt: skip
"""Pairs of keypoints that one rigid body part joins: their distance is constant."""


def _pair(names: tuple[str, str]) -> tuple[int, int]:
    """Return the indices of two keypoints."""
    return KEYPOINTS.index(names[0]), KEYPOINTS.index(names[1])


SKELETON = Skeleton(
    names=KEYPOINTS,
    edges=tuple(_pair(edge) for edge in _EDGES),
    swaps=tuple(
        _pair((name, name.replace("_left", "_right"))) for name in KEYPOINTS if name.endswith("_left")
    ),
)


@dataclass(frozen=True)
class Individual:
    """One animal: lengths in mm (before `scale`), colours in [0, 1].

    Attributes:
        scale: size of the whole animal, 1 is 185 mm from nose to tail base.
        length: factor on the spine's segments.
        girth: factor on the width and height of the trunk.
        legs: factor on the legs' segments.
        tail: factor on the tail's segments.
        ears: factor on the ears' radii.
        coat: base colour of the coat, RGB.
        mark: colour of hood, stripe and patches, RGB.
        skin: colour of nose, ears, paws and tail, RGB.
        pattern: phases that place the patches, one each for the three body axes, rad.
        hood: how far the dark hood reaches from the head over the shoulders, 0 none, 1 all of the chest.
    """

    scale: float = 1.0
    length: float = 1.0
    girth: float = 1.0
    legs: float = 1.0
    tail: float = 1.0
    ears: float = 1.0
    coat: tuple[float, float, float] = (0.80, 0.74, 0.66)
    mark: tuple[float, float, float] = (0.30, 0.22, 0.17)
    skin: tuple[float, float, float] = (0.86, 0.62, 0.58)
    pattern: tuple[float, float, float] = (0.0, 0.0, 0.0)
    hood: float = 0.6


_COATS = np.array(
    [[0.82, 0.77, 0.69], [0.66, 0.56, 0.44], [0.74, 0.72, 0.71], [0.80, 0.66, 0.48], [0.60, 0.58, 0.56]]
)  # cream, agouti, silver, fawn, grey
_MARKS = np.array([[0.24, 0.19, 0.16], [0.30, 0.20, 0.13], [0.17, 0.17, 0.19], [0.38, 0.23, 0.13]])


def draw_individual(rng: np.random.Generator) -> Individual:
    """Draw an animal: size and proportions within 10 %, one of the coats, its own patches."""

    def factor(spread: float) -> float:
        return float(rng.uniform(1 - spread, 1 + spread))

    coat = _COATS[rng.integers(len(_COATS))] + rng.normal(0, 0.02, 3)
    mark = _MARKS[rng.integers(len(_MARKS))] + rng.normal(0, 0.02, 3)
    skin = np.array([0.86, 0.62, 0.58]) + rng.normal(0, 0.03, 3)
    return Individual(
        scale=factor(0.10), length=factor(0.06), girth=factor(0.10), legs=factor(0.05), tail=factor(0.12),
        ears=factor(0.15), coat=_rgb(coat), mark=_rgb(mark), skin=_rgb(skin),
        pattern=_rgb(rng.uniform(0, 2 * np.pi, 3), 2 * np.pi), hood=float(rng.uniform(0.3, 0.9)),
    )  # fmt: skip


def _rgb(values: Float[np.ndarray, "3"], top: float = 1.0) -> tuple[float, float, float]:
    """Return three plain floats in [0, top]."""
    first, second, third = np.clip(values, 0, top).tolist()
    return first, second, third
