import numpy as np

from lightning_pose.core.camera import Camera, as_backend, project_views
from lightning_pose.core.consensus import consensus
from lightning_pose.core.pointsolver import observe
from lightning_pose.core.triangulate import Robust, triangulate, triangulate_robust


def test_the_robust_variant_names_the_view_that_is_wrong(backend, rng, points, ring):
    camera = ring(5)
    xy = project_views(points, camera) + rng.normal(size=(5, 50, 2))
    wrong = np.zeros((5, 50), dtype=bool)
    wrong[np.arange(40) % 5, np.arange(40)] = True
    wrong[(np.arange(20) + 2) % 5, np.arange(20)] = True  # two wrong views in the first 20
    angle = rng.uniform(0, 2 * np.pi, size=(5, 50))
    xy = np.where(wrong[..., None], xy + 120 * np.stack([np.cos(angle), np.sin(angle)], -1), xy)
    robust = backend.jit(triangulate_robust)(backend.array(xy), as_backend(camera, backend.array(xy)))
    np.testing.assert_array_equal(backend.numpy(robust.rejected), wrong)
    np.testing.assert_array_equal(backend.numpy(robust.n_views), 5 - wrong.sum(0))
    clean = triangulate(np.where(wrong[..., None], np.nan, xy), camera)
    np.testing.assert_allclose(backend.numpy(robust.xyz), clean, rtol=1e-9, atol=1e-9)
    assert backend.numpy(robust.error)[wrong].min() > 60 and backend.numpy(robust.error)[~wrong].max() < 10


def test_a_view_that_puts_the_point_behind_a_camera_is_rejected(ring):
    camera = ring(4)
    xy = project_views(np.zeros((1, 3)), camera)
    xy[1] = [1e5, 512]
    robust = triangulate_robust(xy, camera)
    np.testing.assert_array_equal(robust.rejected[:, 0], np.arange(4) == 1)
    np.testing.assert_allclose(robust.xyz, 0, atol=1e-9)


def test_two_views_that_disagree_are_both_kept_and_say_so(ring):
    camera = ring(4)
    xy = project_views(np.zeros((1, 3)), camera)
    xy[2:] = np.nan
    xy[0, 0, 1] += 100
    robust = triangulate_robust(xy, camera)
    assert not robust.rejected.any() and robust.n_views[0] == 2
    assert np.nanmax(robust.error) > 10


def test_views_of_which_no_two_agree_are_all_kept(ring):
    camera = ring(3)
    xy = project_views(
        np.array([[[0.0, 0, 0]], [[0.4, -0.6, 0.8]], [[-0.6, 0.7, -0.7]]]).reshape(3, 3), camera
    )
    robust = triangulate_robust(xy[np.arange(3), np.arange(3)][:, None], camera, threshold_px=5)
    assert not robust.rejected.any() and robust.error.max() > 5


def test_a_batch_of_rigs_rejects_views_too(rng, ring):
    rigs = [ring(4, focal=f) for f in (500.0, 800.0, 1300.0)]
    batch = Camera(*(np.stack(part, axis=1) for part in zip(*rigs, strict=True)))
    points = rng.normal(size=(3, 7, 3)) * 0.4
    xy = project_views(points, batch)
    xy[2, :, 0] += 200
    robust = triangulate_robust(xy, batch)
    np.testing.assert_allclose(robust.xyz, points, atol=1e-11)
    assert isinstance(robust, Robust)
    assert robust.rejected[2, :, 0].all() and robust.rejected.sum() == 3


def test_missing_views_are_no_part_of_the_consensus(ring, points):
    camera = ring(5)
    xy = project_views(points, camera)
    xy[0, :20] = np.nan
    xy[1, 10:30] += 300
    used = consensus(observe(xy, camera, None), camera, 5.0)
    expected = np.ones((5, 50), dtype=bool)
    expected[0, :20] = expected[1, 10:30] = False
    np.testing.assert_array_equal(used, expected)
