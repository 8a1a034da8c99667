"""Label files that another program changed: shown, then accepted or written over, never without a word."""

import time

import pytest

from tests.apps.api.conftest import VIEWS


@pytest.fixture
def changed(browser, labeled):
    """A browser on a project of which another program has moved the last frame's nose in one view."""
    assert browser.get("/incoming") is None
    table = labeled / "CollectedData_top.csv"
    lines = table.read_text().splitlines()
    row = lines[-1].split(",")
    lines[-1] = ",".join([row[0], "5.0", "6.0", *row[3:]])
    table.write_text("\n".join(lines) + "\n")
    return browser


def test_what_was_changed_is_shown_and_not_yet_taken(changed):
    frame = changed.frame_ids[2]
    said = changed.get("/incoming")
    [cell] = said["cells"]
    assert (cell["frame"], cell["view"], cell["keypoint"]) == (frame, "top", "nose")
    assert cell["theirs"][:2] == [5.0, 6.0]
    assert changed.get(f"/frames/{frame}")["cells"]["top"]["nose"][0] is None


def test_accepted_it_is_a_label(changed):
    said = changed.get("/incoming")
    changed.post("/incoming", {"decision": "accept", "who": "Ada", "hashes": said["hashes"]})
    cell = changed.get(f"/frames/{changed.frame_ids[2]}")["cells"]["top"]["nose"]
    assert cell[:4] == [5.0, 6.0, "visible", "imported"]
    assert changed.get("/incoming") is None


def test_rejected_the_file_is_as_it_was(changed, labeled):
    said = changed.get("/incoming")
    changed.post("/incoming", {"decision": "reject", "who": "Ada", "hashes": said["hashes"]})
    assert ",5.0,6.0" not in (labeled / "CollectedData_top.csv").read_text()
    assert changed.get("/incoming") is None


def test_a_decision_about_other_files_than_those_that_were_shown_is_refused(changed):
    body = {"decision": "accept", "who": "Ada", "hashes": {"top": "0"}}
    assert "again" in changed.post("/incoming", body, status=409)["error"]


@pytest.mark.parametrize("wrong", [{"decision": "maybe"}, {"theirs": [["a"]]}, {"theirs": "x"}])
def test_a_decision_that_is_none_is_refused(changed, wrong):
    body = {"decision": "accept", "who": "Ada", "hashes": changed.get("/incoming")["hashes"], **wrong}
    assert changed.post("/incoming", body, status=400)["error"]


def test_the_label_files_are_written_a_while_after_an_edit(browser, labeled):
    browser.place(browser.frame_ids[2], "left", "tail", (33.25, 44.5))
    texts = ["\n".join((labeled / f"CollectedData_{view}.csv").read_text() for view in VIEWS)]
    assert "33.25" not in texts[0]
    limit = time.monotonic() + 10
    while "33.25,44.5" not in (labeled / "CollectedData_left.csv").read_text():
        assert time.monotonic() < limit
        time.sleep(0.05)
