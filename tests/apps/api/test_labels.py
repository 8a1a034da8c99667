"""Edits: applied once, durable, and refused where they make no sense."""

import pytest

from apps.labels import LabelStore
from tests.apps.api.conftest import VIEWS, WRITE

GOOD = {
    "id": "1", "frame": "f", "view": "top", "keypoint": "nose", "x": 1.0, "y": 2.0, "state": "visible",
    "origin": "manual", "base": 0,
}  # fmt: skip


def test_an_edit_is_applied_and_read_back(browser):
    frame = browser.frame_ids[2]
    result = browser.place(frame, "top", "nose", (12.25, 7.125))
    assert result["status"] == "applied"
    cell = browser.get(f"/frames/{frame}")["cells"]["top"]["nose"]
    assert cell == [12.25, 7.125, "visible", "manual", result["cell"][4]]
    assert browser.get("/frames")["labeled"] == [12, 12, 1]


def test_an_acknowledged_edit_is_on_the_disk(browser, labeled):
    frame = browser.frame_ids[2]
    browser.place(frame, "top", "nose", (12.25, 7.125))
    with LabelStore.open(labeled, read_only=True) as other:
        assert other.cells(frame)["top"]["nose"][:2] == (12.25, 7.125)


def test_an_edit_of_what_another_has_changed_is_a_conflict_that_tells_the_value(browser):
    frame = browser.frame_ids[2]
    browser.place(frame, "top", "nose", (1, 2))
    operation = {**GOOD, "id": "other", "frame": frame, "x": 9, "y": 9}
    body = {"client": "second tab", "who": "Ben", "operations": [operation]}
    result = browser.post("/labels", body)["results"][0]
    assert result["status"] == "conflict"
    assert result["cell"][:2] == [1, 2]
    assert result["who"] == "Ada"


def test_the_history_tells_who_did_what(browser):
    frame = browser.frame_ids[2]
    first = browser.place(frame, "top", "nose", (1, 2))
    browser.place(frame, "top", "nose", (3, 4), base=first["cell"][4])
    changes = browser.get(f"/history?frame={frame}&view=top&keypoint=nose")["changes"]
    assert [change["cell"][:2] for change in changes] == [[1, 2], [3, 4]]
    assert {change["who"] for change in changes} == {"Ada"}


def test_a_note_and_a_flag_stay(browser):
    frame = browser.frame_ids[1]
    words = "paw hidden? <b>ask</b>"
    browser.post(f"/frames/{frame}/note", {"flagged": True, "note": words, "who": "Ada"}, "PUT")
    said = browser.get("/frames")
    assert said["flagged"] == [False, True, False]
    assert said["note"][1] == words
    browser.post(f"/frames/{frame}/note", {"flagged": False, "note": None, "who": "Ada"}, "PUT")
    assert browser.get(f"/frames/{frame}")["note"] == words


@pytest.mark.parametrize(
    "wrong",
    [
        {"x": "1"}, {"x": True}, {"x": [1]}, {"state": "seen"}, {"state": None}, {"origin": "guess"},
        {"base": -1}, {"base": 1.5}, {"id": 7}, {"id": "x" * 201}, {"view": None}, {"keypoint": {"a": 1}},
        {"seq": "1"},
    ],
)  # fmt: skip
def test_an_operation_that_is_none_is_refused_with_its_place(browser, wrong):
    body = {"client": "tab", "who": "Ada", "operations": [GOOD, {**GOOD, **wrong}]}
    error = browser.post("/labels", body, status=400)["error"]
    assert f"operations[1].{next(iter(wrong))}" in error


@pytest.mark.parametrize(
    "body", [None, [], "x", {}, {"operations": []}, {"operations": {}, "who": "a", "client": "b"}, {"who": 1}]
)
def test_a_body_of_another_shape_is_refused(browser, body):
    assert browser.post("/labels", body, status=400)["error"]


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"x": Infinity}', "[" * 100_000, '{"x": 1e999}', "\xff"])
def test_what_is_no_json_is_refused(browser, text):
    answer = browser.client.post(browser.home + "/labels", headers=WRITE, content=text.encode("latin-1"))
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_too_many_operations_at_once_are_refused(browser):
    body = {"client": "tab", "who": "Ada", "operations": [GOOD] * 5000}
    assert browser.post("/labels", body, status=400)["error"]


def test_cells_that_are_not_there_are_told_and_the_others_are_applied(browser):
    frame = browser.frame_ids[2]
    operations = [
        {**GOOD, "id": "a", "frame": "gone"},
        {**GOOD, "id": "b", "frame": frame, "view": "behind"},
        {**GOOD, "id": "c", "frame": frame, "keypoint": "wing"},
        {**GOOD, "id": "d", "frame": frame},
    ]
    body = {"client": "tab", "who": "Ada", "operations": operations}
    results = browser.post("/labels", body)["results"]
    assert [result["status"] for result in results] == ["refused", "refused", "refused", "applied"]
    assert all(result["reason"] for result in results[:3])


def test_every_view_can_be_labeled(browser):
    for view in VIEWS:
        assert browser.place(browser.frame_ids[2], view, "tail", (5, 6))["status"] == "applied"


def test_a_number_that_no_coordinate_can_be_is_refused_in_words(browser):
    operation = {**GOOD, "frame": browser.frame_ids[0], "x": 10**400}
    said = browser.post("/labels", {"client": "c", "who": "", "operations": [operation]}, status=400)
    assert said["error"].startswith("operations[0].x: expected a number")
