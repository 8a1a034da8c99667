"""Symmetric 3 x 3 systems by the million: entry by entry, so that a singular one among them is no exception.

Matrices are tuples of their six entries 00 01 02 11 12 22, each an array "*N".
"""

from typing import Any

from array_api_compat import array_namespace


def normal_matrix(rows: list, weights: list) -> tuple:
    """Return the six entries 00 01 02 11 12 22 of sum over views of w row' row, for two rows a view."""
    xp = array_namespace(weights[0])
    pairs = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    scaled = [[w * entry for entry in row] for row, w in zip(rows, weights, strict=True)]
    return tuple(xp.sum(scaled[0][i] * rows[0][j] + scaled[1][i] * rows[1][j], axis=0) for i, j in pairs)


def normal_vector(rows: list, weights: list, right: list) -> tuple:
    """Return the three entries of sum over views of w row' right."""
    xp = array_namespace(weights[0])
    scaled = [w * b for w, b in zip(weights, right, strict=True)]
    return tuple(xp.sum(rows[0][i] * scaled[0] + rows[1][i] * scaled[1], axis=0) for i in range(3))


def _factor(matrix: tuple) -> tuple[tuple, Any]:
    """Return L D L' of symmetric 3 x 3 matrices as (l10, l20, l21, d0, d1, d2), and which are regular."""
    xp = array_namespace(matrix[0])
    a00, a01, a02, a11, a12, a22 = matrix
    tiny = 16 * float(xp.finfo(a00.dtype).eps) * (a00 + a11 + a22)
    regular = a00 > tiny
    d0 = xp.where(regular, a00, 1.0)
    l10, l20 = a01 / d0, a02 / d0
    d1, d2 = a11 - l10 * a01, a22 - l20 * a02
    regular = regular & (d1 > tiny)
    d1 = xp.where(regular, d1, 1.0)
    e12 = a12 - l10 * a02
    l21 = e12 / d1
    d2 = d2 - l21 * e12
    regular = regular & (d2 > tiny)
    return (l10, l20, l21, d0, d1, xp.where(regular, d2, 1.0)), regular


def solve_symmetric(matrix: tuple, right: tuple) -> tuple[tuple, Any]:
    """Return the solutions of symmetric positive 3 x 3 systems, entry by entry, and which are regular."""
    (l10, l20, l21, d0, d1, d2), regular = _factor(matrix)
    y0 = right[0]
    y1 = right[1] - l10 * y0
    y2 = right[2] - l20 * y0 - l21 * y1
    x2 = y2 / d2
    x1 = y1 / d1 - l21 * x2
    return (y0 / d0 - l10 * x1 - l20 * x2, x1, x2), regular


def inverse_entries(matrix: tuple) -> tuple[tuple, Any]:
    """Return the six entries of the inverses, M' D^-1 M with M = L^-1, and which are regular."""
    (l10, l20, l21, d0, d1, d2), regular = _factor(matrix)
    m20 = l10 * l21 - l20
    return (
        1 / d0 + l10 * l10 / d1 + m20 * m20 / d2,
        -l10 / d1 - m20 * l21 / d2,
        m20 / d2,
        1 / d1 + l21 * l21 / d2,
        -l21 / d2,
        1 / d2,
    ), regular


def symmetric(entries: tuple) -> Any:
    """Return symmetric matrices "*N 3 3" from their six entries."""
    xp = array_namespace(entries[0])
    a, b, c, d, e, f = entries
    return xp.stack([xp.stack(row, axis=-1) for row in ((a, b, c), (b, d, e), (c, e, f))], axis=-2)
