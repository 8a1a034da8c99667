"""Where the feet are: planted in stance, lifted over to the next foothold in swing."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from lightning_pose.synthetic.motion import Motion, smootherstep

LEGS = ("front_left", "front_right", "hind_left", "hind_right")
DUTY = 0.62  # share of a cycle that a foot stands
_OFFSET = (0.25, 0.75, 0.0, 0.5)  # lateral sequence walk: left hind, left front, right hind, right front
_LIFT = 7.0  # mm


class Gait(NamedTuple):
    """The four feet, in the order of `LEGS`, over T times.

    Attributes:
        foot: where each foot is over the ground, mm.
        lift: height over its standing height, mm.
        stance: whether it stands.
        fraction: place in its own cycle: stance in [0, DUTY), swing in [DUTY, 1).
    """

    foot: Float[np.ndarray, "T 4 2"]
    lift: Float[np.ndarray, "T 4"]
    stance: Bool[np.ndarray, "T 4"]
    fraction: Float[np.ndarray, "T 4"]


def plant_feet(
    motion: Motion, time: Float[np.ndarray, " T"], neutral: Float[np.ndarray, "S 4 2"], scale: float = 1.0
) -> Gait:
    """Place the feet at some times.

    In gait cycle n a foot stands where its neutral place is at the cycle's mid-stance, so that it is reached
    ahead of the body, passed, and left behind. Standing is exactly still.

    Args:
        motion: the motion at its S own times.
        time: s, at which the feet are wanted.
        neutral: each foot's place below a standing body, at the motion's own times, mm.
        scale: size of the animal.
    """
    at = motion.at(time)
    feet, lifts, stances, fractions = [], [], [], []
    for leg, offset in enumerate(_OFFSET):
        cycles = at.phase + offset
        number, fraction = np.floor(cycles), np.mod(cycles, 1.0)
        swing = smootherstep((fraction - DUTY) / (1 - DUTY))[:, None]
        here, there = (_foothold(motion, number + step, offset, neutral[:, leg]) for step in (0, 1))
        feet.append(here + swing * (there - here))
        bump = 16.0 * (swing[:, 0] * (1 - swing[:, 0])) ** 2
        lifts.append(_LIFT * scale * bump * smootherstep(at.pace / 0.5))  # a foot caught in swing is set down
        stances.append(fraction < DUTY)
        fractions.append(fraction)
    return Gait(*(np.stack(series, axis=1) for series in (feet, lifts, stances, fractions)))


def _foothold(
    motion: Motion, number: Float[np.ndarray, " T"], offset: float, neutral: Float[np.ndarray, "S 2"]
) -> Float[np.ndarray, "T 2"]:
    """Return where a foot stands in the given cycles: its neutral place at mid-stance."""
    cycles, index = np.unique(number, return_inverse=True)
    when = np.interp(cycles + DUTY / 2 - offset, motion.phase, motion.time)
    holds = np.stack([np.interp(when, motion.time, neutral[:, i]) for i in range(2)], axis=-1)
    return holds[index]
