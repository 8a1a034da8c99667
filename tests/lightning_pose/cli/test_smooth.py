"""`litpose smooth`: what it hands on, what it says, and the whole way with the real smoother."""

import json

import numpy as np
import pytest

from lightning_pose.cli.main import main
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import create_project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.core.tables import read_poses, write_poses
from lightning_pose.pipeline import smooth
from lightning_pose.projects.smoothing import Smoothing


@pytest.fixture
def ensemble(tmp_path):
    """A single view; two networks see a straight walk with noise of 2 px."""
    create_project(tmp_path / "p", (), skeleton_from_names(("nose",), []))
    rng = np.random.default_rng(1)
    truth = np.stack([np.linspace(10, 200, 150), np.linspace(50, 90, 150)], axis=1)[:, None]
    for seed in (0, 1):
        poses = Poses(
            ("nose",), truth + rng.normal(0, 2, truth.shape), np.arange(150), np.full((150, 1), 0.9)
        )
        write_poses(tmp_path / "p" / "models" / "e" / "video_preds" / f"walk_rng={seed}.csv", poses)
    return tmp_path / "p", truth


def test_what_is_asked_for_is_handed_on(ensemble, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(smooth, "smooth_tables", lambda *words, anew: asked.append((words, anew)))
    folder, _ = ensemble
    words = [
        "smooth",
        str(folder / "models" / "e"),
        "--project",
        str(folder),
        "--sessions",
        "walk",
        "--overwrite",
    ]
    assert main([*words, "--how", "apart", "--motion", "velocity", "--s", "1", "2", "--skeleton", "a,b"]) == 0
    ((_, _, rig, how), anew) = asked[0]
    assert (rig, how, anew) == (None, Smoothing("apart", "velocity", (1.0, 2.0), "a,b"), True)
    assert "smoothed 0, kept 1, failed 0" in capsys.readouterr().out


def test_a_failure_is_named_and_the_exit_code_says_so(ensemble, tmp_path, capsys):
    folder, _ = ensemble
    model, progress = folder / "models" / "e", tmp_path / "progress.json"
    words = ["smooth", str(model), "--project", str(folder), "--progress_file", str(progress)]
    (model / "video_preds" / "walk_rng=1.csv").write_text("scorer\n")
    assert main(words) == 2
    said = capsys.readouterr()
    assert "error: walk: the smoother failed (exit code 2)" in said.err
    assert "smoothed 0, kept 0, failed 1" in said.out
    record = json.loads(progress.read_text())
    assert (record["completed"], record["total"], record["what"]) == (1, 1, "sessions")


def test_smoothed_points_are_nearer_to_the_truth_and_found_where_they_are_looked_for(ensemble, capsys):
    folder, truth = ensemble
    model = folder / "models" / "e"
    assert main(["smooth", str(model), "--project", str(folder), "--s", "0.1"]) == 0
    smoothed = read_poses(model / "video_preds_smoothed" / "walk" / "singlecam_results.csv")
    raw = read_poses(model / "video_preds" / "walk_rng=0.csv")
    errors = [np.linalg.norm(poses.points - truth, axis=-1).mean() for poses in (smoothed, raw)]
    assert errors[0] < 0.6 * errors[1]
    assert main(["status", str(folder), "--sessions"]) == 0
    assert "models/e" in capsys.readouterr().out
