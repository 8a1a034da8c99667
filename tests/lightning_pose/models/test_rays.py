import numpy as np
import pytest
import torch

from lightning_pose.core.camera import Camera, as_backend, make_camera, project
from lightning_pose.core.rotations import look_at, matrix_from_rvec
from lightning_pose.models.rays import optical_centres, patch_centres, patch_rays, rig_frame


def test_points_on_a_ray_project_to_the_middle_of_its_patch(rig):
    camera, size, grid = rig(), (64, 96), (4, 6)
    rays = patch_rays(camera, size, grid)
    frame, centre, unit = rig_frame(camera.rotation, optical_centres(camera))
    d, m = rays[..., :3], rays[..., 3:]
    nearest = torch.linalg.cross(d, m)  # the ray's point next to the origin
    along = nearest + 1e-3 * d
    back = (along @ frame[:, None]) * unit[..., None] + centre[:, None]
    ahead = back + 0.05 * (d @ frame[:, None])
    pixels = project(ahead, camera)
    expected = patch_centres(size, grid).expand_as(pixels)
    torch.testing.assert_close(pixels, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(d.norm(dim=-1), torch.ones(1, 3, 24, dtype=torch.float64))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_rays_do_not_depend_on_the_frame_and_unit_of_the_calibration(rig, scale):
    Q = matrix_from_rvec(np.array([0.3, -0.8, 1.1]))
    plain = patch_rays(rig(), (64, 96), (2, 3))
    moved = patch_rays(rig(Q, scale, np.array([10.0, -3, 7])), (64, 96), (2, 3))
    torch.testing.assert_close(moved, plain, atol=1e-6, rtol=0)


@pytest.mark.parametrize("shift", [1e3, 1e7])
def test_a_camera_alone_looks_the_same_way_wherever_the_calibration_begins(rig, shift):
    alone, far = (Camera(*(field[:, :1] for field in rig(shift=s))) for s in (0.0, shift))
    rays = patch_rays(alone, (64, 96), (2, 3))
    torch.testing.assert_close(patch_rays(far, (64, 96), (2, 3)), rays, atol=1e-6, rtol=0)


def test_the_order_of_the_views_changes_their_order_only(rig):
    camera = rig()
    turned = Camera(*(field[:, [2, 0, 1]] for field in camera))
    rays = patch_rays(camera, (64, 96), (2, 3))
    torch.testing.assert_close(patch_rays(turned, (64, 96), (2, 3)), rays[:, [2, 0, 1]], atol=1e-9, rtol=0)


def test_the_frame_is_right_handed_and_its_origin_where_the_cameras_look(rig):
    camera = rig()
    frame, centre, unit = rig_frame(camera.rotation, optical_centres(camera))
    assert torch.linalg.det(frame[0]) == pytest.approx(1)
    np.testing.assert_allclose(centre[0, 0], np.array([0.2, 0.1, 0.4]), atol=5e-3)
    places = np.array([[4.0, 0, 2], [0, 5, 1.5], [-4.5, 1, 2.5]])
    expected = np.linalg.norm(places - np.array([0.2, 0.1, 0.4]), axis=1).mean()
    assert float(unit) == pytest.approx(expected, rel=1e-2)
    np.testing.assert_allclose(optical_centres(camera)[0], places, atol=1e-9)


def test_parallel_cameras_have_a_frame_too():
    R, _ = look_at(np.array([0.0, -5, 0]), np.zeros(3))
    K = np.array([[80.0, 0, 47], [0, 80, 31], [0, 0, 1]])
    cameras = [make_camera(K, np.zeros(0), R, -R @ np.array([x, -5.0, 0])) for x in (-1.0, 1.0)]
    stacked = Camera(*(np.stack([getattr(c, name) for c in cameras])[None] for name in Camera._fields))
    rays = patch_rays(as_backend(stacked, torch.zeros(1, dtype=torch.float64)), (64, 96), (2, 3))
    assert torch.isfinite(rays).all()
    assert not torch.allclose(rays[0, 0], rays[0, 1])
