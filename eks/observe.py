"""What the cameras say of a state: emissions, their linearisation, and how much each observation is believed.

States are in a basis of their own, x = centre + L z, chosen so that the process noise of z is s I and its
numbers are of order one whatever the world's unit (`Basis`). An emission maps x to the pixels of V views:
through the camera models (`Calibrated`) or linearly (`Linear`: principal components, or the pixels
themselves). Axes: V views, T frames, K keypoints, 2 pixel coordinates, D state. Written for numpy and JAX
alike.
"""

from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace
from jaxtyping import Float

from eks.gate import Lines, judge, project_covariance
from eks.kalman import Gaussian, Potentials
from eks.matrices import spd_inverse
from lightning_pose.core.camera import Camera, linearised_aligned, project_views
from lightning_pose.core.triangulate import triangulate

Array = Any  # numpy.ndarray or jax.Array
CHUNK = 2048  # frames
VAGUE = 1e-9  # precision of a state of which nothing is known, per unit of its basis


class Calibrated(NamedTuple):
    """Pixels of a world point in V calibrated cameras."""

    camera: Camera

    def predict(self, x: Float[Array, "T K 3"]) -> Float[Array, "V T K 2"]:
        """Return the pixels; NaN behind a camera."""
        return project_views(x, self.camera)

    def linearise(self, x: Float[Array, "T K 3"]) -> tuple[list, list[list], Any]:
        """Return the pixels u, v, the two rows of d pixel / d world, all "V T K", and which are in front."""
        u, v, rows, front = linearised_aligned(x[None], self.camera, 2)
        return [u, v], rows, front

    def invert(self, y: Float[Array, "V T K 2"], precision: Float[Array, "V T K"]) -> Float[Array, "T K 3"]:
        """Return the point of each frame alone; NaN where fewer than two views see it."""
        return triangulate(y, self.camera, precision)


class Linear(NamedTuple):
    """Pixels y = W x + mean, with a W per keypoint."""

    weights: Float[Array, "V K 2 D"]
    mean: Float[Array, "V K 2"]

    def predict(self, x: Float[Array, "T K D"]) -> Float[Array, "V T K 2"]:
        """Return the pixels."""
        return array_namespace(x).stack(self.linearise(x)[0], axis=-1)

    def linearise(self, x: Float[Array, "T K D"]) -> tuple[list, list[list], Any]:
        """Return the pixels, the two rows of W, all broadcastable to "V T K", and that all of them hold."""
        xp = array_namespace(x)
        rows = [[self.weights[:, None, :, i, d] for d in range(x.shape[-1])] for i in range(2)]
        pixels = [
            sum(row[d] * x[None, ..., d] for d in range(x.shape[-1])) + self.mean[:, None, :, i]
            for i, row in enumerate(rows)
        ]
        return pixels, rows, xp.isfinite(pixels[0])

    def invert(self, y: Float[Array, "V T K 2"], precision: Float[Array, "V T K"]) -> Float[Array, "T K D"]:
        """Return W' (y - mean), the state if W has orthonormal columns; NaN where a view is missing."""
        xp = array_namespace(y)
        off = xp.where((precision > 0)[..., None], y - self.mean[:, None], xp.nan)
        return (self.weights[:, None] * off[..., None]).sum((0, -2))


Emission = Calibrated | Linear


class Basis(NamedTuple):
    """States x = centre + L z, per keypoint; z may have more numbers than x, such as a velocity's."""

    centre: Float[Array, "K E"]
    scale: Float[Array, "K E D"]  # L

    def outer(self, z: Float[Array, "T K D"]) -> Float[Array, "T K E"]:
        """Return x of z."""
        xp = array_namespace(z)
        return xp.stack(
            [
                self.centre[:, i] + sum(self.scale[:, i, j] * z[..., j] for j in range(z.shape[-1]))
                for i in range(self.centre.shape[-1])
            ],
            axis=-1,
        )

    def inner(self, x: Float[np.ndarray, "T K E"]) -> Float[np.ndarray, "T K E"]:
        """Return z of x, of a basis that has an inverse."""
        inverse = np.linalg.inv(self.scale)
        return (inverse * (x - self.centre)[..., None, :]).sum(-1)

    def along(self, rows: list[list]) -> list[list]:
        """Return d pixel / d z of d pixel / d x."""
        return [
            [sum(row[d] * self.scale[:, d, e] for d in range(len(row))) for e in range(self.scale.shape[-1])]
            for row in rows
        ]

    def outer_covariance(self, spread: Float[np.ndarray, "T D D K"]) -> Float[np.ndarray, "T K E E"]:
        """Return the covariance of x of that of z."""
        return self.scale @ np.moveaxis(spread, -1, 1) @ np.swapaxes(self.scale, -1, -2)


class Seen(NamedTuple):
    """Observations of V views: what the ensemble says, its variance, and what is left of it after gating."""

    pixels: Float[Array, "V T K 2"]  # NaN where missing
    variance: Float[Array, "V T K 2"]  # px^2
    belief: Float[Array, "V T K"]  # in (0, 1], of the gate
    fading: Float[Array, "K"]  # share of the variance that is independent from frame to frame

    # smoothing uses variance * fading / belief; the gate judges by the whole variance

    def rows(self, rows: slice) -> "Seen":
        """Return some frames."""
        return Seen(self.pixels[:, rows], self.variance[:, rows], self.belief[:, rows], self.fading)


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
    fits = []
    for start in range(0, len(state.mean), CHUNK):  # a few thousand frames fit into the processor's cache
        rows = slice(start, start + CHUNK)
        part = Gaussian(state.mean[rows], state.covariance[rows])
        fits.append(_relate(emission, basis, seen.rows(rows), part, gate))
    if len(fits) == 1:
        return fits[0]
    potentials = Potentials(*(np.concatenate(p) for p in zip(*(f.potentials for f in fits), strict=True)))
    return Fit(potentials, *(np.concatenate(p, axis=1) for p in zip(*(f[1:] for f in fits), strict=True)))


def _relate(emission: Emission, basis: Basis, seen: Seen, state: Gaussian, gate: bool) -> Fit:
    """Relate one chunk of frames."""
    xp = array_namespace(seen.pixels)
    lines = linearise(emission, basis, seen, state.mean)
    there = lines.there
    belief = judge(lines, state.covariance, seen.belief) if gate else seen.belief
    weight = [xp.where(there, belief, 0.0) / lines.variance[i] for i in range(2)]
    spread = project_covariance(lines.jacobian, state.covariance)
    redundancy = xp.stack([1 - spread[i] * weight[i] for i in range(2)], axis=-1)
    constant_x, constant_y = (
        weight[i] * lines.error[i] ** 2 + xp.where(there, xp.log(2 * np.pi * lines.variance[i] / belief), 0.0)
        for i in range(2)
    )
    residual = xp.stack([xp.where(there, lines.error[i], xp.nan) for i in range(2)], axis=-1)
    matrix, gradient = _normal(lines, weight)
    potentials = Potentials(matrix, gradient, state.mean, (constant_x + constant_y).sum(0))
    return Fit(potentials, belief, residual, redundancy)


def linearise(emission: Emission, basis: Basis, seen: Seen, mean: Float[Array, "T D K"]) -> Lines:
    """Return residuals and Jacobians of all observations at a trajectory; what is missing is zero."""
    xp = array_namespace(seen.pixels)
    pixels, rows, front = emission.linearise(basis.outer(xp.moveaxis(mean, 1, 2)))
    variance = [seen.variance[..., i] for i in range(2)]
    error = [seen.pixels[..., i] - pixels[i] for i in range(2)]
    there = front & xp.isfinite(error[0] + error[1]) & xp.isfinite(variance[0] + variance[1])
    whole = [xp.where(there, variance[i], 1.0) for i in range(2)]
    return Lines(
        error=[xp.where(there, error[i], 0.0) for i in range(2)],
        jacobian=[[xp.where(there, entry, 0.0) for entry in row] for row in basis.along(rows)],
        variance=[whole[i] * seen.fading for i in range(2)],
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
    everything, spreads = [], []
    for start in range(0, len(state.mean), CHUNK):
        part = slice(start, start + CHUNK)
        pixels, rows, front = emission.linearise(basis.outer(xp.moveaxis(state.mean[part], 1, 2)))
        spread = project_covariance(basis.along(rows), state.covariance[part])
        everything.append(xp.stack([xp.where(front, pixels[i], xp.nan) for i in range(2)], axis=-1))
        spreads.append(xp.stack([xp.where(front, spread[i], xp.nan) for i in range(2)], axis=-1))
    return xp.concatenate(everything, axis=1), xp.concatenate(spreads, axis=1)


def _normal(lines: Lines, weight: list) -> tuple[Array, Array]:
    """Return sum_v J' W J as (T, D, D, K) and sum_v J' W e as (T, D, K)."""
    xp = array_namespace(lines.there)
    jacobian, size = lines.jacobian, len(lines.jacobian[0])
    weighted = [[jacobian[i][d] * weight[i] for d in range(size)] for i in range(2)]
    entries: list[list[Any]] = [[None] * size for _ in range(size)]
    for d in range(size):
        for e in range(d + 1):
            entry = weighted[0][d] * jacobian[0][e] + weighted[1][d] * jacobian[1][e]
            entries[d][e] = entries[e][d] = entry.sum(0)
    matrix = xp.stack([xp.stack(row, axis=1) for row in entries], axis=1)
    pull = [(weighted[0][d] * lines.error[0] + weighted[1][d] * lines.error[1]).sum(0) for d in range(size)]
    return matrix, xp.stack(pull, axis=1)
