"""Difficult frames and marks: found, gone to, sent, kept."""

import json
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from .recordings import NAMES, SESSION, open_tab, settled

pytestmark = pytest.mark.browser


def marks_on_disk(server: Any, page: Page) -> list[dict[str, Any]]:
    """Return the marks that the server has, once everything is sent."""
    page.wait_for_function(
        "() => viewer.screen.panels.marks.sheet.isSaved && !viewer.screen.panels.marks.sheet.isSaving"
    )
    address = f"http://127.0.0.1:{server.port}/api/projects/{server.id}/recordings/{SESSION}/marks"
    return page.request.get(address).json()["marks"]


def test_marks_are_made_named_moved_to_and_deleted(own, look):
    page = look(own, f"session={SESSION}")
    open_tab(page, "Marks")
    page.get_by_label("name of new marks").fill("rear <b>up</b>")
    page.evaluate("() => viewer.seek(20)")
    settled(page)
    page.locator(".tile").first.focus()
    page.keyboard.press("m")
    page.evaluate("() => viewer.setRange([30, 40])")
    page.keyboard.press("Shift+M")
    found = marks_on_disk(own, page)
    assert [(mark["frame"], mark["end"], mark["name"]) for mark in found] == [
        (20, None, "rear <b>up</b>"),
        (30, 40, "rear <b>up</b>"),
    ]
    page.get_by_label("name of the mark at frame 30").fill("groom")
    page.get_by_label("note of the mark at frame 30").fill("both paws")
    page.keyboard.press("Enter")
    second = marks_on_disk(own, page)[1]
    assert (second["name"], second["note"]) == ("groom", "both paws")
    page.get_by_role("button", name="30–40").click()
    assert settled(page) == 30
    page.get_by_role("button", name="delete the mark at frame 30").click()
    assert len(marks_on_disk(own, page)) == 1
    page.reload()
    page.wait_for_function("() => document.querySelector('.litpose-canvas')?.viewer?.marks.length === 1")


def test_marks_of_two_tabs_are_kept_and_the_same_one_is_asked_about(own, look):
    one, two = (look(own, f"session={SESSION}") for _ in range(2))
    for page, frame in ((one, 5), (two, 9)):
        page.evaluate("(frame) => viewer.screen.panels.marks.add(frame)", frame)
        marks_on_disk(own, page)
    assert [mark["frame"] for mark in marks_on_disk(own, two)] == [5, 9]
    one.evaluate("() => viewer.screen.panels.marks.sheet.pull()")
    for page, name in ((one, "mine"), (two, "yours")):
        page.evaluate(
            """(name) => {
              const { marks } = viewer.screen.panels;
              marks.edit(marks.sheet.marks[0].id, { name });
            }""",
            name,
        )
        page.wait_for_function("() => !viewer.screen.panels.marks.sheet.isSaving")
    open_tab(two, "Marks")
    two.get_by_text("Another tab has changed a mark").wait_for()
    assert marks_on_disk(own, one)[0]["name"] == "mine"
    two.get_by_role("button", name="Keep mine").click()
    assert marks_on_disk(own, two)[0]["name"] == "yours"


def test_a_mark_is_seen_by_whoever_looks_at_the_same_session(own, look):
    one, two = (look(own, f"session={SESSION}") for _ in range(2))
    one.evaluate("() => viewer.screen.panels.marks.add(5)")
    two.wait_for_function("() => viewer.marks.length === 1")  # nobody reloads, and no window gets the focus


def test_marks_leave_and_come_back_as_a_table(own, look, tmp_path):
    page = look(own, f"session={SESSION}")
    open_tab(page, "Marks")
    for frame, end in ((3, None), (10, 25)):
        page.evaluate("([frame, end]) => viewer.screen.panels.marks.add(frame, end)", [frame, end])
    with page.expect_download() as saved:
        page.get_by_role("button", name="Export CSV").click()
    path = tmp_path / "marks.csv"
    saved.value.save_as(path)
    read = pd.read_csv(path)
    assert read["frame"].tolist() == [3, 10] and read["time_s"].tolist() == pytest.approx(
        [0.1, 1 / 3], abs=1e-4
    )
    path.write_text("frame,end,name\n3,,event\n50,,rear\n500,,too far\n")
    page.locator(".panel.marks input[type=file]").set_input_files(path)
    page.wait_for_function("() => viewer.marks.length === 3")
    assert [mark["frame"] for mark in marks_on_disk(own, page)] == [3, 10, 50]
    expect(page.locator(".spoken")).to_contain_text("row 4")


def ready(count: int) -> dict[str, Any]:
    """Return a ranking as the server tells it."""
    blamed = [
        ("left", NAMES[0], "confidence 0.02"),
        ("right", NAMES[3], "jumps 30 px off its path, usually 1 px"),
    ]
    frames = []
    for i in range(count):
        view, keypoint, reason = blamed[i % 2]
        found = {"frame": 10 * i + 5, "score": 9.0 - i, "view": view, "keypoint": keypoint}
        frames.append(
            found | {"reasons": [f"{keypoint} in {view}: {reason}"], "queued": False, "labeled": i == 4}
        )
    return {"state": "ready", "progress": 1, "frames": frames, "stale": False, "fault": ""}


def pretend(page: Page, *answers: dict[str, Any]) -> list[str]:
    """Answer the page's questions for a ranking, one after the other; return the rankings that it started."""
    said, started = list(answers), []

    def answer(route: Any) -> None:
        if route.request.method == "POST":
            started.append(route.request.url)
            return route.fulfill(json={"job": "1"})
        return route.fulfill(json=said.pop(0) if len(said) > 1 else said[0])

    page.route("**/difficult?*", answer)
    page.locator(".panel.difficult").get_by_role("button", name="look again").click()
    return started


def lists(page: Page, *frames: int) -> None:
    """Wait until these frames are the ones that are listed."""
    expect(page.locator(".difficult-row .number")).to_have_text([str(frame) for frame in frames])


def test_difficult_frames_are_listed_with_their_reasons_and_gone_to(own, look):
    page = look(own, f"session={SESSION}")
    pretend(page, ready(5))
    page.locator(".difficult-row").first.wait_for()
    lists(page, 5, 15, 25, 35, 45)
    expect(page.locator(".difficult-row").first).to_contain_text("confidence 0.02")
    page.locator(".difficult-row").nth(1).click()
    assert settled(page) == 15
    assert page.evaluate("() => [viewer.view, viewer.keypoint]") == [1, 3]
    expect(page.locator(".difficult-row[aria-selected=true] .number")).to_have_text("15")
    page.get_by_label("any reason").select_option(label="jumps (2)")
    lists(page, 15, 35)
    page.keyboard.press("Escape")
    page.locator(".tile").first.focus()
    page.keyboard.press("d")
    assert settled(page) == 35
    assert page.evaluate("() => viewer.difficult") == [15, 35]
    page.get_by_label("any reason").select_option("")
    page.get_by_label("not yet labeled").check()
    page.get_by_label("order").select_option("frame")
    lists(page, 5, 15, 25, 35)


def test_a_key_sends_the_instant_to_be_labeled_and_takes_it_back(own, look):
    page = look(own, f"session={SESSION}")
    pretend(page, ready(5))
    sent: list[Any] = []

    def queue(route: Any) -> None:
        sent.append((route.request.url.rpartition("/")[2], json.loads(route.request.post_data)))
        route.fulfill(json={"added": [{"frame": 25, "id": "x"}], "faults": []})

    page.route("**/queue", queue)
    page.route("**/queue/remove", queue)
    page.locator(".difficult-row").nth(2).click()
    assert settled(page) == 25
    page.locator(".tile").first.focus()
    page.keyboard.press("q")
    page.locator(".difficult-row", has_text="to label").wait_for()
    source = page.evaluate("() => viewer.screen.panels.difficult.source.value")
    assert sent == [("queue", {"session": SESSION, "frames": [25], "source": source, "who": ""})]
    page.keyboard.press("q")
    page.wait_for_function("() => !document.querySelector('.badge.sent')")
    assert sent[1] == ("remove", {"session": SESSION, "frames": [25], "who": ""})
    page.unroute("**/queue")
    page.route("**/queue", lambda route: route.fulfill(status=409, json={"error": "the disk is full"}))
    page.keyboard.press("q")
    page.get_by_text("frame 25: the disk is full").first.wait_for()


def test_a_ranking_is_started_watched_and_said_to_be_old(own, look):
    page = look(own, f"session={SESSION}")
    absent = {"state": "absent", "progress": 0, "frames": [], "stale": False, "fault": ""}
    running = {**absent, "state": "running", "progress": 0.4}
    failed = {**absent, "state": "failed", "fault": "rank: the tables of mouse1 are gone"}
    started = pretend(page, absent, running, failed, {**ready(3), "stale": True})
    page.get_by_role("button", name="Find difficult frames").click()
    page.get_by_text("Reading the recording, 40 %").wait_for()
    page.get_by_text("the tables of mouse1 are gone").wait_for()
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("button", name="Find again").wait_for()
    lists(page, 5, 15, 25)
    assert len(started) == 2
