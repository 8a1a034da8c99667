"""No edit is lost: not by closing the tab, not by a server that dies, not without a network."""

import numpy as np
import pytest
from playwright.sync_api import expect

from lightning_pose.core.tables import read_labels

from .conftest import Labeler, make_project
from .person import program

pytestmark = pytest.mark.browser


def test_an_edit_is_on_the_disk_before_it_is_called_saved(labeler, server):
    labeler.click("front", 100, 100)
    labeler.saved()
    cell = server.cell(0, "front", "nose")
    assert (cell.state, cell.origin) == ("visible", "manual")
    expect(labeler.page.locator(".saved")).to_have_text("Saved")


def test_a_tab_that_is_closed_right_after_a_click_has_saved_it(labeler, server):
    labeler.click("front", 100, 100)
    labeler.choose("top", 4)
    labeler.click("top", 90, 80)
    labeler.page.wait_for_timeout(5)
    labeler.page.close()
    server.soon(lambda: server.cell(0, "front", "nose").state == "visible")
    server.soon(lambda: server.cell(0, "top", "tail").state == "visible")


def test_a_server_that_was_killed_and_started_again_gets_every_edit_once(labeler, server):
    labeler.click("front", 100, 100)
    labeler.saved()
    server.stop()
    labeler.click("front", 120, 110)
    labeler.choose("front", 0)
    labeler.drag("front", (100, 100), (60, 50))
    banner = labeler.page.locator(".notice.unsaved")
    banner.wait_for(state="visible")
    expect(banner).to_contain_text("2 edits not saved")
    server.start()
    labeler.saved()
    banner.wait_for(state="hidden")
    assert server.cell(0, "front", "nose").x == pytest.approx(60, abs=0.6)
    names = labeler.run("page.project.keypoints")
    assert server.cell(0, "front", names[1]).x == pytest.approx(120, abs=0.6)


def test_a_program_that_is_killed_while_its_user_labels_has_every_edit_when_it_is_back(context, tmp_path):
    folder = make_project(tmp_path / "mice")
    places = [(40 + 20 * step, 50 + 10 * step) for step in range(10)]
    with program(folder) as app:
        labeler = Labeler(context().new_page(), app)
        for x, y in places[:5]:
            labeler.click("front", x, y)
        app.process.kill()  # with edits on their way
        app.process.wait()
    labeler.choose("top", 0)
    for x, y in places[5:]:
        labeler.click("top", x, y)
    assert labeler.run("page.outbox.size") >= 5
    with program(folder, app.port):
        labeler.saved()
    front, top = (read_labels(folder / f"CollectedData_{view}.csv").points for view in ("front", "top"))
    assert np.abs(np.concatenate([front[0], top[0]]) - places).max() < 0.6
    assert np.isnan(front[1:]).all()


def test_edits_made_offline_are_kept_over_a_closed_tab_and_saved_by_the_next(enter, server):
    first = enter()
    browser = first.page.context
    browser.set_offline(True)
    first.click("front", 100, 100)
    first.click("front", 140, 120)
    first.page.locator(".notice.unsaved").wait_for()  # the attempt to save has failed
    first.run("page.outbox.farewell = () => {}")  # which could arrive as soon as the network is back
    first.page.close()
    browser.set_offline(False)
    assert server.cell(0, "front", "nose").state == "unlabeled"
    second = enter(browser)
    second.saved()
    assert server.cell(0, "front", "nose").x == pytest.approx(100, abs=0.6)
    assert second.cell("front", 0)["state"] == "visible"


def test_an_edit_that_the_server_refuses_is_named_and_does_not_hold_up_the_others(labeler, server):
    labeler.click("front", 100, 100)
    labeler.saved()
    labeler.run(
        "page.outbox.put([{frame: page.target, view: 'front', keypoint: 'gone', x: 1, y: 2, state: 'visible',"
        " origin: 'manual', base: 0}])"
    )
    labeler.click("left", 50, 60)
    labeler.saved()
    refused = labeler.page.locator(".notice.refused")
    expect(refused).to_contain_text("gone")
    names = labeler.run("page.project.keypoints")
    server.soon(lambda: any(server.cell(0, "left", name).state == "visible" for name in names))
    refused.get_by_role("button").click()
    refused.wait_for(state="hidden")


def test_labeling_moves_on_over_frames_without_waiting_for_the_server(labeler, server):
    labeler.run("page.archive.know(page.rows.columns.id[1], [])")
    labeler.page.route("**/labels", lambda route: labeler.page.wait_for_timeout(300) or route.continue_())
    labeler.click("front", 100, 100)
    labeler.press("d")
    labeler.ready()
    labeler.click("front", 50, 50)
    labeler.saved()
    names = labeler.run("page.project.keypoints")
    assert server.cell(0, "front", "nose").state == "visible"
    assert any(server.cell(1, "front", name).state == "visible" for name in names)
