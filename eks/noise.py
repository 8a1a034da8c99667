"""The variance of an observation, learned from what the ensemble says of itself and what geometry says of it.

The spread of the members is a poor variance: they agree and are wrong together. But a frame that is seen by
more cameras than its state needs leaves residuals, and their squares over their redundancy are an unbiased
estimate of the variance (Helmert's variance components). So the variance is a product of factors that are
read off a curve each,

    R = a(spread between members) b(unsureness) c(view, keypoint),

and each curve is scaled, bin by bin, until the residuals in every bin are as large as R says they are. The
curves rise with their feature; the spread's is flat where the common error, which no spread reveals, is the
larger one.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import isotonic_regression

from eks.ensemble import Ensemble

ROUNDS = 6
BINS = 12
CLIP = 9.0  # of squared residual over its variance: gross errors are the gate's work
PULL = 30.0  # independent residuals that weigh as much as the prior
LEAST_SPREAD = 1e-4  # px^2; below it members agree


class Curve(NamedTuple):
    """A piecewise linear map from the logarithm of a feature to the logarithm of a factor, per view."""

    knots: Float[np.ndarray, "V N"]
    values: Float[np.ndarray, "V N"]

    def __call__(self, feature: Float[np.ndarray, "V *axes"]) -> Float[np.ndarray, "V *axes"]:
        """Return the logarithm of the factor."""
        pairs = zip(feature, self.knots, self.values, strict=True)
        return np.stack([np.interp(view, knots, values) for view, knots, values in pairs])


class Features(NamedTuple):
    """What the ensemble says of its own error, as logarithms."""

    spread: Float[np.ndarray, "V T K 2"]
    doubt: Float[np.ndarray, "V T K"]


class Scale(NamedTuple):
    """What spreads are measured by, px^2."""

    floor: float  # members that differ less agree
    lone: float  # counts for one vote among several members: as bad as a cell in which they differ a lot


class NoiseModel(NamedTuple):
    """How the variance of an observation follows from the ensemble; px^2."""

    scale: Scale
    spread: Curve
    doubt: Curve
    keypoint: Float[np.ndarray, "V K"]  # logarithm of the factor of each keypoint
    learned: bool

    def variance(self, ensemble: Ensemble) -> Float[np.ndarray, "V T K 2"]:
        """Return the variance of every observation (px^2)."""
        return self.expected(describe(ensemble, self.scale))

    def expected(self, features: Features) -> Float[np.ndarray, "V T K 2"]:
        """Return the variance of observations of these features (px^2)."""
        keypoint = self.keypoint[:, None, :, None]
        return np.exp(self.spread(features.spread) + self.doubt(features.doubt)[..., None] + keypoint)


def measure_scale(ensemble: Ensemble) -> Scale:
    """Return the scale of an ensemble's spreads."""
    spread = _spread(ensemble)
    spread = spread[np.isfinite(spread)]
    if not spread.size:
        return Scale(LEAST_SPREAD, 1.0)
    typical, lone = np.quantile(spread, [0.5, 0.9])
    return Scale(max(LEAST_SPREAD, 1e-3 * float(typical)), float(lone))


def describe(ensemble: Ensemble, scale: Scale) -> Features:
    """Return the features of every cell; a single vote is as unsure as its likelihood says."""
    spread = _spread(ensemble)
    spread = np.where(np.isfinite(spread), spread, scale.lone)
    return Features(np.log(np.maximum(spread, scale.floor)), _log_doubt(ensemble.likelihood))


def first_guess(features: Features, scale: Scale, members: Int[np.ndarray, "V"]) -> NoiseModel:
    """Return the model before anything is learned: the spread, floored at its median; else 1 / likelihood.

    A view with one member takes the common floor of the others over its likelihood, so that it counts as a
    typical member does.
    """
    knots, doubt_knots = _knots(features.spread), _knots(features.doubt)
    several = (members > 1)[:, None]
    centre = np.array([np.median(view) for view in features.spread])[:, None]
    usual = centre[members > 1].mean() + np.log(2) if several.any() else 0.0
    spread = np.where(several, np.logaddexp(knots, centre), usual)
    doubt = np.where(several, 0.0, np.maximum(doubt_knots, 0.0))
    keypoint = np.zeros((len(members), features.doubt.shape[2]))
    return NoiseModel(scale, Curve(knots, spread), Curve(doubt_knots, doubt), keypoint, learned=False)


def learn(
    prior: NoiseModel,
    features: Features,
    residual: Float[np.ndarray, "V T K 2"],
    redundancy: Float[np.ndarray, "V T K 2"],
    duration: float = 1.0,
) -> NoiseModel:
    """Scale the curves until residuals are as large as they say, as far as there is evidence.

    Errors that last are few, however many frames show them: two cameras that happen to agree for a whole
    recording are no proof that they are right. So every factor is drawn to the prior's (all of them
    together are free), with a weight that grows with the duration of the errors.

    Args:
        prior: first guess.
        features: of the cells.
        residual: observed minus predicted of each frame alone (px); NaN where missing.
        redundancy: expected residual^2 / variance, as the linearisation with the model's variance says.
        duration: for how many frames an error lasts.
    """
    usable = np.isfinite(residual).all(-1) & (redundancy.sum(-1) > 0.05)
    if usable.sum() < 4 * BINS:
        return prior
    square = np.where(usable[..., None], residual**2, 0.0)
    parts = np.where(usable[..., None], np.clip(redundancy, 0.0, 1.0), 0.0)
    doubt = np.broadcast_to(features.doubt[..., None], square.shape)
    model = prior
    for _ in range(ROUNDS):
        ratio = _ratios(model, features, square, parts)
        curve = _rescale(prior.spread, model.spread, features.spread, ratio, parts, PULL * duration / BINS)
        model = model._replace(spread=curve)
        ratio = _ratios(model, features, square, parts)
        curve = _rescale(prior.doubt, model.doubt, doubt, ratio, parts, PULL * duration / BINS)
        model = model._replace(doubt=curve)
        ratio = _ratios(model, features, square, parts)
        total, amount = (ratio * parts).sum((1, 3)), parts.sum((1, 3))
        level = total.sum(1, keepdims=True) / np.maximum(amount.sum(1, keepdims=True), 1e-9)
        factor = (np.exp(model.keypoint) * total + PULL * duration * level) / (amount + PULL * duration)
        model = model._replace(keypoint=np.log(np.maximum(factor, 1e-3)))
    return model._replace(learned=True)


def _spread(ensemble: Ensemble) -> Float[np.ndarray, "V T K 2"]:
    """Return half the spread of the axis and half the mean of both: few members know a variance badly."""
    return 0.5 * ensemble.spread + 0.5 * ensemble.spread.mean(-1, keepdims=True)


def _log_doubt(likelihood: Float[np.ndarray, "V T K"]) -> Float[np.ndarray, "V T K"]:
    """Return log((1 - p + 0.05) / p): 1 / p for small p, and still telling 0.9 from 0.99."""
    sure = np.clip(likelihood, 1e-4, 1.0)
    return np.log((1.05 - sure) / sure)


def _knots(feature: Float[np.ndarray, "V *axes"]) -> Float[np.ndarray, "V N"]:
    """Return quantiles of a feature per view, denser in the upper tail, where there is more to tell apart."""
    levels = np.concatenate([np.linspace(0.02, 0.9, BINS - 4), [0.95, 0.98, 0.995, 0.999]])
    knots = np.stack([np.quantile(view, levels) for view in feature])
    return knots + 1e-9 * np.arange(len(levels))


def _ratios(
    model: NoiseModel,
    features: Features,
    square: Float[np.ndarray, "V T K 2"],
    parts: Float[np.ndarray, "V T K 2"],
) -> Float[np.ndarray, "V T K 2"]:
    """Return squared residuals over what is expected of them, clipped."""
    expected = model.expected(features) * np.maximum(parts, 1e-9)
    return np.where(parts > 0, np.minimum(square / expected, CLIP), 0.0)


def _rescale(
    prior: Curve,
    curve: Curve,
    feature: Float[np.ndarray, "V T K 2"],
    ratio: Float[np.ndarray, "V T K 2"],
    weight: Float[np.ndarray, "V T K 2"],
    pull: float,
) -> Curve:
    """Return a curve whose every bin has residuals of the size that it says, rising with the feature."""
    amounts, totals = [], []
    for v, knots in enumerate(curve.knots):
        edges = 0.5 * (knots[1:] + knots[:-1])
        place = np.searchsorted(edges, feature[v].ravel())
        amounts.append(np.bincount(place, weight[v].ravel(), len(knots)))
        totals.append(np.bincount(place, (ratio[v] * weight[v]).ravel(), len(knots)))
    amount, total = np.stack(amounts), np.stack(totals) * np.exp(curve.values - prior.values)
    level = total.sum() / max(amount.sum(), 1e-9)  # of all views together, freely
    moved = prior.values + np.log((total + pull * level) / (amount + pull))
    rising = [isotonic_regression(m, weights=a + pull).x for m, a in zip(moved, amount, strict=True)]
    return Curve(curve.knots, np.stack(rising))
