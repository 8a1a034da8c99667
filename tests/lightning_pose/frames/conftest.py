"""A session of known truth, and its predictions with faults that are known too."""

from typing import NamedTuple

import cv2
import numpy as np
import pytest

from lightning_pose.core.project import Project, open_project, save_project
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.core.video import VideoWriter
from lightning_pose.frames.evidence import read_evidence
from lightning_pose.frames.files import find_files
from lightning_pose.frames.observed import Evidence
from lightning_pose.synthetic.animal import SKELETON
from lightning_pose.synthetic.ensemble import CLEAN, NoiseModel, simulate_ensemble, write_ensemble
from lightning_pose.synthetic.session import Truth, simulate_truth

SESSION = "s1"


class Recorded(NamedTuple):
    """Predictions on disk of a session whose truth is known."""

    truth: Truth
    evidence: Evidence
    folder: object


@pytest.fixture(scope="session")
def truth() -> Truth:
    return simulate_truth(views=4, frames=500, seed=3)


@pytest.fixture(scope="module")
def record(tmp_path_factory, truth):
    """Return a function that writes predictions of two members, changed as asked, and their evidence."""

    def make(spoil=None, *, noise: NoiseModel = CLEAN, views: slice = slice(None), calibrated: bool = True):
        members = simulate_ensemble(truth, (0, 1), model=noise)
        names = truth.rig.names[views]
        folder = tmp_path_factory.mktemp("recorded")
        members = {seed: {view: tables[view] for view in names} for seed, tables in members.items()}
        for seed, tables in members.items():
            for v, view in enumerate(names):
                if spoil is not None:
                    spoil(seed, v, tables[view].points, tables[view].likelihood)
        write_ensemble(folder, SESSION, members)
        found = find_files(folder, names if len(names) > 1 else ())
        rig = truth.rig.select(names) if calibrated and len(names) > 1 else None
        return Recorded(truth, read_evidence(found[SESSION], SKELETON, rig=rig), folder)

    return make


def keypoint(name: str) -> int:
    """Return the index of a keypoint of the animal."""
    return SKELETON.names.index(name)


def distances(recorded: Recorded) -> np.ndarray:
    """Return how far the median over members is from the truth, px (V T K)."""
    xy = np.concatenate([seen.xy for seen in recorded.evidence.read(10**6)], axis=1)
    return np.linalg.norm(xy - recorded.truth.projections[: len(xy)], axis=-1)


@pytest.fixture
def filmed(tmp_path):
    """Return a function that writes a project with one session of videos whose frames carry their number.

    A frame is black but for a stripe of grey, brighter with every frame, and a square that stands still
    in the first half and is somewhere else in every frame of the second half.
    """

    def write(views=("left", "right"), frames=60, size=(64, 48)):
        rng = np.random.default_rng(1)
        folder = tmp_path / "project"
        (folder / "videos").mkdir(parents=True)
        for view in views or ("",):
            name = "_".join(filter(None, ("s1", view)))
            width, height = size
            with VideoWriter(folder / "videos" / f"{name}.mp4", width, height, 30, crf=0) as writer:
                for number in range(frames):
                    image = np.zeros((size[1], size[0], 3), np.uint8)
                    image[:12] = level_of(number)
                    x, y = (
                        (10, 20)
                        if number < frames // 2
                        else rng.integers((0, 14), (size[0] - 16, size[1] - 16))
                    )
                    image[y : y + 14, x : x + 14] = 255
                    writer.write(image)
        save_project(Project(folder, tuple(views), Skeleton(("nose", "tail"), ((0, 1),)), {}))
        return open_project(folder)

    return write


LEVEL, STEP = 20, 3


def level_of(number: int) -> int:
    """Return how bright the stripe of a frame is."""
    return LEVEL + STEP * (number % 70)


def number_in(path) -> int:
    """Return the number of the frame that an image shows."""
    image = cv2.imread(str(path))
    assert image is not None, path
    return round((float(image[:10].mean()) - LEVEL) / STEP)
