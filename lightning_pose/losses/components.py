"""Principal components of rows in which numbers are missing."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class Components(NamedTuple):
    """Principal components, the largest variance first."""

    mean: Float[Tensor, "D"]
    axes: Float[Tensor, "D D"]  # rows
    variance: Float[Tensor, "D"]


def principal_components(rows: Float[Tensor, "N D"]) -> Components:
    """Return the principal components of rows in which numbers may be missing (NaN).

    With m the means of what is there, C_ij = sum (x_i - m_i)(x_j - m_j) / (n_ij - 1) over the n_ij rows that
    have both. Without gaps that is the covariance; with gaps a small eigenvalue may come out negative.
    """
    known = torch.isfinite(rows)
    there = known.to(rows.dtype)
    mean = torch.where(known, rows, 0.0).sum(dim=0) / there.sum(dim=0)
    off = torch.where(known, rows - mean, 0.0)
    covariance = (off.T @ off) / (there.T @ there - 1)
    variance, axes = torch.linalg.eigh(covariance)
    return Components(mean, axes.T.flip(0), variance.flip(0))


def count_components(variance: Float[Tensor, "D"], components: float) -> int:
    """Return how many components: the whole number itself, or the fewest that explain a share of variance."""
    if isinstance(components, int):
        return components
    share = variance.clamp_min(0).cumsum(0) / variance.clamp_min(0).sum()
    # rounding must not ask for one more where the share is met exactly
    return min(int((share < components - 1e-12).sum()) + 1, len(variance))


def scores_of(
    off: Float[Tensor, "*N D"], there: Float[Tensor, "*N D"], basis: Float[Tensor, "*#N C D"]
) -> Float[Tensor, "*N C"]:
    """Return the point of a subspace that is nearest to what is there of each row.

    (B M B')^-1 B M x, with M the diagonal of `there`: least squares over the numbers that are there.

    Args:
        off: rows without their mean, 0 where missing.
        there: 1, or 0 where missing.
        basis: orthonormal rows, or rows of zeros.
    """
    scores = (basis @ off[..., None])[..., 0]
    if bool(there.all()):
        return scores
    gram = (basis * there[..., None, :]) @ basis.transpose(-1, -2)
    return (torch.linalg.pinv(gram, hermitian=True) @ scores[..., None])[..., 0]
