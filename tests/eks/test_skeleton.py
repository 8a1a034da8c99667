"""Bones: the most probable trajectories of a generic optimiser, lengths, and what they are good for."""

import argparse

import numpy as np
import pytest
from scipy.optimize import least_squares

from eks import skeleton
from eks.flags import skeleton as parse
from eks.kalman import Gaussian, Motion
from eks.multicam import Options, smooth, smooth_points
from eks.observe import Basis, Calibrated, Seen
from eks.options import edges_of
from eks.rounds import Model, Settings, iterate
from eks.skeleton import Bones, couple, learn_bones
from lightning_pose.core.camera import project_views
from lightning_pose.core.errors import DataError

NONE = Settings(robust=False, tolerance=1e-9, max_rounds=40)


@pytest.mark.parametrize("frames", [12, 5], ids=["one piece", "chunks"])
def test_the_end_of_the_rounds_is_the_most_probable_of_all_keypoints(few, rng, monkeypatch, frames):
    """Two bones over three keypoints, one of them unseen for a while, against scipy's least squares."""
    monkeypatch.setattr(skeleton, "ENTRIES", frames * 9**2)
    n, camera = 12, few.truth.rig.camera
    path = few.truth.poses.points[:1, :3] + np.cumsum(rng.normal(0, 4.0, (n, 3, 3)), axis=0)
    pixels = project_views(path, camera) + rng.normal(0, 2.0, (3, n, 3, 2))
    pixels[:, 4:7, 2] = np.nan
    basis = Basis(path.mean(0), np.tile(4.0 * np.eye(3), (3, 1, 1)))
    prior = Gaussian(np.zeros((3, 3)), 25.0 * np.eye(3)[..., None] * np.ones(3))
    model = Model(basis, prior, path)
    bones = Bones(np.array([0, 1]), np.array([1, 2]), np.array([30.0, 45.0]), np.array([4.0, 9.0]))
    seen = Seen(pixels, np.full(pixels.shape, 4.0), np.ones(pixels.shape[:3]), np.ones(3))
    s = np.array([0.5, 1.0, 2.0])
    state = Gaussian(np.moveaxis(basis.inner(path), 1, 2), np.zeros((n, 3, 3, 3)))
    done = iterate(Calibrated(camera), model, seen, state, Motion(s), NONE)
    got = couple(Calibrated(camera), model, seen, done, s=s, bones=bones, settings=NONE).state

    def residuals(z):
        z = z.reshape(n, 3, 3)  # T K D
        x = basis.outer(z)
        off = (project_views(x, camera) - pixels) / 2.0
        lengths = np.linalg.norm(x[:, bones.first] - x[:, bones.second], axis=-1)
        steps = np.diff(z, axis=0) / np.sqrt(s)[:, None]
        stretched = (lengths - bones.length) / np.sqrt(bones.variance)
        return np.concatenate([off[np.isfinite(off)], steps.ravel(), stretched.ravel(), z[0].ravel() / 5.0])

    start = np.moveaxis(done.state.mean, 1, 2).ravel()
    best = least_squares(residuals, start, xtol=1e-14, ftol=1e-14, gtol=1e-12)
    np.testing.assert_allclose(np.moveaxis(got.mean, 1, 2), best.x.reshape(n, 3, 3), atol=2e-5)
    curvature = np.linalg.inv(best.jac.T @ best.jac)
    rows = slice((5 * 3 + 2) * 3, (5 * 3 + 2) * 3 + 3)  # frame 5, the keypoint that is not seen
    np.testing.assert_allclose(got.covariance[5, ..., 2], curvature[rows, rows], rtol=1e-3, atol=1e-5)


def test_lengths_are_learned_with_how_much_they_vary(rng):
    n = 2000
    stretch = rng.normal(0, 2.0, n)
    points = np.zeros((n, 2, 3))
    points[:, 1, 0] = 50 + stretch
    basis = Basis(np.zeros((2, 3)), np.tile(np.eye(3), (2, 1, 1)))
    blur = 0.25
    noisy = points + rng.normal(0, np.sqrt(blur), points.shape)
    state = Gaussian(np.moveaxis(noisy, 1, 2), np.tile(blur * np.eye(3)[..., None], (n, 1, 1, 2)))
    bones = learn_bones(basis, state, [(0, 1)], ((0, 1000), (1000, 2000)))
    assert bones.length[0] == pytest.approx(50, abs=0.3)
    assert bones.variance[0] == pytest.approx(4.0, rel=0.3)


def test_a_bone_tells_where_a_keypoint_is_that_one_camera_sees(few):
    rng, rig = np.random.default_rng(5), few.truth.rig
    t = np.arange(300)
    hand = 60 * np.stack([np.cos(t / 40), np.sin(t / 40), 0.3 * np.sin(t / 25)], axis=-1)
    hand *= 60 / np.linalg.norm(hand, axis=-1, keepdims=True)
    elbow = few.truth.poses.points[0, 0] + np.cumsum(rng.normal(0, 0.5, (300, 3)), axis=0)
    path = np.stack([elbow, elbow + hand], axis=1)
    points = project_views(path, rig.camera) + rng.normal(0, 1.0, (2, 3, 300, 2, 2))
    points[:, 1:, 120:160, 1] = np.nan
    plain = smooth_points(points, None, rig, Options(s=2.0))
    pair = (("keypoint 0", "keypoint 1"),)
    boned = smooth_points(points, None, rig, Options(s=2.0, skeleton=pair))
    off = [np.linalg.norm(each.state - path, axis=-1)[120:160, 1].mean() for each in (plain, boned)]
    assert off[1] < 0.7 * off[0]
    assert boned.variance[:, 120:160, 1].sum() < plain.variance[:, 120:160, 1].sum()


def test_the_record_names_the_bones(few):
    first, second = few.members[few.truth.rig.names[0]][0].names[:2]
    options = Options(s=2.0, keypoints=(first, second), skeleton=((first, second),))
    bone = smooth(few.members, few.truth.rig, options).record["bones"][f"{first}, {second}"]
    path = few.truth.poses.points
    assert bone["length"] == pytest.approx(
        np.median(np.linalg.norm(path[:, 0] - path[:, 1], axis=-1)), rel=0.05
    )


def test_chains_are_read_and_faults_named(few):
    assert parse("nose,neck,tail; neck,ear") == (("nose", "neck"), ("neck", "tail"), ("neck", "ear"))
    for wrong in ("nose", "nose,,tail", ""):
        with pytest.raises(argparse.ArgumentTypeError, match="expected chains"):
            parse(wrong)
    names = ("nose", "tail")
    assert edges_of(Options(skeleton=(("tail", "nose"),)), names) == ((1, 0),)
    with pytest.raises(DataError, match="no keypoint horn"):
        edges_of(Options(skeleton=(("nose", "horn"),)), names)
    with pytest.raises(DataError, match="motion walk"):
        edges_of(Options(skeleton=(("nose", "tail"),), motion="velocity"), names)
    first, second = few.members[few.truth.rig.names[0]][0].names[:2]
    with pytest.raises(DataError, match="expected a calibration"):
        smooth(few.members, None, Options(skeleton=((first, second),)))
