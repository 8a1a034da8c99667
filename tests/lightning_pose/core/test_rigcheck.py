import numpy as np
import pytest

from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera, camera_centers, make_camera
from lightning_pose.core.errors import CalibrationError
from lightning_pose.core.rigcheck import point_faults, rig_faults
from lightning_pose.core.rotations import look_at

NAMES = ("front", "left", "back", "top")


@pytest.fixture
def rig() -> Rig:
    center = [[4.0, 0.5, 1], [4, -4, 2], [-6, -1, 1.5], [3, 2, 5]]
    rotation, translation = look_at(center, [0.2, -0.1, 0.3])
    K = np.tile([[700.0, 0, 320], [0, 700, 240], [0, 0, 1]], (4, 1, 1))
    camera = make_camera(K, np.tile([-0.1, 0, 0, 0, 0], (4, 1)), rotation, translation)
    return Rig(NAMES, np.tile([640, 480], (4, 1)), camera)


@pytest.fixture
def labels(rig, rng) -> np.ndarray:
    """Labels of 30 frames and 8 keypoints, 2 px of noise, a quarter missing."""
    xy = rig.project(rng.normal(size=(30, 8, 3)) * 0.5) + 2 * rng.normal(size=(4, 30, 8, 2))
    xy[rng.uniform(size=(4, 30, 8)) < 0.25] = np.nan
    return xy


def wrong(rig: Rig, **fields: np.ndarray) -> Rig:
    return Rig(rig.names, rig.sizes, rig.camera._replace(**fields))


def transposed(rig: Rig, *views: int) -> np.ndarray:
    rotation = rig.camera.rotation.copy()
    for v in views or range(4):
        rotation[v] = rotation[v].T
    return rotation


def fault(rig: Rig, labels: np.ndarray) -> str:
    with pytest.raises(CalibrationError) as caught:
        rig.check_points(labels, "calibration.toml")
    assert str(caught.value).startswith("calibration.toml: ")
    return str(caught.value)


def test_labels_of_the_rig_pass(rig, labels):
    rig.check_points(labels)


def test_transposed_rotations_are_recognised(rig, labels):
    assert "the rotations are transposed" in fault(wrong(rig, rotation=transposed(rig)), labels)


@pytest.mark.parametrize("view", range(4))
def test_the_one_transposed_rotation_is_named(rig, labels, view):
    text = fault(wrong(rig, rotation=transposed(rig, view)), labels)
    assert f"the rotation of '{NAMES[view]}' is transposed" in text


def test_poses_from_camera_to_world_are_recognised(rig, labels):
    turned = wrong(rig, rotation=transposed(rig), translation=camera_centers(rig.camera))
    assert "the poses are inverted" in fault(turned, labels)


def test_exchanged_cameras_are_recognised(rig, labels):
    order = [0, 3, 2, 1]
    exchanged = Rig(NAMES, rig.sizes, Camera(*(part[order] for part in rig.camera)))
    assert "the cameras 'left' and 'top' are exchanged" in fault(exchanged, labels)


def test_a_calibration_of_something_else_is_refused_without_a_guess(rig, labels, rng):
    K = rig.camera.matrix.copy()
    K[:, :2, 2] += rng.uniform(-200, 200, size=(4, 2))  # every image cropped
    assert "this calibration is not of these images" in fault(wrong(rig, matrix=K), labels)


def test_faults_are_returned_for_a_reader_to_collect(rig, labels):
    twice = [*NAMES[:3], "front"]
    assert rig_faults(twice, rig.camera) == ["two cameras are named 'front'"]
    assert rig_faults(NAMES, rig.camera) == point_faults(NAMES, rig.sizes, rig.camera, labels) == []
    assert len(point_faults(NAMES, rig.sizes, rig.camera._replace(rotation=transposed(rig)), labels)) == 1


def test_labels_seen_by_one_view_only_say_nothing(rig, labels):
    labels = labels.copy()
    labels[1:] = np.nan
    wrong(rig, rotation=transposed(rig)).check_points(labels)


def test_cameras_with_one_pose_are_refused(rig):
    translation, rotation = rig.camera.translation.copy(), rig.camera.rotation.copy()
    translation[2], rotation[2] = translation[0], rotation[0]
    with pytest.raises(
        CalibrationError, match="'front' and 'back' have the same pose, so one of them was entered"
    ):
        wrong(rig, rotation=rotation, translation=translation)


@pytest.mark.realdata
def test_recorded_labels_with_systematic_error_pass(real_data):
    """The calibration of this recording has 2 to 6 px of systematic error per view."""
    from lightning_pose.core.tables import read_labels

    folder = real_data / "human-4cam"
    rig = Rig.load(folder / "calibrations" / "balancing.toml")
    labels = np.stack([read_labels(folder / f"{name}.csv").points for name in rig.names])
    rig.check_points(labels)
    assert "rotations are transposed" in fault(wrong(rig, rotation=transposed(rig)), labels)
