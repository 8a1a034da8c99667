"""Rotations: Rodrigues vectors, matrices, and cameras that look at a point."""

from typing import Any

import numpy as np
from array_api_compat import array_namespace
from jaxtyping import Float
from numpy.typing import ArrayLike

SERIES_BELOW = 1e-4  # squared angle under which sin(a)/a is a power series


def matrix_from_rvec(rvec: Float[Any, "*V 3"]) -> Float[Any, "*V 3 3"]:
    """Return rotation matrices from Rodrigues vectors (axis times angle, rad), for any array backend.

    R = I + sin(a)/a [r]x + (1 - cos a)/a^2 [r]x^2, a = |r|; differentiable at r = 0 too.

    Source: OpenCV documentation, calib3d, Rodrigues.
    """
    xp = array_namespace(rvec)
    x, y, z = rvec[..., 0], rvec[..., 1], rvec[..., 2]
    a2 = x * x + y * y + z * z
    near = a2 < SERIES_BELOW
    far = xp.where(near, 1.0, a2)
    low = xp.where(near, a2, 0.0)
    a = xp.sqrt(far)
    first = xp.where(near, 1 - low / 6 * (1 - low / 20 * (1 - low / 42)), xp.sin(a) / a)
    half = xp.sin(a / 2) / a  # 1 - cos(a) = 2 sin^2(a/2), without cancellation
    second = xp.where(near, 0.5 * (1 - low / 12 * (1 - low / 30 * (1 - low / 56))), 2 * half * half)
    rows = (
        (1 - second * (y * y + z * z), second * x * y - first * z, second * x * z + first * y),
        (second * x * y + first * z, 1 - second * (x * x + z * z), second * y * z - first * x),
        (second * x * z - first * y, second * y * z + first * x, 1 - second * (x * x + y * y)),
    )
    return xp.stack([xp.stack(row, axis=-1) for row in rows], axis=-2)


def rvec_from_matrix(rotation: Float[np.ndarray, "*V 3 3"]) -> Float[np.ndarray, "*V 3"]:
    """Return Rodrigues vectors (rad, angle in [0, pi]) from rotation matrices.

    By the unit quaternion whose largest component is computed first, so that angles near 0 and near pi lose
    no digits.

    Source: Shepperd 1978, Quaternion from rotation matrix.
    """
    m = np.asarray(rotation, dtype=np.float64)
    trace = np.trace(m, axis1=-2, axis2=-1)
    diagonal = np.diagonal(m, axis1=-2, axis2=-1)
    squares = np.concatenate([1 + trace[..., None], 1 + 2 * diagonal - trace[..., None]], axis=-1)  # 4 q_i^2
    cross = np.stack(  # q_i q_j, times 4: w with x y z, then xy, xz, yz
        [
            m[..., 2, 1] - m[..., 1, 2],
            m[..., 0, 2] - m[..., 2, 0],
            m[..., 1, 0] - m[..., 0, 1],
            m[..., 0, 1] + m[..., 1, 0],
            m[..., 0, 2] + m[..., 2, 0],
            m[..., 1, 2] + m[..., 2, 1],
        ],
        axis=-1,
    )
    wx, wy, wz, xy, xz, yz = np.moveaxis(cross, -1, 0)
    ww, xx, yy, zz = np.moveaxis(squares, -1, 0)
    products = ((ww, wx, wy, wz), (wx, xx, xy, xz), (wy, xy, yy, yz), (wz, xz, yz, zz))  # 4 q_i q_j
    rows = np.stack([np.stack(row, axis=-1) for row in products], axis=-2)
    largest = np.argmax(squares, axis=-1)
    q = np.take_along_axis(rows, largest[..., None, None], axis=-2)[..., 0, :]
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    q = np.where(q[..., :1] < 0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, q[..., :1])
    return q[..., 1:] * np.where(sine > 0, angle / np.where(sine > 0, sine, 1.0), 2.0)


def look_at(
    center: ArrayLike, target: ArrayLike, up: ArrayLike = (0.0, 0.0, 1.0)
) -> tuple[Float[np.ndarray, "*V 3 3"], Float[np.ndarray, "*V 3"]]:
    """Return world-to-camera rotation and translation of cameras at `center` "*V 3" that look at `target`.

    x right, y down, z forward; `up` is the world direction that appears upright.

    Raises:
        ValueError: when a camera stands on its target or looks along `up`.
    """
    center, target, up = (np.asarray(a, dtype=np.float64) for a in (center, target, up))
    forward = target - center
    right = np.cross(forward, up)
    length, width = np.linalg.norm(forward, axis=-1), np.linalg.norm(right, axis=-1)
    if np.any(width <= 1e-9 * length * np.linalg.norm(up, axis=-1)):
        raise ValueError("look_at: a camera stands on its target or looks along `up`; choose another `up`")
    forward, right = forward / length[..., None], right / width[..., None]
    rotation = np.stack(np.broadcast_arrays(right, np.cross(forward, right), forward), axis=-2)
    return rotation, -np.einsum("...ij,...j->...i", rotation, center)
