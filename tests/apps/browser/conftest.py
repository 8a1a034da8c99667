"""A grey project with four calibrated views, our routes on a real port, and Chromium on the labeling page."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from starlette.applications import Starlette
from starlette.middleware import Middleware

from apps.api.answers import HANDLERS
from apps.api.desk import Desk
from apps.api.guard import Guard
from apps.api.places import project_id
from apps.server import listen, routes
from lightning_pose.core.calibration import Rig
from lightning_pose.core.naming import image_name
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import create_project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.core.tables import write_poses
from lightning_pose.synthetic.rig import make_rig

from .barcodes import READ, make_films
from .barcodes import SESSION as CODED
from .person import Program
from .recordings import own, panels, recorded  # noqa: F401

VIEWS = ("front", "left", "right", "top")
NAMES = ("nose", "<img onerror=alert(1)>", "ear_right", "spine", "tail")
SIZE = (320, 256)
FRAMES = (3, 10, 17)
SESSION = "mouse1"
PAGE = "document.querySelector('.litpose-canvas')?.page"
READY = """() => {
  const viewer = document.querySelector('.litpose-canvas')?.viewer;
  return viewer?.player.isSettled && viewer.films.every((film) => film.shown >= 0 || film.fault);
}"""
expect.set_options(timeout=30_000)  # ms: what shows at once on a machine that does nothing else
STAR = (100, 60)  # the one bright pixel of every image
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def rig() -> Rig:
    """Four cameras with lenses around the origin, named as the views."""
    made = make_rig(len(VIEWS), SIZE, np.random.default_rng(4))
    return Rig(VIEWS, made.sizes, made.camera, unit=made.unit)


def world() -> np.ndarray:
    """Five points near the middle of what the cameras see."""
    return np.array([[30.0, 0, 25], [20, 12, 35], [20, -12, 35], [0, 0, 40], [-45, 0, 20]])


def make_project(folder: Path, *, calibrated: bool = True, views: tuple[str, ...] = VIEWS) -> Path:
    """Write a project of three instants without labels."""
    edges = [("nose", "spine"), ("spine", "tail")]
    create_project(folder, views, skeleton_from_names(NAMES, edges))
    if calibrated:
        rig().select(views).save(folder / "calibration.toml")
    nothing = np.full((len(FRAMES), len(NAMES), 2), np.nan)
    for v, view in enumerate(views or ("",)):
        images = [image_name(SESSION, view, frame) for frame in FRAMES]
        name = f"CollectedData_{view}.csv" if view else "CollectedData.csv"
        write_poses(folder / name, Poses(NAMES, nothing, np.array(images)), "anna")
        for number, image in enumerate(images):
            pixels = np.full((SIZE[1], SIZE[0], 3), 40 + 15 * number + 5 * v, np.uint8)
            pixels[STAR[1], STAR[0]] = 255
            (folder / image).parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / image), pixels)
    return folder


class Server:
    """Our routes on a port of this machine; it can be stopped, and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = project_id(folder)
        self.port = 0
        self.start()

    def start(self) -> None:
        self.desk = Desk(self.folder)
        app = Starlette(
            routes=routes(self.desk), middleware=[Middleware(Guard, token=None)], exception_handlers=HANDLERS
        )
        listener = listen("127.0.0.1", self.port)
        self.port = listener.getsockname()[1]
        settings: dict[str, Any] = {"log_level": "error", "access_log": False, "lifespan": "off"}
        self.server = uvicorn.Server(uvicorn.Config(app, timeout_graceful_shutdown=1, **settings))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listener]}, daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self.server.should_exit = self.server.force_exit = True
        self.thread.join(10)
        self.desk.close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/canvas/{self.id}"

    @property
    def store(self) -> Any:
        return self.desk.served(self.id).store

    def cell(self, frame: int, view: str, keypoint: str) -> Any:
        """Return what is on the disk of a label; frames count from 0."""
        return self.store.cells(self.store.frames().id[frame])[view][keypoint]

    def soon(self, check: Callable[[], Any], seconds: float = 40) -> Any:
        """Wait until something is so, and return it."""
        end = time.monotonic() + seconds
        while not (found := check()):
            assert time.monotonic() < end, "it did not come to be"
            time.sleep(0.02)
        return found


class Labeler:
    """A person at the labeling page."""

    def __init__(self, page: Page, server: Server | Program) -> None:
        self.page = page
        self.server = server
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.open()

    def open(self) -> None:
        self.page.goto(self.server.address)
        self.ready()

    def ready(self) -> None:
        """Wait until the frame is there with all its images."""
        self.until("page.frame && page.tiles.every((tile) => tile.shown === page.target && tile.bitmap)")

    def run(self, code: str, argument: Any = None) -> Any:
        """Evaluate `(page, argument) => code` in the page."""
        return self.page.evaluate(f"(argument) => {{ const page = {PAGE}; return {code}; }}", argument)

    def spot(self, view: str, x: float, y: float) -> tuple[float, float]:
        """Return where on the screen a point of an image is (px)."""
        box = self.page.locator(f".tile[data-view='{view}'] .marks").bounding_box()
        zoom = self.run("page.tiles[argument].zoom", VIEWS.index(view))
        assert box is not None
        left, top = box["x"] + zoom["x"], box["y"] + zoom["y"]
        return left + (x + 0.5) * zoom["scale"], top + (y + 0.5) * zoom["scale"]

    def click(self, view: str, x: float, y: float, button: Any = "left") -> None:
        self.page.mouse.click(*self.spot(view, x, y), button=button)

    def drag(self, view: str, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.page.mouse.move(*self.spot(view, *start))
        self.page.mouse.down()
        for share in (0.3, 0.7, 1.0):
            x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
            self.page.mouse.move(*self.spot(view, x, y))
        self.page.mouse.up()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def choose(self, view: str, keypoint: int) -> None:
        self.run("page.select(...argument)", [VIEWS.index(view), keypoint])

    def cell(self, view: str, keypoint: int) -> dict[str, Any]:
        """Return a label as the page has it."""
        return self.run("page.labels.at(page.target, ...argument)", [VIEWS.index(view), keypoint])

    def until(self, condition: str) -> None:
        """Wait until something is so in the page."""
        self.page.wait_for_function(f"() => {{ const page = {PAGE}; return page && ({condition}); }}")

    def saved(self) -> None:
        """Wait until every edit is acknowledged."""
        self.until("page.outbox.size === 0")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have a browser: install Debian's chromium")
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_server(tmp_path, monkeypatch) -> Iterator[Callable[[Path], Server]]:
    """Return a function that serves a folder."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    running: list[Server] = []

    def start(folder: Path) -> Server:
        running.append(Server(folder))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture(scope="session")
def coded(tmp_path_factory) -> Path:
    """A project of six views in as many containers, 150 frames."""
    return make_films(tmp_path_factory.mktemp("films") / "films", 150)


@pytest.fixture
def films(coded, open_server) -> Server:
    """A server of that project."""
    return open_server(coded)


@pytest.fixture
def look(context) -> Iterator[Callable[..., Page]]:
    """Return a function that opens the viewer of a server, and fails where the page does."""
    faults: list[str] = []

    def opened(server: Server, query: str = f"session={CODED}", **options: Any) -> Page:
        page = context(**options).new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"http://127.0.0.1:{server.port}/view/{server.id}?{query}")
        page.wait_for_function(READY)
        page.evaluate(READ)
        return page

    yield opened
    assert not faults


@pytest.fixture
def server(tmp_path, monkeypatch) -> Iterator[Server]:
    """A server on a project without labels."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    running = Server(make_project(tmp_path / "mice"))
    yield running
    running.stop()


@pytest.fixture
def context(chromium) -> Iterator[Callable[..., BrowserContext]]:
    """Return a function that opens a browser without memory."""
    made: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        made.append(chromium.new_context(viewport={"width": 1280, "height": 720}, **options))
        made[-1].set_default_timeout(40_000)
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def enter(context, server) -> Callable[..., Labeler]:
    """Return a function that lets a person in, with a browser of their own or in one that is there."""

    def let_in(browser: BrowserContext | None = None, **options: Any) -> Labeler:
        return Labeler((browser or context(**options)).new_page(), server)

    return let_in


@pytest.fixture
def labeler(enter) -> Labeler:
    """A person on the page of the project."""
    return enter()
