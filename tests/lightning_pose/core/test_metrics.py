"""Truth: closed forms, scipy's Procrustes and rotations, and the variances of known noise."""

import cv2
import numpy as np
import pytest
from scipy.spatial import procrustes as scipy_procrustes
from scipy.spatial.transform import Rotation
from scipy.stats import norm

from lightning_pose.core.camera import Camera, make_camera, project_views
from lightning_pose.core.metrics import (
    interval_coverage,
    jitter,
    leave_one_out,
    mpjpe,
    n_mpjpe,
    pa_mpjpe,
    pck,
    pixel_error,
    procrustes,
    reduce,
    reliability,
    reprojection,
    temporal_norm,
)


@pytest.fixture
def poses(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(7, 9, 3)) * [3, 2, 1] + [10, -4, 2]


def test_pixel_error_is_the_euclidean_distance():
    predicted = np.array([[[3.0, 4.0], [1.0, 1.0], [np.nan, 0.0]]])
    truth = np.array([[[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]]])
    np.testing.assert_allclose(pixel_error(predicted, truth), [[5, 0, np.nan]])


def test_reductions_average_over_what_is_there():
    values = np.array([[1.0, 2.0, np.nan], [3.0, np.nan, np.nan]])
    np.testing.assert_allclose(reduce(values, "sample"), [1.5, 3.0])
    np.testing.assert_allclose(reduce(values, "keypoint"), [2.0, 2.0, np.nan])
    assert reduce(values, "mean") == pytest.approx(2.0)
    assert np.isnan(reduce(values * np.nan, "mean"))
    np.testing.assert_array_equal(reduce(values, "none"), values)


def test_mpjpe_of_a_shift_is_its_length(poses):
    assert mpjpe(poses + [1, 2, 2], poses) == pytest.approx(3.0)
    half = poses.copy()
    half[:, :4] = np.nan
    assert mpjpe(half + [1, 2, 2], poses) == pytest.approx(3.0)


def test_n_mpjpe_takes_out_scale_but_not_shift(poses):
    assert n_mpjpe(2.5 * poses, poses) == pytest.approx(0, abs=1e-12)
    assert n_mpjpe(poses + 5.0, poses) > 0.1


def test_n_mpjpe_scale_is_the_least_squares_one(poses, rng):
    noisy = poses + rng.normal(size=poses.shape)
    noisy[2, 3] = np.nan
    keep = np.isfinite(noisy[2]).all(axis=-1)
    p, t = noisy[2][keep], poses[2][keep]
    scale = np.linalg.lstsq(p.reshape(-1, 1), t.ravel(), rcond=None)[0][0]
    expected = np.linalg.norm(scale * p - t, axis=-1)
    np.testing.assert_allclose(n_mpjpe(noisy, poses, "none")[2][keep], expected)


def test_pa_mpjpe_takes_out_any_similarity(poses, rng):
    rotation = Rotation.random(rng=rng).as_matrix()
    moved = 1.7 * poses @ rotation.T + [5.0, -3.0, 100.0]
    moved[0, 2] = np.nan
    assert pa_mpjpe(moved, poses) == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(np.isnan(procrustes(moved, poses)[0]).all(axis=-1), np.arange(9) == 2)


def test_pa_mpjpe_does_not_take_out_a_mirror_image(poses):
    assert pa_mpjpe(poses * [1, 1, -1], poses) > 0.3


@pytest.mark.parametrize("dims", [2, 3])
def test_procrustes_agrees_with_scipy(rng, dims):
    target = rng.normal(size=(12, dims))
    rotation = np.eye(dims)
    rotation[:2, :2] = [[np.cos(1.1), -np.sin(1.1)], [np.sin(1.1), np.cos(1.1)]]
    points = 0.4 * target @ rotation.T + rng.normal(size=(12, dims)) * 0.05 + 3
    _, two, disparity = scipy_procrustes(target, points)  # both centred, the target of norm 1
    norm_of_target = np.linalg.norm(target - target.mean(axis=0))
    ours = procrustes(points, target)
    np.testing.assert_allclose((ours - target.mean(axis=0)) / norm_of_target, two, atol=1e-12)
    assert ((ours - target) ** 2).sum() / norm_of_target**2 == pytest.approx(disparity)


def test_too_few_or_collinear_points_have_no_best_rotation(poses, rng):
    few = poses.copy()
    few[:, 3:] = np.nan
    assert np.isnan(pa_mpjpe(few, poses))
    line = np.linspace(0, 1, 9)[:, None] * [1.0, 2.0, 3.0]
    assert np.isnan(pa_mpjpe(line, 2 * line))
    plane = rng.normal(size=(9, 3)) * [1, 1, 0]
    turn = Rotation.random(rng=rng).as_matrix()
    assert pa_mpjpe(plane @ turn.T, plane) == pytest.approx(0, abs=1e-12)


def test_pck_counts_points_within_the_threshold():
    truth = np.zeros((2, 3, 2))
    truth[1, 2] = np.nan
    predicted = np.array([[[0, 1], [0, 2], [0, 3]], [[0, 1], [np.nan, 0], [0, 0]]], dtype=float)
    assert pck(predicted, truth, 2.0) == pytest.approx(3 / 5)
    np.testing.assert_allclose(pck(predicted, truth, np.array([1.0, 0.5]), "sample"), [1 / 3, 0])


def test_temporal_norm_is_the_step_since_the_frame_before():
    path = np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0], [np.nan, 0.0], [0.0, 0.0]])[:, None]
    np.testing.assert_allclose(temporal_norm(path)[:, 0], [np.nan, 5, 0, np.nan, np.nan])
    assert temporal_norm(path[:0]).shape == (0, 1)


def test_constant_acceleration_has_no_jitter_and_a_cubic_a_constant_one():
    t = np.arange(20.0)
    parabola = np.stack([t**2, 3 * t], axis=-1)[:, None]
    assert jitter(parabola) == pytest.approx(0, abs=1e-9)
    cubic = np.stack([(t / 50) ** 3, 0 * t], axis=-1)[:, None]
    assert jitter(cubic, fps=50.0) == pytest.approx(6.0)  # third derivative of t^3 with t in s


def test_jitter_of_white_noise_is_known(rng):
    noise = rng.normal(size=(100_000, 1, 1))
    assert jitter(noise) == pytest.approx(np.sqrt(20 * 2 / np.pi), rel=0.02)  # var 1 + 9 + 9 + 1, mean of |N|


def test_honest_variances_cover_their_level(rng):
    truth = rng.normal(size=(4000, 5, 3))
    variance = rng.uniform(0.5, 3, truth.shape)
    mean = truth + rng.normal(size=truth.shape) * np.sqrt(variance)
    mean[:, 0] = np.nan
    for level in (0.5, 0.95):
        assert interval_coverage(mean, variance, truth, level) == pytest.approx(level, abs=0.01)
    narrow = 2 * norm.cdf(norm.ppf(0.975) / 2) - 1  # sd halved
    assert interval_coverage(mean, variance / 4, truth) == pytest.approx(narrow, abs=0.01)
    assert np.isnan(interval_coverage(mean, variance, truth, reduction="keypoint")[0])


def test_reprojection_and_leave_one_out_see_a_displaced_view(rng):
    rvecs, places = rng.normal(size=(4, 3)) * 0.1, [[0, 0, 5], [1, 0, 5], [0, 1, 5], [-1, 0, 5]]
    matrix = np.array([[500.0, 0, 320], [0, 510, 240], [0, 0, 1]])
    places = np.array(places, dtype=float)
    cameras = [make_camera(matrix, np.zeros(5), rvecs[v], places[v]) for v in range(4)]
    camera = Camera(*(np.stack(field) for field in zip(*cameras, strict=True)))
    xyz = rng.normal(size=(6, 5, 3)) * 0.3
    xy = project_views(xyz, camera)
    seen, _ = cv2.projectPoints(xyz.reshape(-1, 3), rvecs[1], places[1], matrix, None)
    np.testing.assert_allclose(xy[1].reshape(-1, 2), seen[:, 0], atol=1e-9)
    np.testing.assert_allclose(reprojection(xyz, xy, camera), 0, atol=1e-9)
    xy[2] += [3.0, 4.0]
    np.testing.assert_allclose(reprojection(xyz, xy, camera)[2], 5.0)
    np.testing.assert_allclose(leave_one_out(xy, camera)[2], 5.0, atol=1e-6)


def test_calibration_error_is_the_gap_between_confidence_and_share():
    """1000 predictions of confidence 0.9 of which 7 in 10 are right, 1000 of 0.3 of which 3 in 10 are."""
    confidence = np.repeat([0.9, 0.3], 1000)
    right = np.concatenate([np.arange(1000) < 700, np.arange(1000) < 300]).astype(float)
    found = reliability(confidence, right)
    np.testing.assert_allclose(found.confidence, [0.3, 0.9])
    np.testing.assert_allclose(found.share, [0.3, 0.7])
    assert found.count.tolist() == [1000, 1000]  # equal confidences share a bin, however many they are
    assert found.error == pytest.approx(0.1)


def test_honest_confidences_have_little_calibration_error_and_squared_ones_what_theory_says(rng):
    """With p uniform and c = p^2 stated, the error is the integral of p - p^2, 1/6."""
    p = rng.uniform(size=200_000)
    right = (rng.uniform(size=p.size) < p).astype(float)
    assert reliability(p, right).error < 0.005
    assert reliability(p**2, right).error == pytest.approx(1 / 6, abs=0.005)
    assert np.ptp(reliability(p, right).count) <= 1


def test_what_is_unknown_counts_for_nothing_in_a_calibration_error():
    found = reliability(np.array([0.5, np.nan, 0.5]), np.array([1.0, 1.0, np.nan]))
    assert found.count.tolist() == [1] and found.error == 0.5
    assert np.isnan(reliability(np.array([np.nan]), np.array([1.0])).error)
