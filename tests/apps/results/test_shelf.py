"""Copies that are made, found, made anew, and removed."""

import os
import time

import numpy as np
import pytest

from apps.results import shelf as shelves
from apps.results.shelf import Shelf
from lightning_pose.core.errors import DataError
from tests.apps.results.test_rows import write

CELL = ("nose", "likelihood")


@pytest.fixture
def shelf(tmp_path):
    made = Shelf(tmp_path)
    yield made
    made.close()


def made(shelf, tables, seconds=60):
    """Wait for copies, and return the shares that were told."""
    end, told = time.monotonic() + seconds, []
    while not told or told[-1] < 1:
        assert time.monotonic() < end, "the copies were not made"
        told.append(shelf.want(tables))
        time.sleep(0.02)
    return told


def test_a_small_table_is_copied_at_once(shelf, tmp_path):
    table = write(tmp_path / "poses.csv", range(100))
    assert shelf.open(table) is None
    assert shelf.want([table]) == 1
    with shelf.open(table) as copy:
        assert np.isfinite(copy.column(CELL, 0, 100)).all()


def test_a_large_table_is_copied_by_another_process(shelf, tmp_path, monkeypatch):
    monkeypatch.setattr(shelves, "AT_ONCE", 0)
    tables = [write(tmp_path / f"{n}.csv", range(200), seed=n) for n in range(2)]
    told = made(shelf, tables)
    assert told[0] == 0
    assert told == sorted(told)
    for table in tables:
        with shelf.open(table) as copy:
            assert copy.head.frames == 200


def test_a_table_that_was_written_again_has_no_copy_until_one_is_made(shelf, tmp_path):
    table = write(tmp_path / "poses.csv", range(100))
    shelf.want([table])
    write(table, range(150), seed=1)
    assert shelf.open(table) is None
    shelf.want([table])
    with shelf.open(table) as copy:
        assert copy.head.frames == 150
    assert len(list(shelf.folder.glob("*"))) == 1  # the former one is removed


def test_a_damaged_copy_is_made_again(shelf, tmp_path):
    table = write(tmp_path / "poses.csv", range(100))
    shelf.want([table])
    [path] = shelf.folder.glob("*")
    path.write_bytes(path.read_bytes()[:-7])
    assert shelf.open(table) is None
    assert shelf.want([table]) == 1
    assert shelf.open(table) is not None


@pytest.mark.parametrize("at_once", [0, 10**9])
def test_a_faulty_table_is_said_every_time(shelf, tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(shelves, "AT_ONCE", at_once)
    table = write(tmp_path / "poses.csv", range(100))
    table.write_bytes(table.read_bytes()[:-9] + b",,,")
    for _ in range(2):
        with pytest.raises(DataError, match=r"poses\.csv"):
            made(shelf, [table])
    write(table, range(30))  # mended
    assert made(shelf, [table])[-1] == 1


def test_what_was_not_used_for_long_goes_when_there_is_too_much(tmp_path):
    tables = [write(tmp_path / f"{n}.csv", range(1000), seed=n) for n in range(4)]
    first = Shelf(tmp_path)
    first.want(tables[:1])
    [path] = first.folder.glob("*")
    shelf = Shelf(tmp_path, room=int(2.5 * path.stat().st_size))
    for age, table in zip((300, 200, 100), tables[:3], strict=True):
        shelf.want([table])
        for copy in shelf.folder.glob("*"):
            if copy.stat().st_mtime > time.time() - 50:
                os.utime(copy, (time.time() - age, time.time() - age))
    assert [shelf.open(table) is not None for table in tables[:3]] == [False, True, True]
    os.utime(shelf.place([tables[1]]), (time.time() - 900, time.time() - 900))
    Shelf(tmp_path).open(tables[1])  # in use again
    shelf.want([tables[3]])
    assert [shelf.open(table) is not None for table in tables] == [False, True, False, True]


def test_nothing_is_made_after_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(shelves, "AT_ONCE", 0)
    table = write(tmp_path / "poses.csv", range(100))
    shelf = Shelf(tmp_path)
    shelf.close()
    assert shelf.want([table]) == 0
    time.sleep(0.1)
    assert not shelf.folder.exists()


def test_what_is_prepared_comes_after_what_is_waited_for(shelf, tmp_path, monkeypatch):
    monkeypatch.setattr(shelves, "AT_ONCE", 0)
    order = []
    monkeypatch.setattr(
        Shelf, "_run", lambda self, path, command: order.append(command[-2]) or time.sleep(0.2) or ""
    )
    tables = [write(tmp_path / f"{n}.csv", range(3)) for n in range(3)]
    shelf.want(tables[:1])
    time.sleep(0.05)
    shelf.prepare(tables[1:2])
    shelf.want(tables[2:])
    time.sleep(1)
    assert order == [str(tables[n]) for n in (0, 2, 1)]
    shelf.prepare([tmp_path / "gone.csv"])


def test_what_is_prepared_of_small_tables_needs_no_process(shelf, tmp_path, monkeypatch):
    monkeypatch.setattr(Shelf, "_run", lambda *_: pytest.fail("a process"))
    table = write(tmp_path / "poses.csv", range(100))
    shelf.prepare([table])
    end = time.monotonic() + 20
    while shelf.open(table) is None:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_a_killed_process_left_is_removed_after_a_while(shelf, tmp_path):
    shelf.folder.mkdir(parents=True)
    old, new = shelf.folder / ".old-x.columns", shelf.folder / ".new-x.columns"
    for path in (old, new):
        path.touch()
    os.utime(old, (1e9, 1e9))
    shelf.want([write(tmp_path / "poses.csv", range(10))])
    assert (old.exists(), new.exists()) == (False, True)


def test_the_end_of_the_app_leaves_nothing_unfinished(tmp_path, monkeypatch):
    monkeypatch.setattr(shelves, "AT_ONCE", 0)
    shelf = Shelf(tmp_path)
    table = write(tmp_path / "poses.csv", range(60_000))
    while not list(shelf.folder.glob(".*")):
        shelf.want([table])
        time.sleep(0.01)
    shelf.close()
    shelf._child.wait(20)
    assert list(shelf.folder.iterdir()) == []
