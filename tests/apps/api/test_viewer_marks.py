"""Marks through the routes: kept, checked, and never written over unseen."""

import json

import pytest

from tests.apps.conftest import SESSION

MARK = {
    "id": "a1", "frame": 12, "end": None, "name": "reach", "color": "#e69f00", "note": "left, <b>",
    "who": "Ada",
}  # fmt: skip


def put(viewer, base, marks, status=200):
    return viewer.post(f"/recordings/{SESSION}/marks", {"base": base, "marks": marks}, "PUT", status)


def test_marks_are_kept_in_order_of_frames(viewer, demo):
    assert viewer.get(f"/recordings/{SESSION}/marks") == {"rev": 0, "marks": []}
    span = {**MARK, "id": "b2", "frame": 3, "end": 9, "who": "Bo"}
    assert put(viewer, 0, [MARK, span]) == {"rev": 1, "marks": [span, MARK]}
    assert viewer.get(f"/recordings/{SESSION}/marks")["marks"] == [span, MARK]
    assert viewer.get(f"/recordings/{SESSION}")["marks"] == [span, MARK]
    kept = json.loads((demo / "project" / ".litpose" / "marks" / f"{SESSION}.json").read_text())
    assert kept == {"rev": 1, "marks": [span, MARK]}


def test_who_has_not_seen_the_last_marks_is_told_them(viewer):
    put(viewer, 0, [MARK])
    answer = put(viewer, 0, [], status=409)
    assert (answer["rev"], answer["marks"]) == (1, [MARK])
    assert put(viewer, 1, [])["rev"] == 2


@pytest.mark.parametrize(
    "change",
    [
        {"frame": -1}, {"frame": True}, {"frame": 2**40}, {"end": 3}, {"color": "red"}, {"name": None},
        {"note": "x" * 3000}, {"id": ""},
    ],
)  # fmt: skip
def test_what_is_no_mark_is_refused(viewer, change):
    assert "mark 1" in put(viewer, 0, [{**MARK, **change}], status=400)["error"]
    assert viewer.get(f"/recordings/{SESSION}/marks")["rev"] == 0


def test_two_marks_of_one_id_are_refused(viewer):
    assert "same id" in put(viewer, 0, [MARK, MARK], status=400)["error"]


def test_a_faulty_file_is_named_and_not_written_over(viewer, demo):
    path = demo / "project" / ".litpose" / "marks" / f"{SESSION}.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    assert path.name in put(viewer, 0, [MARK], status=409)["error"]
    assert path.read_text() == "{"
    assert viewer.get(f"/recordings/{SESSION}")["marks"] == []
