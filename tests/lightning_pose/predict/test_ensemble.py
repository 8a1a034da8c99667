"""What members say together, in closed form."""

import numpy as np

from lightning_pose.predict.ensemble import Consensus, combine


def combined(*members: tuple[np.ndarray, float]) -> Consensus:
    """Join members of one keypoint in two views, each with one confidence."""
    xy = np.stack([np.stack([points, points]) for points, _ in members])
    return combine(xy, np.stack([np.full(xy.shape[1:-1], sure) for _, sure in members]))


def test_members_are_joined_by_median_mean_and_variance():
    points = np.zeros((2, 1, 2))
    found = combined(*((points + shift, sure) for shift, sure in ((0.0, 0.2), (1.0, 0.4), (5.0, 0.9))))
    assert found.xy.shape == (2, 2, 1, 2)
    np.testing.assert_allclose(found.xy, 1.0)
    np.testing.assert_allclose(found.confidence, 0.5)
    np.testing.assert_allclose(found.spread, np.var([0, 1, 5], ddof=1))


def test_a_missing_point_is_no_vote():
    there, gone = np.zeros((1, 1, 2)), np.full((1, 1, 2), np.nan)
    found = combined((there, 0.2), (gone, np.nan), (there + 2, 0.6))
    np.testing.assert_allclose(found.xy, 1.0)
    np.testing.assert_allclose(found.confidence, 0.4)
    np.testing.assert_allclose(found.spread, 2.0)
    alone = combined((gone, 0.0), (there + 2, 0.6))
    np.testing.assert_allclose(alone.xy, 2.0)
    np.testing.assert_allclose(alone.spread, 0.0)
    nobody = combined((gone, 0.0), (gone, 0.0))
    assert np.isnan(nobody.xy).all() and np.isnan(nobody.confidence).all()


def test_a_single_member_stands_for_itself():
    found = combined((np.ones((1, 1, 2)), 0.3))
    assert found.spread is None
    np.testing.assert_allclose(found.confidence, 0.3)
