"""A small labeled project with three calibrated views, and a client of the routes on it."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from apps.api.answers import HANDLERS
from apps.api.desk import Desk
from apps.api.guard import Guard
from apps.api.places import project_id
from apps.server import routes
from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera, make_camera
from lightning_pose.core.naming import image_name
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import create_project
from lightning_pose.core.rotations import look_at
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.core.tables import write_poses
from lightning_pose.core.video import VideoWriter

ADDRESS = "http://127.0.0.1:8501"
VIEWS = ("left", "right", "top")
NAMES = ("nose", "ear_left", "ear_right", "tail")
SIZE = (160, 120)
FRAMES = (3, 10, 17)
SESSION = "mouse1"
WRITE = {"X-Litpose": "1", "Content-Type": "application/json"}


def rig() -> Rig:
    """Three cameras with strong lenses that look at the origin."""
    cameras = []
    for centre in ((-200.0, -250.0, 150.0), (250.0, -150.0, 200.0), (20.0, 10.0, 400.0)):
        rotation, translation = look_at(np.array(centre), np.zeros(3))
        matrix = np.array([[170.0, 0, 79.5], [0, 170.0, 59.5], [0, 0, 1]])
        cameras.append(make_camera(matrix, np.array([-0.3, 0.08, 0, 0, 0]), rotation, translation))
    stacked = Camera(*(np.stack(fields) for fields in zip(*cameras, strict=True)))
    return Rig(VIEWS, np.array([SIZE] * 3), stacked, unit="mm")


def world(more: int = 0) -> Poses:
    """Four keypoints in three frames, mm, and in as many more as asked for."""
    pose = np.array([[30.0, 0, 10], [20, 10, 20], [20, -10, 20], [-40, 0, 5]])
    steps = [0.0, 4.0, -6.0, *range(more)]
    frames = [*FRAMES, *range(FRAMES[-1] + 3, FRAMES[-1] + 3 + more)]
    return Poses(NAMES, np.stack([pose + step for step in steps]), np.array(frames))


def make_project(folder: Path, *, videos: bool = False, more: int = 0) -> Path:
    """Write the project: of its three frames, the first two are labeled in all views; `more` are as well."""
    edges = [("nose", "tail"), ("nose", "ear_left"), ("nose", "ear_right")]
    create_project(folder, VIEWS, skeleton_from_names(NAMES, edges))
    rig().save(folder / "calibration.toml")
    poses = world(more)
    pixels = rig().project(poses.points)
    pixels[:, 2] = np.nan
    for v, view in enumerate(VIEWS):
        images = [image_name(SESSION, view, frame) for frame in poses.frames.tolist()]
        write_poses(folder / f"CollectedData_{view}.csv", Poses(NAMES, pixels[v], np.array(images)), "anna")
        for number, image in enumerate(images):
            write_image(folder / image, 60 + 10 * number + 10 * v)
        write_image(folder / image_name(SESSION, view, FRAMES[1] + 1), 200)
        if videos:
            with VideoWriter(folder / "videos" / f"{SESSION}_{view}.mp4", *SIZE, fps=30) as writer:
                for frame in range(20):
                    writer.write(np.full((SIZE[1], SIZE[0], 3), 10 + 10 * frame, dtype=np.uint8))
    return folder


def write_image(path: Path, grey: int) -> None:
    """Write a grey image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((SIZE[1], SIZE[0], 3), grey, dtype=np.uint8))


class Browser:
    """What the page does: requests to the routes of one project, as a browser of this origin sends them."""

    def __init__(self, client: TestClient, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.home = f"/api/projects/{project_id(folder)}"

    def get(self, path: str = "", **kinds: Any) -> Any:
        """Return the JSON of an address below the project."""
        answer = self.client.get(self.home + path, **kinds)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def raw(self, path: str, **kinds: Any) -> Any:
        """Return the whole answer."""
        return self.client.get(self.home + path, **kinds)

    def post(self, path: str, body: Any, method: str = "POST", status: int = 200) -> Any:
        """Send JSON and return the JSON that comes back."""
        answer = self.client.request(method, self.home + path, json=body, headers=WRITE)
        assert answer.status_code == status, answer.text
        return answer.json()

    def place(self, frame: str, view: str, keypoint: str, xy: tuple[float, float], base: int = 0) -> Any:
        """Label a point, and return what became of it."""
        operation = {
            "id": os.urandom(8).hex(), "frame": frame, "view": view, "keypoint": keypoint, "x": xy[0],
            "y": xy[1], "state": "visible", "origin": "manual", "base": base,
        }  # fmt: skip
        body = {"client": "tab", "who": "Ada", "operations": [operation]}
        return self.post("/labels", body)["results"][0]

    @property
    def frame_ids(self) -> list[str]:
        """The frames in order."""
        return self.get("/frames")["id"]


@pytest.fixture
def open_browser(monkeypatch, tmp_path) -> Iterator[Callable[[Path], Browser]]:
    """Return a function that serves a project folder."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    desks = []

    def open_it(folder: Path) -> Browser:
        desk = Desk(folder)
        desks.append(desk)
        app = Starlette(
            routes=routes(desk), middleware=[Middleware(Guard, token=None)], exception_handlers=HANDLERS
        )
        return Browser(TestClient(app, base_url=ADDRESS, raise_server_exceptions=False), folder)

    yield open_it
    for desk in desks:
        desk.close()


@pytest.fixture
def labeled(tmp_path) -> Path:
    """A project with labels."""
    return make_project(tmp_path / "mice")


@pytest.fixture
def browser(open_browser, labeled) -> Browser:
    """A browser on the labeled project."""
    return open_browser(labeled)


@pytest.fixture
def demo(demo_folder, tmp_path) -> Path:
    """A demo folder that a test may change."""
    return Path(shutil.copytree(demo_folder, tmp_path / "demo"))


@pytest.fixture
def viewer(open_browser, demo) -> Browser:
    """A browser on the demo; its project lies in the folder `project`."""
    found = open_browser(demo)
    found.home = f"/api/projects/{project_id(demo / 'project')}"
    return found
