"""A label is where the hand put it: at any zoom, over undo, frames and reloads."""

from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
STAR = (100, 60)  # the one bright pixel of every image
WITHIN = 0.01  # px


def xy(cell: Any) -> tuple[float, float]:
    return (cell["x"], cell["y"]) if isinstance(cell, dict) else (cell.x, cell.y)


def test_a_click_on_a_pixel_that_is_seen_labels_the_centre_of_that_pixel(labeler):
    labeler.run("page.tiles[1].centre([100, 60], 9)")
    picture = cv2.imdecode(np.frombuffer(labeler.page.screenshot(), np.uint8), cv2.IMREAD_GRAYSCALE)
    box = labeler.page.locator(".tile[data-view='left'] .marks").bounding_box()
    left, top = int(box["x"]), int(box["y"])
    stage = picture[top : top + int(box["height"]), left : left + int(box["width"])]
    rows, columns = np.nonzero(stage > 200)
    middle = [(found.min() + found.max() + 1) / 2 for found in (columns, rows)]
    labeler.page.mouse.click(left + middle[0], top + middle[1])
    assert xy(labeler.cell("left", 0)) == pytest.approx(STAR, abs=0.06)  # half a pixel of the screen


@pytest.mark.parametrize("ratio", [1, 2])
def test_points_survive_undo_redo_frames_and_a_reload_at_any_zoom(enter, server, ratio):
    labeler = enter(device_scale_factor=ratio)
    wanted = [
        place_at(labeler, keypoint, scale, point)
        for keypoint, (scale, point) in enumerate(
            [(0.3, (151.3, 88.7)), (1, (200.25, 31.5)), (8, (77.123, 140.456))]
        )
    ]
    labeler.press("d")
    labeler.ready()
    labeler.click("top", 50, 50)
    labeler.press("Control+z", "Control+z")  # the second one is of the frame before
    labeler.until("page.rows.placeOf(page.target) === 0 && page.labels.count(page.target) === 2")
    labeler.saved()
    labeler.page.reload()
    labeler.ready()
    labeler.press("Control+Shift+z")
    labeler.until("page.labels.at(page.target, 0, 2).state === 'visible'")
    labeler.saved()
    names = labeler.run("page.project.keypoints")
    for keypoint, point in enumerate(wanted):
        assert xy(labeler.cell("front", keypoint)) == pytest.approx(point, abs=WITHIN)
        assert xy(server.cell(0, "front", names[keypoint])) == pytest.approx(point, abs=WITHIN)
    assert server.cell(1, "top", names[3]).state == "unlabeled"
    assert not labeler.faults


def place_at(labeler: Any, keypoint: int, scale: float, point: tuple[float, float]) -> tuple[float, float]:
    """Click on a whole pixel of the screen near a point at a zoom, and return where that is in the image."""
    labeler.run("page.tiles[0].centre(argument[0], argument[1])", [list(point), scale])
    labeler.choose("front", keypoint)
    spot = [round(value) for value in labeler.spot("front", *point)]
    zoom = labeler.run("page.tiles[0].zoom")
    box = labeler.page.locator(".tile[data-view='front'] .marks").bounding_box()
    labeler.page.mouse.click(*spot)
    x, y = (spot[0] - box["x"] - zoom["x"]) / scale - 0.5, (spot[1] - box["y"] - zoom["y"]) / scale - 0.5
    assert np.hypot(x - point[0], y - point[1]) < 0.8 / scale
    return x, y


def test_drag_and_nudge_move_a_label_and_are_undone_one_by_one(labeler, server):
    labeler.click("front", 150, 100)
    labeler.choose("front", 0)
    labeler.drag("front", (150, 100), (181, 122))
    dragged = xy(labeler.cell("front", 0))
    assert dragged == pytest.approx((181, 122), abs=0.6)
    labeler.press("ArrowRight", "Shift+ArrowDown", "Alt+ArrowLeft")
    nudged = xy(labeler.cell("front", 0))
    assert np.subtract(nudged, dragged) == pytest.approx((0.9, 10), abs=1e-9)
    labeler.saved()
    assert xy(server.cell(0, "front", "nose")) == pytest.approx(nudged)
    labeler.press("Control+z")
    assert xy(labeler.cell("front", 0)) == pytest.approx(dragged)
    labeler.press("Control+z")
    assert xy(labeler.cell("front", 0)) == pytest.approx((150, 100), abs=0.6)
    labeler.press("Control+z")
    assert labeler.cell("front", 0)["state"] == "unlabeled"
    labeler.press("Control+y", "Control+y", "Control+y")
    assert xy(labeler.cell("front", 0)) == pytest.approx(nudged)


def test_states_are_told_apart_and_saved(labeler, server):
    labeler.click("front", 100, 100)
    labeler.click("front", 120, 100, button="right")
    labeler.choose("front", 2)
    labeler.press("v")
    labeler.saved()
    states = [server.cell(0, "front", name).state for name in labeler.run("page.project.keypoints")[:4]]
    assert states == ["visible", "occluded", "absent", "unlabeled"]
    first = labeler.page.locator(".keypoint .glyph:first-child")
    glyphs = first.evaluate_all("all => all.map((one) => one.className)")
    assert glyphs[:4] == ["glyph visible", "glyph occluded", "glyph absent", "glyph unlabeled"]


def test_a_label_near_another_one_can_be_placed_and_the_other_dragged(labeler):
    scale = labeler.run("page.tiles[0].zoom.scale")
    labeler.click("front", 100, 100)
    labeler.click("front", 100 + 8 / scale, 100)  # within reach of the first, which is not meant
    assert labeler.cell("front", 1)["state"] == "visible"
    before = xy(labeler.cell("front", 1))
    labeler.page.keyboard.down("Control")
    labeler.click("front", 100, 100)
    labeler.page.keyboard.up("Control")
    assert labeler.run("page.k") == 0
    labeler.choose("front", 2)
    labeler.drag("front", (100 + 8 / scale, 100), (150, 150))
    assert xy(labeler.cell("front", 1)) != before
    assert labeler.cell("front", 2)["state"] == "unlabeled"


def test_a_click_beside_the_image_labels_nothing(labeler):
    labeler.run("page.tiles[0].centre([0, 0], 1)")
    labeler.click("front", -30, 20)
    assert labeler.cell("front", 0)["state"] == "unlabeled"
    expect(labeler.page.locator(".spoken")).to_contain_text("outside")
