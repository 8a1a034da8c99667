import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lightning_pose.core.rotations import look_at, matrix_from_rvec, rvec_from_matrix


def rvecs_of_all_angles(rng: np.random.Generator) -> np.ndarray:
    axes = rng.normal(size=(40, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    angles = np.concatenate([[0.0, 1e-9, 1e-5, 9e-3, 1.1e-2, np.pi - 1e-9], rng.uniform(0, np.pi, 34)])
    return axes * angles[:, None]


def test_matrices_of_rotation_vectors_are_those_of_scipy(backend, rng):
    rvec = rvecs_of_all_angles(rng)
    ours = backend.numpy(matrix_from_rvec(backend.array(rvec)))
    np.testing.assert_allclose(ours, Rotation.from_rotvec(rvec).as_matrix(), rtol=0, atol=1e-15)


def test_rotation_vectors_come_back_from_their_matrices_at_every_angle(rng):
    rvec = rvecs_of_all_angles(rng).reshape(4, 10, 3)
    np.testing.assert_allclose(rvec_from_matrix(matrix_from_rvec(rvec)), rvec, rtol=0, atol=4e-15)


@pytest.mark.parametrize("axis", np.eye(3))
def test_half_turns_come_back_up_to_their_sign(axis):
    rvec = rvec_from_matrix(matrix_from_rvec(np.pi * axis))
    np.testing.assert_allclose(np.abs(rvec), np.pi * axis, atol=1e-15)


def test_gradient_at_the_zero_rotation_is_the_cross_product():
    torch = pytest.importorskip("torch")
    jacobian = torch.autograd.functional.jacobian(matrix_from_rvec, torch.zeros(3, dtype=torch.float64))
    generators = np.zeros((3, 3, 3))
    for i, j, k, sign in (
        (1, 2, 0, -1),
        (2, 1, 0, 1),
        (2, 0, 1, -1),
        (0, 2, 1, 1),
        (0, 1, 2, -1),
        (1, 0, 2, 1),
    ):
        generators[i, j, k] = sign
    np.testing.assert_allclose(jacobian.numpy(), generators, atol=1e-15)


def test_gradient_of_the_matrix_is_right_on_both_sides_of_the_series(rng):
    torch = pytest.importorskip("torch")
    for size in (1e-3, 9e-3, 1.1e-2, 2.0):
        rvec = torch.tensor(size * rng.normal(size=(3, 3)), requires_grad=True)
        assert torch.autograd.gradcheck(matrix_from_rvec, rvec, atol=1e-7)


def test_cameras_look_at_their_target_upright(rng):
    center, target = rng.normal(size=(5, 3)) * 4, rng.normal(size=3)
    rotation, translation = look_at(center, target)
    np.testing.assert_allclose(
        rotation @ np.swapaxes(rotation, 1, 2), np.tile(np.eye(3), (5, 1, 1)), atol=1e-14
    )
    assert np.all(np.linalg.det(rotation) > 0)
    seen = rotation @ target + translation
    np.testing.assert_allclose(seen[:, :2], 0, atol=1e-13)
    np.testing.assert_allclose(seen[:, 2], np.linalg.norm(target - center, axis=1))
    assert np.all((rotation @ [0, 0, 1])[:, 1] < 0)  # up in the world is up (-y) in the image
    np.testing.assert_allclose((rotation @ [0, 0, 1])[:, 0], 0, atol=1e-14)


def test_a_camera_that_looks_along_up_is_refused():
    with pytest.raises(ValueError, match="along `up`"):
        look_at([0, 0, 5], [0, 0, 0])
