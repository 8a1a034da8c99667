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
from playwright.sync_api import expect

from lightning_pose.core.calibration import Rig
from lightning_pose.core.tables import read_poses
from lightning_pose.synthetic.animal import KEYPOINTS
from lightning_pose.synthetic.project import write_project
from lightning_pose.synthetic.session import SynthConfig

from .person import PATIENCE, Person, serve_app

pytestmark = [pytest.mark.browser, pytest.mark.slow]
VIEWS = ("side", "top")
NAMES = ("nose", "ear_left", "ear_right", "back", "tail_base")
SESSIONS = ("mouse1", "mouse2")
FRAMES, EXTRACTED, SENT = 300, 3, 3  # of a session; of a session; difficult ones that are labeled too
SIZE, INPUT, STEPS = 256, 64, 4  # px, of the videos and of the network; of a training
WINDOW = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def filmed(tmp_path_factory) -> Path:
    """Return a folder with a folder `videos`, as a recording program leaves it, and the truth."""
    folder = tmp_path_factory.mktemp("mouse-lab", numbered=False)
    config = SynthConfig(
        views=2, sessions=0, test_sessions=len(SESSIONS), frames=FRAMES, labels=0, size=(SIZE, SIZE), fps=10
    )
    write_project(folder / "world", config, workers=1)
    (folder / "videos").mkdir()
    for number, session in enumerate(SESSIONS):
        for v, view in enumerate(VIEWS):
            made = folder / "world" / "videos_test" / f"unseen{number}_cam{v}.mp4"
            shutil.move(made, folder / "videos" / f"{session}_{view}.mp4")
        rig = Rig.load(folder / "world" / "calibrations" / f"unseen{number}.toml")
        rig = Rig(VIEWS, rig.sizes, rig.camera, unit=rig.unit)
        rig.save(folder / "videos" / "calibrations" / f"{session}.toml")
    return folder


@pytest.fixture
def person(context, filmed, tmp_path) -> Iterator[Person]:
    """Somebody who has just started the app for the first time."""
    with serve_app(tmp_path / "user") as address:
        page = context().new_page()
        page.set_viewport_size(WINDOW)
        yield Person(page, address)


def test_the_loop_needs_nothing_but_the_browser(person, filmed):
    create(person, filmed)
    add(person, filmed)
    extract(person)
    label(person, filmed, len(SESSIONS) * EXTRACTED, "label")
    train(person, "model-1")
    predict(person)
    smooth(person)
    watch(person)
    send(person, SENT)
    label_queue(person, filmed, SENT)
    train(person, "model-2")
    compare(person)
    look_back(person)
    person.no_traceback()
    for name in ("model-1", "model-2"):
        assert (filmed / "mice" / "models" / name / "metrics.csv").is_file()


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
    person.reads("There are no videos yet: add recordings.")  # the app leads there by itself
    person.settled()
    assert (filmed / "mice" / "project.yaml").is_file()


def add(person: Person, filmed: Path) -> None:
    """Add the recordings, which lie beside the project."""
    person.go("Recordings")
    person.type("Folder with videos", str(filmed / "videos"))
    person.reads(f"{FRAMES} frames")
    picture(person, "add")
    for number in range(len(SESSIONS), 0, -1):
        expect(person.button("Take")).to_have_count(number, timeout=PATIENCE)
        person.button("Take").first.click()
    expect(person.button("Take")).to_have_count(0, timeout=PATIENCE)
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


def label(person: Person, filmed: Path, count: int, shot: str) -> None:
    """Label all keypoints of some frames in a row, each where the truth has it."""
    person.at_a_frame()
    for number in range(count):
        here = person.canvas("page.target")
        session, frame = person.canvas("[page.frame.session, page.frame.index]")
        for v, view in enumerate(VIEWS):
            for k, xy in enumerate(truth(filmed, session, view)[frame]):
                person.place(v, k, np.clip(xy, 0, SIZE - 1))
        person.until("page.outbox.size === 0")
        if number == count // 2:
            picture(person, shot)
        if number < count - 1:
            person.page.keyboard.press("d")
            person.until(f"page.target !== {here!r}")
            person.at_a_frame()


def train(person: Person, name: str) -> None:
    """Train a small network for a moment."""
    person.go("Train")
    person.type("Height, px", str(INPUT))
    person.type("Width, px", str(INPUT))
    person.type("Steps", str(STEPS))
    picture(person, f"train_{name}")
    person.press(re.compile("Start$"))
    person.reads(re.compile(f"^{name} trained"))
    picture(person, f"trained_{name}")


def predict(person: Person) -> None:
    """Have the network find the keypoints in all videos."""
    person.go("Predict")
    picture(person, "predict")
    person.press(re.compile(f"Predict {len(SESSIONS)} sessions$"))
    expect(person.button(re.compile("Everything chosen is predicted$"))).to_be_visible(timeout=PATIENCE)


def smooth(person: Person) -> None:
    """Make smooth trajectories of the predictions."""
    person.press(re.compile(f"Smooth {len(SESSIONS)} sessions$"))
    expect(person.button(re.compile("Everything predicted is smoothed$"))).to_be_visible(timeout=PATIENCE)
    picture(person, "smooth")


def watch(person: Person) -> None:
    """Look at the films with what was found in them."""
    person.go("Viewer")
    person.viewer("player.isSettled && viewer.films.every((film) => film.shown >= 0)")
    person.page.keyboard.press("ArrowRight")
    person.viewer("frame === 1")


def send(person: Person, count: int) -> None:
    """Have difficult frames found, and send the worst into the labeling queue with a key."""
    person.page.get_by_role("button", name="Find difficult frames").click()
    person.page.locator(".difficult-row").nth(count - 1).wait_for()
    for number in range(count):
        person.page.locator(".difficult-row").nth(number).click()
        frame = int(person.page.locator(".difficult-row").nth(number).get_attribute("data-frame") or -1)
        person.viewer(f"frame === {frame} && viewer.player.isSettled")
        person.page.keyboard.press("q")
        expect(person.page.locator(".difficult-row .badge.sent")).to_have_count(number + 1, timeout=PATIENCE)
    picture(person, "viewer")


def label_queue(person: Person, filmed: Path, count: int) -> None:
    """Label the frames of the queue; the predictions are proposals on them."""
    person.go("Label")
    person.at_a_frame()
    person.page.get_by_role("button", name="Queue", exact=True).click()
    expect(person.page.locator(".row svg.queued")).to_have_count(count, timeout=PATIENCE)
    for number in range(count, 0, -1):
        expect(person.page.locator(".row svg.queued")).to_have_count(number, timeout=PATIENCE)
        person.page.locator(".row:has(svg.queued)").first.click()
        person.until("page.labels.count(page.target) === 0")
        label(person, filmed, 1, "queue" if number == count else "")


def compare(person: Person) -> None:
    """Look at both networks and what they make of the labels."""
    person.go("Models")
    person.reads("model-2")
    picture(person, "models")


def look_back(person: Person) -> None:
    """See at a glance what there is, and what to do next."""
    person.go("Overview")
    person.reads("Labeled frames")
    picture(person, "overview")


def truth(filmed: Path, session: str, view: str) -> np.ndarray:
    """Return where the keypoints are in every frame of a video (T K 2), px."""
    stem = f"unseen{SESSIONS.index(session)}_cam{VIEWS.index(view)}"
    poses = read_poses(filmed / "world" / "truth" / f"{stem}.csv")
    return poses.points[:, [KEYPOINTS.index(name) for name in NAMES]]


def picture(person: Person, name: str) -> None:
    """Keep a picture of the screen for the tutorial, if that is asked for."""
    folder = os.environ.get("LITPOSE_PICTURES")
    if folder is None or not name:
        return
    person.page.evaluate("document.querySelector('[data-testid=stMain]')?.scrollTo(0, 0)")
    person.page.mouse.move(0, 0)
    person.page.evaluate(
        "document.activeElement?.matches('input, textarea, button') && document.activeElement.blur()"
    )
    shot = Path(folder) / f"{name}.png"
    shot.parent.mkdir(parents=True, exist_ok=True)
    person.page.screenshot(path=shot)
    Image.open(shot).convert("RGB").save(shot.with_suffix(".jpg"), quality=80, optimize=True)
    shot.unlink()
