"""A job on a page: while it runs, and after."""

import sys
import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

from apps.screens.jobs import last_job
from lightning_pose.projects.jobs import jobs, start_job

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


def start(folder: Path, code: int = 0):
    job = start_job(folder, "k", "do it", [sys.executable, "-c", CODE, "{progress}", str(folder), str(code)])
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
