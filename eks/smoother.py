"""The smoother: learn the noise, choose s, then linearise, gate and smooth until nothing moves.

It works on any emission (`eks.observe`). A pilot on at most a few thousand frames learns what the whole
recording is then smoothed with (`eks.pilot`).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from eks.ensemble import Ensemble, plain_variance
from eks.kalman import Gaussian, Motion
from eks.noise import Features, NoiseModel, describe
from eks.observe import Emission, Seen, projected_variance
from eks.pilot import Pilot, fly
from eks.rounds import Iterated, Model, Progress, Settings, alone, iterate


@dataclass(eq=False)
class Smoothed:
    """Trajectories of all keypoints, and how they came about.

    Attributes:
        state: mean of the state (world units, or latent).
        covariance: of the true state about that mean.
        pixels: the state in every view.
        variance: of the true pixels about those, px^2.
        observed: variance of the observations that was used, px^2.
        belief: share of each observation that the gate left, in (0, 1].
        s: smoothing parameter of each keypoint.
        log_likelihood: of each keypoint's observations, in the last linearisation.
        rounds: of linearising and smoothing.
        moved: px; how far the last round moved any keypoint.
        inflation: factor on the covariance for errors that last (1 in the plain model).
        noise: model of the observations' variance; None in the plain model.
        seconds: per stage.
    """

    state: Float[np.ndarray, "T K D"]
    covariance: Float[np.ndarray, "T K D D"]
    pixels: Float[np.ndarray, "V T K 2"]
    variance: Float[np.ndarray, "V T K 2"]
    observed: Float[np.ndarray, "V T K 2"]
    belief: Float[np.ndarray, "V T K"]
    s: Float[np.ndarray, "K"]
    log_likelihood: Float[np.ndarray, "K"]
    rounds: int
    moved: float
    inflation: Float[np.ndarray, "K"]
    noise: NoiseModel | None
    seconds: dict[str, float] = field(default_factory=dict)


def smooth_ensemble(
    emission: Emission,
    ensemble: Ensemble,
    model: Model,
    settings: Settings,
    progress: Progress | None = None,
) -> Smoothed:
    """Smooth what an ensemble saw.

    Args:
        emission: how states become pixels.
        ensemble: what the members say.
        model: of the state.
        settings: how to smooth.
        progress: called with the name of a stage when it begins.
    """
    seconds: dict[str, float] = {}
    features = describe(ensemble) if settings.robust else None
    with _timed("tune", seconds, progress):
        pilot = fly(emission, ensemble, model, features, settings)
    with _timed("smooth", seconds, progress):
        variance = noise_variance(pilot, ensemble, features, settings)
        seen = Seen(ensemble.pixels, variance, np.ones(ensemble.count.shape), pilot.fading)
        mean = np.moveaxis(model.basis.inner(model.start), 1, 2)
        state = Gaussian(mean, np.zeros((len(mean), mean.shape[1], *mean.shape[1:])))
        if settings.robust:
            state, seen, _ = alone(emission, model.basis, seen, state)
        done = iterate(emission, model, seen, state, Motion(pilot.s), settings)
    with _timed("project", seconds, progress):
        smoothed = finish(emission, model, done, pilot, variance)
    smoothed.seconds = seconds
    return smoothed


def noise_variance(
    pilot: Pilot, ensemble: Ensemble, features: Features | None, settings: Settings
) -> Float[np.ndarray, "V T K 2"]:
    """Return the variance of every observation (px^2), as learned or as the ensemble says."""
    if pilot.noise is None or features is None:
        return plain_variance(ensemble, settings.weighted)
    return pilot.noise.variance(features)


def finish(
    emission: Emission,
    model: Model,
    done: Iterated,
    pilot: Pilot,
    variance: Float[np.ndarray, "V T K 2"],
) -> Smoothed:
    """Return the trajectory in the units of the world, and in every view."""
    state = Gaussian(done.state.mean, done.state.covariance * pilot.inflation)
    pixels, spread = projected_variance(emission, model.basis, state)
    return Smoothed(
        state=model.basis.outer(np.moveaxis(state.mean, 1, 2)),
        covariance=model.basis.outer_covariance(state.covariance),
        pixels=pixels,
        variance=spread,
        observed=variance,
        belief=done.seen.belief,
        s=pilot.s,
        log_likelihood=done.log_likelihood,
        rounds=done.rounds,
        moved=done.moved,
        inflation=pilot.inflation,
        noise=pilot.noise,
    )


@contextmanager
def _timed(stage: str, seconds: dict[str, float], progress: Progress | None) -> Iterator[None]:
    """Write down how long a stage takes."""
    if progress is not None:
        progress(stage)
    begin = time.perf_counter()
    yield
    seconds[stage] = seconds.get(stage, 0.0) + time.perf_counter() - begin
