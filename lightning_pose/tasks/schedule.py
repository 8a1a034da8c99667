"""What changes over a training, as functions of the step alone, so that a resumed run follows the same."""

import math
from collections.abc import Callable, Sequence

Course = Callable[[int], float]  # step -> factor of the learning rate, or of a loss's weight

UNFREEZE_START, UNFREEZE_GROWTH = 0.1, 1.5  # of the backbone's rate, as Lightning Pose ramps it


def one_cycle(total_steps: int, warmup: float) -> Course:
    """Return a linear rise over the first part of the steps, then half a cosine down to a thousandth.

    Source: after Smith & Topin 2018, "Super-convergence", without the change of momentum.
    """
    return _cosine(total_steps, max(1, round(warmup * total_steps)), 1e-3)


def cosine(total_steps: int, warmup: float = 0.0, final: float = 0.0) -> Course:
    """Return a linear rise over the first part of the steps, then half a cosine down to `final`.

    Source: Loshchilov & Hutter 2017, "SGDR", eq. 5, without restarts.
    """
    return _cosine(total_steps, round(warmup * total_steps), final)


def _cosine(total_steps: int, rise: int, final: float) -> Course:
    """Return `rise` steps up to 1, then the cosine to `final` at the end."""

    def factor(step: int) -> float:
        if step < rise:
            return (step + 1) / rise
        done = min(1.0, (step - rise) / max(1, total_steps - rise))
        return final + (1 - final) * (1 + math.cos(math.pi * done)) / 2

    return factor


def multi_step(milestones: Sequence[int], gamma: float, warmup_steps: int = 0) -> Course:
    """Return a factor that rises over the first steps and is multiplied by `gamma` at every milestone."""

    def factor(step: int) -> float:
        rise = min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0
        return rise * gamma ** sum(step >= milestone for milestone in milestones)

    return factor


def unfreeze(course: Course, start: int, steps_per_epoch: int) -> Course:
    """Return the course of a backbone that is frozen before `start`, then nears the others' rate."""

    def factor(step: int) -> float:
        if step < start:
            return 0.0
        epochs = (step - start) // steps_per_epoch
        return course(step) * min(1.0, UNFREEZE_START * UNFREEZE_GROWTH ** min(epochs, 100))

    return factor


def anneal(
    *, initial: float, increase: float, final: float, frozen_epochs: int, steps_per_epoch: int
) -> Course:
    """Return a weight that rises epoch by epoch.

    Args:
        initial: during the frozen epochs, and where the rise begins.
        increase: in each epoch after them.
        final: it is never more.
        frozen_epochs: in which it does not rise.
        steps_per_epoch: of the optimiser.
    """

    def factor(step: int) -> float:
        return min(final, initial + increase * max(0, step // steps_per_epoch - frozen_epochs))

    return factor
