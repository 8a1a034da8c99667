"""The report: residuals on the scale that was expected of them."""

import numpy as np

from eks import singlecam
from eks.report import standardised
from lightning_pose.core.poses import Poses


def test_residuals_of_a_walk_have_the_spread_that_the_smoother_expects(rng):
    truth = 50 + np.cumsum(rng.normal(0, 0.5, (600, 2, 2)), axis=0)
    members = [Poses(("a", "b"), truth + rng.normal(0, 1, truth.shape), np.arange(600)) for _ in range(3)]
    values = standardised(singlecam.smooth(members))[singlecam.CAMERA]
    assert 0.6 < values.std() < 1.0
