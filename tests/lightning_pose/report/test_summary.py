"""Numbers per keypoint against numpy's."""

import numpy as np

from lightning_pose.report.summary import summarise


def test_the_columns_are_quantiles_of_all_views_or_of_one(rng):
    sure, errors = rng.uniform(0.02, 1, (2, 1001, 3)), rng.gamma(2, 3, (2, 1001, 3))
    sure[1, :100, 2] = 0.01  # missing
    sample = {"confidence": -np.log(sure), "reprojection": errors, "size": np.ones((2, 1001, 1))}
    one = {column.title: column.values for column in summarise(sample, members=1, view=1)}
    np.testing.assert_allclose(one["confidence"], np.median(sure[1], axis=0))
    np.testing.assert_allclose(one["unsure"], (sure[1] < 0.5).mean(axis=0))
    np.testing.assert_allclose(one["missing"], [0, 0, 100 / 1001])
    np.testing.assert_allclose(one["reprojection, px"], np.median(errors[1], axis=0))
    np.testing.assert_allclose(one["reprojection 95 %, px"], np.quantile(errors[1], 0.95, axis=0))
    both = {column.title: column.values for column in summarise(sample, members=1)}
    np.testing.assert_allclose(both["missing"], [0, 0, 50 / 1001])


def test_what_nobody_knows_has_no_column():
    sample = {"pca": np.full((1, 9, 2), np.nan), "jump": np.ones((1, 9, 2))}
    assert [column.title for column in summarise(sample, members=1)] == ["off its path, px"]
