"""A session of known truth, and its predictions with faults that are known too."""

from typing import NamedTuple

import numpy as np
import pytest

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


@pytest.fixture
def record(tmp_path, truth):
    """Return a function that writes predictions of two members, changed as asked, and their evidence."""

    def make(spoil=None, *, noise: NoiseModel = CLEAN, views: slice = slice(None), calibrated: bool = True):
        members = simulate_ensemble(truth, (0, 1), model=noise)
        names = truth.rig.names[views]
        members = {seed: {view: tables[view] for view in names} for seed, tables in members.items()}
        for seed, tables in members.items():
            for v, view in enumerate(names):
                if spoil is not None:
                    spoil(seed, v, tables[view].points, tables[view].likelihood)
        write_ensemble(tmp_path, SESSION, members)
        found = find_files(tmp_path, names if len(names) > 1 else ())
        rig = truth.rig.select(names) if calibrated and len(names) > 1 else None
        return Recorded(truth, read_evidence(found[SESSION], SKELETON, rig=rig), tmp_path)

    return make


def keypoint(name: str) -> int:
    """Return the index of a keypoint of the animal."""
    return SKELETON.names.index(name)


def distances(recorded: Recorded) -> np.ndarray:
    """Return how far the median over members is from the truth, px (V T K)."""
    xy = np.concatenate([seen.xy for seen in recorded.evidence.read(10**6)], axis=1)
    return np.linalg.norm(xy - recorded.truth.projections[: len(xy)], axis=-1)
