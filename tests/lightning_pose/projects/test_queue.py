"""The line of a device: who is in front, and who may go."""

import os

import pytest

from lightning_pose.projects.queue import (
    LOCK,
    is_locked,
    line_folder,
    lock_now,
    take_ticket,
    take_turn,
    tickets_before,
)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def ticket(folder, number: int):
    """Line up with a log that lives until its descriptor is closed."""
    folder.mkdir(exist_ok=True)
    log = folder / f"{number:016d}.log"
    descriptor = lock_now(log)
    assert descriptor is not None
    return take_ticket("cuda:0", log, f"job {number}"), descriptor


def test_a_lock_is_seen_while_its_holder_lives(tmp_path):
    path = tmp_path / "file"
    assert not is_locked(path)
    descriptor = lock_now(path)
    assert descriptor is not None and is_locked(path) and lock_now(path) is None
    os.close(descriptor)
    assert not is_locked(path)


def test_tickets_stand_in_the_order_of_their_jobs_in_all_projects(tmp_path):
    third, _ = ticket(tmp_path / "a", 3)
    first, one = ticket(tmp_path / "b", 1)
    second, _ = ticket(tmp_path / "a", 2)
    assert [one.title for one in tickets_before(third)] == ["job 1", "job 2"]
    assert [one.title for one in tickets_before(second)] == ["job 1"]
    assert tickets_before(first) == []
    os.close(one)  # it has died
    assert [one.title for one in tickets_before(third)] == ["job 2"]


def test_only_the_first_may_go_and_only_when_the_device_is_free(tmp_path):
    first, one = ticket(tmp_path / "a", 1)
    second, _ = ticket(tmp_path / "a", 2)
    assert take_turn(second) is None
    device = take_turn(first)
    assert device is not None
    os.close(one)  # the one who waited is gone, but its program still has the device
    assert take_turn(second) is None
    os.close(device)
    assert take_turn(second) is not None
    assert not first.exists()


def test_tickets_that_cannot_be_read_stand_in_nobodys_way(tmp_path):
    mine, _ = ticket(tmp_path / "a", 5)
    (mine.parent / "0000000000000001-x.json").write_text("{")
    (mine.parent / "0000000000000002-x.json").write_text("[]")
    assert take_turn(mine) is not None
    assert [path.name for path in mine.parent.glob("[0-9]*.json")] == [mine.name]


def test_devices_and_machines_have_lines_of_their_own(monkeypatch):
    assert line_folder("cuda:0") != line_folder("cuda:1")
    here = line_folder("cpu")
    monkeypatch.setattr("platform.node", lambda: "../other")
    assert line_folder("cpu") != here and ".." not in line_folder("cpu").parts
    assert (line_folder("cpu") / LOCK).parent.parent.parent == here.parent.parent
