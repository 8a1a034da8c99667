"""Courses of the learning rate as functions of the step alone, so that a resumed run follows the same."""

import math
from collections.abc import Callable, Sequence

Course = Callable[[int], float]  # step -> factor of the learning rate

UNFREEZE_START, UNFREEZE_GROWTH = 0.1, 1.5  # of the backbone's rate, as Lightning Pose ramps it


def one_cycle(total_steps: int, warmup: float) -> Course:
    """Return a linear rise over the first part of the steps, then half a cosine down to a thousandth.

    Source: after Smith & Topin 2018, "Super-convergence", without the change of momentum.
    """
    rise = max(1, round(warmup * total_steps))

    def factor(step: int) -> float:
        if step < rise:
            return (step + 1) / rise
        done = min(1.0, (step - rise) / max(1, total_steps - rise))
        return 1e-3 + (1 - 1e-3) * (1 + math.cos(math.pi * done)) / 2

    return factor


def multi_step(milestones: Sequence[int], gamma: float) -> Course:
    """Return a factor that is multiplied by `gamma` at every milestone, a step."""
    return lambda step: gamma ** sum(step >= milestone for milestone in milestones)


def unfreeze(course: Course, start: int, steps_per_epoch: int) -> Course:
    """Return the course of a backbone that is frozen before `start`, then nears the others' rate."""

    def factor(step: int) -> float:
        if step < start:
            return 0.0
        epochs = (step - start) // steps_per_epoch
        return course(step) * min(1.0, UNFREEZE_START * UNFREEZE_GROWTH ** min(epochs, 100))

    return factor
