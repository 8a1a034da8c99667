"""A demo folder in small, as the commands leave it."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera, make_camera
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import create_project
from lightning_pose.core.rotations import look_at
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.core.tables import write_poses
from lightning_pose.core.video import VideoWriter

VIEWS = ("top", "side")
NAMES = ("nose", "paw_left", "paw_right", "tail")
FRAMES = 40
SESSION = "mouse7"


@pytest.fixture(autouse=True)
def keep_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back the main module, which Streamlit's tester replaces: processes of later tests would run it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


def two_cameras() -> Rig:
    """Two pinholes that look at the origin."""
    cameras = []
    for centre in ((0.0, -300.0, 300.0), (300.0, 100.0, 200.0)):
        rotation, translation = look_at(np.array(centre), np.zeros(3))
        matrix = np.array([[200.0, 0, 79.5], [0, 200.0, 59.5], [0, 0, 1]])
        cameras.append(make_camera(matrix, np.zeros(5), rotation, translation))
    stacked = Camera(*(np.stack(fields) for fields in zip(*cameras, strict=True)))
    return Rig(VIEWS, np.array([[160, 120], [160, 120]]), stacked, unit="mm")


def track() -> Poses:
    """Four keypoints that circle above the ground, mm."""
    angle = np.linspace(0, 2 * np.pi, FRAMES)
    centre = np.stack([40 * np.cos(angle), 40 * np.sin(angle), 20 + 0 * angle], axis=1)
    offsets = np.array([[15.0, 0, 5], [5, 8, -10], [5, -8, -10], [-20, 0, 0]])
    return Poses(NAMES, centre[:, None] + offsets, np.arange(FRAMES))


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a labeled session, and one that two seeds predicted and the smoother smoothed."""
    folder = tmp_path_factory.mktemp("viewer") / "demo"
    edges = [("nose", "tail"), ("nose", "paw_left"), ("nose", "paw_right")]
    create_project(folder / "project", VIEWS, skeleton_from_names(NAMES, edges))
    rig, world, rng = two_cameras(), track(), np.random.default_rng(7)
    rig.save(folder / "project" / "calibration.toml")
    write_poses(folder / "project" / "truth" / f"{SESSION}_3d.csv", world)
    pixels = rig.project(world.points)
    predictions = folder / "models" / "demo" / "video_preds"
    smoothed = folder / "smoothed"
    for v, view in enumerate(VIEWS):
        for session in ("mouse1", SESSION):
            _write_video(folder / "project" / "videos" / f"{session}_{view}.mp4")
        for seed in (0, 1):
            noisy = pixels[v] + rng.normal(0, 2, pixels[v].shape)
            likelihood = rng.uniform(0.5, 1, noisy.shape[:2])
            poses = Poses(NAMES, noisy, world.frames, likelihood=likelihood)
            write_poses(predictions / f"{SESSION}_{view}_rng={seed}.csv", poses)
        poses = Poses(NAMES, pixels[v], world.frames, variance=np.full(pixels[v].shape, 0.25))
        write_poses(smoothed / f"multicam_{view}_results.csv", poses)
    variance = np.full(world.points.shape, 4.0)
    write_poses(
        smoothed / "multicam_3d_results.csv", Poses(NAMES, world.points, world.frames, variance=variance)
    )
    _write_video(predictions / "labeled_videos" / f"{SESSION}_mosaic_labeled.mp4")
    score = {
        "median_px": dict.fromkeys(VIEWS, 1.25), "mean_3d": 3.0, "median_3d": 2.5, "p95_3d": 7.0,
        "coverage_95": 0.951, "missing": 0.0,
    }  # fmt: skip
    summary = {"quick": False, "session": SESSION, "unit": "mm", "scores": {"smoother": score}}
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


def _write_video(path: Path) -> None:
    """Write grey frames that brighten with their number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path, 160, 120, fps=30) as writer:
        for index in range(FRAMES):
            writer.write(np.full((120, 160, 3), 60 + 2 * index, dtype=np.uint8))
