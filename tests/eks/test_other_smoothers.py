"""One camera, mirrors, the pupil and the paws: on truth made for them."""

import dataclasses

import numpy as np
import pytest

from eks import mirrored, multicam, paw, pupil, singlecam
from eks.cli import main
from eks.multicam import Options
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_poses, write_poses

INTERVAL = 1.96


def walk_members(rng, n_frames=600, step=0.5, noise=1.0):
    """Points that walk over the image, and three members with errors of their own and in common."""
    truth = 100 + np.cumsum(rng.normal(0, step, (n_frames, 3, 2)), axis=0)
    common = rng.normal(0, noise * 0.6, truth.shape)
    members = [
        Poses(
            ("a", "b_c", "d"),
            truth + common + rng.normal(0, noise * 0.8, truth.shape),
            np.arange(n_frames),
            likelihood=rng.uniform(0.8, 1, truth.shape[:2]),
        )
        for _ in range(3)
    ]
    return truth, members


def test_one_camera_is_smoothed_with_intervals_that_know_of_common_errors(rng):
    truth, members = walk_members(rng)
    result = singlecam.smooth(members)
    poses = result.views[singlecam.CAMERA]
    median = np.median([m.points for m in members], axis=0)
    error = poses.points - truth
    assert (error**2).mean() < 0.5 * ((median - truth) ** 2).mean()
    assert 0.90 <= (np.abs(error) < INTERVAL * np.sqrt(poses.variance)).mean() <= 0.99
    unit = result.smoothed.s * (1.4826 * np.median(np.abs(np.diff(median, axis=0)), axis=(0, 2))) ** 2
    np.testing.assert_allclose(unit, 0.25, rtol=0.6)


def test_in_one_camera_a_jump_that_the_motion_does_not_explain_is_an_outlier(rng):
    _, members = walk_members(rng)
    clean = singlecam.smooth(members).views[singlecam.CAMERA].points
    hit = rng.random((600, 3)) < 0.03
    jumped = [dataclasses.replace(m, points=m.points + 60 * hit[..., None]) for m in members]
    moved = np.abs(singlecam.smooth(jumped).views[singlecam.CAMERA].points - clean)
    assert moved[hit].mean() < 1.5


def test_mirrored_views_are_smoothed_as_cameras_are(few):
    """Names with underscores in them, too."""
    cameras = few.truth.rig.names
    expected = multicam.smooth(few.members, None, Options(s=1.0))
    tables = []
    for m in range(3):
        views = [few.members[camera][m] for camera in cameras]
        tables.append(
            Poses(
                tuple(f"{name}_{camera}" for camera in cameras for name in views[0].names),
                np.concatenate([view.points for view in views], axis=1),
                views[0].frames,
                likelihood=np.concatenate([view.likelihood for view in views], axis=1),
            )
        )
    _, table = mirrored.smooth(tables, cameras, Options(s=1.0))
    for camera, poses in expected.views.items():
        got = table.select([f"{name}_{camera}" for name in poses.names])
        np.testing.assert_allclose(got.points, poses.points, atol=1e-9)
        np.testing.assert_allclose(got.variance, poses.variance, rtol=1e-9)


def test_mirrored_keypoints_without_their_camera_are_named():
    poses = Poses(("nose", "tail"), np.zeros((3, 2, 2)), np.arange(3))
    with pytest.raises(DataError, match="such as nose_top, got nose, tail"):
        mirrored.smooth([poses], ("top", "bot"))


def pupil_members(rng, n_frames=800):
    """A circle that wanders and widens, seen at its four ends in another order than the smoother's."""
    wander = np.zeros((n_frames, 3))
    for t in range(1, n_frames):
        wander[t] = [0.99, 0.97, 0.97] * wander[t - 1] + rng.normal(0, [0.2, 0.3, 0.3])
    diameter, x, y = (wander + [16, 50, 55]).T
    half = diameter / 2
    names = ("pupil_top_r", "pupil_right_r", "pupil_bottom_r", "pupil_left_r")
    truth = np.stack(
        [np.stack(p, -1) for p in ((x, y - half), (x + half, y), (x, y + half), (x - half, y))], axis=1
    )
    members = [
        Poses(
            names,
            truth + rng.normal(0, 0.8, truth.shape),
            np.arange(n_frames),
            likelihood=np.full((n_frames, 4), 0.95),
        )
        for _ in range(4)
    ]
    return truth, members


@pytest.mark.parametrize("robust", [True, False])
def test_every_point_of_the_pupil_is_its_own(rng, robust):
    """The right column is the right point: none is exchanged with another."""
    truth, members = pupil_members(rng)
    result = pupil.smooth(members, pupil.PupilOptions(robust=robust))
    poses = result.views[pupil.VIEW].select(members[0].names)
    median = np.median([m.points for m in members], axis=0)
    assert np.abs(poses.points - truth).mean() < 0.6 * np.abs(median - truth).mean()
    assert poses.likelihood.shape == (800, 4)
    entry = result.record["keypoints"]["pupil"]
    assert 0.95 < entry["diameter_s"] < 0.9995
    assert 0.9 < entry["com_s"] < 0.995
    if robust:
        inside = np.abs(poses.points - truth) < INTERVAL * np.sqrt(poses.variance)
        assert 0.88 <= inside.mean() <= 0.99


def test_a_given_smoothness_of_the_pupil_is_kept_and_the_other_tuned(rng):
    _, members = pupil_members(rng, 300)
    entry = pupil.smooth(members, pupil.PupilOptions(diameter_s=0.5)).record["keypoints"]["pupil"]
    assert entry["diameter_s"] == pytest.approx(0.5)
    assert entry["com_s"] != pytest.approx(0.5, abs=0.05)


def test_a_smoothness_outside_0_to_1_is_refused(rng):
    _, members = pupil_members(rng, 50)
    with pytest.raises(DataError, match="--com-s: expected a number between 0 and 1, got 2"):
        pupil.smooth(members, pupil.PupilOptions(com_s=2.0))


@pytest.fixture
def recording(tmp_path, rng):
    """Two cameras of 60 and 150 Hz; the right one sees the mirror image with the paws exchanged."""
    left_times, right_times = np.arange(300) / 60 + 0.01, np.arange(740) / 150

    def paws(times):
        both = [[40 + 10 * np.sin(times * f), 60 + 8 * np.cos(times * f)] for f in (2.0, 3.0)]
        return np.moveaxis(np.array(both), -1, 0)

    def mirror_image(points):
        return points[:, ::-1] * [-1, 1] + [paw.WIDTH, 0]

    for camera, times, seen in (
        ("left", left_times, paws(left_times)),
        ("right", right_times, mirror_image(paws(right_times))),
    ):
        np.save(tmp_path / f"{camera}_timestamps.npy", times)
        for seed in range(2):
            noisy = seen + rng.normal(0, 0.5, seen.shape)
            poses = Poses(paw.PAWS, noisy, np.arange(len(times)), likelihood=np.full(seen.shape[:2], 0.9))
            write_poses(tmp_path / f"{camera}Camera_rng={seed}.csv", poses)
    return tmp_path, paws(left_times), left_times, right_times


def test_paws_of_both_cameras_are_brought_together(recording):
    folder, truth, left_times, right_times = recording
    assert (
        main(["ibl-paw", "--input-dir", str(folder), "--save-dir", str(folder / "out"), "--n-latent", "2"])
        == 0
    )
    inside = (left_times >= right_times[0]) & (left_times <= right_times[-1])
    for camera in paw.CAMERAS:
        got = read_poses(folder / "out" / f"multicam_{camera}_results.csv")
        assert len(got) == inside.sum()
        assert np.abs(got.points - truth[inside]).mean() < 0.4


def test_a_camera_without_times_is_named(recording, capsys):
    folder, *_ = recording
    (folder / "right_timestamps.npy").unlink()
    assert main(["ibl-paw", "--input-dir", str(folder), "--save-dir", str(folder / "out")]) == 2
    assert "right: 0 files of times" in capsys.readouterr().err


def test_the_commands_write_the_peers_files(few, rng, tmp_path):
    _, members = walk_members(rng, 120)
    _, pupils = pupil_members(rng, 120)
    for m in range(2):
        write_poses(tmp_path / "single" / f"m{m}.csv", members[m])
        write_poses(tmp_path / "pupil" / f"m{m}.csv", pupils[m])
    out = str(tmp_path / "out")
    assert main(["singlecam", "--input-dir", str(tmp_path / "single"), "--save-dir", out, "--make-plot"]) == 0
    assert main(["ibl-pupil", "--input-dir", str(tmp_path / "pupil"), "--save-dir", out]) == 0
    assert read_poses(tmp_path / "out" / "eks_singlecam.csv").names == ("a", "b_c", "d")
    assert read_poses(tmp_path / "out" / "eks_ibl_pupil.csv").names == pupil.POINTS
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "eks_singlecam.csv", "eks_singlecam.json", "eks_singlecam_traces.pdf",
        "eks_ibl_pupil.csv", "eks_ibl_pupil.json",
    }  # fmt: skip
