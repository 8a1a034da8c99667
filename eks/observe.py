"""What the cameras say of a state: emissions, their linearisation, and how much each observation is believed.

States are in a basis of their own, x = centre + L z, chosen so that the process noise of z is s I and its
numbers are of order one whatever the world's unit (`Basis`). An emission maps x to the pixels of V views: through
the camera models (`Calibrated`) or linearly (`Linear`: principal components, or the pixels themselves).
Axes: V views, T frames, K keypoints, 2 pixel coordinates, D state. Written for numpy and JAX alike.
"""

from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace
from jaxtyping import Float

from eks.gate import Lines, judge
from eks.kalman import Gaussian, Potentials
from eks.matrices import spd_inverse
from lightning_pose.core.camera import Camera, project_views, projection_jacobian
from lightning_pose.core.triangulate import triangulate

Array = Any  # numpy.ndarray or jax.Array
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
        """Return W' (y - mean), the state if W has orthonormal columns; NaN where a view is missing."""
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
    """Linearise the observations at a trajectory, and judge which to believe.

    Args:
        emission: observation model.
        basis: of the states.
        seen: observations.
        state: trajectory: mean (T, D, K), covariance (T, D, D, K), made with `seen.belief`.
        gate: judge anew (see `eks.gate`); otherwise the belief stays.
    """
    xp = array_namespace(seen.pixels)
    lines = linearise(emission, basis, seen, state.mean)
    there = lines.there
    belief = judge(lines, state.covariance, seen.belief) if gate else seen.belief
    precision = xp.where(there, belief, 0.0)[..., None] / lines.variance
    xx, _, yy = _project(lines.jacobian, xp.moveaxis(state.covariance, -1, 1))
    redundancy = 1 - xp.stack([xx, yy], axis=-1) * precision
    log_variance = xp.log(2 * np.pi * lines.variance / belief[..., None])
    constant = precision * lines.error**2 + xp.where(there[..., None], log_variance, 0.0)
    potentials = Potentials(
        *_normal(lines.jacobian, lines.error, precision), state.mean, constant.sum((0, -1))
    )
    return Fit(potentials, belief, xp.where(there[..., None], lines.error, xp.nan), redundancy)


def linearise(emission: Emission, basis: Basis, seen: Seen, mean: Float[Array, "T D K"]) -> Lines:
    """Return residuals and Jacobians of all observations at a trajectory; what is missing is zero."""
    xp = array_namespace(seen.pixels)
    x = basis.outer(xp.moveaxis(mean, 1, 2))
    jacobian = (emission.jacobian(x)[..., None] * basis.scale[:, None]).sum(-2)
    error = seen.pixels - emission.predict(x)
    there = xp.isfinite(error[..., 0] + error[..., 1] + jacobian[..., 0, 0])
    there = there & xp.isfinite(seen.variance[..., 0] + seen.variance[..., 1])
    whole = xp.where(there[..., None], seen.variance, 1.0)
    return Lines(
        error=xp.where(there[..., None], error, 0.0),
        jacobian=xp.where(there[..., None, None], jacobian, 0.0),
        variance=whole * seen.fading[:, None],
        whole=whole,
        there=there,
    )


def each_frame_alone(seen: Potentials) -> Gaussian:
    """Return the state of each frame from its own observations, without motion."""
    lone = np.eye(seen.precision.shape[1])[..., None] * VAGUE
    precision = np.moveaxis(seen.precision, 0, 2) + lone[..., None]
    covariance = np.moveaxis(spd_inverse(precision)[0], 2, 0)
    return Gaussian(seen.point + (covariance * seen.gradient[:, None]).sum(2), covariance)


def projected_variance(
    emission: Emission, basis: Basis, state: Gaussian
) -> tuple[Float[Array, "V T K 2"], Float[Array, "V T K 2"]]:
    """Return the pixels of a trajectory, and what its covariance means there, diag J P J' (px^2)."""
    xp = array_namespace(state.mean)
    x = basis.outer(xp.moveaxis(state.mean, 1, 2))
    jacobian = (emission.jacobian(x)[..., None] * basis.scale[:, None]).sum(-2)
    projected = _project(jacobian, xp.moveaxis(state.covariance, -1, 1))
    return emission.predict(x), xp.stack([projected[0], projected[2]], axis=-1)


def _project(jacobian: Array, spread: Array) -> tuple[Array, Array, Array]:
    """Return the entries xx, xy, yy "V T K" of J P J'."""
    moved = [(spread[None] * jacobian[..., i, :][..., None, :]).sum(-1) for i in range(2)]
    return tuple((moved[i] * jacobian[..., j, :]).sum(-1) for i, j in ((0, 0), (0, 1), (1, 1)))


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
