"""Folders are listed as the disk has them, also when they change while they are remembered."""

import os

from lightning_pose.projects.listing import Listings, changed_at


def is_table(name: str) -> bool:
    return name.endswith(".csv")


def aged(path, seconds: float) -> None:
    """Set the time of a file or folder into the past."""
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def test_a_listing_is_what_lies_there(tmp_path):
    for name in ("b.csv", "a.csv", ".hidden.csv", "note.txt"):
        (tmp_path / name).touch()
    for name in ("models", "data", ".git"):
        (tmp_path / name).mkdir()
    os.utime(tmp_path / "a.csv", (1000.0, 1000.0))
    listing = Listings().of(tmp_path, is_table)
    assert listing.files == {"a.csv", "b.csv"}
    assert listing.folders == ("data", "models")
    assert listing.time("a.csv") == 1000.0
    assert listing.time("c.csv") is None


def test_a_settled_folder_is_listed_once_until_something_comes(tmp_path, monkeypatch):
    (tmp_path / "a.csv").touch()
    aged(tmp_path, 100)
    listings = Listings()
    first = listings.of(tmp_path, is_table)
    assert listings.of(tmp_path, is_table) is first
    (tmp_path / "b.csv").touch()
    assert listings.of(tmp_path, is_table).files == {"a.csv", "b.csv"}


def test_a_file_that_comes_within_the_clock_tick_of_another_is_seen(tmp_path):
    (tmp_path / "a.csv").touch()
    now = tmp_path.stat().st_mtime_ns
    listings = Listings()
    listings.of(tmp_path, is_table)
    (tmp_path / "b.csv").touch()
    os.utime(tmp_path, ns=(now, now))  # as if the clock had not moved on
    assert listings.of(tmp_path, is_table).files == {"a.csv", "b.csv"}


def test_what_is_not_there_has_nothing_in_it(tmp_path):
    listing = Listings().of(tmp_path / "absent", is_table)
    assert not listing.files
    assert not listing.folders
    assert changed_at(tmp_path / "absent") is None
