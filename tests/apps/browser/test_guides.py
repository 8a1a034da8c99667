"""Geometry while labeling: two placed views show where a point is in the others, and say who disagrees."""

import numpy as np
import pytest
from playwright.sync_api import expect

from .conftest import VIEWS, rig, world

pytestmark = pytest.mark.browser
TRUTH = rig().project(world())  # px, views x keypoints


def place(labeler, view, keypoint, offset=(0, 0)):
    """Click where a point is, to the nearest pixel of a screen on which the image is large."""
    v = VIEWS.index(view)
    x, y = TRUTH[v, keypoint] + offset
    labeler.choose(view, keypoint)
    labeler.run("page.tiles[argument[0]].centre(argument[1], 16)", [v, [x, y]])
    labeler.click(view, x, y)
    labeler.run("page.tiles[argument].fit()", v)


def asked(labeler):
    """Wait until the geometry has answered everything."""
    labeler.until("!page.geometry.busy && !page.geometry.stale.size")


def ghost(labeler, view, keypoint):
    return labeler.run("page.geometry.shape.ghosts[argument[0]][argument[1]]", [VIEWS.index(view), keypoint])


def test_one_view_gives_curves_in_the_others_that_pass_through_the_point(labeler):
    place(labeler, "front", 0)
    asked(labeler)
    for v in (1, 2, 3):
        curve = np.array(labeler.run("page.geometry.shape.curves[argument][0]", v))
        starts, steps = curve[:-1], np.diff(curve, axis=0)
        share = ((TRUTH[v, 0] - starts) * steps).sum(1) / (steps**2).sum(1)
        nearest = starts + np.clip(share, 0, 1)[:, None] * steps
        assert np.linalg.norm(nearest - TRUTH[v, 0], axis=1).min() < 0.5
    assert labeler.run("page.geometry.shape.curves[0][0]") is None


def test_two_clicks_give_ghosts_in_the_others_and_one_key_accepts_them_all(labeler, server):
    for keypoint in (0, 3):
        place(labeler, "front", keypoint)
        place(labeler, "right", keypoint)
    asked(labeler)
    for keypoint in (0, 3):
        for view in ("left", "top"):
            found = ghost(labeler, view, keypoint)
            assert np.linalg.norm(np.subtract(found[:2], TRUTH[VIEWS.index(view), keypoint])) < 0.5
            assert labeler.cell(view, keypoint)["state"] == "unlabeled"
    labeler.press("t")
    labeler.saved()
    for name, keypoint in (("nose", 0), ("spine", 3)):
        for view in ("left", "top"):
            cell = server.cell(0, view, name)
            assert (cell.state, cell.origin) == ("visible", "derived")
            assert np.hypot(*np.subtract((cell.x, cell.y), TRUTH[VIEWS.index(view), keypoint])) < 0.5
    labeler.press("Control+z")
    labeler.saved()
    assert server.cell(0, "left", "nose").state == server.cell(0, "top", "spine").state == "unlabeled"


def place_of(cell):
    return cell.x, cell.y


def is_away(place):
    return np.linalg.norm(np.subtract(place, TRUTH[VIEWS.index("top"), 0])) > 3


def derive(labeler):
    """Place the nose in two views, and take what is proposed in the others."""
    place(labeler, "front", 0)
    place(labeler, "right", 0)
    asked(labeler)
    labeler.press("t")
    labeler.saved()


def pull(labeler):
    labeler.drag("front", tuple(TRUTH[0, 0]), tuple(TRUTH[0, 0] + (0, 12)))


def slow_geometry(labeler):
    labeler.page.route("**/geometry", lambda route: labeler.page.wait_for_timeout(300) or route.continue_())


def test_what_was_derived_follows_its_source_and_is_taken_back_with_it(labeler, server):
    derive(labeler)
    before = server.cell(0, "top", "nose")
    pull(labeler)
    asked(labeler)
    labeler.saved()
    moved = server.cell(0, "top", "nose")
    assert moved.origin == "derived"
    assert np.hypot(moved.x - before.x, moved.y - before.y) > 1
    assert (moved.x, moved.y) == pytest.approx(ghost(labeler, "top", 0)[:2], abs=0.01)
    labeler.press("Control+z")
    labeler.saved()
    back = server.cell(0, "top", "nose")
    assert (back.x, back.y) == pytest.approx((before.x, before.y), abs=1e-9)


def test_derived_points_follow_to_the_end_when_an_answer_comes_after_the_hand_has_let_go(labeler, server):
    derive(labeler)
    slow_geometry(labeler)
    pull(labeler)
    asked(labeler)
    labeler.saved()
    moved = place_of(server.cell(0, "top", "nose"))
    assert is_away(moved)
    assert moved == pytest.approx(ghost(labeler, "top", 0)[:2], abs=0.01)


def test_derived_points_follow_in_a_frame_that_was_left_before_the_answer(labeler, server):
    derive(labeler)
    slow_geometry(labeler)
    pull(labeler)
    labeler.press("d")
    x, y = TRUTH[VIEWS.index("top"), 0]
    left = "page.labels.at(page.rows.columns.id[0], 3, 0)"
    labeler.until(f"Math.hypot({left}.x - {x}, {left}.y - {y}) > 3")
    labeler.saved()
    labeler.press("a")
    labeler.until("page.frame.id === page.target")
    asked(labeler)
    assert place_of(server.cell(0, "top", "nose")) == pytest.approx(ghost(labeler, "top", 0)[:2], abs=0.01)


def test_a_derived_point_that_is_dragged_is_the_hands_from_then_on(labeler, server):
    derive(labeler)
    cell = labeler.cell("top", 0)
    labeler.choose("top", 0)
    labeler.drag("top", (cell["x"], cell["y"]), (cell["x"] + 9, cell["y"]))
    asked(labeler)
    labeler.saved()
    assert server.cell(0, "top", "nose").origin == "manual"
    assert labeler.run("page.geometry.shape.residuals[3][0]") > 0.5


def test_the_view_that_disagrees_is_named_and_its_residual_shown(labeler):
    for view in ("front", "left", "right"):
        place(labeler, view, 0)
    place(labeler, "top", 0, offset=(30, 0))
    asked(labeler)
    assert labeler.run("page.geometry.shape.suspect[0]") == "top"
    assert labeler.run("page.geometry.shape.residuals[3][0]") == pytest.approx(30, abs=1)
    labeler.page.locator(".tile[data-view='top'] .remark", has_text="disagrees").wait_for()
    expect(labeler.page.locator(".warnings")).to_contain_text("top disagrees")


def test_curves_follow_a_drag_before_it_ends(labeler):
    place(labeler, "front", 0)
    asked(labeler)
    before = labeler.run("page.geometry.shape.curves[1][0][10]")
    labeler.choose("front", 0)
    labeler.page.mouse.move(*labeler.spot("front", *TRUTH[0, 0]))
    labeler.page.mouse.down()
    labeler.page.mouse.move(*labeler.spot("front", *(TRUTH[0, 0] + (0, 40))))
    asked(labeler)
    assert labeler.run("page.geometry.shape.curves[1][0][10]") != before
    assert labeler.run("page.editor.history.past.length") == 1
    labeler.press("Escape")
    labeler.page.mouse.up()
    asked(labeler)
    assert labeler.run("page.geometry.shape.curves[1][0][10]") == before
    assert labeler.run("page.editor.history.past.length") == 1


def test_an_instant_takes_two_clicks_a_keypoint_and_one_key(labeler, server):
    keypoints = len(world())
    for view in ("front", "left"):  # the page itself goes on to the next keypoint, and to the next view
        for keypoint in range(keypoints):
            labeler.click(view, *TRUTH[VIEWS.index(view), keypoint])
    asked(labeler)
    labeler.press("t")
    labeler.saved()
    cells = server.store.cells(server.store.frames().id[0])
    assert all(cell.state == "visible" for row in cells.values() for cell in row.values())
    labeler.press("d")
    labeler.ready()
    assert labeler.run("[page.v, page.k]") == [0, 0]
