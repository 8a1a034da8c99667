"""The cameras: what they see, how they differ, how they move between sessions."""

import cv2
import numpy as np
import pytest

from lightning_pose.core.camera import camera_centers
from lightning_pose.core.errors import ConfigError
from lightning_pose.core.rotations import rvec_from_matrix
from lightning_pose.synthetic.rig import FIELD, MOST_VIEWS, jitter_rig, make_rig


@pytest.mark.parametrize("views", [1, 2, MOST_VIEWS])
def test_every_camera_films_the_middle_of_the_arena(views, rng):
    rig = make_rig(views, (320, 240), rng)
    middle = rig.project(np.array([[0.0, 0.0, 25.0]]))[:, 0]
    assert np.abs(middle - [159.5, 119.5]).max() < 20
    across = rig.project(np.array([[0.0, 0.0, 25.0], [0.0, 0.0, 75.0]]))
    heights = across[:, 0, 1] - across[:, 1, 1]
    assert (heights > 0).all()  # up is up
    scale = rig.camera.matrix[:, 0, 0] / np.linalg.norm(camera_centers(rig.camera), axis=-1)
    np.testing.assert_allclose(scale, 240 / FIELD, rtol=0.1)


def test_focal_lengths_differ_and_lenses_bend_by_several_pixels(rng):
    rig = make_rig(6, (256, 256), rng)
    assert rig.camera.matrix[:, 0, 0].max() > 1.7 * rig.camera.matrix[:, 0, 0].min()
    points = np.random.default_rng(0).uniform(-130, 130, (200, 3))
    for view in range(6):
        c = rig.camera
        rvec, dist = rvec_from_matrix(c.rotation[view]), c.distortion[view]
        bent, straight = (
            cv2.projectPoints(points, rvec, c.translation[view], c.matrix[view], d)[0][:, 0]
            for d in (dist, dist * 0)
        )
        np.testing.assert_allclose(rig.project(points)[view], bent, atol=1e-9)
        assert np.linalg.norm(bent - straight, axis=-1).max() > 0.4
    assert np.abs(rig.camera.distortion[:, 0]).max() > 0.2


def test_a_bump_moves_the_image_by_some_pixels_and_stays_a_rig(rng):
    rig = make_rig(4, (256, 256), rng)
    bumped = jitter_rig(rig, rng)
    point = np.array([[20.0, -30.0, 40.0]])
    moved = np.linalg.norm(rig.project(point) - bumped.project(point), axis=-1)
    assert (moved > 0.3).all() and moved.max() < 40
    np.testing.assert_allclose(
        bumped.camera.rotation @ np.swapaxes(bumped.camera.rotation, 1, 2),
        np.tile(np.eye(3), (4, 1, 1)),
        atol=1e-12,
    )
    assert bumped.names == rig.names and bumped.unit == "mm"


@pytest.mark.parametrize("views", [0, MOST_VIEWS + 1])
def test_too_few_or_too_many_views_are_refused(views, rng):
    with pytest.raises(ConfigError, match=f"1 to {MOST_VIEWS} views, got {views}"):
        make_rig(views, (256, 256), rng)
