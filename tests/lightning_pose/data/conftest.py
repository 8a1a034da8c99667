"""Exact labels of three views of one session."""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from lightning_pose.core.calibration import Rig
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses
from lightning_pose.data.labels import LabeledFrames, read_labeled_frames
from lightning_pose.synthetic.session import Truth, simulate_truth

FRAMES = 6


class CalibratedProject(NamedTuple):
    """Labels, the folder that they lie in, and what they were made of."""

    frames: LabeledFrames
    folder: Path
    rig: Rig
    truth: Truth


@pytest.fixture
def project(tmp_path: Path) -> CalibratedProject:
    """Labels of three views of one session, exact, with black images; the calibration is not written."""
    truth = simulate_truth(views=3, frames=FRAMES, seed=3)
    files = {}
    for view in truth.rig.names:
        folder = tmp_path / "labeled-data" / f"walk_{view}"
        folder.mkdir(parents=True)
        images = [f"labeled-data/walk_{view}/img{n:08d}.png" for n in range(FRAMES)]
        for image in images:
            cv2.imwrite(str(tmp_path / image), np.zeros((256, 256, 3), np.uint8))
        labels = truth.view(view)
        files[view] = tmp_path / f"CollectedData_{view}.csv"
        write_poses(files[view], Poses(labels.names, labels.points, np.array(images)), scorer="test")
    frames = read_labeled_frames(files, tmp_path, (64, 64), outside="ignore")
    return CalibratedProject(frames, tmp_path, truth.rig, truth)
