"""The whole loop as a new user does it: from an empty folder with videos to a network that was trained twice.

No step is made outside the browser. With the variable LITPOSE_PICTURES, the pictures of the tutorial are made
on the way:

    LITPOSE_PICTURES=docs/images/loop pytest tests/apps/browser/test_loop.py
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lightning_pose.core.tables import read_poses
from lightning_pose.synthetic.animal import KEYPOINTS
from lightning_pose.synthetic.project import write_project
from lightning_pose.synthetic.session import SynthConfig

from .person import Person, serve_app

pytestmark = [pytest.mark.browser, pytest.mark.slow]
VIEWS = ("side", "top")
NAMES = ("nose", "ear_left", "ear_right", "back", "tail_base")
SESSIONS = ("mouse1", "mouse2")
FRAMES, EXTRACTED, SIZE = 40, 3, 256  # of a session; of a session; px
WINDOW = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def filmed(tmp_path_factory) -> Path:
    """Return a folder with a folder `videos`, as a recording program leaves it, and the truth."""
    folder = tmp_path_factory.mktemp("loop")
    config = SynthConfig(
        views=2, sessions=0, test_sessions=len(SESSIONS), frames=FRAMES, labels=0, size=(SIZE, SIZE), fps=10
    )
    write_project(folder / "world", config, workers=1)
    (folder / "videos").mkdir()
    for number, session in enumerate(SESSIONS):
        for v, view in enumerate(VIEWS):
            made = folder / "world" / "videos_test" / f"unseen{number}_cam{v}.mp4"
            shutil.move(made, folder / "videos" / f"{session}_{view}.mp4")
    return folder


@pytest.fixture
def person(context, filmed, tmp_path) -> Iterator[Person]:
    """Somebody who has just started the app for the first time."""
    with serve_app(tmp_path / "user") as address:
        window = context()
        window.set_default_timeout(60_000)
        page = window.new_page()
        page.set_viewport_size(WINDOW)
        yield Person(page, address)


def test_the_loop_needs_nothing_but_the_browser(person, filmed):
    create(person, filmed)
    add(person, filmed)
    extract(person)
    label(person, filmed, len(SESSIONS) * EXTRACTED)
    person.no_traceback()


def create(person: Person, filmed: Path) -> None:
    """Make a project in an empty folder."""
    person.arrive()
    person.page.get_by_role("tab", name="New project").click()
    person.type("Name", "mice")
    person.type("In the folder", str(filmed))
    person.type("Names of the keypoints, one on each line", "\n".join(NAMES))
    person.type("Views, with commas between", ", ".join(VIEWS))
    person.reads(f"{len(NAMES)} keypoints, {len(VIEWS)} views")
    picture(person, "create")
    person.press("Make the project")
    person.page.get_by_test_id("stSidebarNavLink").filter(has_text="Recordings").wait_for()
    assert (filmed / "mice" / "project.yaml").is_file()


def add(person: Person, filmed: Path) -> None:
    """Add the recordings, which lie beside the project."""
    person.go("Recordings")
    person.type("Folder with videos", str(filmed / "videos"))
    person.reads(f"{FRAMES} frames")
    picture(person, "add")
    person.press("Add 2 sessions")
    person.reads("Done: add")
    person.reads("2 sessions in the project")
    assert len(list((filmed / "mice" / "videos").glob("*.mp4"))) == len(VIEWS) * len(SESSIONS)


def extract(person: Person) -> None:
    """Have frames chosen that look different, and written as images."""
    person.go("Extract")
    person.type("Of every session", str(EXTRACTED))
    person.type("Neighbours on either side", "1")
    person.press("Choose")
    person.reads(re.compile(rf"^{EXTRACTED} frames"))
    person.page.locator("[data-testid='stImage'] img").first.wait_for()
    picture(person, "extract")
    person.press(f"Extract {len(SESSIONS) * EXTRACTED} frames, ")
    person.reads("The frames wait on the labeling page.")
    person.press("Label them")


def label(person: Person, filmed: Path, count: int) -> None:
    """Label all keypoints of some frames, each where the truth has it."""
    person.at_a_frame()
    for number in range(count):
        person.canvas("page.frame && page.labels.count(page.target)")
        session, frame = person.canvas("[page.frame.session, page.frame.index]")
        for v, view in enumerate(VIEWS):
            for k, xy in enumerate(truth(filmed, session, view)[frame]):
                person.place(v, k, np.clip(xy, 0, SIZE - 1))
        if number == count // 2:
            picture(person, "label")
        if number < count - 1:
            person.page.keyboard.press("d")
            person.until(
                f"page.frame && (page.frame.session !== '{session}' || page.frame.index !== {frame})"
            )
            person.at_a_frame()
    person.until("page.outbox.size === 0")


def truth(filmed: Path, session: str, view: str) -> np.ndarray:
    """Return where the keypoints are in every frame of a video (T K 2), px."""
    stem = f"unseen{SESSIONS.index(session)}_cam{VIEWS.index(view)}"
    poses = read_poses(filmed / "world" / "truth" / f"{stem}.csv")
    return poses.points[:, [KEYPOINTS.index(name) for name in NAMES]]


def picture(person: Person, name: str) -> None:
    """Keep a picture of the screen for the tutorial, if that is asked for."""
    folder = os.environ.get("LITPOSE_PICTURES")
    if folder is None:
        return
    person.page.mouse.move(0, 0)
    person.page.evaluate("document.activeElement?.blur()")
    shot = Path(folder) / f"{name}.png"
    shot.parent.mkdir(parents=True, exist_ok=True)
    person.page.screenshot(path=shot)
    Image.open(shot).convert("RGB").save(shot.with_suffix(".jpg"), quality=80, optimize=True)
    shot.unlink()
