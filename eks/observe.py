"""What the cameras say of a state: emissions, their linearisation, and how much each observation is believed.

States are in a basis of their own, x = centre + L z, chosen so that the process noise of z is s I and its numbers
are of order one whatever the world's unit (`Basis`). An emission maps x to the pixels of V views: through the
camera models (`Calibrated`) or linearly (`Linear`: principal components, or the pixels themselves).
Axes: V views, T frames, K keypoints, 2 pixel coordinates, D state. Written for numpy and JAX alike.
"""

from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace
from jaxtyping import Float

from eks.kalman import Gaussian, Potentials
from eks.matrices import spd_inverse
from lightning_pose.core.camera import Camera, project_views, projection_jacobian
from lightning_pose.core.triangulate import triangulate

Array = Any  # numpy.ndarray or jax.Array
GATE = 9.21  # px^2 per px^2: 99 % of a chi-square with 2 degrees of freedom
VAGUE = 1e-9  # precision of a state of which nothing is known, per unit of its basis


class Calibrated(NamedTuple):
    """Pixels of a world point in V calibrated cameras."""

    camera: Camera

    def predict(self, x: Float[Array, "T K 3"]) -> Float[Array, "V T K 2"]:
        """Return the pixels; NaN behind a camera."""
        return project_views(x, self.camera)

    def jacobian(self, x: Float[Array, "T K 3"]) -> Float[Array, "V T K 2 3"]:
        """Return d pixel / d world."""
        return projection_jacobian(x, self.camera)

    def invert(self, y: Float[Array, "V T K 2"], precision: Float[Array, "V T K"]) -> Float[Array, "T K 3"]:
        """Return the point of each frame alone; NaN where fewer than two views see it."""
        return triangulate(y, self.camera, precision)


class Linear(NamedTuple):
    """Pixels y = W x + mean, with a W per keypoint."""

    weights: Float[Array, "V K 2 D"]
    mean: Float[Array, "V K 2"]

    def predict(self, x: Float[Array, "T K D"]) -> Float[Array, "V T K 2"]:
        """Return the pixels."""
        return (self.weights[:, None] * x[None, :, :, None, :]).sum(-1) + self.mean[:, None]

    def jacobian(self, x: Float[Array, "T K D"]) -> Float[Array, "V T K 2 D"]:
        """Return W for every frame."""
        xp = array_namespace(x)
        views, keypoints, _, size = self.weights.shape
        return xp.broadcast_to(self.weights[:, None], (views, x.shape[0], keypoints, 2, size))

    def invert(self, y: Float[Array, "V T K 2"], precision: Float[Array, "V T K"]) -> Float[Array, "T K D"]:
        """Return W' (y - mean), the state where the columns of W are orthonormal; NaN where a view is missing."""
        xp = array_namespace(y)
        off = xp.where((precision > 0)[..., None], y - self.mean[:, None], xp.nan)
        return (self.weights[:, None] * off[..., None]).sum((0, -2))


Emission = Calibrated | Linear


class Basis(NamedTuple):
    """States x = centre + L z, per keypoint."""

    centre: Float[Array, "K D"]
    scale: Float[Array, "K D D"]  # L

    def outer(self, z: Float[Array, "T K D"]) -> Float[Array, "T K D"]:
        """Return x of z."""
        return self.centre + (self.scale * z[..., None, :]).sum(-1)

    def inner(self, x: Float[np.ndarray, "T K D"]) -> Float[np.ndarray, "T K D"]:
        """Return z of x."""
        inverse = np.linalg.inv(self.scale)
        return (inverse * (x - self.centre)[..., None, :]).sum(-1)

    def outer_covariance(self, spread: Float[np.ndarray, "T D D K"]) -> Float[np.ndarray, "T K D D"]:
        """Return the covariance of x of that of z."""
        return self.scale @ np.moveaxis(spread, -1, 1) @ np.swapaxes(self.scale, -1, -2)


class Seen(NamedTuple):
    """Observations of V views: what the ensemble says, its variance, and what is left of it after gating."""

    pixels: Float[Array, "V T K 2"]  # NaN where missing
    variance: Float[Array, "V T K 2"]  # px^2
    belief: Float[Array, "V T K"]  # in (0, 1], of the gate
    fading: Float[Array, "K"]  # share of the variance that is independent from frame to frame

    # smoothing uses variance * fading / belief; the gate judges by the whole variance


class Fit(NamedTuple):
    """How the observations lie about a trajectory."""

    potentials: Potentials
    belief: Float[Array, "V T K"]
    residual: Float[Array, "V T K 2"]  # px, observed minus predicted; NaN where missing
    redundancy: Float[Array, "V T K 2"]  # 1 - leverage: expected residual^2 / variance


def relate(emission: Emission, basis: Basis, seen: Seen, state: Gaussian, *, gate: bool) -> Fit:
    """Linearise the observations at a trajectory and judge each by what all others say of it.

    For view v with residual e, Jacobian J, precision W = belief / (fading R) and the trajectory's covariance P, which
    contains the view itself, C = J P J' and the view taken out again (leave one camera out) gives

        r = (I - C W)^-1 e,    C' = (I - C W)^-1 C,    chi^2 = r' (R + C')^-1 r,

    and its belief is min(1, GATE / chi^2), the weight of a heavy-tailed noise. A frame's views are gated one
    after the other, the worst first, since one bad view makes the others look bad; where there are only two,
    neither can be told to be the worse, and both are.

    Args:
        emission: observation model.
        basis: of the states.
        seen: observations.
        state: trajectory: mean (T, D, K), covariance (T, D, D, K), made with `seen.belief`.
        gate: judge; otherwise the belief stays.
    """
    xp = array_namespace(seen.pixels)
    z = xp.moveaxis(state.mean, 1, 2)
    x = basis.outer(z)
    jacobian = (emission.jacobian(x)[..., None] * basis.scale[:, None]).sum(-2)
    error = seen.pixels - emission.predict(x)
    there = xp.isfinite(error[..., 0] + error[..., 1] + jacobian[..., 0, 0])
    there = there & xp.isfinite(seen.variance[..., 0] + seen.variance[..., 1])
    error = xp.where(there[..., None], error, 0.0)
    jacobian = xp.where(there[..., None, None], jacobian, 0.0)
    variance = xp.where(there[..., None], seen.variance, 1.0)
    in_use = variance * seen.fading[:, None]
    projected = _project(jacobian, xp.moveaxis(state.covariance, -1, 1))
    weight = xp.where(there, seen.belief, 0.0)[..., None] / in_use
    belief = _judge(error, projected, variance, weight, seen.belief, there) if gate else seen.belief
    precision = xp.where(there, belief, 0.0)[..., None] / in_use
    redundancy = 1 - xp.stack([projected[0], projected[2]], axis=-1) * precision
    log_variance = xp.where(there[..., None], xp.log(2 * np.pi * in_use / belief[..., None]), 0.0)
    potentials = Potentials(
        *_normal(jacobian, error, precision),
        state.mean,
        (precision * error**2 + log_variance).sum((0, -1)),
    )
    return Fit(potentials, belief, xp.where(there[..., None], error, xp.nan), redundancy)


def each_frame_alone(seen: Potentials) -> Gaussian:
    """Return the state of each frame from its own observations, without motion."""
    lone = np.eye(seen.precision.shape[1])[..., None] * VAGUE
    precision = np.moveaxis(seen.precision, 0, 2) + lone[..., None]
    covariance = np.moveaxis(spd_inverse(precision)[0], 2, 0)
    return Gaussian(seen.point + (covariance * seen.gradient[:, None]).sum(2), covariance)


def projected_variance(
    emission: Emission, basis: Basis, state: Gaussian
) -> tuple[Float[Array, "V T K 2"], Float[Array, "V T K 2"]]:
    """Return the pixels of a trajectory, and the variance (px^2) that its covariance means there, diag J P J'."""
    xp = array_namespace(state.mean)
    x = basis.outer(xp.moveaxis(state.mean, 1, 2))
    jacobian = (emission.jacobian(x)[..., None] * basis.scale[:, None]).sum(-2)
    projected = _project(jacobian, xp.moveaxis(state.covariance, -1, 1))
    return emission.predict(x), xp.stack([projected[0], projected[2]], axis=-1)


def _project(jacobian: Array, spread: Array) -> tuple[Array, Array, Array]:
    """Return the entries xx, xy, yy "V T K" of J P J'."""
    moved = [(spread[None] * jacobian[..., i, :][..., None, :]).sum(-1) for i in range(2)]
    return tuple((moved[i] * jacobian[..., j, :]).sum(-1) for i, j in ((0, 0), (0, 1), (1, 1)))


def _judge(
    error: Array, projected: tuple, variance: Array, weight: Array, former: Array, there: Array
) -> Array:
    """Return the new belief "V T K" of every observation; see `relate`."""
    xp = array_namespace(error)
    chi2 = _left_out(error, projected, variance, weight)
    chi2 = xp.where(there, chi2, 0.0)
    few = there.sum(0) <= 2
    open_ = (chi2 >= chi2.max(0)) | (former < 1) | few
    return xp.where(open_ & (chi2 > GATE), GATE / xp.where(chi2 > GATE, chi2, GATE), 1.0)


def _left_out(error: Array, projected: tuple, variance: Array, weight: Array) -> Array:
    """Return chi^2 of each observation against what all others predict."""
    (xx, xy, yy), (w0, w1) = projected, (weight[..., 0], weight[..., 1])
    a, b, c, d = 1 - xx * w0, -xy * w1, -xy * w0, 1 - yy * w1  # I - C W
    # nearly 0 where no other observation fixes the state: what is left out is then unbounded, and chi^2 small
    det = np.maximum(a * d - b * c, 1e-12) if isinstance(a, np.ndarray) else (a * d - b * c).clip(1e-12)
    r0, r1 = (d * error[..., 0] - b * error[..., 1]) / det, (a * error[..., 1] - c * error[..., 0]) / det
    s00 = variance[..., 0] + (d * xx - b * xy) / det
    s01 = (d * xy - b * yy) / det
    s11 = variance[..., 1] + (a * yy - c * xy) / det
    return (s11 * r0**2 - 2 * s01 * r0 * r1 + s00 * r1**2) / (s00 * s11 - s01**2)


def _normal(jacobian: Array, error: Array, precision: Array) -> tuple[Array, Array]:
    """Return sum_v J' W J as (T, D, D, K) and sum_v J' W e as (T, D, K)."""
    xp = array_namespace(jacobian)
    size = jacobian.shape[-1]
    columns = [jacobian[..., i] for i in range(size)]
    weighted = [column * precision for column in columns]
    rows: list[list[Any]] = [[None] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rows[i][j] = rows[j][i] = (weighted[i] * columns[j]).sum((0, -1))
    matrix = xp.stack([xp.stack(row, axis=1) for row in rows], axis=1)
    return matrix, xp.stack([(w * error).sum((0, -1)) for w in weighted], axis=1)
