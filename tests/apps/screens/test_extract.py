"""The extraction page: choose, look, write, label."""

import json
import shutil
import time
from pathlib import Path

import pytest

from apps.api.desk import desk_of
from apps.screens.extract import Wish, choose_frames, first_extracted, write_frames
from lightning_pose.core.errors import PoseError
from lightning_pose.core.project import open_project
from lightning_pose.frames.extraction import extracted_frames
from lightning_pose.frames.plan_file import read_plans
from lightning_pose.projects.jobs import jobs

from ..conftest import SESSION


def wait(job):
    """Wait until a job has ended, and return it."""
    limit = time.monotonic() + 60
    while job.state == "running":
        assert time.monotonic() < limit
        time.sleep(0.05)
    assert job.state == "done", job.tail()
    return job


def button(page, label: str):
    return next(one for one in page.button if one.label.startswith(label))


def test_a_project_without_videos_says_what_to_do(draw, empty):
    assert "No recording yet" in draw(empty, "extract").info[0].value


def test_a_broken_project_can_be_looked_at(draw, broken):
    assert button(draw(broken, "extract"), "Choose")


def test_without_predictions_none_can_be_wrong(draw, healthy):
    page = draw(healthy, "extract")
    page.radio[0].set_value("difficult").run()
    assert not page.exception and button(page, "Choose").disabled
    assert any("No predictions were found" in element.value for element in page.caption)


def test_predictions_are_offered_by_where_they_are(draw, demo_folder, tmp_path):
    folder = Path(shutil.copytree(demo_folder, tmp_path / "demo"))
    page = draw(folder, "extract")
    page.radio[0].set_value("difficult").run()
    assert not page.exception
    assert page.selectbox[0].options == ["models/demo"]


@pytest.mark.parametrize(
    "wish",
    [
        Wish(("s",), "list"),
        Wish(("s",), "list", listed="ten"),
        Wish(("s",), "uniform", frames=0),
        Wish(("s",), "difficult"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_before_anything_starts(healthy, wish):
    with pytest.raises(PoseError):
        choose_frames(open_project(healthy), wish)
    assert jobs(healthy) == []


def test_a_wish_becomes_the_arguments_of_the_program():
    words = Wish(("a", "b"), "list", listed="3-5", context=1).words()
    assert words[:2] == ["--method", "list"]
    assert words[words.index("--list") + 1] == "3-5"
    assert words[words.index("--context") + 1] == "1" and words[-3:] == ["--sessions", "a", "b"]
    words = Wish(("a",), "difficult", frames=7, predictions=Path("models/m")).words()
    assert words[words.index("--total") + 1] == "7" and "--frames" not in words


@pytest.mark.slow
def test_frames_are_chosen_looked_at_written_and_wait_to_be_labeled(draw, healthy):
    page = draw(healthy, "extract")
    page.radio[0].set_value("uniform").run()
    page.number_input[0].set_value(3).run()
    page.multiselect[0].set_value(["mouse1"]).run()
    button(page, "Choose").click().run()
    assert not page.exception
    job = wait(jobs(healthy)[0])
    assert not (healthy / "extracted" / "mouse1.json").exists()
    page = draw(healthy, "extract")
    assert job.file("sheet.jpg").is_file()
    pills = page.button_group[0]
    numbers = pills.value
    assert len(numbers) == 3
    pills.set_value(numbers[:2]).run()
    button(page, "Extract 2 frames").click().run()
    assert not page.exception
    written = wait(jobs(healthy)[0])
    assert written.id != job.id and first_extracted(written.file("plan.json")) == ("mouse1", numbers[0])
    assert extracted_frames(open_project(healthy), "mouse1") == set(numbers[:2])
    page = draw(healthy, "extract")
    assert "wait on the labeling page" in page.success[0].value
    (served,) = desk_of(healthy).opened()
    table = served.frames()[0]
    assert list(zip(table.session, table.index, strict=True))[-2:] == [("mouse1", n) for n in numbers[:2]]


@pytest.mark.slow
def test_what_was_taken_out_of_a_choice_is_not_written(healthy):
    project = open_project(healthy)
    job = wait(choose_frames(project, Wish((SESSION,), "list", listed="1,5,9", context=0)))
    (plan,) = read_plans(job.file("plan.json"), project)
    wait(write_frames(project, [plan._replace(picks=plan.picks[1:])]))
    record = json.loads((healthy / "extracted" / f"{SESSION}.json").read_text())
    assert {5, 9} <= {entry["frame"] for entry in record["frames"]} and 1 not in extracted_frames(
        project, SESSION
    )
