"""Through the frames: proposals, copies, filters, notes; one view without a calibration."""

import pytest
from playwright.sync_api import expect

from .conftest import SIZE, Labeler, Server, make_project

pytestmark = pytest.mark.browser


def test_predictions_are_proposals_until_they_are_accepted(labeler, server):
    proposals = {"front": {"nose": [80, 90, 0.9], "tail": [30, 40, 0.4]}, "top": {"nose": [70, 60, 0.8]}}
    labeler.run("(page.frame.proposals = argument, page.redraw())", proposals)
    labeler.press("d", "a")  # looking at them makes no label
    labeler.ready()
    assert labeler.run("page.labels.count(page.target)") == 0
    labeler.choose("front", 0)
    labeler.press("p")
    labeler.saved()
    assert server.cell(0, "front", "nose").origin == server.cell(0, "top", "nose").origin == "confirmed"
    assert server.cell(0, "front", "tail").state == "unlabeled"
    labeler.press("Shift+P")
    labeler.saved()
    assert (server.cell(0, "front", "tail").x, server.cell(0, "front", "tail").origin) == (30, "confirmed")


def test_what_is_missing_is_copied_from_the_frame_before_and_what_is_there_stays(labeler, server):
    labeler.click("front", 100, 100)
    labeler.click("front", 120, 80)
    labeler.press("d")
    labeler.ready()
    labeler.choose("front", 0)
    labeler.click("front", 60, 60)
    labeler.press("c")
    labeler.saved()
    names = labeler.run("page.project.keypoints")
    assert server.cell(1, "front", names[0]).x == pytest.approx(60, abs=0.6)
    assert server.cell(1, "front", names[1])[:2] == server.cell(0, "front", names[1])[:2]


def test_notes_and_flags_are_kept_and_filtered_by(labeler, server):
    labeler.press("k", "Shift+N")
    labeler.page.keyboard.type("tail hidden")  # letters are text in a text field
    labeler.press("Escape", "d")
    server.soon(lambda: server.store.frames().note[0] == "tail hidden")
    assert server.store.frames().flagged[0]
    labeler.ready()
    labeler.page.get_by_role("button", name="Flag", exact=True).first.click()
    expect(labeler.page.locator(".row")).to_have_count(1)
    labeler.page.get_by_role("button", name="All", exact=True).click()
    labeler.press("g")
    labeler.page.keyboard.type("hidden")
    labeler.press("Enter")
    labeler.until("page.rows.rowOf(page.target) === 0 && page.frame.note === 'tail hidden'")


def test_a_project_of_one_view_without_a_calibration_is_labeled_the_same_way(tmp_path, context, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    server = Server(make_project(tmp_path / "plain", calibrated=False, views=()))
    labeler = Labeler(context().new_page(), server)
    x, y = labeler.run("page.onScreen(0, 100, 60)")
    labeler.page.mouse.click(x, y)
    labeler.press("Enter", "t")
    labeler.saved()
    assert server.cell(0, "", "nose").x == pytest.approx(100, abs=1e-6)
    expect(labeler.page.locator(".space")).to_have_count(0)
    assert not labeler.faults
    server.stop()


def test_the_zoom_stays_when_the_frame_changes_and_views_follow_the_keypoint(labeler):
    labeler.run("page.tiles[0].centre([150, 100], 5)")
    before = labeler.run("page.tiles[0].zoom")
    labeler.press("d")
    labeler.ready()
    assert labeler.run("page.tiles[0].zoom") == before
    for view, place in (("front", (90, 70)), ("top", (200, 150))):
        labeler.run("page.tiles.forEach((tile) => tile.fit())")
        labeler.choose(view, 2)
        labeler.click(view, *place)
    labeler.choose("front", 2)
    labeler.run("page.tiles[0].centre([90, 70], 4)")
    labeler.press("z")
    middle = labeler.run("page.middleOf(3)")
    assert middle == pytest.approx((200, 150), abs=0.6)
    scales = labeler.run("page.tiles.map((tile) => tile.zoom.scale / tile.wholeScale)")
    assert scales[3] == pytest.approx(scales[0])


def test_a_view_shows_a_copy_of_its_size_and_the_image_itself_once_that_is_too_small(labeler):
    page, widths = labeler.page, "page.tiles.map((tile) => tile.bitmap.width)"
    page.set_viewport_size({"width": 760, "height": 460})
    page.reload()
    labeler.ready()
    first = labeler.run(widths)
    assert max(first) < SIZE[0]
    x, y = labeler.run("page.onScreen(0, 100, 60)")
    page.mouse.click(x, y)
    assert labeler.cell("front", 0)["x"] == pytest.approx(
        100, abs=2
    )  # a pixel of the screen is two of the image
    labeler.press("d")
    labeler.ready()
    assert labeler.run(widths) == first  # no more than is seen is fetched
    labeler.run("page.tiles[0].centre([100, 60], 4)")
    labeler.until(f"page.tiles[0].bitmap.width === {SIZE[0]}")
    assert labeler.run(widths)[1:] == first[1:]
    labeler.press("d")
    labeler.ready()
    assert labeler.run(widths) == [SIZE[0], *first[1:]]  # the zoom has stayed
    page.set_viewport_size({"width": 1280, "height": 720})
    labeler.until(f"page.tiles.every((tile) => tile.bitmap.width === {SIZE[0]})")


def test_a_large_image_that_cannot_be_had_leaves_the_copy_on_the_screen(labeler):
    labeler.page.set_viewport_size({"width": 760, "height": 460})
    labeler.page.reload()
    labeler.ready()
    labeler.page.route("**/image/**", lambda route: route.abort())
    labeler.run("page.tiles[0].centre([100, 60], 4)")
    expect(labeler.page.locator(".spoken")).not_to_be_empty()
    assert labeler.run("page.tiles[0].bitmap.width") < SIZE[0]
    labeler.page.unroute("**/image/**")
    labeler.run("page.tiles[0].centre([101, 60], 4)")
    labeler.until(f"page.tiles[0].bitmap.width === {SIZE[0]}")
