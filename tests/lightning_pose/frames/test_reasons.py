"""What is wrong is said in words, with the numbers that a person can check."""

import numpy as np
import pytest

from lightning_pose.core.skeletons import Skeleton
from lightning_pose.frames.observed import Observed, evidence_of
from lightning_pose.frames.ranking import rank_frames

BODY = Skeleton(("nose", "ear_left", "ear_right"), ((0, 1), (0, 2)), ((1, 2),))
T = 400


@pytest.fixture
def ordinary(rng):
    """Return three views in which nothing is wrong."""
    xy = np.array([[100.0, 100.0], [70.0, 60.0], [130.0, 60.0]]) + 0.2 * rng.normal(size=(3, T, 3, 2))
    distances = {
        kind: rng.gamma(4, 0.25, (3, T, 3)) for kind in ("reprojection", "smoother", "spread", "pca")
    }
    return Observed(0, xy, rng.uniform(0.9, 1, (3, T, 3)), distances, None, np.zeros((3, T, 3), dtype=bool))


def worst(seen, members=4):
    evidence = evidence_of(seen, ("top", "side", "front"), BODY, members=members)
    return rank_frames(evidence, 1)[0]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("reprojection", "38 px from where the other two views put it"),
        ("smoother", "the smoother rejects it and puts it 38 px away"),
        ("spread", "the four networks scatter by 38 px"),
        ("pca", "38 px from what poses look like"),
    ],
)
def test_every_distance_has_its_words(ordinary, kind, text):
    ordinary.distances[kind][1, 200, 2] = 38.0
    ordinary.gated[1, 200, 2] = True
    found = worst(ordinary)
    assert (found.frame, found.view, found.keypoint) == (200, "side", "ear_right")
    assert found.reasons == (f"ear_right in side: {text}",)


def test_the_strongest_is_said_first_and_other_keypoints_have_lines_of_their_own(ordinary):
    ordinary.confidence[0, 100, 1] = 0.12
    ordinary.distances["reprojection"][0, 100, 1] = 90.0
    ordinary.distances["reprojection"][2, 100, 0] = 30.0
    first, second = worst(ordinary).reasons
    assert first == "ear_left in top: 90 px from where the other two views put it; confidence 0.12"
    assert second.startswith("nose in front: 30 px")


def test_a_missing_point_is_not_found_and_a_swap_names_the_other_one(ordinary):
    ordinary.xy[2, 50, 0] = np.nan
    assert worst(ordinary).reasons == ("nose in front: not found",)
    ordinary.xy[1, 300, [1, 2]] = ordinary.xy[1, 300, [2, 1]]
    found = worst(ordinary)
    assert found.frame == 300 and "looks exchanged with ear_" in found.reasons[0]
    assert "px off its path, usually 0." in found.reasons[0]


def test_two_views_cannot_say_which_of_them_is_wrong(ordinary):
    ordinary.distances["reprojection"][:, :, 1] = np.nan
    ordinary.distances["reprojection"][:2, 70, 0] = 25.0
    ordinary.distances["reprojection"][2, 70, 0] = np.nan
    assert "25 px from where both views could agree" in worst(ordinary).reasons[0]


def test_bones_are_said_with_their_share_and_their_other_end(ordinary):
    ordinary.xy[:, 195:205, 0] += [0.0, 60.0]
    ordinary.xy[:, 195:205, 1:] += [0.0, -60.0]
    found = [r for item in rank_frames(evidence_of(ordinary, ("a", "b", "c"), BODY), 9) for r in item.reasons]
    shares = [r for r in found if "of its usual length" in r]
    assert shares and any("bone to ear_" in r or "bone to nose has 3" in r for r in shares)
