"""The box of the scene."""

import numpy as np

from apps.results.bounds import world_bounds
from apps.results.sources import Source
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses


def source(path, points, kind="network"):
    write_poses(path, Poses(("nose",), points, np.arange(len(points))))
    return Source(path.stem, kind, world=path)


def walk(count=3000):
    """A point that goes round an ellipse."""
    angle = np.linspace(0, 2 * np.pi, count)
    return np.stack([100 * np.cos(angle), 40 * np.sin(angle), 5 + 0 * angle], axis=1)[:, None]


def test_the_box_holds_where_the_animal_goes_with_some_room(tmp_path):
    low, high = world_bounds([source(tmp_path / "a.csv", walk())])
    np.testing.assert_allclose(low, [-110, -50, -5], atol=2)
    np.testing.assert_allclose(high, [110, 50, 15], atol=2)


def test_lost_points_and_missing_ones_do_not_count(tmp_path):
    points = walk()
    points[::700] = 1e6
    points[5:300] = np.nan
    low, high = world_bounds([source(tmp_path / "a.csv", points)])
    assert (np.abs([low, high]) < 120).all()


def test_the_smoother_is_asked_first_and_tables_that_cannot_be_read_are_passed_over(tmp_path):
    network = source(tmp_path / "a.csv", walk() + 1000)
    smoother = source(tmp_path / "b.csv", walk(), "smoother")
    assert world_bounds([network, smoother])[1][0] < 200
    smoother.world.write_text("")
    assert world_bounds([network, smoother])[1][0] > 1000
    network.world.unlink()
    assert world_bounds([network, smoother]) is None


def test_without_a_single_point_there_is_no_box(tmp_path):
    assert world_bounds([source(tmp_path / "a.csv", np.full((9, 1, 3), np.nan))]) is None
    assert world_bounds([]) is None


def test_a_short_recording_has_a_box(tmp_path):
    assert world_bounds([source(tmp_path / "a.csv", walk(2))]) is not None
