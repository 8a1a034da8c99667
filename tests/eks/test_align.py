"""Members of unequal extent on common frames."""

import numpy as np

from eks.align import align, pair_by_seed
from lightning_pose.core.poses import Poses


def poses(frames, value=0.0) -> Poses:
    return Poses(("nose",), np.full((len(frames), 1, 2), value), np.asarray(frames))


def test_frames_are_put_where_their_numbers_say():
    tables = {"a": [poses([0, 1, 2, 3], 1.0), poses([1, 3], 2.0)]}
    got = align(tables, {"a": ["x", "y"]}, {"a": [0, 1]})
    np.testing.assert_array_equal(got.frames, [0, 1, 2, 3])
    np.testing.assert_array_equal(got.points[1, 0, :, 0, 0], [np.nan, 2, np.nan, 2])
    assert got.notes == ("y lacks 2 of 4 frames; there the others count alone",)


def test_members_are_paired_by_the_seeds_in_their_names():
    members = {"cam1": ["s_cam1_rng=0.csv", "s_cam1_rng=2.csv"], "cam2": ["s_cam2_rng=2.csv"]}
    assert pair_by_seed(members) == {"cam1": [0, 1], "cam2": [1]}


def test_members_without_seeds_are_paired_in_their_order():
    assert pair_by_seed({"cam1": ["b_cam1.csv", "a_cam1.csv"], "cam2": ["c_cam2.csv"]}) == {
        "cam1": [0, 1],
        "cam2": [0],
    }
