"""Algebra of many small matrices at once: the matrix axes come first, the batch axes last.

The entries of a D x D matrix (D = 2 or 3, at most 6) are then contiguous arrays over the batch, so that every
operation is a few elementwise ones: no LAPACK call per matrix, the same lines for numpy and JAX.
"""

from typing import Any

import numpy as np
from jaxtyping import Float

Array = Any  # numpy.ndarray or jax.Array


def matmul(a: Float[Array, "I J *#B"], b: Float[Array, "J K *#B"]) -> Float[Array, "I K *B"]:
    """Return A B."""
    return (a[:, :, None] * b[None]).sum(1)


def matvec(a: Float[Array, "I J *#B"], v: Float[Array, "J *#B"]) -> Float[Array, "I *B"]:
    """Return A v."""
    return (a * v[None]).sum(1)


def dot(u: Float[Array, "I *#B"], v: Float[Array, "I *#B"]) -> Float[Array, "*B"]:
    """Return u' v."""
    return (u * v).sum(0)


def transpose(a: Float[Array, "I J *#B"]) -> Float[Array, "J I *B"]:
    """Return A'."""
    return a.swapaxes(0, 1)


def symmetric(a: Float[Array, "D D *#B"]) -> Float[Array, "D D *B"]:
    """Return (A + A') / 2."""
    return 0.5 * (a + transpose(a))


def identity_like(a: Float[Array, "D D *#B"]) -> Float[Array, "D D *B"]:
    """Return the identity, for every matrix of the batch."""
    eye = np.eye(a.shape[0]).reshape(a.shape[:2] + (1,) * (a.ndim - 2))
    return a * 0 + eye


def spd_inverse(a: Float[Array, "D D *#B"]) -> tuple[Float[Array, "D D *#B"], Float[Array, "*B"]]:
    """Return A^-1 = L^-T L^-1 and log |A| of symmetric positive definite matrices A = L L'."""
    size = a.shape[0]
    xp = a.__array_namespace__()
    scale = [[None] * size for _ in range(size)]  # L, row by row
    inverse: list[list[Any]] = [[None] * size for _ in range(size)]  # L^-1
    log_det = 0.0
    for j in range(size):
        pivot = a[j, j]
        for k in range(j):
            pivot = pivot - scale[j][k] * scale[j][k]
        log_det = log_det + xp.log(pivot)
        reciprocal = 1.0 / xp.sqrt(pivot)
        inverse[j][j] = reciprocal
        for i in range(j + 1, size):
            entry = a[i, j]
            for k in range(j):
                entry = entry - scale[i][k] * scale[j][k]
            scale[i][j] = entry * reciprocal
    for j in range(size):
        for i in range(j + 1, size):
            inverse[i][j] = -inverse[i][i] * sum(scale[i][k] * inverse[k][j] for k in range(j, i))
    rows: list[list[Any]] = [[None] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rows[i][j] = rows[j][i] = sum(inverse[k][i] * inverse[k][j] for k in range(i, size))
    return xp.stack([xp.stack(row) for row in rows]), log_det
