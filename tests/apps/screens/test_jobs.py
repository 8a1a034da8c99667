"""A job on a page: while it runs, and after."""

import sys
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from apps.screens.jobs import duration, last_job, ordinal
from lightning_pose.projects.jobs import jobs, start_job, stop_job

CODE = """
import pathlib, sys, time
pathlib.Path(sys.argv[1]).write_text('{"completed": 3, "total": 4, "what": "s*1*: images"}')
print("one line", flush=True)
while not (pathlib.Path(sys.argv[2]) / "go").exists():
    time.sleep(0.01)
sys.exit(int(sys.argv[3]))
"""


def page(folder: str) -> None:
    from pathlib import Path

    import streamlit as st

    from apps.screens.jobs import show_job
    from lightning_pose.projects.jobs import jobs

    show_job(jobs(Path(folder))[0], lambda: Path(folder, "ended").touch())
    st.caption("the rest")


def start(folder: Path, code: int = 0, device: str = ""):
    words = [sys.executable, "-c", CODE, "{progress}", str(folder), str(code)]
    job = start_job(folder, "k", "do it", words, device=device)
    while "one line" not in job.tail():
        time.sleep(0.01)
    return job


def finish(folder: Path) -> None:
    (folder / "go").touch()
    while jobs(folder)[0].state == "running":
        time.sleep(0.01)


def test_it_is_seen_to_run_and_to_end(tmp_path):
    start(tmp_path)
    app = AppTest.from_function(page, args=(str(tmp_path),), default_timeout=30).run()
    assert not app.exception
    (bar,) = app.get("progress")
    assert bar.proto.value == 75 and bar.proto.text == "do it: s\\*1\\*\\: images 3 of 4"
    assert app.button[0].label == "Stop"
    finish(tmp_path)
    app.run()
    assert not app.exception and (tmp_path / "ended").exists()
    assert app.expander[0].label.startswith("Done\\: do it") or app.expander[0].label.startswith(
        "Done: do it"
    )
    assert app.code[0].value == "one line"
    assert app.caption[0].value == "the rest"


def test_one_that_waits_says_its_place_and_can_be_stopped(tmp_path):
    held = start(tmp_path / "a", device="cpu")
    other = start_job(tmp_path / "b", "k", "other", [sys.executable, "-c", "pass"], device="cpu")
    app = AppTest.from_function(page, args=(str(tmp_path / "b"),), default_timeout=30).run()
    (bar,) = app.get("progress")
    assert bar.proto.text == "other: 2nd in the queue of cpu, after do it"
    app.button[0].click().run()
    assert not app.exception and other.is_stopped
    while other.is_alive:  # it may not have been up when it was asked
        stop_job(other)
        time.sleep(0.05)
    app.run()
    assert app.expander[0].label.startswith("Stopped: other") and not app.expander[0].proto.expanded
    finish(tmp_path / "a")
    assert held.state == "done"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "0 s"),
        (59, "59 s"),
        (61, "1 min"),
        (3599, "1 h 0 min"),
        (7500, "2 h 5 min"),
        (3 * 86400, "3 days"),
    ],
)
def test_times_are_said_as_people_do(seconds, said):
    assert duration(seconds) == said


def test_places_in_a_queue_are_ordinals():
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 21, 112)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "21st", "112th",
    ]  # fmt: skip


def test_a_failure_shows_what_was_printed(tmp_path):
    start(tmp_path, 2)
    finish(tmp_path)
    app = AppTest.from_function(page, args=(str(tmp_path),), default_timeout=30).run()
    assert app.expander[0].label.startswith("Failed: do it") and app.expander[0].proto.expanded
    assert not (tmp_path / "ended").exists()  # nobody saw it run


def test_the_last_job_of_some_kinds_is_found(tmp_path):
    job = start(tmp_path)
    finish(tmp_path)
    assert last_job(tmp_path, "other", "k") == job and last_job(tmp_path, "other") is None
