"""Programs that are started for a project: seen while they run, and after, by whoever looks."""

import json
import os
import signal
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.progress_file import Progress
from lightning_pose.projects.jobs import KEPT, Job, environment_of, jobs, new_id, start_job, stop_job

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
    while job.is_alive:
        assert time.monotonic() < limit
        time.sleep(0.01)
    return job.state


def python(folder, code: str, *words: str, device: str = "", grace: float = 60.0) -> Job:
    command = [sys.executable, "-c", code, *words]
    return start_job(folder, "test", "A test", command, device=device, grace=grace)


def until(job: Job, state: str) -> None:
    """Wait until a job is in a state."""
    limit = time.monotonic() + 30
    while job.state != state:
        assert time.monotonic() < limit, job.state
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path_factory) -> Path:
    """Keep the queues of the user out of it."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


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


def test_jobs_of_a_device_run_one_after_the_other_in_the_order_of_their_start(tmp_path):
    code = "import sys, time; open(sys.argv[1], 'a').write(sys.argv[2]); time.sleep(0.1)"
    order = tmp_path / "order"
    held = python(tmp_path, WAIT, str(tmp_path), device="cpu")
    until(held, "running")
    others = [python(tmp_path, code, str(order), letter, device="cpu") for letter in "abc"]
    assert [job.state for job in others] == ["waiting"] * 3
    assert [len(job.before) for job in [held, *others]] == [0, 1, 2, 3]
    assert others[0].began is None and jobs(tmp_path)[0] == others[-1]
    (tmp_path / "go").touch()
    assert [ended(job) for job in [held, *others]] == ["done"] * 4
    assert order.read_text() == "abc"
    times = [(job.began or 0.0, job.ended or 0.0) for job in others]
    assert all(before[1] <= after[0] for before, after in pairwise(times))


def test_another_device_and_jobs_without_one_do_not_wait(tmp_path):
    held = python(tmp_path, WAIT, str(tmp_path), device="cpu")
    assert ended(python(tmp_path, "pass", device="cuda:0")) == "done"
    assert ended(python(tmp_path, "pass")) == "done"
    (tmp_path / "go").touch()
    ended(held)


def test_two_projects_keep_off_one_device(tmp_path):
    (tmp_path / "a").mkdir()
    held = python(tmp_path / "a", WAIT, str(tmp_path), device="cpu")
    until(held, "running")
    other = python(tmp_path / "b", "pass", device="cpu")
    time.sleep(0.3)
    assert (other.state, other.before) == ("waiting", ["A test"])
    (tmp_path / "go").touch()
    assert (ended(held), ended(other)) == ("done", "done")


def test_whoever_is_killed_while_waiting_or_running_holds_nobody_up(tmp_path):
    held = python(tmp_path, WAIT, str(tmp_path), device="cpu")
    until(held, "running")
    second, third = (python(tmp_path, "pass", device="cpu") for _ in range(2))
    os.kill(second.pid, signal.SIGKILL)
    assert ended(second) == "lost" and len(third.before) == 1
    os.killpg(held.pid, signal.SIGKILL)  # as when the machine is switched off
    assert (ended(held), ended(third)) == ("lost", "done")


def test_a_program_keeps_its_device_when_only_its_attendant_is_killed(tmp_path):
    held = python(tmp_path, WAIT, str(tmp_path), device="cpu")
    while "waiting" not in held.tail():
        time.sleep(0.01)
    other = python(tmp_path, "pass", device="cpu")
    os.kill(held.pid, signal.SIGKILL)
    time.sleep(1.5)
    assert (held.state, other.state) == ("running", "waiting")
    stop_job(held)
    assert (ended(held), held.is_stopped, ended(other)) == ("lost", True, "done")


def test_one_that_waits_is_stopped_and_never_starts(tmp_path):
    held = python(tmp_path, WAIT, str(tmp_path), device="cpu")
    until(held, "running")
    code = "import sys; open(sys.argv[1], 'w')"
    other = python(tmp_path, code, str(tmp_path / "began"), device="cpu")
    limit = time.monotonic() + 30
    while other.is_alive:  # asked again, as a person would: Python itself may not have been up the first time
        stop_job(other)
        time.sleep(0.05)
        assert time.monotonic() < limit
    assert other.is_stopped and not held.is_stopped
    (tmp_path / "go").touch()
    assert ended(held) == "done" and not (tmp_path / "began").exists()


def test_one_that_does_not_listen_is_killed_after_its_grace(tmp_path):
    code = "import signal, time; signal.signal(2, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    job = python(tmp_path, code, grace=0.2)
    while job.tail() != "up":
        time.sleep(0.01)
    stop_job(job)
    assert (ended(job), job.code, job.is_stopped) == ("failed", -signal.SIGKILL, True)
    assert "0.2 s after it was asked" in job.tail(1)


def test_a_program_that_is_not_there_is_said(tmp_path):
    job = start_job(tmp_path, "test", "A test", [str(tmp_path / "absent")])
    assert (ended(job), job.code) == ("failed", 127) and "absent" in job.tail()


def test_tickets_of_the_dead_are_cleared_away(tmp_path, cache):
    job = python(tmp_path, WAIT, str(tmp_path), device="cpu")
    until(job, "running")
    (ticket,) = cache.rglob("[0-9]*.json")
    assert json.loads(ticket.read_text())["title"] == "A test"
    os.killpg(job.pid, signal.SIGKILL)
    assert ended(job) == "lost" and ticket.exists()
    assert ended(python(tmp_path, "pass", device="cpu")) == "done"
    assert not list(cache.rglob("[0-9]*.json"))


def test_a_job_finds_nothing_that_libraries_set_in_the_app(monkeypatch):
    monkeypatch.setenv("QT_QPA_FONTDIR", "/somewhere/cv2/qt/fonts")  # OpenCV does so when it is imported
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    found = environment_of("cuda:1")
    assert "QT_QPA_FONTDIR" not in found or os.environ["QT_QPA_FONTDIR"] != found["QT_QPA_FONTDIR"]
    assert (found["OMP_NUM_THREADS"], found["CUDA_VISIBLE_DEVICES"]) == ("3", "6")
    assert environment_of("cpu")["CUDA_VISIBLE_DEVICES"] == ""
    assert environment_of("")["CUDA_VISIBLE_DEVICES"] == "4,6"
