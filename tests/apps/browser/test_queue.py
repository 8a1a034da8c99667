"""The labeling queue by hand: sent in one tab, labeled in another, with the predictions it was found by."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses
from lightning_pose.core.video import VideoWriter

from .conftest import NAMES, SESSION, SIZE, VIEWS, Labeler, Server, make_project

pytestmark = pytest.mark.browser

LENGTH, WANTED = 26, 21


def add_recording(folder: Path) -> None:
    """Write the videos of the session, and the predictions of two networks: seed s says x = 50 + 10 s."""
    for v, view in enumerate(VIEWS):
        with VideoWriter(folder / "videos" / f"{SESSION}_{view}.mp4", *SIZE, fps=30) as writer:
            for frame in range(LENGTH):
                writer.write(np.full((SIZE[1], SIZE[0], 3), 20 + 8 * frame, dtype=np.uint8))
        for seed in (0, 1):
            points = np.empty((LENGTH, len(NAMES), 2))
            points[..., 0] = 50 + 10 * seed
            points[..., 1] = 40 + 20 * np.arange(len(NAMES)) + v
            poses = Poses(NAMES, points, np.arange(LENGTH), likelihood=np.full(points.shape[:2], 0.5))
            write_poses(folder / "models/m/video_preds" / f"{SESSION}_{view}_rng={seed}.csv", poses)


@pytest.fixture
def filmed(tmp_path, monkeypatch):
    """A server on a project with a recording that two networks have predicted."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = make_project(tmp_path / "mice")
    add_recording(folder)
    running = Server(folder)
    yield running
    running.stop()


def send(labeler: Labeler, frame: int, who: str = "Ada") -> Any:
    """Put a frame into the queue as the viewer does, by the predictions of seed 1."""
    recording = labeler.run("page.api.call('GET', argument)", f"/recordings/{SESSION}")
    source = next(one["id"] for one in recording["sources"] if one["name"].endswith("seed 1"))
    body = {"session": SESSION, "frames": [frame], "source": source, "who": who}
    return labeler.run("page.api.call('POST', '/queue', argument)", body)


def test_a_queued_frame_comes_with_its_proposals_and_leaves_once_they_are_confirmed(context, filmed):
    labeler, viewer = (Labeler(context().new_page(), filmed) for _ in range(2))
    answer = send(viewer, WANTED)
    assert answer["faults"] == []
    (added,) = answer["added"]
    labeler.until(f"page.rows.rowOf('{added['id']}') >= 0")  # it hears of the frame, nobody reloads
    labeler.page.get_by_role("button", name="Queue", exact=True).click()
    rows = labeler.page.locator(".row")
    expect(rows).to_have_count(1)
    expect(rows.locator("svg.queued")).to_have_count(1)
    rows.click()
    labeler.until(f"page.frame?.id === '{added['id']}'")
    labeler.ready()
    box = labeler.page.locator(".remarks .queued")
    expect(box).to_contain_text("Ada")
    expect(box).to_contain_text("models/m · seed 1")
    labeler.until("String(page.proposalOf(1, 2)) === '60,81,0.5'")
    assert labeler.run("page.labels.count(page.target)") == 0  # not labels before somebody confirms them
    labeler.press("Shift+P")
    labeler.saved()
    store = filmed.store
    cell = store.cells(added["id"])["right"]["spine"]
    assert (cell.x, cell.y, cell.origin) == (60, 40 + 3 * 20 + 2, "confirmed")
    box.wait_for(state="hidden")
    assert not any(store.frames().queued)
    labeler.until("page.rows.isQueued(page.rows.rowOf(page.target)) === false")
    assert not labeler.faults and not viewer.faults


def test_a_key_takes_a_frame_out_of_the_queue_and_it_stays_to_be_labeled(context, filmed):
    labeler = Labeler(context().new_page(), filmed)
    (added,) = send(labeler, WANTED)["added"]
    labeler.until(f"page.rows.rowOf('{added['id']}') >= 0")
    labeler.run("page.open(argument)", added["id"])
    labeler.ready()
    labeler.page.locator(".remarks .queued").wait_for()
    labeler.press("Shift+K")
    labeler.page.locator(".remarks .queued").wait_for(state="hidden")
    assert filmed.store.frames().queued == [False] * 4
    assert filmed.store.queue.entry(added["id"]).queued is False
    labeler.press("Shift+K")
    expect(labeler.page.locator(".spoken")).to_contain_text("not in the labeling queue")


def test_a_frame_of_the_project_that_is_queued_gets_its_proposals_in_an_open_tab(context, filmed):
    labeler = Labeler(context().new_page(), filmed)  # on the first frame, with the newest predictions
    filmed.soon(lambda: labeler.run("page.proposalOf(0, 0)") is not None)
    send(labeler, 3)
    labeler.page.locator(".remarks .queued").wait_for()
    expect(labeler.page.locator(".remarks .queued")).to_contain_text("seed 1")
    labeler.until("page.proposalOf(0, 0)?.[0] === 60")


def test_flags_and_notes_of_another_are_seen_and_a_note_that_is_being_written_stays(context, filmed):
    one, two = (Labeler(context().new_page(), filmed) for _ in range(2))
    two.press("Shift+N")
    two.page.keyboard.type("mine")
    one.press("k", "Shift+N")
    one.page.keyboard.type("theirs")
    one.press("Escape")
    two.until("page.frame.flagged && page.rows.columns.note[0] === 'theirs'")
    expect(two.page.get_by_label("note on this frame")).to_have_value("mine")
    two.press("Escape")
    one.until("page.frame.note === 'mine'")
    expect(one.page.get_by_label("note on this frame")).to_have_value("mine")


def test_a_conflict_names_the_other_person(context, filmed):
    one, two = (Labeler(context().new_page(), filmed) for _ in range(2))
    one.run("Object.assign(page.settings, {who: 'Grace Hopper'})")
    two.run("page.others.deafen()")
    one.click("front", 100, 100)
    one.saved()
    two.click("front", 140, 130)
    two.until("page.outbox.conflicts.size === 1")
    expect(two.page.locator(".notice.conflict")).to_contain_text("changed by Grace Hopper too")


def test_undo_goes_on_in_the_next_tab_after_one_was_closed(context, filmed):
    browser = context()
    first = Labeler(browser.new_page(), filmed)
    first.click("front", 100, 100)
    first.saved()
    first.page.close()
    second = Labeler(browser.new_page(), filmed)
    assert second.cell("front", 0)["x"] == pytest.approx(100, abs=0.6)
    second.press("Control+z")
    second.saved()
    assert filmed.cell(0, "front", "nose").state == "unlabeled"
    third = Labeler(browser.new_page(), filmed)  # beside one that is open it has nothing to undo
    assert third.run("[page.editor.history.past.length, page.editor.history.future.length]") == [0, 0]
