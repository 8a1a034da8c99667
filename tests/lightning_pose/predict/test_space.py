"""World points and their uncertainty against what simulated noise does."""

import numpy as np
import pytest

from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera, make_camera
from lightning_pose.core.rotations import look_at
from lightning_pose.predict import space


@pytest.fixture(scope="module")
def rig() -> Rig:
    eyes = np.array([[0.0, -12, 3], [11, -6, 4], [-10, -7, 5], [2.0, 12, 4]])
    matrix = np.array([[900.0, 0, 320], [0, 900, 240], [0, 0, 1]])
    poses = [look_at(eye, np.zeros(3), np.array([0.0, 0, 1])) for eye in eyes]
    cameras = [make_camera(matrix, np.zeros(5), rotation, shift) for rotation, shift in poses]
    camera = Camera(*(np.stack(field) for field in zip(*cameras, strict=True)))
    return Rig(("a", "b", "c", "d"), np.array([[640, 480]] * 4), camera)


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    return np.random.default_rng(8).normal(size=(1500, 3, 3))


def seen_with_noise(rig: Rig, points: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels whose variance is noise^2 / confidence, and the confidences."""
    rng = np.random.default_rng(9)
    confidence = rng.uniform(0.2, 1, (len(rig), *points.shape[:2]))
    errors = rng.normal(size=(*confidence.shape, 2)) * noise / np.sqrt(confidence)[..., None]
    return rig.project(points) + errors, confidence


def lift(xy: np.ndarray, confidence: np.ndarray, rig: Rig, spread: np.ndarray | None = None) -> space.World:
    """Triangulate a session of which all frames are the sample."""
    return space.lift(xy, confidence, rig, space.pixel_noise(xy, confidence, rig, spread), spread)


@pytest.mark.parametrize("noise", [0.3, 2.0])
def test_the_noise_is_learned_from_the_disagreement_of_the_views(
    rig: Rig, points: np.ndarray, noise: float
) -> None:
    xy, confidence = seen_with_noise(rig, points, noise)
    found = space.pixel_noise(xy, confidence, rig)
    assert found == pytest.approx(noise, rel=0.05)
    xy[1, ::7] += 300  # what one view gets wrong does not count
    assert space.pixel_noise(xy, confidence, rig) == pytest.approx(noise, rel=0.1)


def test_the_uncertainty_is_the_spread_of_the_error(rig: Rig, points: np.ndarray) -> None:
    xy, confidence = seen_with_noise(rig, points, 1.0)
    found = lift(xy, confidence, rig)
    error = np.linalg.norm(found.xyz - points, axis=-1)
    # one standard deviation in the worst of three directions: the whole error is between 1 and sqrt(3) of it
    assert 0.9 < np.sqrt((error**2).mean() / (found.uncertainty**2).mean()) < np.sqrt(3)
    # the covariance J' S^-1 J of the noise that was put in, by differences of the projection
    steps = [rig.project(points + 1e-4 * axis) - rig.project(points - 1e-4 * axis) for axis in np.eye(3)]
    J = np.stack(steps, axis=-1) / 2e-4
    information = np.einsum("vtkia,vtkib,vtk->tkab", J, J, confidence)
    known = 1 / np.sqrt(np.linalg.eigvalsh(information)[..., 0])
    assert np.median(found.uncertainty / known) == pytest.approx(1, rel=0.04)
    assert np.quantile(found.uncertainty / known, [0.02, 0.98]) == pytest.approx([0.85, 1.25], abs=0.07)
    np.testing.assert_allclose(found.error, np.linalg.norm(xy - rig.project(found.xyz), axis=-1), atol=1e-9)
    assert (found.n_views == 4).all()


def test_the_sample_is_spread_over_the_session_and_no_longer_than_it() -> None:
    assert space.sample_frames(5).tolist() == [0, 1, 2, 3, 4]
    many = space.sample_frames(100_000)
    assert len(many) == space.SAMPLE and (many[0], many[-1]) == (0, 99_999)
    assert set(np.diff(many)) <= {50, 51}


def test_a_view_that_the_others_contradict_is_left_out_and_its_error_shows(
    rig: Rig, points: np.ndarray
) -> None:
    xy, confidence = seen_with_noise(rig, points, 0.5)
    xy[2, 10, 1] += 150
    found = lift(xy, confidence, rig)
    assert found.n_views[10, 1] == 3
    assert found.error[2, 10, 1] > 100 > found.error[0, 10, 1]
    assert np.linalg.norm(found.xyz[10, 1] - points[10, 1]) < 0.1


def test_two_views_that_disagree_make_an_uncertain_point(rig: Rig, points: np.ndarray) -> None:
    xy, confidence = seen_with_noise(rig, points, 0.5)
    confidence[2:, :50] = 0
    usual = lift(xy, confidence, rig)
    assert (usual.n_views[:50] == 2).all()
    xy[1, 5, 0, 1] += 60
    found = lift(xy, confidence, rig)
    assert found.uncertainty[5, 0] > 10 * usual.uncertainty[5, 0]


def test_a_point_that_one_view_sees_is_missing(rig: Rig, points: np.ndarray) -> None:
    xy, confidence = seen_with_noise(rig, points, 0.5)
    confidence[1:, 3, 2] = 0
    xy[1:, 4, 0] = np.nan
    found = lift(xy, confidence, rig)
    for frame, keypoint in ((3, 2), (4, 0)):
        assert np.isnan(found.xyz[frame, keypoint]).all()
        assert np.isnan(found.uncertainty[frame, keypoint]) and np.isnan(found.mean_error[frame, keypoint])
        assert found.n_views[frame, keypoint] < 2


def test_members_that_differ_make_an_uncertain_point(rig: Rig, points: np.ndarray) -> None:
    xy, confidence = seen_with_noise(rig, points, 0.5)
    spread = np.full(confidence.shape, 0.01)
    spread[:, 7, 1] = 100.0
    usual, found = lift(xy, confidence, rig), lift(xy, confidence, rig, spread)
    assert found.uncertainty[7, 1] > 5 * usual.uncertainty[7, 1]
    np.testing.assert_allclose(found.uncertainty[:7], usual.uncertainty[:7], rtol=0.1)
