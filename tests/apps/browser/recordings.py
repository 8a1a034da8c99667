"""A recording with two networks and the smoother, of four keypoints that circle on a floor."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page

from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera, make_camera
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import create_project
from lightning_pose.core.rotations import look_at
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.core.tables import write_poses
from lightning_pose.core.video import VideoWriter

SESSION = "mouse1"
SIZE = (160, 120)
NAMES = ("nose", "<img src=x onerror=alert(1)>", "paw_right", "tail")
EDGES = [(NAMES[0], NAMES[3]), (NAMES[0], NAMES[1]), (NAMES[0], NAMES[2])]
FRAMES = 300
JUMP = 120  # frame in which the first network loses the nose
QUIET = """async () => {
  const panel = viewer.screen.panels.traces;
  const idle = () => panel.rows.length && !panel.isWaiting && !panel.store.isBusy;
  for (let calm = 0; calm < 3;) {
    await new Promise((done) => setTimeout(done, 20));
    calm = idle() ? calm + 1 : 0;
  }
}"""  # until the traces are as sharp as they get


def pinholes(views: tuple[str, ...]) -> Rig:
    """Cameras without distortion around the origin."""
    cameras = []
    for angle in np.linspace(0, 2 * np.pi, len(views), endpoint=False):
        rotation, translation = look_at(
            np.array([300 * np.cos(angle), 300 * np.sin(angle), 260.0]), np.zeros(3)
        )
        matrix = np.array([[200.0, 0, 79.5], [0, 200.0, 59.5], [0, 0, 1]])
        cameras.append(make_camera(matrix, np.zeros(5), rotation, translation))
    stacked = Camera(*(np.stack(fields) for fields in zip(*cameras, strict=True)))
    return Rig(views, np.tile(SIZE, (len(views), 1)), stacked, unit="mm")


def track(frames: int) -> np.ndarray:
    """Return where the keypoints are: [T, K, 3], mm."""
    angle = np.arange(frames) / 30
    centre = np.stack([60 * np.cos(angle), 60 * np.sin(angle), 20 + 0 * angle], axis=1)
    offsets = np.array([[15.0, 0, 5], [5, 8, -20], [5, -8, -20], [-20, 0, 0]])
    return centre[:, None] + offsets


def make_recording(
    folder: Path, views: tuple[str, ...] = ("left", "right", "top"), frames: int = FRAMES, *, rig: bool = True
) -> Path:
    """Write a project of one session; one view has no name, no cameras, and no 3D points."""
    named = views if len(views) > 1 else ()
    create_project(folder, named, skeleton_from_names(NAMES, EDGES))
    cameras, world, rng = pinholes(views), track(frames), np.random.default_rng(7)
    if rig and named:
        cameras.save(folder / "calibration.toml")
    pixels = cameras.project(world)
    numbers = np.arange(frames)
    for v, view in enumerate(views):
        tail = f"_{view}" if named else ""
        film(folder / "videos" / f"{SESSION}{tail}.mp4", frames, v)
        for name, px in (("first", 0.5), ("second", 2.0)):
            noisy = pixels[v] + rng.normal(0, px, pixels[v].shape)
            if name == "first":
                noisy[numbers == JUMP, 0] += 40
            likelihood = rng.uniform(0.5, 1, noisy.shape[:2])
            place = folder / "models" / name / "video_preds" / f"{SESSION}{tail}.csv"
            write_poses(place, Poses(NAMES, noisy, numbers, likelihood=likelihood))
        if named and rig:
            smooth = Poses(NAMES, pixels[v], numbers, variance=np.full(pixels[v].shape, 0.25))
            write_poses(smoothed(folder) / f"multicam_{view}_results.csv", smooth)
    if named and rig:
        variance = np.full(world.shape, 4.0)
        write_poses(
            smoothed(folder) / "multicam_3d_results.csv", Poses(NAMES, world, numbers, variance=variance)
        )
    return folder


def smoothed(folder: Path) -> Path:
    """Return where the smoother's tables of the session are."""
    return folder / "models" / "first" / "video_preds_smoothed" / SESSION


def film(path: Path, frames: int, view: int) -> None:
    """Write grey frames that brighten with their number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path, *SIZE, fps=30, key_every=30) as writer:
        for frame in range(frames):
            writer.write(np.full((SIZE[1], SIZE[0], 3), 40 + frame * 150 // frames + 5 * view, np.uint8))


@pytest.fixture(scope="session")
def recorded(tmp_path_factory) -> Path:
    """A project of three views, two networks and the smoother; tests only read it."""
    return make_recording(tmp_path_factory.mktemp("recorded") / "mice")


@pytest.fixture
def panels(recorded, open_server, look) -> Callable[..., Page]:
    """Return a function that opens the viewer on it."""

    def opened(**options: Any) -> Page:
        page = look(open_server(recorded), f"session={SESSION}", **options)
        page.evaluate(QUIET)
        return page

    return opened


@pytest.fixture
def own(tmp_path, open_server) -> Any:
    """A server on a project of one's own."""
    return open_server(make_recording(tmp_path / "mice", ("left", "right"), 60))


def choose(page: Page, *names: str) -> None:
    """Show sources by their names."""
    page.evaluate(
        """(names) => {
          const chosen = viewer.session.sources.filter(({ name }) => names.includes(name));
          viewer.choose(chosen.map(({ id }) => id));
        }""",
        list(names),
    )
    page.evaluate(QUIET)


def settled(page: Page) -> int:
    """Wait until the films rest and the panels have followed, and return the frame that they show."""
    page.wait_for_function("() => viewer.player.isSettled && !viewer.nextPicture.isAsked")
    return page.evaluate("() => viewer.frame")


def open_tab(page: Page, name: str) -> None:
    """Show a list of the right column."""
    page.get_by_role("tab", name=name).click()


def table(folder: Path, model: str, view: str) -> pd.DataFrame:
    """Read predictions as pandas does."""
    path = folder / "models" / model / "video_preds" / f"{SESSION}_{view}.csv"
    return pd.read_csv(path, header=[1, 2], index_col=0)
