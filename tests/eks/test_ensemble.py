"""What the members say together, against numpy's own statistics."""

import numpy as np
import pytest

from eks.ensemble import combine, plain_variance
from lightning_pose.core.errors import DataError


@pytest.mark.parametrize("members", [1, 2, 3, 4, 5])
def test_median_and_variance_pass_over_missing_members(rng, members):
    points = rng.normal(size=(members, 2, 30, 3, 2))
    points[rng.random(points.shape[:-1]) < 0.3] = np.nan
    sure = rng.random(points.shape[:-1])
    got = combine(points, sure)
    with np.testing.suppress_warnings() as quiet:
        quiet.filter(RuntimeWarning)
        np.testing.assert_allclose(got.pixels, np.nanmedian(points, axis=0))
        spread = np.nanvar(points, axis=0)
    spread[got.count < 2] = np.nan
    np.testing.assert_allclose(got.spread, spread, atol=1e-12)
    np.testing.assert_allclose(got.likelihood, sure.mean(0))


def test_the_mean_is_offered_instead_of_the_median(rng):
    points = rng.normal(size=(3, 1, 4, 2, 2))
    np.testing.assert_allclose(combine(points, None, "mean").pixels, points.mean(0))


def test_a_single_member_is_as_unsure_as_it_says(rng):
    ensemble = combine(rng.normal(size=(1, 1, 2, 1, 2)), np.array([[[[0.5], [0.0]]]]))
    np.testing.assert_allclose(plain_variance(ensemble)[0, :, 0], [[2, 2], [1e5, 1e5]])


def test_an_ensemble_that_saw_nothing_is_refused():
    with pytest.raises(DataError, match="nothing to smooth"):
        combine(np.full((2, 1, 3, 1, 2), np.nan), None)
