"""What placed points say about the other views."""

import numpy as np
import pytest

from lightning_pose.core.camera import Camera, project_views
from lightning_pose.core.epipolar import make_frusta
from lightning_pose.core.guidance import Guidance, Usual, bone_lengths, guide, label_noise, usual_lengths
from lightning_pose.core.triangulate import triangulate
from tests.lightning_pose.core.test_epipolar import SIZES, make_rig

POINTS = np.array([[0.1, 0.05, 0.0], [-0.2, 0.1, 0.1], [0.0, 0.0, 0.2]])


@pytest.fixture
def camera() -> Camera:
    return make_rig("barrel")


@pytest.fixture
def xy(camera) -> np.ndarray:
    return project_views(POINTS, camera)


def without(xy: np.ndarray, *missing: tuple[int, int]) -> np.ndarray:
    """Return the points without those of these views and keypoints."""
    left = xy.copy()
    for view, keypoint in missing:
        left[view, keypoint] = np.nan
    return left


def test_one_placed_view_gives_curves_and_nothing_else(camera, xy):
    given: Guidance = guide(without(xy, (1, 0), (2, 0)), make_frusta(camera, SIZES))
    assert np.isfinite(given.curves[1:, 0]).any(axis=(1, 2)).all()
    assert np.isnan(given.curves[0, 0]).all()
    assert np.isnan(given.xyz[0]).all()
    assert np.isnan(given.ghosts[:, 0]).all()
    assert np.isnan(given.residuals[:, 0]).all()


def test_two_placed_views_give_the_ghost_of_the_third_and_a_curve_for_each_other(camera, xy):
    given = guide(without(xy, (2, 1)), make_frusta(camera, SIZES))
    np.testing.assert_allclose(given.xyz[1], POINTS[1], atol=1e-9)
    np.testing.assert_allclose(given.ghosts[2, 1], xy[2, 1], atol=1e-6)
    assert np.isnan(given.ghosts[:2, 1]).all()
    assert np.isnan(given.curves[2, 1]).all()
    assert np.isfinite(given.curves[:2, 1]).any(axis=(1, 2)).all()  # to drag along


def test_the_ellipse_of_a_ghost_covers_what_noise_does_to_it(camera, xy, rng):
    """Against 4000 draws: the covariance is a first-order one, so a few percent may differ."""
    noise, draws = 1.5, 4000
    given = guide(without(xy, (2, 0)), make_frusta(camera, SIZES), noise_px=noise)
    noisy = xy[:, :1] + rng.normal(0, noise, (3, draws, 2))
    noisy[2] = np.nan
    ghosts = project_views(triangulate(noisy, camera), camera)[2]
    np.testing.assert_allclose(given.covariance[2, 0], np.cov(ghosts.T), rtol=0.12, atol=0.05)


@pytest.mark.parametrize("wrong", range(3))
def test_of_three_views_the_one_that_disagrees_is_named_with_its_ghost_where_it_should_be(camera, xy, wrong):
    moved = xy.copy()
    moved[wrong, 2] += (35, -28)
    given = guide(moved, make_frusta(camera, SIZES), noise_px=1.5)
    assert given.suspect.tolist() == [-1, -1, wrong]
    np.testing.assert_allclose(given.ghosts[wrong, 2], xy[wrong, 2], atol=0.01)
    np.testing.assert_allclose(given.residuals[wrong, 2], np.hypot(35, 28), rtol=1e-3)
    others = np.delete(given.residuals[:, 2], wrong)
    assert (others < 0.01).all()


def test_two_views_that_disagree_name_nobody(camera, xy):
    moved = without(xy, (2, 0))
    moved[1, 0] += (40, 40)
    given = guide(moved, make_frusta(camera, SIZES))
    assert given.suspect[0] == -1
    assert given.residuals[:2, 0].max() > 5


def test_nothing_placed_gives_nothing(camera, xy):
    given = guide(np.full_like(xy, np.nan), make_frusta(camera, SIZES))
    for part in (given.xyz, given.ghosts, given.residuals, given.curves):
        assert np.isnan(part).all()
    assert (given.suspect == -1).all()


@pytest.mark.parametrize("noise", [2.0, 6.0])
def test_the_noise_of_labels_is_found_in_spite_of_mistakes(camera, noise, rng):
    points = rng.uniform(-0.3, 0.3, (50, 20, 3))
    xy = project_views(points, camera) + rng.normal(0, noise, (3, 50, 20, 2))
    xy[0, ::10] += 80
    xy[1, 1::7] = np.nan
    assert abs(label_noise(xy, camera) / noise - 1) < 0.12


def test_no_labels_or_perfect_ones_leave_a_plausible_noise(camera, xy):
    assert label_noise(np.full_like(xy, np.nan), camera) == 2.0
    assert label_noise(xy, camera) == 1.5


def test_bone_lengths_and_what_is_usual(rng):
    edges = np.array([[0, 1], [1, 2]])
    xyz = rng.normal(0, 1, (4, 3, 3))
    expected = [[np.linalg.norm(pose[a] - pose[b]) for a, b in edges] for pose in xyz]
    np.testing.assert_allclose(bone_lengths(xyz, edges), expected)
    lengths = np.concatenate([rng.normal((10.0, 20.0), (0.5, 1.0), (5000, 2)), [[900.0, np.nan]]])
    usual: Usual = usual_lengths(lengths)
    np.testing.assert_allclose(usual.median, [10, 20], rtol=0.01)
    np.testing.assert_allclose(usual.mad, [0.5, 1.0], rtol=0.06)


def test_what_is_usual_needs_three_examples():
    usual = usual_lengths(np.array([[1.0, 5.0], [1.0, np.nan], [1.1, 5.0]]))
    assert usual.median[0] == 1.0
    assert usual.mad[0] == 0.01  # no skeleton is as rigid as two equal numbers
    assert np.isnan(usual.median[1])
    assert np.isnan(usual_lengths(np.zeros((0, 2))).mad).all()
