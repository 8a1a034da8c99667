"""Two people on one project: what differs is merged, what contradicts is shown, nothing is dropped."""

import pytest
from playwright.sync_api import expect

from .conftest import PAGE

pytestmark = pytest.mark.browser


def test_different_cells_of_two_tabs_are_both_kept(enter, server):
    one, two = enter(), enter()
    one.click("front", 100, 100)
    two.click("left", 80, 90)
    one.saved()
    two.saved()
    assert server.cell(0, "front", "nose").state == server.cell(0, "left", "nose").state == "visible"


def test_the_same_cell_changed_twice_shows_both_values_and_a_key_takes_mine(enter, server):
    one, two = enter(), enter()
    two.run("page.others.deafen()")  # it does not hear of the other
    one.click("front", 100, 100)
    one.saved()
    two.click("front", 140, 130)
    two.until("page.outbox.conflicts.size === 1")
    notice = two.page.locator(".notice.conflict")
    expect(notice).to_contain_text("140")
    expect(notice).to_contain_text("100")
    assert server.cell(0, "front", "nose").x == pytest.approx(100, abs=0.6)
    two.page.reload()
    two.ready()  # both values are still there
    expect(notice).to_contain_text("140")
    expect(notice).to_contain_text("100")
    two.press("y")
    two.until("page.outbox.conflicts.size === 0")
    two.saved()
    assert server.cell(0, "front", "nose").x == pytest.approx(140, abs=0.6)
    expect(notice).to_be_hidden()


def test_keeping_theirs_leaves_the_server_as_it_is(enter, server):
    one, two = enter(), enter()
    two.run("page.others.deafen()")
    one.click("front", 100, 100)
    one.saved()
    two.click("front", 140, 130)
    two.until("page.outbox.conflicts.size === 1")
    two.page.get_by_role("button", name="Keep theirs").click()
    two.until("page.outbox.conflicts.size === 0")
    assert two.cell("front", 0)["x"] == pytest.approx(100, abs=0.6)
    assert server.cell(0, "front", "nose").x == pytest.approx(100, abs=0.6)


def test_a_tab_that_was_duplicated_goes_under_a_name_of_its_own(enter):
    one = enter()
    with one.page.expect_popup() as opened:  # a window that is opened gets a copy of this one's memory
        one.page.evaluate("() => { window.open(location.href); }")
    two = opened.value
    two.wait_for_function(f"() => {PAGE}?.frame")
    assert two.evaluate(f"() => {PAGE}.client") != one.run("page.client")


def test_what_one_does_the_other_sees_and_who_is_there(enter):
    one, two = enter(), enter()
    one.run("Object.assign(page.settings, {who: 'Ada', color: '#0072b2'}) && page.others.here(page.target)")
    two.page.locator(".person", has_text="A").wait_for()
    one.click("front", 100, 100)
    two.until("page.labels.at(page.target, 0, 0).state === 'visible'")
    assert two.cell("front", 0)["x"] == pytest.approx(100, abs=0.6)
    two.choose("front", 0)
    two.drag("front", (100, 100), (120, 90))  # with what it has heard there is no conflict
    two.saved()
    one.until("page.labels.at(page.target, 0, 0).x > 110")
    assert two.run("page.outbox.conflicts.size") == 0


def test_label_files_that_another_program_changed_are_shown_and_taken_in(labeler, server):
    labeler.click("front", 100, 100)
    labeler.saved()
    server.store.materialise()
    path = server.folder / "CollectedData_left.csv"
    lines = path.read_text().splitlines()
    cells = lines[3].split(",")
    cells[1:3] = ["55.5", "66.25"]
    path.write_text("\n".join([*lines[:3], ",".join(cells), *lines[4:], ""]))
    labeler.page.locator(".notice.files").wait_for()
    expect(labeler.page.locator(".notice.files")).to_contain_text("1 label.")
    labeler.page.get_by_role("button", name="See the differences").click()
    row = labeler.page.locator("dialog tbody tr", has_text="55.5, 66.3")
    expect(row).to_contain_text("nose")
    labeler.page.get_by_role("button", name="Take the changes in").click()
    labeler.until("page.labels.at(page.target, 1, 0).x === 55.5")
    assert server.cell(0, "left", "nose").y == 66.25
    expect(labeler.page.locator(".notice.files")).to_be_hidden()
