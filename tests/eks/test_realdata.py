"""Recorded data: three cameras on a fly, four cameras on a person."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from eks.inputs import list_tables, sort_by_camera
from eks.multicam import Options, smooth
from lightning_pose.core.calibration import Rig
from lightning_pose.core.tables import read_poses

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "eks_held_out.py"
pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def fly(real_data):
    folder = real_data / "eks" / "fly"
    rig = Rig.load(folder / "calibration.toml")
    found = sort_by_camera(list_tables(folder, None), rig.names)
    return {camera: [read_poses(path) for path in paths] for camera, paths in found.files.items()}, rig


def test_fly_is_smoothed_close_to_what_its_cameras_saw(fly):
    members, rig = fly
    result = smooth(members, rig)
    for camera, poses in result.views.items():
        median = np.median([p.points for p in members[camera]], axis=0)
        error = np.linalg.norm(poses.points - median, axis=-1)
        assert np.median(error) < 2.0
        rough = np.abs(np.diff(median, 2, axis=0)).mean()
        assert np.abs(np.diff(poses.points, 2, axis=0)).mean() < 0.7 * rough
        ratio = error[..., None] / np.sqrt(poses.variance)
        assert np.median(ratio) < 3  # the interval knows of the calibration's error
    assert (result.smoothed.s > 0.1).all()
    assert (result.smoothed.s < 10).all()


def test_fly_is_smoothed_without_its_calibration(fly):
    members, _ = fly
    result = smooth(members, None)
    for camera, poses in result.views.items():
        median = np.median([p.points for p in members[camera]], axis=0)
        assert np.median(np.linalg.norm(poses.points - median, axis=-1)) < 2.0


def test_detections_of_one_network_jump_less_and_err_no_more_than_triangulated(real_data):
    folder = real_data / "human-4cam"
    rig = Rig.load(folder / "calibrations" / "balancing.toml")
    members = {name: [read_poses(folder / "openpose" / f"balancing_{name}.csv")] for name in rig.names}
    result = smooth(members, rig)
    pixels = np.stack([each[0].points for each in members.values()])
    sure = np.stack([each[0].likelihood for each in members.values()])
    truth = read_poses(folder / "balancing_3d.csv").select(result.world.names)

    def error(points):
        return np.nanmean(np.linalg.norm(points[: len(truth)] - truth.points, axis=-1))

    def jumps(points):
        return (np.linalg.norm(np.diff(points, axis=0), axis=-1) > 0.05).sum()

    for weights in (None, sure):
        frame_by_frame = rig.triangulate(pixels, weights)
        assert error(result.world.points) < error(frame_by_frame)
        assert jumps(result.world.points) < 0.75 * jumps(frame_by_frame)
    assert jumps(result.world.points) < 0.5 * jumps(rig.triangulate_robust(pixels).xyz)
    assert np.isfinite(result.world.points).all()


def test_separate_mirror_views_are_smoothed_by_principal_components(real_data):
    folder = real_data / "eks" / "mirror-mouse-separate"
    found = sort_by_camera(list_tables(folder, None), ("top", "bot"))
    assert {camera: len(paths) for camera, paths in found.files.items()} == {"top": 5, "bot": 5}
    result = smooth(found.files, None, Options(n_latent=3))
    assert all(np.isfinite(poses.points).all() for poses in result.views.values())


@pytest.mark.slow
def test_a_fly_camera_that_was_held_out_sees_what_the_others_predict(fly):
    members, rig = fly
    benchmark = runpy.run_path(str(BENCHMARK))
    rows = benchmark["hold_out"](members, rig, Options())
    assert 0.90 <= benchmark["together"](rows).covered <= 0.98
    assert all(0.90 <= row.covered <= 0.99 for row in rows.values())
