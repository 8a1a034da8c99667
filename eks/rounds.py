"""The rounds of the smoother: linearise at the trajectory, judge the observations, smooth, repeat."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from eks.accelerate import smooth_states
from eks.kalman import Gaussian, Motion
from eks.observe import Basis, Emission, Fit, Seen, each_frame_alone, relate
from eks.tune import Spans

ALONE_ROUNDS = 4
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """How to smooth.

    Attributes:
        s: smoothing parameter, one or one per keypoint, in squared units of the basis per frame; None tunes
            it.
        robust: learn the noise and gate outliers; without, the plain model remains.
        spans: pieces of the recording (half-open) that s is tuned on; None chooses at most `tuning_frames`.
        tuning_frames: see `spans`.
        groups: index of the group that each keypoint belongs to; a group shares its s. None: each alone.
        tolerance: px; rounds end when no keypoint moves farther in any view.
        max_rounds: of linearising and smoothing.
        weighted: divide the spread of the members by their likelihood (plain model).
    """

    s: tuple[float, ...] | None = None
    robust: bool = True
    spans: Spans | None = None
    tuning_frames: int = 4000
    groups: tuple[int, ...] | None = None
    tolerance: float = 1e-3
    max_rounds: int = 12
    weighted: bool = True


class Model(NamedTuple):
    """The state: its basis, the prior of the first frame, and a trajectory (outer) to begin from."""

    basis: Basis
    prior: Gaussian
    start: Float[np.ndarray, "T K D"]


class Iterated(NamedTuple):
    """The end of the rounds."""

    state: Gaussian
    seen: Seen
    log_likelihood: Float[np.ndarray, "K"]
    rounds: int
    moved: float


def alone(
    emission: Emission, basis: Basis, seen: Seen, state: Gaussian, *, gate: bool = True
) -> tuple[Gaussian, Seen, Fit]:
    """Solve each frame by its own views, without motion, and gate them; only three views or more can tell."""
    fit = relate(emission, basis, seen, state, gate=False)
    for _ in range(ALONE_ROUNDS):
        state = each_frame_alone(fit.potentials)
        fit = relate(emission, basis, seen, state, gate=gate)
        seen = seen._replace(belief=fit.belief)
    return state, seen, fit


def iterate(
    emission: Emission, model: Model, seen: Seen, state: Gaussian, motion: Motion, settings: Settings
) -> Iterated:
    """Linearise at the trajectory, gate, smooth, and again, until it moves less than the tolerance.

    At the end the mean is the most probable trajectory (Gauss-Newton). The gate closes after half of the
    rounds, so that the rest converges on fixed noise.
    """
    before = emission.predict(model.basis.outer(np.moveaxis(state.mean, 1, 2)))
    moved, log_likelihood, count = np.inf, np.zeros(state.mean.shape[-1]), 0
    while count < settings.max_rounds and moved > settings.tolerance:
        gate = settings.robust and 2 * count < settings.max_rounds
        fit = relate(emission, model.basis, seen, state, gate=gate)
        seen = seen._replace(belief=fit.belief)
        state, log_likelihood = smooth_states(fit.potentials, model.prior, motion)
        after = emission.predict(model.basis.outer(np.moveaxis(state.mean, 1, 2)))
        step = np.abs(after - before)
        moved, before = float(np.max(step[np.isfinite(step)], initial=0.0)), after
        count += 1
    return Iterated(state, seen, log_likelihood, count, moved)
