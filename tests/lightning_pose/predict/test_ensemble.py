"""What members say together, in closed form."""

import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.predict.ensemble import combine


def member(points: np.ndarray, likelihood: float) -> dict[str, Poses]:
    table = Poses(("a",), points, np.arange(len(points)), likelihood=np.full(points.shape[:2], likelihood))
    return {"cam1": table, "cam2": table}


def test_members_are_joined_by_median_mean_and_variance():
    points = np.zeros((2, 1, 2))
    members = [member(points + shift, sure) for shift, sure in ((0.0, 0.2), (1.0, 0.4), (5.0, 0.9))]
    found = combine(members)
    assert found.xy.shape == (2, 2, 1, 2)
    np.testing.assert_allclose(found.xy, 1.0)
    np.testing.assert_allclose(found.confidence, 0.5)
    np.testing.assert_allclose(found.spread, np.var([0, 1, 5], ddof=1))


def test_a_missing_point_is_no_vote():
    there, gone = np.zeros((1, 1, 2)), np.full((1, 1, 2), np.nan)
    found = combine([member(there, 0.2), member(gone, 0.0), member(there + 2, 0.6)])
    np.testing.assert_allclose(found.xy, 1.0)
    np.testing.assert_allclose(found.confidence, 0.4)
    np.testing.assert_allclose(found.spread, 2.0)
    alone = combine([member(gone, 0.0), member(there + 2, 0.6)])
    np.testing.assert_allclose(alone.xy, 2.0)
    np.testing.assert_allclose(alone.spread, 0.0)


def test_a_single_member_stands_for_itself():
    found = combine([member(np.ones((1, 1, 2)), 0.3)])
    assert found.spread is None
    np.testing.assert_allclose(found.confidence, 0.3)


def test_views_of_different_lengths_do_not_belong_together():
    views = member(np.ones((3, 1, 2)), 0.3)
    views["cam2"] = views["cam2"].rows(slice(0, 2))
    with pytest.raises(DataError, match="do not belong together"):
        combine([views])
