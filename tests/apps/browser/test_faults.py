"""What goes wrong around the app: it is said in its place, nothing is lost, and no page shows a traceback."""

import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from lightning_pose.core.project import open_project
from lightning_pose.frames.extraction import extracted_frames
from lightning_pose.projects.jobs import jobs

from ..conftest import NAMES, SESSION, VIEWS
from .person import PATIENCE, Person, serve_app

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NO_ROOM = re.compile("disk is full|No space left")
PAGES = ("Overview", "Recordings", "Extract", "Label", "Quality", "Viewer", "Health")
FULL_DISK = """
import builtins, errno, io, os, pathlib

mark, real_open, real_os_open = os.environ["FULL_DISK"], io.open, os.open


def is_full(path):
    return os.path.exists(mark) and not str(path).startswith(("/dev", "/proc", "/sys"))


def refuse(path):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def guarded_open(file, mode="r", *rest, **named):
    if not isinstance(file, int) and set(mode) & set("wax+") and is_full(file):
        refuse(file)
    return real_open(file, mode, *rest, **named)


def guarded_os_open(path, flags, *rest, **named):
    if flags & os.O_CREAT and is_full(path):
        refuse(path)
    return real_os_open(path, flags, *rest, **named)


builtins.open = io.open = guarded_open
os.open = guarded_os_open
"""  # read by every Python that starts: the app's, and those of its jobs


class Place:
    """A project, the app on it, and a disk that can be filled."""

    def __init__(self, project: Path, address: str, mark: Path) -> None:
        self.project = project
        self.address = address
        self.mark = mark

    def fill_disk(self) -> None:
        self.mark.touch()

    def empty_disk(self) -> None:
        self.mark.unlink(missing_ok=True)


@pytest.fixture
def place(demo_folder, tmp_path, monkeypatch) -> Iterator[Place]:
    """The app on a project with two sessions, one of them predicted by two members and smoothed."""
    folder = tmp_path / "demo"
    shutil.copytree(demo_folder, folder)
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(FULL_DISK)
    monkeypatch.setenv("FULL_DISK", str(tmp_path / "full"))
    monkeypatch.setenv("PYTHONPATH", str(site))
    with serve_app(tmp_path / "user", str(folder)) as address:
        yield Place(folder / "project", address, tmp_path / "full")


@pytest.fixture
def enter_app(context, place) -> Callable[[], Person]:
    """Return a function that lets a person in, with a browser of their own."""

    def let_in() -> Person:
        return Person(context().new_page(), place.address)

    return let_in


def soon(check: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait until something is so, and return it."""
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.02)
    return found


def choose_evenly(person: Person, count: int = 2) -> None:
    """Ask for frames that divide every session evenly."""
    person.page.get_by_text("evenly spread").click()
    person.type("Of every session", str(count))
    person.press("Choose")


def write_chosen(person: Person) -> None:
    """Extract what was chosen, and wait until it is there."""
    person.press("Extract 4 frames, ")
    person.reads("The frames wait on the labeling page.")


def test_a_job_that_is_killed_says_so_and_is_started_again(enter_app, place):
    person = enter_app()
    person.arrive("extract")
    choose_evenly(person)
    (job,) = soon(lambda: jobs(place.project))
    os.killpg(job.pid, signal.SIGKILL)
    person.reads("Was killed: choose frames")
    person.press("Choose")
    person.reads("Done: choose frames")
    write_chosen(person)
    assert extracted_frames(open_project(place.project), SESSION)
    person.no_traceback()


def test_a_full_disk_is_said_where_it_stops_somebody_and_nothing_is_lost(enter_app, place):
    person = enter_app()
    person.arrive("extract")
    place.fill_disk()
    choose_evenly(person)
    person.reads(NO_ROOM)
    person.no_traceback()
    place.empty_disk()
    person.press("Choose")
    person.reads("Done: choose frames")
    place.fill_disk()
    person.press("Extract 4 frames, ")
    person.reads(NO_ROOM)
    place.empty_disk()
    write_chosen(person)
    person.no_traceback()


def test_a_folder_of_a_model_that_is_deleted_under_open_pages(enter_app, place):
    looking, person = enter_app(), enter_app()
    looking.arrive("viewer")
    person.arrive("extract")
    person.page.get_by_text("that are probably wrong").click()
    expect(person.button("Choose")).to_be_enabled(timeout=PATIENCE)
    shutil.rmtree(place.project.parent / "models")
    shutil.rmtree(place.project.parent / "smoothed")
    person.press("Choose")
    person.reads("No predictions were found")
    visit_all(person)
    looking.page.reload()
    visit_all(looking)


def test_a_video_that_is_moved_away_under_open_pages_and_back(enter_app, place):
    video = place.project / "videos" / f"{SESSION}_{VIEWS[0]}.mp4"
    elsewhere = place.project.parent / video.name
    person = enter_app()
    person.arrive("extract")
    video.rename(elsewhere)
    choose_evenly(person)
    person.reads("Failed: choose frames")
    person.reads(f"no video of view {VIEWS[0]}")
    visit_all(person)
    elsewhere.rename(video)
    person.go("Extract")
    choose_evenly(person)
    person.reads("Done: choose frames")
    write_chosen(person)


def test_a_label_file_that_is_spoiled_while_labels_are_made_costs_none_of_them(enter_app, place):
    person = enter_app()
    person.arrive("extract")
    choose_evenly(person)
    person.reads("Done: choose frames")
    write_chosen(person)
    person.press("Label them")
    person.at_a_frame()
    person.place(0, 0, (40, 40))
    person.until("page.outbox.size === 0")
    label_file = place.project / f"CollectedData_{VIEWS[0]}.csv"
    soon(label_file.exists)
    label_file.write_text("this,is\nno,table of labels")
    person.place(0, 1, (60, 60))
    person.until("page.outbox.size === 0")
    visit_all(person)
    person.go("Label")
    person.at_a_frame()
    states = person.canvas("page.labels.count(page.target)")
    assert states == 2
    label_file.unlink()
    person.place(1, 0, (50, 50))
    person.until("page.outbox.size === 0")
    table = soon(lambda: label_file.exists() and label_file.read_text())
    assert NAMES[0] in table and "40" in table


def visit_all(person: Person) -> None:
    """Look at every page: whatever went wrong, none fails."""
    for title in PAGES:
        person.go(title)
        person.page.get_by_test_id("stMain").wait_for()
        person.no_traceback()


def test_two_people_work_on_one_project_at_once(enter_app, place):
    one, two = enter_app(), enter_app()
    one.arrive("extract")
    choose_evenly(one)
    one.reads("Done: choose frames")
    two.arrive("extract")
    two.reads("Done: choose frames")  # the other's job is theirs too
    write_chosen(one)
    for person in (one, two):
        person.arrive("label")
        person.at_a_frame()
    one.place(0, 0, (40, 40))
    two.place(1, 1, (60, 60))
    for person in (one, two):
        person.until("page.labels.count(page.target) === 2")
        person.until("page.outbox.size === 0")
        person.no_traceback()
