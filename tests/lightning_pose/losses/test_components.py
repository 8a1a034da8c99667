"""Principal components with and without gaps, against a singular value decomposition."""

import numpy as np
import pytest
import torch

from lightning_pose.losses.components import count_components, principal_components, scores_of


@pytest.fixture
def rows(rng) -> np.ndarray:
    """442 rows of 10 numbers of very different variance."""
    mix = rng.normal(size=(10, 10)) * np.geomspace(20, 0.1, 10)
    return rng.normal(size=(442, 10)) @ mix.T + rng.uniform(-50, 50, 10)


def test_without_gaps_it_is_the_singular_value_decomposition(rows):
    found = principal_components(torch.tensor(rows))
    _, singular, axes = np.linalg.svd(rows - rows.mean(0), full_matrices=False)
    np.testing.assert_allclose(found.mean, rows.mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.variance, singular**2 / (len(rows) - 1), rtol=1e-10)
    same = np.abs((found.axes.numpy() * axes).sum(1))  # up to the sign
    np.testing.assert_allclose(same, 1, atol=1e-10)


def test_a_gap_changes_little(rows):
    whole = principal_components(torch.tensor(rows)).variance
    rows[7, 3] = np.nan
    gap = principal_components(torch.tensor(rows)).variance
    np.testing.assert_allclose(gap / gap.sum(), whole / whole.sum(), atol=1e-2)


def test_gaps_leave_the_pairwise_covariance(rows, rng):
    rows[rng.random(rows.shape) < 0.2] = np.nan
    found = principal_components(torch.tensor(rows))
    covariance = found.axes.T @ torch.diag(found.variance) @ found.axes
    mean = np.nanmean(rows, axis=0)
    for i, j in [(0, 1), (4, 4), (9, 2)]:
        product = (rows[:, i] - mean[i]) * (rows[:, j] - mean[j])
        expected = np.nansum(product) / (np.isfinite(product).sum() - 1)
        assert float(covariance[i, j]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("components", "expected"), [(2, 2), (0.6, 1), (0.61, 2), (0.9, 2), (0.95, 3), (1.0, 3)]
)
def test_a_share_of_variance_takes_the_fewest_components(components: float, expected: int):
    variance = torch.tensor([6.0, 3.0, 1.0, -1e-15], dtype=torch.double)
    assert count_components(variance, components) == expected


def test_the_nearest_point_is_least_squares_over_what_is_there(rng):
    basis = np.linalg.qr(rng.normal(size=(6, 2)))[0].T
    off = rng.normal(size=(5, 6))
    there = np.ones((5, 6))
    there[1, :3] = there[3, 5] = 0
    found = scores_of(torch.tensor(off * there), torch.tensor(there), torch.tensor(basis))
    for row in range(5):
        kept = there[row] > 0
        expected = np.linalg.lstsq(basis[:, kept].T, off[row, kept], rcond=None)[0]
        np.testing.assert_allclose(found[row], expected, atol=1e-12)
