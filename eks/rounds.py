"""The rounds of the smoother: linearise at the trajectory, judge the observations, smooth, repeat."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from eks.ensemble import Ensemble, Recording
from eks.kalman import Gaussian, Motion, filter_states, smooth_back
from eks.observe import Basis, Emission, Fit, Seen, each_frame_alone, relate
from eks.progress import Progress, ignore
from eks.tune import Spans

ALONE_ROUNDS = 4
CELLS = 200_000  # frames times keypoints that are worked on at a time
LEAST_FRAMES = 1024
Kind = Literal["walk", "velocity"]


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
        motion: a random walk, or constant velocity.
        tolerance: px; rounds end when no keypoint moves farther in any view.
        max_rounds: of linearising and smoothing.
        weighted: divide the spread of the members by their likelihood (plain model).
        edges: pairs of keypoints that keep their distance; see `eks.skeleton`.
    """

    s: tuple[float, ...] | None = None
    robust: bool = True
    spans: Spans | None = None
    tuning_frames: int = 4000
    groups: tuple[int, ...] | None = None
    motion: Kind = "walk"
    tolerance: float = 1e-3
    max_rounds: int = 12
    weighted: bool = True
    edges: tuple[tuple[int, int], ...] = ()


class Model(NamedTuple):
    """The state: its basis, the prior of the first frame, a trajectory (outer) to begin from, its motion."""

    basis: Basis
    prior: Gaussian
    start: Float[np.ndarray, "T K E"]
    transition: Float[np.ndarray, "D D 1"] | None = None

    def motion(self, s: Float[np.ndarray, "K"]) -> Motion:
        """Return the dynamics with a smoothing parameter per keypoint."""
        return Motion(s, self.transition)


class Watched(NamedTuple):
    """Observations of a recording that is read a few thousand frames at a time; as `Seen`."""

    recording: Recording
    variance: Callable[[Ensemble], Float[np.ndarray, "V T K 2"]]
    belief: Float[np.ndarray, "V T K"]
    fading: Float[np.ndarray, "K"]

    def rows(self, rows: slice) -> Seen:
        """Return some frames."""
        ensemble = self.recording.rows(rows)
        return Seen(ensemble.pixels, self.variance(ensemble), self.belief[:, rows], self.fading)


class Iterated(NamedTuple):
    """The end of the rounds."""

    state: Gaussian
    belief: Float[np.ndarray, "V T K"]
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
    emission: Emission,
    model: Model,
    seen: Seen | Watched,
    state: Gaussian,
    motion: Motion,
    settings: Settings,
    *,
    in_place: bool = False,
    progress: Progress = ignore,
) -> Iterated:
    """Linearise at the trajectory, gate, smooth, and again, until it moves less than the tolerance.

    At the end the mean is the most probable trajectory (Gauss-Newton). The gate closes after half of the
    rounds, so that the rest converges on fixed noise.

    Every round goes through the recording in chunks, forth and back, and hands the state over exactly. A
    chunk that moves no more rests until a neighbour moves their common border, so that one slow frame does
    not hold up an hour. Memory grows with the recording only by the arrays of `state` and `seen.belief`,
    which `in_place` overwrites, and by one trajectory.
    """
    if not in_place:
        state, seen = Gaussian(*(part.copy() for part in state)), seen._replace(belief=seen.belief.copy())
    former = np.empty_like(state.mean)
    chunks = chunks_of(len(former), former.shape[-1])
    awake, moved, gains = np.full(len(chunks), True), np.zeros(len(chunks)), [np.zeros(0)] * len(chunks)
    carries = [model.prior] * (len(chunks) + 1)  # the state predicted for the first frame of each chunk
    count = 0
    while count < settings.max_rounds and awake.any():
        gate = settings.robust and 2 * count < settings.max_rounds
        stage, working = f"round {count + 1}", np.flatnonzero(awake)
        for done, i in enumerate(working):
            rows = chunks[i]
            progress(stage, 0.5 * done / len(working))
            now = Gaussian(state.mean[rows], state.covariance[rows])
            fit = relate(emission, model.basis, seen.rows(rows), now, gate=gate)
            seen.belief[:, rows], former[rows] = fit.belief, now.mean
            filtered, carries[i + 1], gains[i] = filter_states(fit.potentials, carries[i], motion)
            state.mean[rows], state.covariance[rows] = filtered
        for done, i in enumerate(working[::-1]):
            rows = chunks[i]
            progress(stage, 0.5 + 0.5 * done / len(working))
            after = carries[-1]
            if i + 1 < len(chunks):
                after = Gaussian(state.mean[rows.stop], state.covariance[rows.stop])
            now = smooth_back(Gaussian(state.mean[rows], state.covariance[rows]), after, motion)
            state.mean[rows], state.covariance[rows] = now
            step = frames_moved(emission, model.basis, former[rows], now.mean)
            moved[i] = step.max()
            awake[i] = moved[i] > settings.tolerance
            awake[max(i - 1, 0)] |= step[0] > settings.tolerance
            awake[min(i + 1, len(chunks) - 1)] |= step[-1] > settings.tolerance
        count += 1
    return Iterated(state, seen.belief, np.sum(gains, axis=0), count, float(moved.max()))


def chunks_of(n_frames: int, n_keypoints: int) -> list[slice]:
    """Return the chunks of frames that are worked on at a time."""
    length = max(CELLS // n_keypoints, LEAST_FRAMES)
    return [slice(start, min(start + length, n_frames)) for start in range(0, n_frames, length)]


def frames_moved(
    emission: Emission, basis: Basis, before: Float[np.ndarray, "T D K"], after: Float[np.ndarray, "T D K"]
) -> Float[np.ndarray, " T"]:
    """Return how far any keypoint moved in any view, for every frame, px."""
    a, b = (emission.predict(basis.outer(np.moveaxis(mean, 1, 2))) for mean in (before, after))
    step = np.abs(b - a)
    return np.where(np.isfinite(step), step, 0.0).max((0, 2, 3))
