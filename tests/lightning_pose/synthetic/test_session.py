"""Sessions: exact truth, independent randomness, and settings that are checked."""

import numpy as np
import pytest

from lightning_pose.core.errors import ConfigError
from lightning_pose.synthetic.session import SynthConfig, in_image, make_session, simulate_truth, stream


def test_projections_triangulate_to_the_truth():
    truth = simulate_truth(4, 40, seed=1)
    back = truth.rig.triangulate(truth.projections)
    np.testing.assert_allclose(back, truth.poses.points, atol=1e-6)


def test_the_same_seed_gives_the_same_numbers_and_another_does_not():
    first, again, other = (simulate_truth(3, 20, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.poses.points, again.poses.points)
    np.testing.assert_array_equal(first.visibility, again.visibility)
    assert np.abs(first.poses.points - other.poses.points).max() > 10


def test_sessions_differ_in_animal_light_motion_and_slightly_in_cameras():
    config = SynthConfig(sessions=2, test_sessions=1, frames=20, labels=1)
    first, second, unseen = (make_session(config, index) for index in range(3))
    assert [s.name for s in (first, second, unseen)] == ["session0", "session1", "unseen0"]
    for a, b in ((first, second), (first, unseen)):
        assert a.animal != b.animal and a.light != b.light
        assert np.abs(a.truth.poses.points - b.truth.poses.points).max() > 10
        point = np.array([[0.0, 0.0, 30.0]])
        moved = np.linalg.norm(a.truth.rig.project(point) - b.truth.rig.project(point), axis=-1)
        assert (moved > 0.1).all() and (moved < 40).all()


def test_more_views_sessions_or_frames_do_not_change_the_motion():
    small = make_session(SynthConfig(views=2, sessions=1, frames=20, labels=1), 0).truth.poses.points
    large = make_session(SynthConfig(views=6, sessions=2, frames=20, labels=5), 0).truth.poses.points
    np.testing.assert_array_equal(small, large)


def test_a_view_says_what_is_seen_hidden_and_outside():
    truth = simulate_truth(2, 60, seed=2)
    view = truth.view("cam1")
    assert view.visible is not None
    inside = in_image(truth.projections[1], (256, 256))
    np.testing.assert_array_equal(view.visible == 0, ~inside)
    np.testing.assert_array_equal(view.visible == 2, truth.visibility[1])
    np.testing.assert_array_equal(view.points, truth.projections[1])


def test_the_edge_of_the_image_is_half_a_pixel_beyond_the_last_centre():
    xy = np.array([[-0.5, 0.0], [319.5, 239.5], [319.6, 0.0], [0.0, -0.6]])
    assert in_image(xy, (320, 240)).tolist() == [True, True, False, False]


def test_streams_are_independent_of_each_other_and_repeatable():
    draws = [
        stream(1, purpose, index).normal(size=500) for purpose in ("animal", "light") for index in range(2)
    ]
    assert np.abs(np.corrcoef(draws) - np.eye(4)).max() < 0.2
    np.testing.assert_array_equal(stream(1, "animal", 0).normal(size=500), draws[0])


def test_every_wrong_setting_is_named_at_once():
    with pytest.raises(ConfigError) as caught:
        SynthConfig(views=13, sessions=1, frames=10, labels=20, size=(255, 16), fps=0)
    message = str(caught.value)
    for part in ("views: expected 1 to 12, got 13", "20 instants of 10 frames", "size:", "fps:", "4 faults"):
        assert part in message
