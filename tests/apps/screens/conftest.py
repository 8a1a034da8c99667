"""Projects as they come: without anything in them, whole, and broken; and pages drawn on them."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from apps.api.desk import desk_of
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import open_project
from lightning_pose.core.tables import write_poses
from lightning_pose.frames.extraction import extract
from lightning_pose.frames.planning import Options, plan_frames
from lightning_pose.projects.create import new_project

from ..conftest import NAMES, SESSION, VIEWS, track, two_cameras

FRAMES = (3, 11, 20, 31)

Draw = Callable[[Path, str], AppTest]


@pytest.fixture(autouse=True)
def settings(monkeypatch, tmp_path) -> None:
    """Keep the user's own list of recent projects and queues out of it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def empty(tmp_path) -> Path:
    """A project with nothing in it."""
    return new_project(tmp_path / "empty", NAMES, VIEWS).folder


@pytest.fixture
def healthy(demo_folder, tmp_path) -> Path:
    """A calibrated project with videos, four labeled frames, and a label that is 30 px off in the third."""
    folder = Path(shutil.copytree(demo_folder / "project", tmp_path / "healthy"))
    project = open_project(folder)
    options = Options(method="list", listed=FRAMES, context=0)
    rows = extract(project, plan_frames(project, SESSION, project.videos()[SESSION], options))
    pixels = two_cameras().project(track().points[list(FRAMES)])
    pixels[1, 2, 0] += 30
    for v, view in enumerate(VIEWS):
        labels = Poses(NAMES, pixels[v], np.array([row[view] for row in rows]))
        write_poses(folder / f"CollectedData_{view}.csv", labels, scorer="anna")
    return folder


@pytest.fixture
def broken(healthy) -> Path:
    """One whose label files do not belong together, with a video that is none and no calibration."""
    table = healthy / "CollectedData_top.csv"
    table.write_text("\n".join(table.read_text().splitlines()[:-2]) + "\n")
    (healthy / "videos" / "mouse1_top.mp4").write_bytes(b"no video")
    (healthy / "calibration.toml").write_text("[cam_0]\nname = 1\n")
    (healthy / "extracted" / f"{SESSION}.json").write_text("{")
    return healthy


@pytest.fixture
def draw() -> Iterator[Draw]:
    """Return a function that draws a page of a project, named by its function; none may raise."""
    given: list[Path] = []

    def run(folder: Path, name: str) -> AppTest:
        given.append(folder)
        page = AppTest.from_function(screen, args=(str(folder), name), default_timeout=60).run()
        assert not page.exception
        return page

    yield run
    for folder in given:
        desk_of(folder).close()


def screen(folder: str, name: str) -> None:
    import importlib
    from pathlib import Path

    from apps.api.desk import desk_of
    from apps.main import page_of

    module = importlib.import_module(f"apps.screens.{name}")
    page_of(getattr(module, f"show_{name}"), Path(folder), desk_of(Path(folder)))
