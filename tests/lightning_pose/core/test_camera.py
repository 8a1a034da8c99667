import cv2
import numpy as np
import pytest
import scipy.io

from lightning_pose.core import camera as cameras
from lightning_pose.core.camera import Camera, as_backend, make_camera, project, project_views
from lightning_pose.core.errors import CalibrationError
from lightning_pose.core.lens import distort_xy
from lightning_pose.core.rotations import look_at, matrix_from_rvec, rvec_from_matrix

COEFFICIENTS = {
    0: [],
    4: [-0.21, 0.06, 1.2e-3, -0.8e-3],
    5: [-0.21, 0.06, 1.2e-3, -0.8e-3, 0.013],
    8: [0.12, -0.04, 1.2e-3, -0.8e-3, 0.013, 0.31, -0.02, 0.004],
    12: [0.12, -0.04, 1.2e-3, -0.8e-3, 0.013, 0.31, -0.02, 0.004, 2e-3, -1e-3, 1.5e-3, 4e-4],
}
FISHEYE = [0.08, -0.03, 0.011, -0.004]


def ring(coefficients: list[float], views: int = 4, fisheye: bool | list[bool] = False) -> Camera:
    """Cameras around the origin, each with a focal length and a principal point of its own."""
    angle = 0.3 + np.linspace(0, 2 * np.pi, views, endpoint=False)
    center = np.stack([5 * np.cos(angle), 5 * np.sin(angle), np.linspace(1, 3, views)], axis=-1)
    rotation, translation = look_at(center, [0.1, -0.2, 0.0])
    matrix = np.zeros((views, 3, 3))
    matrix[:, 0, 0], matrix[:, 1, 1] = np.linspace(600, 1100, views), np.linspace(610, 1090, views)
    matrix[:, 0, 2], matrix[:, 1, 2], matrix[:, 2, 2] = 640 + np.arange(views), 512 - np.arange(views), 1
    return make_camera(matrix, np.tile(coefficients, (views, 1)), rotation, translation, fisheye)


def half_fisheye(views: int) -> Camera:
    """Fisheye lenses first, then as many perspective lenses with 12 coefficients."""
    camera, fisheye = ring(COEFFICIENTS[12], views), np.arange(views) < views // 2
    camera.distortion[fisheye] = [*FISHEYE, *[0.0] * 8]
    return camera._replace(fisheye=fisheye)


def with_opencv(points: np.ndarray, camera: Camera, count: int) -> np.ndarray:
    """Project points "N 3" with OpenCV, "V N 2"."""
    images = []
    for K, k, R, t, fisheye in zip(*camera, strict=True):
        rvec = rvec_from_matrix(R)
        if fisheye:
            image = cv2.fisheye.projectPoints(points[:, None], rvec, t, K, k[:4])[0]
        else:
            image = cv2.projectPoints(points, rvec, t, K, k[:count] if count else None)[0]
        images.append(image[:, 0] if image.shape[1] == 1 else image[0])
    return np.stack(images)


@pytest.fixture
def points(rng) -> np.ndarray:
    return rng.normal(size=(60, 3)) * 0.7


@pytest.mark.parametrize("count", COEFFICIENTS)
def test_projection_is_that_of_opencv(backend, points, count):
    camera = ring(COEFFICIENTS[count])
    ours = backend.jit(project_views)(backend.array(points), as_backend(camera, backend.array(points)))
    np.testing.assert_allclose(backend.numpy(ours), with_opencv(points, camera, count), rtol=0, atol=1e-9)


def test_fisheye_projection_is_that_of_opencv_up_to_85_degrees(backend, points, rng):
    camera = ring(FISHEYE, fisheye=True)
    slope = np.tan(np.radians(85)) * np.sqrt(rng.uniform(0, 1, 60))
    direction = rng.uniform(0, 2 * np.pi, 60)
    rays = np.stack([slope * np.cos(direction), slope * np.sin(direction), np.ones(60)], axis=-1)
    rays[:3, :2] *= [[0.0], [1e-9], [1e-4]]  # on the axis and beside it
    points = (rays - camera.translation[0]) @ camera.rotation[0]
    first = Camera(*(part[:1] for part in camera))
    ours = backend.jit(project_views)(backend.array(points), as_backend(first, backend.array(points)))
    np.testing.assert_allclose(backend.numpy(ours), with_opencv(points, first, 4), rtol=0, atol=1e-9)


def test_rigs_may_mix_fisheye_and_perspective_lenses(backend, points):
    camera = ring(COEFFICIENTS[4], fisheye=[True, False, False, True])
    camera.distortion[[0, 3], :4] = FISHEYE
    ours = backend.jit(project_views)(backend.array(points), as_backend(camera, backend.array(points)))
    np.testing.assert_allclose(backend.numpy(ours), with_opencv(points, camera, 4), rtol=0, atol=1e-9)


@pytest.mark.parametrize("fisheye", [False, True])
def test_jacobian_is_that_of_opencv(backend, points, fisheye):
    camera = ring(FISHEYE if fisheye else COEFFICIENTS[12], fisheye=fisheye)
    ours = backend.jit(cameras.projection_jacobian)(
        backend.array(points), as_backend(camera, backend.array(points))
    )
    for K, k, R, t, image in zip(*camera[:4], backend.numpy(ours), strict=True):
        rvec = rvec_from_matrix(R)
        if fisheye:
            by_camera_point = cv2.fisheye.projectPoints(points[:, None], rvec, t, K, k[:4])[1][:, 11:14]
        else:
            by_camera_point = cv2.projectPoints(points, rvec, t, K, k)[1][:, 3:6]
        np.testing.assert_allclose(image, (by_camera_point @ R).reshape(-1, 2, 3), rtol=0, atol=1e-9)


def test_points_behind_a_camera_and_missing_ones_have_no_image(backend):
    camera = ring(COEFFICIENTS[5])
    behind = 3 * cameras.camera_centers(camera)[0]
    points = np.stack([np.zeros(3), behind, [0.0, np.nan, 0.0], cameras.camera_centers(camera)[2]])
    xy = backend.numpy(project_views(backend.array(points), as_backend(camera, backend.array(points))))
    expected = np.zeros((4, 4), dtype=bool)
    expected[0, 1] = expected[:, 2] = expected[2, 3] = True
    np.testing.assert_array_equal(np.isnan(xy).any(-1), expected)
    np.testing.assert_array_equal(np.isnan(xy).all(-1), expected)


def test_cameras_and_points_broadcast_over_leading_axes(backend, rng):
    camera = as_backend(ring(COEFFICIENTS[8]), backend.array(np.zeros(1)))
    points = rng.normal(size=(3, 1, 7, 3))
    together = backend.numpy(project(backend.array(points), camera))
    assert together.shape == (3, 4, 7, 2)
    for b in range(3):
        one = backend.numpy(project_views(backend.array(points[b, 0]), camera))
        np.testing.assert_allclose(together[b], one, rtol=0, atol=1e-11)


def test_a_batch_of_rigs_goes_with_the_first_axes_of_the_points(backend, rng):
    rigs = [ring([k, 0.01, 0, 0]) for k in (-0.1, 0.0, 0.1)]
    batch = Camera(*(np.stack(parts, axis=1) for parts in zip(*rigs, strict=True)))  # "V B"
    points = rng.normal(size=(3, 5, 6, 3))
    image = cameras.project_views(backend.array(points), as_backend(batch, backend.array(points)))
    rows = cameras.projection_jacobian(backend.array(points), as_backend(batch, backend.array(points)))
    back = cameras.undistort_views(image, as_backend(batch, backend.array(points)))
    for b, rig in enumerate(rigs):
        np.testing.assert_allclose(backend.numpy(image)[:, b], project_views(points[b], rig), atol=1e-11)
        np.testing.assert_allclose(
            backend.numpy(rows)[:, b], cameras.projection_jacobian(points[b], rig), rtol=0, atol=1e-9
        )
        expected = cameras.undistort_views(project_views(points[b], rig), rig).points
        np.testing.assert_allclose(backend.numpy(back.points)[:, b], expected, atol=1e-13)


def test_functions_on_aligned_axes_agree_with_those_on_views(points):
    """Points that differ by view, "V T K": two axes of their own after the camera's."""
    camera = ring(COEFFICIENTS[12])
    each = np.stack([points.reshape(6, 10, 3) + 0.01 * v for v in range(4)])
    xy = cameras.project_aligned(each, camera, 2)
    u, v, rows, front = cameras.linearised_aligned(each, camera, 2)
    x, y, inverse_z, _ = cameras.normalised_aligned(each, camera, 2)
    rays = cameras.undistort_aligned(xy, camera, 2)
    assert isinstance(rays, cameras.Undistorted) and rays.converged.all() and front.all()
    np.testing.assert_allclose(rays.points, np.stack([x, y], axis=-1), atol=1e-13)
    np.testing.assert_array_equal(np.stack([u, v], axis=-1), xy)
    bent = np.stack(distort_xy(x, y, cameras.lens_of(camera, 2)), axis=-1)
    np.testing.assert_allclose(
        bent, (xy - camera.matrix[:, None, None, :2, 2]) / camera.matrix[:, None, None, [0, 1], [0, 1]]
    )
    for view in range(4):
        np.testing.assert_allclose(project_views(each[view], camera)[view], xy[view], rtol=1e-14)
        J = cameras.projection_jacobian(each[view], camera)[view]
        np.testing.assert_allclose(np.stack([np.stack(row, -1) for row in rows], -2)[view], J, rtol=1e-13)
        depth = cameras.world_to_cam(each, Camera(*(part[:, None] for part in camera)))[view, ..., 2]
        np.testing.assert_allclose(1 / inverse_z[view], depth, rtol=1e-13)


def test_the_camera_frame_is_that_of_the_pose(backend, points):
    camera = ring([])
    cam = cameras.world_to_cam(
        backend.array(np.tile(points, (4, 1, 1))), as_backend(camera, backend.array(points))
    )
    expected = np.einsum("vij,nj->vni", camera.rotation, points) + camera.translation[:, None]
    np.testing.assert_allclose(backend.numpy(cam), expected, atol=1e-14)
    at_center = cameras.world_to_cam(cameras.camera_centers(camera)[:, None], camera)
    np.testing.assert_allclose(at_center, 0, atol=1e-14)


def test_resizing_an_image_moves_its_pixels_about_their_centres():
    """OpenCV resizes with the same convention: a ramp stays a ramp, sampled at (u' + 0.5) / s - 0.5."""
    ramp = np.tile(np.arange(64, dtype=np.float32), (48, 1))
    small = cv2.resize(ramp, (32, 12), interpolation=cv2.INTER_LINEAR)
    A = cameras.resize_matrix(0.5, 0.25)
    u = small[3, 10]  # the pixel of the large image that now lies at u' = 10
    np.testing.assert_allclose(A @ [u, 0, 1], [10, 0.25 * 0.5 - 0.5, 1])


def test_resized_and_cropped_cameras_see_what_the_new_image_shows(backend, points):
    camera = as_backend(ring(COEFFICIENTS[5]), backend.array(points))
    xy = backend.numpy(project_views(backend.array(points), camera))
    resized = backend.numpy(project_views(backend.array(points), cameras.resize(camera, 0.5, 0.25)))
    np.testing.assert_allclose(resized, (xy + 0.5) * [0.5, 0.25] - 0.5, atol=1e-10)
    cropped = backend.numpy(project_views(backend.array(points), cameras.crop(camera, 100, 40)))
    np.testing.assert_allclose(cropped, xy - [100, 40], atol=1e-10)
    np.testing.assert_array_equal(cameras.crop_matrix(100, 40) @ [100, 40, 1], [0, 0, 1])


def test_an_affine_of_the_image_commutes_with_projection_for_rotated_images_too(backend, points):
    A = np.array([[0.8, -0.6, 31.0], [0.6, 0.8, -12.0], [0, 0, 1]])
    camera = as_backend(ring(COEFFICIENTS[12]), backend.array(points))
    xy = backend.numpy(project_views(backend.array(points), camera))
    turned = cameras.affine(camera, backend.array(A))
    moved = project_views(backend.array(points), turned)
    np.testing.assert_allclose(backend.numpy(moved), xy @ A[:2, :2].T + A[:2, 2], atol=1e-10)
    back = backend.numpy(cameras.undistort_views(moved, turned).points)
    straight = backend.numpy(cameras.undistort_views(backend.array(xy), camera).points)
    np.testing.assert_allclose(back, straight, atol=1e-13)


def test_gradients_of_the_projection_are_right_for_points_and_every_camera_parameter(rng):
    torch = pytest.importorskip("torch")
    camera = half_fisheye(views=2)
    points = torch.tensor(rng.normal(size=(3, 3)), requires_grad=True)
    K, k, R, t = (torch.tensor(part, requires_grad=True) for part in camera[:4])

    def pixels(points, K, k, R, t):
        return project_views(points, Camera(K, k, R, t, torch.tensor(camera.fisheye)))

    assert torch.autograd.gradcheck(pixels, (points, K, k, R, t), eps=1e-6, atol=1e-5, rtol=1e-6)
    fixed = [part.detach() for part in (K, k, R, t)]
    assert torch.autograd.gradgradcheck(lambda p: pixels(p, *fixed), points, eps=1e-6, atol=1e-4, rtol=1e-5)


def test_gradients_under_jax_are_the_analytic_jacobian(points):
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        camera = as_backend(ring(COEFFICIENTS[8], fisheye=False), jax.numpy.zeros(1))
        by_autodiff = jax.jit(jax.vmap(jax.jacfwd(lambda p: project_views(p[None], camera)[:, 0])))(points)
        by_reverse = jax.jit(jax.vmap(jax.jacrev(lambda p: project_views(p[None], camera)[:, 0])))(points)
        analytic = cameras.projection_jacobian(jax.numpy.asarray(points), camera)
    np.testing.assert_allclose(np.moveaxis(by_autodiff, 0, 1), analytic, rtol=0, atol=1e-9)
    np.testing.assert_allclose(by_reverse, by_autodiff, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_masked_points_leave_no_nan_in_gradients(name, points):
    """Behind a camera, NaN, on an axis, at infinity, fisheye and perspective: the loss masks what is NaN."""
    camera = half_fisheye(views=4)
    points = points.copy()
    points[0], points[1, 2] = 3 * cameras.camera_centers(camera)[1], np.nan
    points[2] = (np.array([0, 0, 2.0]) - camera.translation[0]) @ camera.rotation[0]  # fisheye's axis
    points[3] = (np.array([0, 1e9, 1.0]) - camera.translation[0]) @ camera.rotation[0]  # its image plane
    if name == "torch":
        torch = pytest.importorskip("torch")
        leaves = [torch.tensor(part, requires_grad=True) for part in (points, *camera[:4])]
        xy = project_views(leaves[0], Camera(*leaves[1:], torch.tensor(camera.fisheye)))
        torch.where(torch.isfinite(xy), xy, 0.0).pow(2).sum().backward()
        gradients = [leaf.grad.numpy() for leaf in leaves]
    else:
        jax = pytest.importorskip("jax")
        with jax.enable_x64(True):

            def loss(points, *parts):
                xy = project_views(points, Camera(*parts, camera.fisheye))
                return jax.numpy.sum(jax.numpy.where(jax.numpy.isfinite(xy), xy, 0.0) ** 2)

            gradients = jax.jit(jax.grad(loss, argnums=(0, 1, 2, 3, 4)))(points, *camera[:4])
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)


def test_rotation_vectors_and_matrices_make_the_same_camera(rng):
    rvec = rng.normal(size=(3, 3))  # three cameras, three numbers each: told apart from one matrix
    K, t = np.tile(np.eye(3), (3, 1, 1)), np.zeros((3, 3))
    np.testing.assert_array_equal(make_camera(K, [0.0] * 5, rvec, t).rotation, matrix_from_rvec(rvec))
    one = make_camera(np.eye(3), [], matrix_from_rvec(rvec[0]), np.zeros(3))
    np.testing.assert_array_equal(one.rotation, matrix_from_rvec(rvec[0]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"matrix": np.eye(4)}, "3 x 3"),
        ({"distortion": [0.1, 0.2]}, "0, 4, 5, 8 or 12 coefficients per camera, got 2"),
        ({"distortion": np.ones(14)}, "got 14"),
        ({"distortion": [0.1, 0, 0, 0, 0.2], "fisheye": True}, "fisheye lens has 4"),
        ({"rotation": np.eye(4)}, "rotation"),
        ({"translation": [0, 0]}, "translation"),
    ],
)
def test_a_camera_of_impossible_parts_is_refused(change, message):
    parts = {
        "matrix": np.eye(3),
        "distortion": np.zeros(5),
        "rotation": np.zeros(3),
        "translation": np.zeros(3),
    }
    with pytest.raises(CalibrationError, match=message):
        make_camera(**{**parts, **change})


@pytest.mark.realdata
def test_a_recorded_rig_in_matlab_convention_reproduces_its_labels(real_data):
    """x_cam = X R + t, pixel = x K, both 1-based: transposed, our camera is the one that made the labels."""
    file = scipy.io.loadmat(real_data / "mouse-6cam" / "label3d.mat", simplify_cells=True)
    params = file["params"]
    matrix = np.stack([p["K"].T for p in params])  # has skew
    radial, tangential = (np.stack([np.ravel(p[key]) for p in params]) for key in ("RDistort", "TDistort"))
    distortion = np.concatenate([radial[:, :2], tangential, radial[:, 2:]], axis=1)
    rotation, translation = np.stack([p["r"].T for p in params]), np.stack([np.ravel(p["t"]) for p in params])
    camera = make_camera(matrix, distortion, rotation, translation)
    labels = file["labelData"]
    xyz = np.stack([np.reshape(entry["data_3d"], (-1, 22, 3)) for entry in labels])[0]
    xy = np.stack([np.reshape(entry["data_2d"], (-1, 22, 2)) for entry in labels])
    error = np.abs(project_views(xyz, camera) - xy)
    assert np.nanmax(error) < 1e-3
    assert np.isfinite(error).mean() > 0.9
