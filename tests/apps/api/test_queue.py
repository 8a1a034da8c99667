"""The labeling queue through its routes: images of all views, in the store at once, nothing lost."""

import errno
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from apps.api import queue
from apps.api.places import project_id
from apps.labels import LabelStore
from lightning_pose.core.naming import image_name
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses
from tests.apps.api.conftest import FRAMES, NAMES, SESSION, VIEWS, make_project

LENGTH = 20  # frames of the videos; frame t is grey of 10 + 10 t


@pytest.fixture
def filmed(tmp_path):
    """Return a project with videos, and the predictions of two networks 5 px apart."""
    folder = make_project(tmp_path / "mice", videos=True)
    for seed, x in ((0, 20.0), (1, 25.0)):
        points = np.full((LENGTH, len(NAMES), 2), x) + np.arange(LENGTH)[:, None, None]
        poses = Poses(NAMES, points, np.arange(LENGTH), likelihood=np.full(points.shape[:2], 0.5))
        for view in VIEWS:
            write_poses(folder / "models/m/video_preds" / f"{SESSION}_{view}_rng={seed}.csv", poses)
    return folder


@pytest.fixture
def browser(open_browser, filmed):
    return open_browser(filmed)


def send(browser, *frames, source="", who="Ada", status=200, session=SESSION):
    body = {"session": session, "frames": list(frames), "source": source, "who": who}
    return browser.post("/queue", body, status=status)


def waiting(browser):
    """Return the numbers of the frames in the queue."""
    table = browser.get("/frames")
    return [index for index, queued in zip(table["index"], table["queued"], strict=True) if queued]


def grey(folder: Path, view: str, frame: int) -> float:
    image = cv2.imread(str(folder / image_name(SESSION, view, frame)))
    assert image is not None
    return float(image.mean())


def test_an_instant_becomes_a_frame_of_all_views_with_its_neighbours(browser, filmed):
    answer = send(browser, 6)
    assert answer["faults"] == [] and [one["frame"] for one in answer["added"]] == [6]
    for view in VIEWS:
        for number in range(4, 9):
            assert grey(filmed, view, number) == pytest.approx(10 + 10 * number, abs=2)
    assert waiting(browser) == [6]
    frame = browser.get(f"/frames/{answer['added'][0]['id']}")
    assert (frame["session"], frame["index"]) == (SESSION, 6)
    assert frame["queued"]["who"] == "Ada"
    assert all(offset in frame["context"]["top"] for offset in (-2, -1, 1, 2))
    record = json.loads((filmed / "extracted" / f"{SESSION}.json").read_text())
    assert [(entry["frame"], entry["method"]) for entry in record["frames"]] == [(6, "queue")]


def test_its_proposals_are_those_of_the_predictions_that_it_was_found_by(browser):
    names = {one["name"]: one["id"] for one in browser.get(f"/recordings/{SESSION}")["sources"]}
    for frame, name, x in ((6, "models/m · seed 0", 26.0), (8, "models/m · seed 1", 33.0)):
        (added,) = send(browser, frame, source=names[name])["added"]
        found = browser.get(f"/frames/{added['id']}")
        assert found["queued"]["source"] == name
        assert found["proposals"] == {view: {key: [x, x, 0.5] for key in NAMES} for view in VIEWS}
        assert all(cell[2] == "unlabeled" for cells in found["cells"].values() for cell in cells.values())


def test_a_frame_that_the_project_has_is_queued_as_it_is(browser, filmed):
    before = {path: path.read_bytes() for path in filmed.rglob("labeled-data/**/*.png")}
    answer = send(browser, FRAMES[2])  # without labels
    assert [one["id"] for one in answer["added"]] == [browser.frame_ids[2]]
    assert {path: path.read_bytes() for path in filmed.rglob("labeled-data/**/*.png")} == before
    assert not (filmed / "extracted").exists()


def test_frames_that_cannot_be_queued_are_named_and_the_others_are(browser):
    send(browser, 6, who="Ben")
    answer = send(browser, 6, FRAMES[0], 12, 99)
    assert [one["frame"] for one in answer["added"]] == [12]
    assert any(
        fault.startswith("Frame 6 is in the queue already, put there by Ben") for fault in answer["faults"]
    )
    assert f"Frame {FRAMES[0]} is labeled already." in answer["faults"]
    assert f"Frame 99 is not in the videos: they have {LENGTH}." in answer["faults"]
    assert waiting(browser) == [6, 12]


def test_two_people_who_want_the_same_frame_at_once_get_it_once(browser, filmed):
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda who: send(browser, 6, 7, who=who), ("Ada", "Ben", "Cy")))
    assert sorted(len(answer["added"]) for answer in answers) == [0, 0, 2]
    assert waiting(browser) == [6, 7]
    record = json.loads((filmed / "extracted" / f"{SESSION}.json").read_text())
    assert [entry["frame"] for entry in record["frames"]] == [6, 7]


def test_a_frame_leaves_the_queue_when_it_is_labeled_or_taken_out(browser):
    first, second = (one["id"] for one in send(browser, 6, 12)["added"])
    for view in VIEWS:
        for name in NAMES:
            assert waiting(browser) == [6, 12]
            assert browser.place(first, view, name, (5.0, 6.0))["status"] == "applied"
    assert waiting(browser) == [12]
    body = {"session": SESSION, "frames": [12, 6], "who": "Ben"}
    assert browser.post("/queue/remove", body) == {
        "removed": [12], "faults": ["Frame 6 is not in the queue."],
    }  # fmt: skip
    assert waiting(browser) == []
    assert browser.get(f"/frames/{second}")["queued"] is None  # it is still there, to be labeled
    assert send(browser, 12)["added"][0]["id"] == second


def test_without_the_video_of_a_view_nothing_is_taken_and_the_view_is_named(browser, filmed):
    (filmed / "videos" / f"{SESSION}_top.mp4").unlink()
    said = send(browser, 6, status=409)["error"]
    assert "no video of view top" in said
    assert "There is no video of session 'other'" in send(browser, 6, session="other", status=409)["error"]
    assert waiting(browser) == [] and not list(filmed.glob("extracted/*.json"))


def test_on_a_full_disk_nothing_is_queued_and_the_same_frame_can_be_sent_again(browser, filmed, monkeypatch):
    write = Path.write_bytes

    def full(path, data):
        if "img00000008" in path.name:  # not the first one
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        assert "the disk is full" in send(browser, 6, status=409)["error"]
    assert waiting(browser) == [] and not (filmed / image_name(SESSION, "left", 6)).exists()
    assert send(browser, 6)["faults"] == []
    assert grey(filmed, "right", 8) == pytest.approx(90, abs=2)


def test_where_another_program_writes_the_labels_nothing_is_extracted(open_browser, filmed):
    with LabelStore.open(filmed):
        browser = open_browser(filmed)
        assert "open for reading only" in send(browser, 6, status=409)["error"]
        body = {"session": SESSION, "frames": [6], "who": "Ada"}
        assert "open for reading only" in browser.post("/queue/remove", body, status=409)["error"]
    assert not (filmed / "extracted").exists()


@pytest.mark.parametrize("frames", [[], "6", [1.5], [-1], [True], list(range(queue.MOST + 1))])
def test_what_are_no_frames_is_refused(browser, frames):
    body = {"session": SESSION, "frames": frames, "who": "Ada"}
    assert "frames: expected" in browser.post("/queue", body, status=400)["error"]


def test_predictions_that_are_gone_are_said(browser):
    assert "not there any more" in send(browser, 6, source="0123456789ab", status=404)["error"]
    assert project_id(browser.folder) in browser.home
