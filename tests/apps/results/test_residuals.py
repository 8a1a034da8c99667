"""Reprojection errors, against the geometry that made the points."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from apps.results.copies import Copy
from apps.results.residuals import Work
from apps.results.rows import VALUE
from apps.results.shelf import Shelf
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses
from lightning_pose.synthetic.rig import make_rig

FRAMES = 60


@pytest.fixture
def scene(tmp_path):
    """Four cameras, a keypoint that moves, and one view that is 30 px off in ten frames."""
    rng = np.random.default_rng(5)
    rig = make_rig(4, (640, 512), rng)
    rig.save(tmp_path / "calibration.toml")
    xyz = rng.normal(0, 20, (FRAMES, 1, 3))
    xy = rig.project(xyz)
    xy[2, 20:30, 0, 0] += 30
    views = {view: tmp_path / f"{view}.csv" for view in rig.names}
    for v, path in enumerate(views.values()):
        write_poses(path, Poses(("nose",), xy[v], np.arange(FRAMES)))
    write_poses(tmp_path / "w.csv", Poses(("nose",), xyz, np.arange(FRAMES)))
    return rig, Work(tmp_path, tmp_path / "calibration.toml", views, None, "nose")


@pytest.mark.parametrize("known", [False, True], ids=["triangulated", "known points"])
def test_the_view_that_is_off_is_the_one_with_the_error(scene, known, tmp_path):
    rig, work = scene
    if known:
        work = Work(work.home, work.calibration, work.views, tmp_path / "w.csv", "nose")
    errors = work.errors(rig, 10, 40, Shelf(work.home))
    expected = np.zeros((4, 30))
    expected[2, 10:20] = 30
    np.testing.assert_allclose(errors, expected, atol=2e-3)


def test_the_program_writes_what_is_worked_out_here(scene, tmp_path):
    rig, work = scene
    module, told = work.program
    command = [sys.executable, "-m", module, str(tmp_path / "copy"), told]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[3], check=False)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", f"{FRAMES} {FRAMES}\n")
    errors = work.errors(rig, 0, FRAMES, Shelf(work.home))
    with Copy(tmp_path / "copy") as copy:
        for v, view in enumerate(rig.names):
            np.testing.assert_allclose(copy.column((view, VALUE), 0, FRAMES), errors[v], atol=1e-9)


def test_what_the_program_is_told_is_json_whatever_names_are(scene):
    _, work = scene
    odd = Work(work.home, work.calibration, {'a="b", c': Path("/x y.csv")}, None, "--nose")
    assert json.loads(odd.program[1])["views"] == {'a="b", c': "/x y.csv"}
