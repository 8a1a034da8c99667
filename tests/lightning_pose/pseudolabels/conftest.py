"""A project of dots with videos whose frames tell their number, and smoothed tables of known variance."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses
from lightning_pose.core.video import VideoWriter

SIZES = {"left": (80, 64), "right": (96, 72), "": (80, 64)}  # width, height
NAMES = ("nose", "paw_left", "paw_right")
FRAMES, CERTAIN = 80, 40  # the second half of every session is uncertain
SMALL, LARGE = 0.25, 900.0  # variances, px^2


class Recording(NamedTuple):
    """A project and its smoothed sessions.

    Attributes:
        project: its folder.
        smoothed: folders, one per session.
        truth: session to view to what the tables hold.
    """

    project: Path
    smoothed: list[str]
    truth: dict[str, dict[str, Poses]]


def grey(frame: int) -> int:
    """Return the grey level that a frame of the videos has."""
    return 12 + 3 * frame


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A video of grey frames for every view."""
    folder = tmp_path_factory.mktemp("films")
    for view, (width, height) in SIZES.items():
        with VideoWriter(folder / f"of_{view}.mp4", width, height, 30, crf=0, key_every=25) as writer:
            for frame in range(FRAMES):
                writer.write(np.full((height, width, 3), grey(frame), dtype=np.uint8))
    return {view: folder / f"of_{view}.mp4" for view in SIZES}


@pytest.fixture
def recording(
    toy_project: Callable[..., Path], tmp_path: Path, films: dict[str, Path]
) -> Callable[..., Recording]:
    """A function that writes the sessions s0, which people have labeled, and wild, which nobody has."""

    def write(views: tuple[str, ...] = ("left", "right"), labels: int = 12, world: bool = True) -> Recording:
        project, rng = toy_project(views=views, n=labels), np.random.default_rng(7)
        (project / "videos").mkdir()
        truth: dict[str, dict[str, Poses]] = {}
        for session in ("s0", "wild"):
            folder = tmp_path / "smoothed" / session
            truth[session] = {view: _poses(rng, view) for view in views or ("",)}
            for view, poses in truth[session].items():
                stem = f"multicam_{view}_results" if view else "eks_singlecam"
                write_poses(folder / f"{stem}.csv", poses)
                name = "_".join(filter(None, (session, view)))
                shutil.copyfile(films[view], project / "videos" / f"{name}.mp4")
            if world and views:
                points = rng.normal(0, 50, (FRAMES, len(NAMES), 3))
                poses = Poses(NAMES, points, np.arange(FRAMES), variance=np.full(points.shape, 2.0))
                write_poses(folder / "multicam_3d_results.csv", poses)
        return Recording(project, [str(tmp_path / "smoothed" / session) for session in truth], truth)

    return write


def _poses(rng: np.random.Generator, view: str) -> Poses:
    """Return points all over the image; some missing, outside or unlikely."""
    points = rng.uniform((4, 4), np.array(SIZES[view]) - 5, (FRAMES, len(NAMES), 2))
    points[10, 0] = np.nan
    points[12, 1] = (-3.0, 20.0)
    variance = np.full(points.shape, SMALL) * rng.uniform(0.5, 2, points.shape)
    variance[CERTAIN:] = LARGE
    likelihood = np.full(points.shape[:2], 0.9)
    likelihood[14:20, 2] = 0.3
    return Poses(NAMES, points, np.arange(FRAMES), likelihood=likelihood, variance=variance)
