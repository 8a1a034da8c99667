"""A project small enough to train on in a second."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from lightning_pose.core.poses import Poses
from lightning_pose.core.project import Project, save_project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.core.tables import write_poses

DOTS = {"nose": (255, 40, 40), "paw_left": (40, 255, 40), "paw_right": (40, 40, 255)}
SIZES = {"left": (80, 64), "right": (96, 72)}  # width, height: views may differ


@pytest.fixture
def toy_project(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a project of coloured dots: images, labels and project.yaml."""

    def write(views: tuple[str, ...] = ("left", "right"), n: int = 12, sessions: int = 1) -> Path:
        folder = tmp_path / "project"
        rng = np.random.default_rng(3)
        for view in views or ("",):
            write_view(folder, view, n, sessions, rng)
        skeleton = skeleton_from_names(list(DOTS), [("nose", "paw_left"), ("nose", "paw_right")])
        save_project(Project(folder, views, skeleton, {}))
        return folder

    return write


def write_view(folder: Path, view: str, n: int, sessions: int, rng: np.random.Generator) -> None:
    """Write images and labels of one view."""
    width, height = SIZES.get(view, (80, 64))
    frames, points = [], rng.uniform((8, 8), (width - 8, height - 8), (n, len(DOTS), 2)).round(2)
    for row in range(n):
        session = f"s{row % sessions}"
        name = Path("labeled-data", "_".join(filter(None, (session, view))), f"img{row:08d}.png")
        image = np.full((height, width, 3), 90, dtype=np.uint8)
        for (x, y), colour in zip(points[row], DOTS.values(), strict=True):
            cv2.circle(image, (round(x), round(y)), 4, colour[::-1], -1)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), image)
        frames.append(str(name))
    file = folder / ("_".join(filter(None, ("CollectedData", view))) + ".csv")
    write_poses(file, Poses(tuple(DOTS), points, np.array(frames)), scorer="toy")
