import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from apps.labels import LabelStore
from apps.labels.lock import Lock

PROGRAM = """
import sys, time
from apps.labels.lock import Lock
print(Lock(__import__("pathlib").Path(sys.argv[1])).acquire(), flush=True)
time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "labels.lock"


def test_one_holds_it_and_gives_it_back(path):
    first, second = Lock(path), Lock(path)
    assert first.acquire() is None
    holder = second.acquire()
    assert holder is not None and holder.pid == os.getpid()
    first.release()
    assert second.acquire() is None
    second.release()
    second.release()


def test_another_process_holds_it_until_it_is_killed(path):
    program = [sys.executable, "-c", PROGRAM, str(path)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as other:
        try:
            assert other.stdout is not None and other.stdout.readline() == b"None\n"
            holder = Lock(path).acquire()
            assert holder is not None and holder.pid == other.pid
            assert f"process {other.pid} on " in str(holder)
        finally:
            os.kill(other.pid, signal.SIGKILL)
            other.wait()
    assert path.read_text()  # its note is still there, and tells nothing
    lock = Lock(path)
    assert lock.acquire() is None
    lock.release()


def test_a_process_of_another_machine_counts_as_alive_unless_somebody_knows_better(path, two_views):
    folder = two_views / ".litpose"
    folder.mkdir()
    (folder / "labels.lock").write_text(json.dumps({"host": "rig-7", "pid": 1, "since": 0.0}))
    with pytest.raises(Exception, match="does not exist: open the labels of this project for writing first"):
        LabelStore.open(two_views)
    with LabelStore.open(two_views, take_over=True) as store:
        assert not store.read_only
    with LabelStore.open(two_views) as store:
        assert not store.read_only


def test_without_locks_of_the_system_the_note_decides(path, monkeypatch):
    def none(*_: object) -> None:
        raise OSError("no locks here")

    monkeypatch.setattr("fcntl.flock", none)
    first, second = Lock(path), Lock(path)
    assert first.acquire() is None
    assert second.acquire() is not None  # this process lives
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    note = json.loads(path.read_text()) | {"pid": dead.pid}
    path.write_text(json.dumps(note))
    assert second.acquire() is None


def test_a_note_that_cannot_be_read_tells_nothing(path):
    path.write_text('{"host": "rig-7", "pi')
    lock = Lock(path)
    assert lock.acquire() is None
    lock.release()
