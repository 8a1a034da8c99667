"""The smoother: learn the noise, choose s, then linearise, gate and smooth until nothing moves.

It works on any emission (`eks.observe`). A pilot on at most a few thousand frames learns what the whole
recording is then smoothed with (`eks.pilot`).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from jaxtyping import Float

from eks.ensemble import Ensemble, Recording, plain_variance
from eks.kalman import Gaussian
from eks.noise import NoiseModel
from eks.observe import Emission, Seen, projected_variance
from eks.pilot import Pilot, fly
from eks.progress import Progress, ignore
from eks.rounds import Iterated, Model, Settings, Watched, alone, chunks_of, iterate
from eks.skeleton import Bones, couple, learn_bones
from eks.tune import choose_spans
from eks.velocity import at_rest, with_velocity


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
        bones: as learned; None without a skeleton.
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
    bones: Bones | None = None


def smooth_ensemble(
    emission: Emission,
    recording: Recording,
    model: Model,
    settings: Settings,
    progress: Progress | None = None,
    *,
    common: Float[np.ndarray, "K"] | None = None,
) -> Smoothed:
    """Smooth what an ensemble saw.

    Args:
        emission: how states become pixels.
        recording: what the members say.
        model: of the state.
        settings: how to smooth.
        progress: called with the name of a stage and the share of the recording that it has been through.
        common: factor on the covariance for errors that views have in common; see `eks.agreement`.
    """
    seconds: dict[str, float] = {}
    progress = progress or ignore
    with _timed("tune", seconds, progress):
        pilot = fly(emission, recording, model, settings, common)
    with _timed("smooth", seconds, progress):
        seen = watch(recording, pilot, settings)
        state = begin(emission, model, seen, settings, progress)
        if settings.motion == "velocity":
            model = with_velocity(model)
        motion = model.motion(pilot.s)
        done = iterate(emission, model, seen, state, motion, settings, in_place=True, progress=progress)
    bones = None
    if settings.edges:
        with _timed("bones", seconds, progress):
            spans = choose_spans(recording.shape[1], settings.tuning_frames, settings.spans)
            bones = learn_bones(model.basis, done.state, settings.edges, spans)
            done = couple(
                emission, model, seen, done, s=pilot.s, bones=bones, settings=settings, progress=progress
            )
    with _timed("project", seconds, progress):
        smoothed = finish(emission, model, seen, done, pilot)
    smoothed.seconds, smoothed.bones = seconds, bones
    return smoothed


def watch(recording: Recording, pilot: Pilot, settings: Settings) -> Seen | Watched:
    """Return the observations with their variance as learned, or as the ensemble says.

    Of an ensemble that is in memory the variance is kept there, too.
    """
    noise = pilot.noise
    variance = partial(plain_variance, weighted=settings.weighted) if noise is None else noise.variance
    belief = np.ones(recording.shape)
    if isinstance(recording, Ensemble):
        return Seen(recording.pixels, variance(recording), belief, pilot.fading)
    return Watched(recording, variance, belief, pilot.fading)


def begin(
    emission: Emission, model: Model, seen: Seen | Watched, settings: Settings, progress: Progress = ignore
) -> Gaussian:
    """Return the trajectory to begin from: each frame alone, gated; in the plain model where `model` starts.

    What the gate says is written into `seen.belief`.
    """
    n_frames, n_keypoints, size = model.start.shape
    moves = settings.motion == "velocity"
    size = 2 * size if moves else size
    state = Gaussian(np.empty((n_frames, size, n_keypoints)), np.empty((n_frames, size, size, n_keypoints)))
    for rows in chunks_of(n_frames, n_keypoints):
        progress("each frame alone", rows.start / n_frames)
        mean = np.moveaxis(model.basis.inner(model.start[rows]), 1, 2)
        now = Gaussian(mean, np.zeros((*mean.shape[:2], *mean.shape[1:])))
        if settings.robust:
            now, part, _ = alone(emission, model.basis, seen.rows(rows), now)
            seen.belief[:, rows] = part.belief
        state.mean[rows], state.covariance[rows] = at_rest(now) if moves else now
    return state


def finish(emission: Emission, model: Model, seen: Seen | Watched, done: Iterated, pilot: Pilot) -> Smoothed:
    """Return the trajectory in the units of the world, and in every view; `done.state` is overwritten."""
    state, basis = done.state, model.basis
    whole = (*done.belief.shape, 2)
    pixels, spread, observed = (np.empty(whole) for _ in range(3))
    mean, covariance = np.moveaxis(state.mean, 1, 2), np.moveaxis(state.covariance, -1, 1)
    place, blur = mean, covariance  # overwritten, where a state is nothing but its place
    if basis.scale.shape[-1] > basis.scale.shape[-2]:
        place = np.empty((*mean.shape[:2], basis.scale.shape[-2]))
        blur = np.empty((*place.shape, place.shape[-1]))
    for rows in chunks_of(*mean.shape[:2]):
        part = Gaussian(state.mean[rows], state.covariance[rows] * pilot.inflation)
        pixels[:, rows], spread[:, rows] = projected_variance(emission, basis, part)
        observed[:, rows] = seen.rows(rows).variance
        place[rows], blur[rows] = basis.outer(mean[rows]), basis.outer_covariance(part.covariance)
    return Smoothed(
        state=place,
        covariance=blur,
        pixels=pixels,
        variance=spread,
        observed=observed,
        belief=done.belief,
        s=pilot.s,
        log_likelihood=done.log_likelihood,
        rounds=done.rounds,
        moved=done.moved,
        inflation=pilot.inflation,
        noise=pilot.noise,
    )


@contextmanager
def _timed(stage: str, seconds: dict[str, float], progress: Progress) -> Iterator[None]:
    """Write down how long a stage takes."""
    progress(stage, 0.0)
    begin = time.perf_counter()
    yield
    seconds[stage] = seconds.get(stage, 0.0) + time.perf_counter() - begin
