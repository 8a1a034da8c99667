"""Programs that are started for a project: seen while they run, and after, by whoever looks."""

import os
import signal
import sys
import time

import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.progress_file import Progress
from lightning_pose.projects.jobs import KEPT, Job, jobs, new_id, start_job, stop_job

WAIT = """
import pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
print("waiting", flush=True)
try:
    while not (folder / "go").exists():
        time.sleep(0.01)
except KeyboardInterrupt:
    print("stopped")
    sys.exit(130)
"""


def ended(job: Job) -> str:
    """Wait until a job has ended, and return how."""
    limit = time.monotonic() + 30
    while job.state == "running":
        assert time.monotonic() < limit
        time.sleep(0.01)
    return job.state


def python(folder, code: str, *words: str) -> Job:
    return start_job(folder, "test", "A test", [sys.executable, "-c", code, *words])


def test_a_job_runs_is_found_by_others_and_is_done(tmp_path):
    job = python(tmp_path, WAIT, str(tmp_path))
    assert job.state == "running" and job.code is None
    (found,) = jobs(tmp_path, "test")
    assert found == job and found.state == "running"
    assert jobs(tmp_path, "other") == []
    (tmp_path / "go").touch()
    assert (ended(job), job.code, job.tail()) == ("done", 0, "waiting")


def test_a_fault_is_told_with_what_was_printed(tmp_path):
    job = python(tmp_path, "import sys; print('one'); print('two'); sys.exit('no such file')")
    assert (ended(job), job.code) == ("failed", 1)
    assert job.tail(2) == "two\nno such file"


def test_it_is_asked_to_stop_as_ctrl_c_does(tmp_path):
    job = python(tmp_path, WAIT, str(tmp_path))
    while "waiting" not in job.tail():
        time.sleep(0.01)
    stop_job(job)
    assert (ended(job), job.code, job.tail(1)) == ("failed", 130, "stopped")
    stop_job(job)  # long gone: nothing is asked of whoever has its number now


def test_a_killed_job_is_lost_not_running(tmp_path):
    job = python(tmp_path, WAIT, str(tmp_path))
    os.killpg(job.pid, signal.SIGKILL)
    assert ended(job) == "lost" and job.code is None


def test_progress_is_read_from_the_file_that_the_command_is_given(tmp_path):
    code = 'import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(\'{"completed": 3, "total": 7}\')'
    job = python(tmp_path, code, "{progress}")
    assert ended(job) == "done"
    assert job.progress == Progress(3, 7, "")


def test_the_last_jobs_are_kept_and_records_that_cannot_be_read_passed_over(tmp_path):
    place = tmp_path / ".litpose" / "jobs"
    place.mkdir(parents=True)
    (place / "0000000000000000.json").write_text("{")
    job = python(tmp_path, "pass")
    for number in range(KEPT + 3):
        (place / f"{number + 1:016d}.json").write_text(job.file("json").read_text())
    last = python(tmp_path, "pass")
    found = jobs(tmp_path)
    assert found[0] == last and found[1].id == job.id and len(found) == KEPT
    ended(last)


def test_ids_grow_also_where_the_clock_goes_back(tmp_path, monkeypatch):
    place = tmp_path / ".litpose" / "jobs"
    place.mkdir(parents=True)
    (place / f"{10**15:016d}.plan.json").touch()
    monkeypatch.setattr("time.time_ns", lambda: 0)
    assert new_id(tmp_path) == f"{10**15 + 1:016d}"


def test_where_nothing_can_be_written_it_is_said(tmp_path):
    (tmp_path / ".litpose").write_text("a file")
    with pytest.raises(DataError, match="A test: cannot be started"):
        python(tmp_path, "pass")
