import cv2
import numpy as np
import pytest

from lightning_pose.core.camera import (
    Camera,
    as_backend,
    distort,
    make_camera,
    undistort,
    undistort_views,
)
from lightning_pose.core.lens import Lens, distort_jacobian, distort_xy, make_lens, undistort_xy

LENSES = {
    "none": ([], False),
    "radial": ([-0.31, 0.12, 0, 0, -0.02], False),
    "pincushion": ([0.4, 0.1, 1e-3, -2e-3, 0.05], False),
    "rational": ([0.12, -0.04, 1.2e-3, -0.8e-3, 0.013, 0.31, -0.02, 0.004], False),
    "cancelling rational": ([20.1, 4.0, 1e-3, 1e-3, 0.2, 20.4, 9.0, 1.1], False),
    "prism": ([-0.2, 0.05, 1e-3, 2e-3, 0.01, 0, 0, 0, 2e-3, -1e-3, 1.5e-3, 4e-4], False),
    "fisheye": ([0.08, -0.03, 0.011, -0.004], True),
    "fisheye, barrel": ([-0.05, 0.01, -0.003, 0.0004], True),
}


def one_camera(coefficients: list[float], fisheye: bool, focal: float = 800.0) -> Camera:
    K = [[focal, 0.0, 640.0], [0.0, 1.02 * focal, 512.0], [0.0, 0.0, 1.0]]
    return make_camera(K, coefficients, np.zeros(3), np.zeros(3), fisheye)


def disc(radius: float, n: int = 400) -> np.ndarray:
    """Normalised coordinates that fill a disc evenly; the centre and points beside it first."""
    rng = np.random.default_rng(4)
    r, angle = radius * np.sqrt(rng.uniform(size=n)), rng.uniform(0, 2 * np.pi, n)
    r[:4] = 0, 1e-12, 1e-6, 1e-3
    return np.stack([r * np.cos(angle), r * np.sin(angle)], axis=-1)


def lens_named(name: str) -> Lens:
    coefficients, fisheye = LENSES[name]
    return make_lens(np.pad(coefficients, (0, 12 - len(coefficients))), np.array(fisheye), axes=1)


@pytest.mark.parametrize("name", LENSES)
def test_the_jacobian_is_the_slope_of_the_distortion(name):
    lens, step = lens_named(name), 1e-6
    x, y = disc(0.7)[:40].T
    value_x, value_y, *slopes = distort_jacobian(x, y, lens)
    np.testing.assert_array_equal([value_x, value_y], distort_xy(x, y, lens))
    by_x = np.subtract(distort_xy(x + step, y, lens), distort_xy(x - step, y, lens)) / (2 * step)
    by_y = np.subtract(distort_xy(x, y + step, lens), distort_xy(x, y - step, lens)) / (2 * step)
    np.testing.assert_allclose(slopes, [by_x[0], by_y[0], by_x[1], by_y[1]], rtol=0, atol=1e-8)


def test_terms_that_all_lenses_lack_are_left_out_and_change_nothing():
    bare, full = lens_named("radial"), lens_named("radial")._replace(rational=True, decentred=True)
    assert not (bare.rational or bare.decentred or bare.some_fisheye)
    x, y = disc(0.7).T
    np.testing.assert_allclose(distort_jacobian(x, y, bare), distort_jacobian(x, y, full), rtol=1e-15)
    assert (
        lens_named("fisheye").some_fisheye
        and lens_named("prism").decentred
        and lens_named("rational").rational
    )


def test_coordinates_without_a_ray_come_back_as_zero():
    x, y, found = undistort_xy(np.array([0.1, 9.0]), np.array([0.2, 0.0]), lens_named("radial"))
    np.testing.assert_array_equal(found, [True, False])
    assert x[1] == y[1] == 0 and x[0] != 0


@pytest.mark.parametrize("lens", LENSES)
def test_undistortion_inverts_distortion(backend, lens):
    camera = as_backend(one_camera(*LENSES[lens]), backend.array(np.zeros(1)))
    points = disc(np.tan(np.radians(75)) if LENSES[lens][1] else 0.7)
    back = backend.jit(undistort)(distort(backend.array(points), camera), camera)
    assert bool(back.converged.all())
    np.testing.assert_allclose(backend.numpy(back.points), points, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("lens", ["radial", "rational", "prism", "fisheye"])
def test_undistortion_is_that_of_opencv_iterated_to_the_end(lens):
    coefficients, fisheye = LENSES[lens]
    camera = one_camera(coefficients, fisheye)
    xy = distort(disc(0.5), camera)
    end = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 200, 1e-15)
    if fisheye:
        theirs = cv2.fisheye.undistortPoints(xy[:, None], camera.matrix, np.array(coefficients), criteria=end)
    else:
        theirs = cv2.undistortPoints(xy[:, None], camera.matrix, np.array(coefficients), criteria=end)
    np.testing.assert_allclose(undistort(xy, camera).points, theirs[:, 0], rtol=0, atol=1e-12)


def test_the_strongest_recorded_telephoto_lens_is_undone_across_its_image(backend):
    K = [[136330.25013473458, 0, 416], [0, 136330.25013473458, 316], [0, 0, 1]]
    camera = make_camera(K, [-6468.60716369641, 0, 0, 0, 0], np.zeros(3), np.zeros(3))
    camera = as_backend(camera, backend.array(np.zeros(1)))
    grid = np.stack(np.meshgrid(np.linspace(0, 831, 30), np.linspace(0, 631, 30)), axis=-1).reshape(-1, 2)
    back = undistort(backend.array(grid), camera)
    assert bool(back.converged.all())
    np.testing.assert_allclose(backend.numpy(distort(back.points, camera)), grid, rtol=0, atol=1e-9)


def test_pixels_that_no_ray_reaches_are_nan_and_can_be_counted(backend):
    """x (1 - 0.3 x^2) grows up to x = 1.054, where it is 0.7027: beyond that radius there is no image."""
    camera = one_camera([-0.3, 0, 0, 0], False, focal=1.0)._replace(matrix=np.eye(3))
    xy = np.array([[0.70, 0.0], [0.71, 0.0], [5.0, 0.0], [np.nan, 0.0], [0.0, 0.0]])
    back = undistort(backend.array(xy), as_backend(camera, backend.array(xy)))
    np.testing.assert_array_equal(backend.numpy(back.converged), [True, False, False, False, True])
    np.testing.assert_array_equal(
        np.isnan(backend.numpy(back.points)).all(-1), [False, True, True, True, False]
    )
    assert 0.7 < float(back.points[0, 0]) < 1.0541


def test_solutions_beyond_a_fold_of_the_polynomial_are_not_taken():
    """With k1 = -0.4, k2 = 0.05 the radius grows, falls between 1.03 and 1.94, and grows again for ever."""
    camera = one_camera([-0.4, 0.05, 0, 0], False)._replace(matrix=np.eye(3))
    radius = np.linspace(0.0, 4.0, 400)
    xy = np.stack([radius * 0.6, radius * 0.8], axis=-1)
    back = undistort(xy, camera)
    found = np.linalg.norm(back.points, axis=-1)
    highest = (lambda r: r * (1 - 0.4 * r**2 + 0.05 * r**4))(np.sqrt((1.2 - np.sqrt(1.44 - 1)) / 0.5))
    np.testing.assert_array_equal(back.converged, radius < highest)
    assert np.nanmax(found) < 1.04


def test_a_start_beyond_the_fold_still_finds_the_ray():
    """Pincushion that folds soon: x_d lies far outside the monotone range in which its ray is."""
    camera = one_camera([3.0, -9.0, 0, 0], False)._replace(matrix=np.eye(3))
    points = np.array([[0.4, 0.0], [0.0, 0.45], [0.3, 0.3]])
    assert np.linalg.norm(distort(points, camera), axis=-1).max() > 0.5
    np.testing.assert_allclose(undistort(distort(points, camera), camera).points, points, atol=1e-13)


@pytest.mark.parametrize("lens", ["prism", "fisheye", "rational"])
def test_gradients_of_undistortion_are_right_for_pixels_and_camera(lens):
    torch = pytest.importorskip("torch")
    camera = one_camera(*LENSES[lens])
    xy = torch.tensor(distort(disc(0.5, 8)[3:], camera), requires_grad=True)
    K, k = (
        torch.tensor(camera.matrix, requires_grad=True),
        torch.tensor(camera.distortion, requires_grad=True),
    )
    rest = [torch.tensor(part) for part in camera[2:]]
    used = slice(0, 4) if camera.fisheye else slice(0, 12)

    def points(xy, K, k):
        return undistort(xy, Camera(K, torch.cat([k[used], torch.zeros(12 - len(k[used]))]), *rest)).points

    assert torch.autograd.gradcheck(points, (xy, K, k), eps=1e-7, atol=1e-6)


def test_gradients_of_undistortion_under_jax_invert_those_of_distortion():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        camera = as_backend(one_camera(*LENSES["prism"]), jax.numpy.zeros(1))
        points = jax.numpy.asarray(disc(0.5, 20))
        bend = jax.vmap(jax.jacfwd(lambda p: distort(p[None], camera)[0]))(points)
        unbend = jax.jit(jax.vmap(jax.jacrev(lambda p: undistort(p[None], camera).points[0])))(
            distort(points, camera)
        )
        product = np.asarray(bend @ unbend)
    np.testing.assert_allclose(product, np.tile(np.eye(2), (20, 1, 1)), atol=1e-9)


def test_a_pixel_without_a_ray_leaves_no_nan_in_the_gradient():
    torch = pytest.importorskip("torch")
    camera = one_camera([-0.3, 0, 0, 0], False)
    xy = torch.tensor(
        [[700.0, 500.0], [5000.0, 0.0], [float("nan"), 3.0], [640.0, 512.0]], requires_grad=True
    )
    leaves = [torch.tensor(part, requires_grad=True) for part in camera[:4]]
    double = undistort(xy.double(), Camera(*leaves, torch.tensor(camera.fisheye))).points
    torch.where(torch.isfinite(double), double, 0.0).pow(2).sum().backward()
    assert torch.isfinite(xy.grad).all() and torch.isfinite(leaves[1].grad).all()
    assert (xy.grad[1:3] == 0).all() and (xy.grad[0] != 0).all()


def test_rigs_of_mixed_lenses_are_undone_together(backend):
    kinds = ["prism", "fisheye", "none", "rational"]
    each = [one_camera(*LENSES[kind]) for kind in kinds]
    camera = as_backend(
        Camera(*(np.stack(part) for part in zip(*each, strict=True))), backend.array(np.zeros(1))
    )
    points = np.tile(disc(0.6, 50), (4, 1, 1))
    back = undistort_views(distort(backend.array(points), camera), camera)
    np.testing.assert_allclose(backend.numpy(back.points), points, rtol=1e-12, atol=1e-15)


def test_single_precision_converges_everywhere_to_its_rounding():
    torch = pytest.importorskip("torch")
    points = torch.tensor(disc(0.6), dtype=torch.float32)
    for lens in ("radial", "rational", "prism", "fisheye"):
        camera = as_backend(one_camera(*LENSES[lens]), points)
        back = undistort(distort(points, camera), camera)
        assert bool(back.converged.all())
        np.testing.assert_allclose(back.points.numpy(), points.numpy(), rtol=1e-5, atol=1e-6)
