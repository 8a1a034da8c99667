import itertools

import numpy as np
import pytest
from scipy.optimize import least_squares

from lightning_pose.core.camera import Camera, as_backend, make_camera, project_views
from lightning_pose.core.pointsolver import (
    Observed,
    count_views,
    observe,
    pixel_distance,
    solve_points,
    solve_without_each,
    with_axis,
)
from lightning_pose.core.rotations import look_at
from lightning_pose.core.triangulate import reprojection_error, triangulate


@pytest.mark.parametrize("weighted", [False, True])
def test_noisy_points_are_those_of_least_squares_in_pixels(rng, points, weighted, ring):
    camera = ring()
    weights = rng.uniform(0.1, 3, size=(4, 50)) if weighted else np.ones((4, 50))
    xy = project_views(points, camera) + rng.normal(size=(4, 50, 2)) / np.sqrt(weights)[..., None]
    ours = triangulate(xy, camera, weights if weighted else None)
    for n in range(10):

        def residual(x, n=n):
            return (np.sqrt(weights[:, n, None]) * (project_views(x[None], camera)[:, 0] - xy[:, n])).ravel()

        best = least_squares(residual, points[n], xtol=1e-15, ftol=1e-15, gtol=1e-15).x
        np.testing.assert_allclose(ours[n], best, rtol=0, atol=3e-7)  # the noise moves it by about 5e-3


def test_weights_count_only_relative_to_each_other(rng, points, ring):
    camera = ring()
    xy = project_views(points, camera) + rng.normal(size=(4, 50, 2))
    weights = rng.uniform(0.1, 3, size=(4, 50))
    np.testing.assert_allclose(
        triangulate(xy, camera, weights * 1e-12), triangulate(xy, camera, weights), rtol=1e-9, atol=1e-11
    )


def test_far_from_the_origin_nothing_is_lost(points, ring):
    shift = np.array([1e4, -2e4, 5e3])
    camera = ring()
    moved = camera._replace(translation=camera.translation - camera.rotation @ shift)
    back = triangulate(project_views(points + shift, moved), moved)
    np.testing.assert_allclose(back, points + shift, rtol=1e-12)


def test_the_unit_of_the_world_does_not_matter(points, ring):
    camera = ring()
    xy = project_views(points, camera) + np.random.default_rng(0).normal(size=(4, 50, 2))
    in_mm = triangulate(xy, camera._replace(translation=camera.translation * 1e3))
    np.testing.assert_allclose(in_mm, 1e3 * triangulate(xy, camera), rtol=1e-9)


def test_parallel_rays_give_no_point(backend):
    R, t = look_at([[0, 0, -5.0], [1.0, 0, -5.0]], [[0, 0, 0.0], [1.0, 0, 0]], up=[0, -1.0, 0])
    camera = make_camera(np.tile([[800.0, 0, 0], [0, 800, 0], [0, 0, 1]], (2, 1, 1)), [], R, t)
    camera = as_backend(camera._replace(distortion=np.zeros((2, 12))), backend.array(np.zeros(1)))
    assert np.isnan(backend.numpy(triangulate(backend.array(np.zeros((2, 1, 2))), camera))).all()


def test_rays_that_cross_behind_the_cameras_give_no_point():
    R, t = look_at([[0, 0, -5.0], [1.0, 0, -5.0]], [[0, 0, 0.0], [1.0, 0, 0]], up=[0, -1.0, 0])
    camera = make_camera(np.tile([[800.0, 0, 0], [0, 800, 0], [0, 0, 1]], (2, 1, 1)), np.zeros((2, 5)), R, t)
    assert np.isnan(triangulate(np.array([[[-80.0, 0]], [[80.0, 0]]]), camera)).all()
    assert np.isfinite(triangulate(np.array([[[80.0, 0]], [[-80.0, 0]]]), camera)).all()


def test_gradients_are_right_with_views_missing(rng, ring):
    torch = pytest.importorskip("torch")
    camera = ring(4)
    xy = project_views(rng.normal(size=(3, 3)) * 0.5, camera) + rng.normal(size=(4, 3, 2))
    xy[0, 1] = np.nan
    seen = torch.tensor(np.isfinite(xy))
    free = torch.tensor(np.nan_to_num(xy), requires_grad=True)
    weights = torch.tensor(rng.uniform(0.5, 2, size=(4, 3)), requires_grad=True)
    K, k, R, t = (torch.tensor(part, requires_grad=True) for part in camera[:4])

    def solve(xy, weights, K, k, R, t):
        observed = torch.where(seen, xy, torch.nan)
        return triangulate(observed, Camera(K, k, R, t, torch.tensor(camera.fisheye)), weights)

    assert torch.autograd.gradcheck(solve, (free, weights, K, k, R, t), eps=1e-6, atol=1e-6, rtol=1e-4)


def test_gradients_under_jax_are_finite_differences(rng, ring):
    jax = pytest.importorskip("jax")
    camera = ring(3)
    xy = project_views(rng.normal(size=(2, 3)) * 0.5, camera) + rng.normal(size=(3, 2, 2))
    with jax.enable_x64(True):
        arrays = as_backend(camera, jax.numpy.zeros(1))
        ours = np.asarray(jax.jit(jax.jacrev(lambda xy: triangulate(xy, arrays)))(jax.numpy.asarray(xy)))
    step = 1e-3
    for index in itertools.product(range(3), range(2), range(2)):
        bump = np.zeros_like(xy)
        bump[index] = step
        change = (triangulate(xy + bump, camera) - triangulate(xy - bump, camera)) / (2 * step)
        np.testing.assert_allclose(ours[(slice(None), slice(None), *index)], change, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_missing_views_and_points_leave_no_nan_in_gradients(name, points, ring):
    camera = ring(4)
    xy = project_views(points, camera)
    xy[0], xy[1:, 3], xy[:, 4], xy[2, 5] = np.nan, np.nan, np.nan, 1e6
    if name == "torch":
        torch = pytest.importorskip("torch")
        leaf = torch.tensor(xy, requires_grad=True)
        torch_camera = as_backend(camera, leaf)
        found = triangulate(leaf, torch_camera)
        error = reprojection_error(found, leaf, torch_camera)
        (torch.where(torch.isfinite(found), found, 0.0).sum() + torch.nansum(error)).backward()
        gradient = leaf.grad.numpy()
    else:
        jax = pytest.importorskip("jax")
        with jax.enable_x64(True):
            arrays = as_backend(camera, jax.numpy.zeros(1))

            def loss(xy):
                found = triangulate(xy, arrays)
                error = reprojection_error(found, xy, arrays)
                return jax.numpy.nansum(
                    jax.numpy.where(jax.numpy.isfinite(found), found, 0.0)
                ) + jax.numpy.nansum(error)

            gradient = np.asarray(jax.jit(jax.grad(loss))(jax.numpy.asarray(xy)))
    assert np.isfinite(gradient).all()
    assert (gradient[1:, 0] != 0).any() and (gradient[:, 3:5] == 0).all()


def test_missing_observations_have_no_weight_and_the_largest_weight_is_one(ring, points):
    camera = ring(3)
    xy = project_views(points, camera)
    xy[0, 0], xy[1, 1] = np.nan, [1e7, 0]  # missing; outside what the lens can show
    weights = np.full((3, 50), 4.0)
    weights[:, 2], weights[2, 3], weights[2, 4] = [8.0, 2.0, np.nan], -1.0, np.inf
    seen = observe(xy, camera, weights)
    assert isinstance(seen, Observed) and all(np.isfinite(part).all() for part in seen)
    np.testing.assert_array_equal(seen.weight[:, :5], [[0, 1, 1, 1, 1], [1, 0, 0.25, 1, 1], [1, 1, 0, 0, 0]])
    np.testing.assert_array_equal(count_views(seen.weight > 0)[:6], [2, 2, 2, 2, 2, 3])


def test_points_without_each_view_are_those_solved_without_it(rng, ring, points):
    camera = ring(4)
    xy = project_views(points, camera) + rng.normal(size=(4, 50, 2))
    seen = observe(xy, camera, None)
    without = solve_without_each(seen, camera, seen.weight)
    assert with_axis(camera).matrix.shape == (4, 1, 3, 3)
    for v in range(4):
        weight = np.where((np.arange(4) == v)[:, None], 0.0, seen.weight)
        one = solve_points(seen, camera, weight)
        np.testing.assert_allclose(without[:, v], one, rtol=1e-12)
        error = pixel_distance(one.T[None], camera, xy)
        np.testing.assert_allclose(
            error, np.linalg.norm(project_views(one.T, camera) - xy, axis=-1), rtol=1e-9
        )
