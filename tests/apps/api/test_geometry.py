"""Geometry over the wire: the core's own numbers, by view and keypoint, null where there is nothing."""

import numpy as np
import pytest

from lightning_pose.core.camera import project_views
from lightning_pose.core.triangulate import triangulate
from tests.apps.api.conftest import NAMES, VIEWS, make_project, rig, world

NOTHING = [None] * len(NAMES)


@pytest.fixture
def pixels() -> np.ndarray:
    """Where the keypoints of the third frame are, in every view."""
    return rig().project(world().points[2])


def asked(browser, points: dict, frame: int = 2, **more) -> dict:
    body = {"seq": 7, "frame": browser.frame_ids[frame], "points": points, **more}
    return browser.post("/geometry", body)


def test_one_view_gives_a_curve_through_the_true_points_of_the_others(browser, pixels):
    said = asked(browser, {"left": [pixels[0, 0].tolist(), None, None, None]})
    assert said["seq"] == 7
    assert said["xyz"] == NOTHING
    for v, view in enumerate(VIEWS[1:], start=1):
        curve = np.array(said["curves"][view][0])
        step = np.linalg.norm(np.diff(curve, axis=0), axis=1).max()
        assert np.linalg.norm(curve - pixels[v, 0], axis=1).min() < step
        assert said["curves"][view][1:] == [None] * 3
    assert said["curves"]["left"] == NOTHING


def test_two_views_give_ghosts_to_the_last_digit_of_the_projects_own_geometry(browser, pixels, rng):
    noisy = pixels + rng.normal(0, 0.5, pixels.shape)
    said = asked(browser, {view: noisy[v].tolist() for v, view in enumerate(VIEWS[:2])})
    seen = noisy.copy()
    seen[2] = np.nan
    xyz = triangulate(seen, rig().camera)
    np.testing.assert_allclose(said["xyz"], xyz, atol=1e-9)
    ghosts = np.array(said["ghosts"]["top"])
    np.testing.assert_allclose(ghosts[:, :2], project_views(xyz, rig().camera)[2], atol=1e-9)
    assert (ghosts[:, 2] > 0).all()
    assert (ghosts[:, 2] * ghosts[:, 4] > ghosts[:, 3] ** 2).all()  # an ellipse
    assert said["ghosts"]["left"] == NOTHING


def test_the_view_that_disagrees_is_named_with_its_residual(browser, pixels):
    moved = pixels.copy()
    moved[1, 3] += (20, -15)
    said = asked(browser, {view: moved[v].tolist() for v, view in enumerate(VIEWS)})
    assert said["suspect"] == [None, None, None, "right"]
    assert said["residuals"]["right"][3] == pytest.approx(25, abs=0.1)
    assert said["residuals"]["left"][3] < 0.1
    assert said["ghosts"]["right"][3][:2] == pytest.approx(pixels[1, 3], abs=0.1)


def test_bones_are_compared_with_those_of_the_other_labeled_frames(open_browser, tmp_path, pixels):
    browser = open_browser(make_project(tmp_path / "long", more=6))
    points = world().points[2].copy()
    points[3] *= 3  # a tail far away
    far = rig().project(points)
    said = asked(browser, {view: far[v].tolist() for v, view in enumerate(VIEWS)})
    by_end = {bone["b"]: bone for bone in said["bones"]}
    assert by_end[3]["z"] > 10
    assert abs(by_end[1]["z"]) < 1
    usual = {bone["b"]: bone["median"] for bone in browser.get()["bones"]}
    assert usual[3] == pytest.approx(np.linalg.norm(world().points[0, 0] - world().points[0, 3]), rel=1e-3)


def test_a_session_without_cameras_has_nothing_to_say(open_browser, labeled):
    (labeled / "calibration.toml").unlink()
    said = asked(open_browser(labeled), {"left": [[1, 2], None, None, None]})
    assert said["xyz"] == NOTHING
    assert said["curves"] == {view: NOTHING for view in VIEWS}
    assert said["fault"] is None


def test_a_calibration_of_another_size_says_so(open_browser, labeled):
    rig().scaled_to([[320, 240]] * 3).save(labeled / "calibration.toml")
    said = asked(open_browser(labeled), {"left": [[1, 2], None, None, None]})
    assert "320 x 240" in said["fault"]
    assert said["curves"]["top"] == NOTHING


@pytest.mark.parametrize(
    "points",
    [None, [], {"behind": NOTHING}, {"left": [None]}, {"left": [[1, 2, 3], None, None, None]},
     {"left": [["1", 2], None, None, None]}, {"left": [[True, 2], None, None, None]},
     {"left": [[1e300, 2], None, None, None]}, {"left": "abcd"}],
)  # fmt: skip
def test_points_of_another_shape_are_refused(browser, points):
    body = {"seq": 1, "frame": browser.frame_ids[0], "points": points}
    assert "points" in browser.post("/geometry", body, status=400)["error"]


def test_a_frame_that_is_not_there_is_refused(browser):
    browser.post("/geometry", {"seq": 1, "frame": "gone", "points": {}}, status=404)
