"""The quality of labels over the wire: planted mistakes come back with frame, view and keypoint."""

import time

import pytest

from apps.api import quality
from tests.apps.api.conftest import NAMES, SESSION, VIEWS, make_project, rig, world


@pytest.fixture
def browser(open_browser, tmp_path):
    """A browser on a project with many labeled frames."""
    return open_browser(make_project(tmp_path / "long", more=6))


def test_good_labels_have_nothing_wrong(browser):
    said = browser.get("/quality")
    assert said["counts"] == dict.fromkeys(("residual", "swap", "bone", "border", "double"), 0)
    assert said["labeled"] == {view: [8] * 4 for view in VIEWS}
    assert said["people"] == [{"who": "label files", "labels": 96}]


def test_a_label_far_away_is_named_with_its_frame_view_and_keypoint(browser):
    frame = browser.frame_ids[0]
    x, y = rig().project(world().points)[1, 0, 3]
    browser.place(frame, "right", "tail", (x + 30, y + 20), base=0)
    worst = browser.get("/quality")["residual"][0]
    assert (worst["frame"], worst["session"], worst["view"]) == (frame, SESSION, "right")
    assert worst["keypoints"] == ["tail"]
    assert worst["value"] == pytest.approx(36, abs=4)


def test_who_labeled_how_much(browser):
    frame = browser.frame_ids[2]
    for view in VIEWS:
        browser.place(frame, view, "nose", (20, 20))
    people = browser.get("/quality")["people"]
    assert people == [{"who": "label files", "labels": 96}, {"who": "Ada", "labels": 3}]


def test_of_very_many_frames_the_worst_and_an_even_sample_are_looked_at(browser, monkeypatch):
    monkeypatch.setattr(quality, "MOST", 2)
    frame = browser.frame_ids[4]
    browser.place(frame, "right", "tail", (5, 5))
    limit = time.monotonic() + 20
    while browser.get("/frames")["worst"][4] in (None, 0) and time.monotonic() < limit:
        time.sleep(0.1)
    said = browser.get("/quality")
    assert (said["looked_at"] <= 4, said["of"]) == (True, 8)
    assert said["residual"][0]["frame"] == frame


def test_a_project_without_labels_has_nothing_to_say(open_browser, labeled):
    for view in VIEWS:
        (labeled / f"CollectedData_{view}.csv").unlink()
    said = open_browser(labeled).get("/quality")
    assert said["people"] == []


def test_names_of_keypoints_are_data(browser):
    assert set(browser.get()["keypoints"]) == set(NAMES)
