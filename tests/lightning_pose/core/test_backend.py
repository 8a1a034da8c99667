import numpy as np
import pytest

from lightning_pose.core.backend import convert, detach, in_blocks, iterate, known_values
from lightning_pose.core.camera import Camera, as_backend, project_views


def test_values_are_known_where_no_gradient_and_no_trace_can_reach_them(backend):
    x = backend.array(np.arange(3.0))
    if backend.name == "torch":
        assert known_values(x) is None
    else:
        np.testing.assert_array_equal(known_values(x), [0, 1, 2])
    seen = []
    backend.jit(lambda x: seen.append(known_values(x)) or x)(x)
    assert (seen[0] is None) == (backend.name != "numpy")


def test_conversion_goes_between_all_libraries(backend):
    torch = pytest.importorskip("torch")
    there = convert(np.arange(3.0), backend.array(np.zeros(1)), floating=True)
    back = convert(there, np.zeros(1, dtype=np.float32), floating=True)
    assert isinstance(back, np.ndarray) and back.dtype == np.float32
    np.testing.assert_array_equal(back, [0, 1, 2])
    across = convert(there, torch.zeros(1, dtype=torch.float64), floating=True)
    assert across.dtype == torch.float64


def test_a_detached_array_has_no_gradient():
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    assert not detach(torch.ones(2, requires_grad=True)).requires_grad
    np.testing.assert_array_equal(jax.grad(lambda x: (x * detach(x)).sum())(jax.numpy.array([3.0])), [3.0])
    x = np.ones(2)
    assert detach(x) is x


def test_iteration_stops_early_where_it_can_and_ends_alike_everywhere(backend):
    """Newton's square root of 2, from 1."""
    counted = []

    def step(state):
        counted.append(1)
        return (0.5 * (state[0] + 2 / state[0]),)

    start = (backend.array(np.ones(2)),)
    end = iterate(step, start, 50, lambda state: (abs(state[0] ** 2 - 2) < 1e-14).all())
    np.testing.assert_allclose(backend.numpy(end[0]), np.sqrt(2), rtol=1e-14)
    assert len(counted) < 10


def test_blocks_join_to_what_the_whole_gives():
    x, weights = np.random.default_rng(0).normal(size=(2, 1000)), np.arange(2000.0).reshape(2, 1000)
    seen = []

    def function(x, weights, nothing):
        assert nothing is None
        seen.append(x.shape[1])
        return (x * weights).sum(axis=0), x

    total, same = in_blocks(function, (x, weights, None), rows=1 << 7)
    assert len(seen) == 4 and max(seen) == 256
    np.testing.assert_array_equal(total, (x * weights).sum(axis=0))
    np.testing.assert_array_equal(same, x)


def test_single_precision_projects_within_its_rounding(ring, points):
    torch = pytest.importorskip("torch")
    camera, single = ring(), torch.tensor(points, dtype=torch.float32)
    xy = project_views(single, as_backend(camera, single))
    assert xy.dtype == torch.float32
    np.testing.assert_allclose(xy.numpy(), project_views(points, camera), rtol=0, atol=2e-3)


def test_a_camera_is_a_pytree_and_collates(ring):
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    camera = ring()
    assert isinstance(jax.tree.map(lambda part: part[:2], camera), Camera)
    batch = torch.utils.data.default_collate([as_backend(camera, torch.zeros(1))] * 2)
    assert isinstance(batch, Camera)
    assert batch.matrix.shape == (2, 4, 3, 3) and batch.fisheye.dtype == torch.bool
    back = as_backend(batch, np.zeros(1, dtype=np.float32))
    np.testing.assert_array_equal(back.matrix[1], camera.matrix.astype(np.float32))


def test_integer_images_stand_for_the_default_floating_dtype(ring):
    torch = pytest.importorskip("torch")
    assert as_backend(ring(), torch.zeros(3, dtype=torch.uint8)).matrix.dtype == torch.float32
