"""The pilot: what a few thousand frames tell of a whole recording: noise, s, how long errors last."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from eks.ensemble import Ensemble, Recording, plain_variance
from eks.kalman import Gaussian, Motion, Potentials
from eks.noise import Features, NoiseModel, describe, first_guess, learn, measure_scale
from eks.observe import Basis, Emission, Fit, Linear, Seen, relate
from eks.persistence import Persistence, kernel_of, measure, white
from eks.rounds import Model, Settings, alone, iterate
from eks.tune import Spans, choose_spans, cut, cut_recording, maximise
from eks.velocity import at_rest, with_velocity

LEARNING_ROUNDS = 3
GATING = Settings(max_rounds=4, tolerance=0.1)
TUNING_ROUNDS = 3
LEAST_REDUNDANCY = 0.05
LEVELS = 7  # candidates of the noise's level at a time
FIRST_S = {"walk": 1.0, "velocity": 0.1}  # steps^2 a frame; an animal changes its pace less than its place
COMMON = 1.25  # factor on the covariance for errors that views have in common, where members do not tell


class Pilot(NamedTuple):
    """What the pilot found, per keypoint."""

    noise: NoiseModel | None  # None: the plain model
    s: Float[np.ndarray, "K"]
    fading: Float[np.ndarray, "K"]  # share of the noise that is independent from frame to frame
    inflation: Float[np.ndarray, "K"]  # factor on the covariance for errors that last


class _Pieces(NamedTuple):
    """The pieces of the recording side by side, as if they were further keypoints."""

    emission: Emission
    ensemble: Ensemble
    model: Model
    seen: Seen
    state: Gaussian
    spans: Spans


def fly(
    emission: Emission,
    recording: Recording,
    model: Model,
    settings: Settings,
    common: Float[np.ndarray, "K"] | None = None,
) -> Pilot:
    """Learn the noise, how long it lasts, and s, from at most a few thousand frames.

    Args:
        emission: how states become pixels.
        recording: what the members say.
        model: of the state.
        settings: how to smooth.
        common: factor on the covariance for errors that views have in common; see `eks.agreement`.
    """
    _, n_frames, n_keypoints = recording.shape
    ones = np.ones(n_keypoints)
    s = None if settings.s is None else np.broadcast_to(np.asarray(settings.s, float), n_keypoints).copy()
    if s is not None and not settings.robust:
        return Pilot(None, s, ones, ones)
    spans = choose_spans(n_frames, settings.tuning_frames, settings.spans)
    pieces = _cut_all(emission, recording, model, spans)
    noise, lasting = None, white(n_keypoints)
    if settings.robust:
        pieces, noise, lasting = _learn(pieces, n_keypoints)
    else:
        variance = plain_variance(pieces.ensemble, settings.weighted)
        pieces = pieces._replace(seen=pieces.seen._replace(variance=variance))
    fading = np.tile(1 - lasting.lasting, len(spans))
    pieces = pieces._replace(seen=pieces.seen._replace(fading=fading))
    first = relate(pieces.emission, pieces.model.basis, pieces.seen, pieces.state, gate=False)
    noise_level = _noise_level(first, n_keypoints)
    if settings.motion == "velocity":
        pieces = pieces._replace(model=with_velocity(pieces.model), state=at_rest(pieces.state))
    if noise is not None and not noise.learned:
        s, level = _tune_with_level(pieces, settings, n_keypoints, s)
        noise = noise._replace(keypoint=noise.keypoint + np.log(level))
        pieces.seen.variance[...] *= np.tile(level, len(spans))[:, None]
        noise_level = noise_level * level
    if s is None:
        s = _tune(pieces, settings, n_keypoints)
    inflation = lasting.inflation(kernel_of(settings.motion, noise_level, s))
    if noise is not None and noise.learned:
        inflation = inflation * (COMMON if common is None else common)
    return Pilot(noise, s, 1 - lasting.lasting, inflation)


def _learn(pieces: _Pieces, n_keypoints: int) -> tuple[_Pieces, NoiseModel, Persistence]:
    """Gate each frame by its own views and learn the noise of the rest, in turns; then how long it lasts."""
    whole = pieces.seen.pixels.shape

    def side_by_side(part: np.ndarray) -> np.ndarray:
        """Put the pieces one after the other again: (V, L, S K, ...) to (V, L S, K, ...)."""
        return part.reshape(whole[0], -1, n_keypoints, *part.shape[3:])

    scale = measure_scale(pieces.ensemble)
    parts = Features(*(side_by_side(part) for part in describe(pieces.ensemble, scale)))
    prior = noise = first_guess(parts, scale, pieces.ensemble.members)
    lasting = white(n_keypoints)
    walk = Motion(np.ones(whole[2]))  # a typical step per frame
    for turn in range(LEARNING_ROUNDS):
        seen = pieces.seen._replace(variance=noise.expected(parts).reshape(whole))
        if turn == 0:
            state, seen, fit = alone(pieces.emission, pieces.model.basis, seen, pieces.state)
        else:  # the motion tells more outliers from the rest than a frame of few views can
            done = iterate(pieces.emission, pieces.model, seen, pieces.state, walk, GATING)
            seen = seen._replace(belief=done.belief)
            state, seen, fit = alone(pieces.emission, pieces.model.basis, seen, pieces.state, gate=False)
        pieces = pieces._replace(seen=seen, state=state)
        lasting = measure(_standardised(fit, seen), n_keypoints)
        residual = np.where((seen.belief == 1)[..., None], fit.residual, np.nan)
        noise = learn(prior, parts, side_by_side(residual), side_by_side(fit.redundancy), lasting.duration)
    seen = pieces.seen._replace(variance=noise.expected(parts).reshape(whole))
    return pieces._replace(seen=seen), noise, lasting


def _standardised(fit: Fit, seen: Seen) -> Float[np.ndarray, "V L SK 2"]:
    """Return residuals over their standard deviations; NaN where a frame has no residual or the gate shut."""
    usable = (fit.redundancy > LEAST_REDUNDANCY) & (seen.belief == 1)[..., None]
    scale = np.sqrt(np.where(usable, seen.variance * fit.redundancy, 1.0))
    return np.where(usable, fit.residual / scale, np.nan)


def _tune_with_level(
    pieces: _Pieces, settings: Settings, n_keypoints: int, given: Float[np.ndarray, "K"] | None
) -> tuple[Float[np.ndarray, "K"], Float[np.ndarray, "K"]]:
    """Choose s and the level of the noise together, where no frame sees more than its state needs.

    Then nothing but the motion tells how large errors are: of two models with the same steps from frame to
    frame, the one with less noise moves more. The likelihood is maximised over a factor on all variances of a
    keypoint, too.
    """
    groups = _groups(settings, n_keypoints)
    s = np.full(n_keypoints, FIRST_S[settings.motion]) if given is None else given
    level = np.ones(n_keypoints)
    state, seen = pieces.state, pieces.seen
    width, pieces_tiled = 3.0, len(pieces.spans)
    for _ in range(TUNING_ROUNDS):
        now = seen._replace(variance=seen.variance * np.tile(level, pieces_tiled)[:, None])
        motion = pieces.model.motion(np.tile(s, pieces_tiled))
        state, belief, *_ = iterate(pieces.emission, pieces.model, now, state, motion, GATING)
        seen, now = seen._replace(belief=belief), now._replace(belief=belief)
        fit = relate(pieces.emission, pieces.model.basis, now, state, gate=False)
        steps = np.exp(width * np.linspace(-1, 1, LEVELS))
        trials = [
            maximise(
                _with_level(fit, now, step),
                pieces.model.prior,
                groups,
                transition=pieces.model.transition,
                given=given,
            )
            for step in steps
        ]
        best = np.argmax([trial.log_likelihood for trial in trials], axis=0)
        level = level * steps[best]
        s = np.array([trials[i].s[k] for k, i in enumerate(best)])
        width *= 0.4
    return s, level


def _with_level(fit: Fit, seen: Seen, level: float) -> Potentials:
    """Return the potentials of observations whose variances are all `level` times as large."""
    potentials = fit.potentials
    count = np.isfinite(fit.residual).sum((0, -1))
    variance = np.where(np.isfinite(fit.residual), seen.variance * seen.fading[:, None], 1.0)
    belief = np.where(np.isfinite(fit.residual), seen.belief[..., None], 1.0)
    logs = np.log(2 * np.pi * variance / belief)
    logs = np.where(np.isfinite(fit.residual), logs, 0.0).sum((0, -1))
    return Potentials(
        potentials.precision / level,
        potentials.gradient / level,
        potentials.point,
        (potentials.constant - logs) / level + logs + count * np.log(level),
    )


def _groups(settings: Settings, n_keypoints: int) -> np.ndarray:
    """Return the group of every keypoint, all alone by default."""
    return np.arange(n_keypoints) if settings.groups is None else np.asarray(settings.groups)


def _tune(pieces: _Pieces, settings: Settings, n_keypoints: int) -> Float[np.ndarray, "K"]:
    """Smooth with an s, gate and linearise anew, choose s; and again.

    The first s is of a typical step per frame, not one tuned on what each frame says alone: where a frame
    cannot tell which of its views is wrong, the motion can, before an s that follows the wrong one hides
    it.
    """
    groups = _groups(settings, n_keypoints)
    transition = pieces.model.transition
    if not settings.robust:
        fit = relate(pieces.emission, pieces.model.basis, pieces.seen, pieces.state, gate=False)
        return maximise(fit.potentials, pieces.model.prior, groups, transition=transition).s
    s = np.full(n_keypoints, FIRST_S[settings.motion])
    state, seen = pieces.state, pieces.seen
    for _ in range(TUNING_ROUNDS):
        motion = pieces.model.motion(np.tile(s, len(pieces.spans)))
        state, belief, *_ = iterate(pieces.emission, pieces.model, seen, state, motion, GATING)
        seen = seen._replace(belief=belief)
        fit = relate(pieces.emission, pieces.model.basis, seen, state, gate=False)
        s = maximise(fit.potentials, pieces.model.prior, groups, transition=transition).s
    return s


def _cut_all(emission: Emission, recording: Recording, model: Model, spans: Spans) -> _Pieces:
    """Cut the recording into the pieces of the pilot."""
    n = len(spans)
    if isinstance(emission, Linear):
        emission = Linear(np.tile(emission.weights, (1, n, 1, 1)), np.tile(emission.mean, (1, n, 1)))
    basis = Basis(*(np.tile(part, (n,) + (1,) * (part.ndim - 1)) for part in model.basis))
    start = cut(model.start[None], spans)[0]
    start = np.where(np.isfinite(start), start, basis.centre)
    mean = np.moveaxis(basis.inner(start), 1, 2)
    size, batch = mean.shape[1:]
    state = Gaussian(mean, np.zeros((len(mean), size, size, batch)))
    first = np.stack([mean[:10, :, k].mean(0) for k in range(batch)], -1)
    prior = Gaussian(first, np.tile(model.prior.covariance, n))
    ensemble = cut_recording(recording, spans)
    ones = np.ones(ensemble.shape)
    seen = Seen(ensemble.pixels, np.ones(ensemble.pixels.shape), ones, np.ones(batch))
    return _Pieces(emission, ensemble, Model(basis, prior, start), seen, state, spans)


def _noise_level(fit: Fit, n_keypoints: int) -> Float[np.ndarray, "K"]:
    """Return the variance of the state of a typical frame alone, in units of the basis: |median L|^(-1/D)."""
    precision = np.moveaxis(fit.potentials.precision, -1, 1)  # (L, S K, D, D)
    precision = precision.reshape(-1, n_keypoints, *precision.shape[2:])
    determinant = np.linalg.det(np.median(precision, axis=0))
    return np.maximum(determinant, 1e-300) ** (-1 / precision.shape[-1])
