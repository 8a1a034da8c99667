"""Difficult frames: ranked by the command line, listed with what the project has of them."""

import time

import numpy as np
import pytest

from lightning_pose.cli.main import main
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses
from lightning_pose.frames.ranking import pick
from lightning_pose.frames.ranking_file import read_ranking
from lightning_pose.projects.jobs import jobs, start_job
from tests.apps.api.conftest import NAMES, SESSION, VIEWS, make_project, rig, world

FRAMES = 400
WRONG = {50: "left", 180: "top", 333: "right"}  # frame to the view in which the nose is wrong


def predict(folder, seeds=(0, 1), wrong=None):
    """Write the predictions of an ensemble: the truth with a little noise, in some frames wrong in a view."""
    rng = np.random.default_rng(5)
    moving = world().points[:1] + 20 * np.sin(np.arange(FRAMES) / 20)[:, None, None]
    pixels = rig().project(moving)
    for seed in seeds:
        for v, view in enumerate(VIEWS):
            points = pixels[v] + rng.normal(0, 0.3, pixels[v].shape)
            for frame, name in (WRONG if wrong is None else wrong).items():
                if name == view:
                    points[frame, 0] += 30
            sure = np.full(points.shape[:2], 0.9)
            poses = Poses(NAMES, points, np.arange(FRAMES), likelihood=sure)
            write_poses(folder / "video_preds" / f"{SESSION}_{view}_rng={seed}.csv", poses)


@pytest.fixture
def predicted(tmp_path):
    """Return a project with the predictions of an ensemble."""
    folder = make_project(tmp_path / "mice")
    predict(folder / "models" / "m")
    return folder


def ranked(folder):
    """Rank as a user of the shell does."""
    words = ["report", str(folder / "models" / "m"), "--project", str(folder), "--only_ranking"]
    assert main(words) == 0


def sources(browser):
    return {one["name"]: one["id"] for one in browser.get(f"/recordings/{SESSION}")["sources"]}


def ask(browser, source):
    return browser.get(f"/recordings/{SESSION}/difficult?source={source}")


def address(source):
    return f"/recordings/{SESSION}/difficult?source={source}"


def test_what_the_shell_ranked_is_listed_for_each_network_of_the_ensemble(open_browser, predicted):
    browser = open_browser(predicted)
    names = sources(browser)
    first = names["models/m · seed 0"]
    assert ask(browser, first) == {
        "state": "absent", "progress": 0.0, "frames": [], "stale": False, "fault": "",
    }  # fmt: skip
    ranked(predicted)
    found = ask(browser, first)
    assert (found["state"], found["stale"]) == ("ready", False)
    worst = {one["frame"]: one for one in found["frames"][:3]}
    assert {frame: one["view"] for frame, one in worst.items()} == WRONG
    assert all(one["keypoint"] == "nose" and "views put it" in one["reasons"][0] for one in worst.values())
    saved = read_ranking(predicted / "models" / "m" / "reports" / f"{SESSION}.json")
    assert saved is not None
    assert [one["frame"] for one in found["frames"]] == [
        one.frame for one in pick(saved.candidates, 100, exclude={3, 10})
    ]
    assert ask(browser, names["models/m · seed 1"]) == found


def test_other_predictions_make_it_stale_until_they_are_ranked_again(open_browser, predicted):
    browser = open_browser(predicted)
    source = sources(browser)["models/m · seed 0"]
    ranked(predicted)
    predict(predicted / "models" / "m", wrong={222: "top"})
    assert ask(browser, source)["stale"] is True
    ranked(predicted)
    found = ask(browser, source)
    assert (found["stale"], found["frames"][0]["frame"]) == (False, 222)


def test_frames_that_are_labeled_or_queued_say_so_and_their_neighbours_are_not_listed(open_browser, tmp_path):
    folder = make_project(tmp_path / "mice", more=14)  # frames 20 to 33 are labeled too
    predict(folder / "models" / "m", wrong={30: "left", 42: "top", 333: "right"})
    ranked(folder)
    browser = open_browser(folder)
    source = sources(browser)["models/m · seed 0"]
    found = {one["frame"]: one for one in ask(browser, source)["frames"]}
    assert found[30]["labeled"] and not found[30]["queued"] and 42 not in found
    assert not found[333]["labeled"]


@pytest.mark.slow
def test_a_ranking_that_is_started_runs_by_itself_and_is_there_at_the_end(open_browser, predicted):
    browser = open_browser(predicted)
    source = sources(browser)["models/m · seed 1"]
    job = browser.post(address(source), {})["job"]
    assert browser.post(address(source), {})["job"] == job  # not a second one
    assert ask(browser, source)["state"] == "running"
    end = time.monotonic() + 60
    while ask(browser, source)["state"] == "running" and time.monotonic() < end:
        time.sleep(0.2)
    found = ask(browser, source)
    assert found["state"] == "ready" and {one["frame"] for one in found["frames"][:3]} == set(WRONG)


def test_why_a_ranking_failed_is_said(open_browser, predicted):
    browser = open_browser(predicted)
    source = sources(browser)["models/m · seed 0"]
    title = f"Difficult frames of {SESSION}, models/m"
    job = start_job(predicted, "rank", title, ["sh", "-c", "echo 'error: no room'; exit 2"])
    end = time.monotonic() + 30
    while job.is_alive and time.monotonic() < end:
        time.sleep(0.05)
    found = ask(browser, source)
    assert (found["state"], found["fault"]) == ("failed", "no room")
    ranked(predicted)  # by hand
    assert ask(browser, source)["state"] == "ready"


def test_what_cannot_be_ranked_is_said_in_a_sentence(open_browser, predicted):
    browser = open_browser(predicted)
    source = sources(browser)["models/m · seed 0"]
    for path, status in ((address("nothing"), 404), ("/recordings/none/difficult?source=x", 404)):
        answer = browser.raw(path)
        assert answer.status_code == status and answer.json()["error"].endswith(".")
    for seed in (0, 1):
        (predicted / "models" / "m" / "video_preds" / f"{SESSION}_top_rng={seed}.csv").unlink()
    answer = browser.raw(address(source))
    assert answer.status_code == 409 and "of every view (left, right, top)" in answer.json()["error"]
    assert not jobs(predicted, "rank")
