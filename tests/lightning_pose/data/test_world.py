"""Four upright cameras in a ring see points around the origin, squeezed for the network."""

import numpy as np
import pytest
import torch
from jaxtyping import Float
from scipy.spatial.transform import Rotation
from torch import Tensor

from lightning_pose.core.camera import Camera, affine, make_camera, project, project_views
from lightning_pose.core.rotations import look_at
from lightning_pose.data.augment import Augmentation, Geometric, move_points, warp
from lightning_pose.data.batch import LabeledBatch
from lightning_pose.data.world import WorldMotion, fit_similarities, move_world

B, V, K = 5, 4, 6
SIZE = (64, 64)
MOTION = WorldMotion(scale=0.2, shift=0.25, rotation=20)
STRETCH = torch.tensor([[4.0, 3.0], [4.0, 3.0], [2.0, 4.0], [4.0, 4.0]], dtype=torch.float64).expand(B, V, 2)


def rig() -> Camera:
    """Return cameras of network-size images (V), with lenses, one of them a fisheye."""
    matrix = np.array([[[f, 0, 128.0], [0, f, 110], [0, 0, 1]] for f in (700, 800, 750, 500)])
    lens = np.zeros((V, 12))
    lens[:, :4] = [[-0.2, 0.05, 1e-3, -1e-3], [0, 0, 0, 0], [-0.1, 0, 0, 1e-3], [0.05, 0.01, 0, 0]]
    azimuths = np.arange(V) * np.pi / 2
    places = [np.array([300 * np.cos(a), 300 * np.sin(a), 120]) for a in azimuths]
    R, t = (np.stack(part) for part in zip(*(look_at(p, np.zeros(3)) for p in places), strict=True))
    squeeze = np.stack([np.diag([1 / x, 1 / y, 1]) for x, y in STRETCH[0].tolist()])
    return affine(make_camera(matrix, lens, R, t, [False, False, False, True]), squeeze)


def points() -> Float[np.ndarray, "B K 3"]:
    return np.random.default_rng(1).normal(0, 14, (B, K, 3))


def spread(camera: Camera) -> Camera:
    return Camera(*(torch.from_numpy(field).expand(B, *field.shape).clone() for field in camera))


def labels() -> Tensor:
    return torch.from_numpy(project_views(points(), rig())).movedim(1, 0).contiguous()


def seeded(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def a_batch(xy: Tensor) -> LabeledBatch:
    return LabeledBatch(
        images=torch.randint(0, 255, (B, V, *SIZE, 3), generator=seeded(), dtype=torch.uint8),
        xy=xy,
        visible=torch.full((B, V, K), 2),
        native_size=STRETCH * 64,
        index=torch.arange(B),
        camera=spread(rig()),
    )


def test_maps_and_residuals_are_those_of_a_dense_least_squares_on_disk():
    """Motion by scipy from the same draws; a, b, tx, ty of every view by numpy's lstsq; no torch."""
    xy, X = labels(), points()
    shown = move_world(
        xy, torch.full((B, V, K), 2), spread(rig()), MOTION, stretch=STRETCH, generator=seeded()
    )
    draws = torch.rand(B, 5, generator=seeded(), dtype=torch.float64).numpy() * 2 - 1
    for b in range(B):
        centre = np.sort(X[b], axis=0)[(K - 1) // 2]
        size = 1 + 0.2 * draws[b, 3]
        R = Rotation.from_euler("z", 20 * draws[b, 4], degrees=True)
        moved = centre + size * R.apply(X[b] - centre) + 0.25 * size * np.ptp(X[b], axis=0) * draws[b, :3]
        before, after = project_views(X[b], rig()), project_views(moved, rig())
        for v in range(V):
            scale = STRETCH[b, v].numpy()
            x, y = (before[v] * scale).T
            zero, one = np.zeros(K), np.ones(K)
            rows = np.concatenate([np.stack([x, -y, one, zero], 1), np.stack([y, x, zero, one], 1)])
            solution = np.linalg.lstsq(rows, (after[v] * scale).T.ravel(), rcond=None)[0]
            fitted = (rows @ solution).reshape(2, K).T / scale
            A = shown.affine[b, v].numpy()
            np.testing.assert_allclose(before[v] @ A[:2, :2].T + A[:2, 2], fitted, atol=1e-6)
            residual = np.linalg.norm(fitted - after[v], axis=1).mean()
            np.testing.assert_allclose(shown.residual[b, v], residual, rtol=1e-6)
            assert residual > 1e-3


def test_labels_and_geometry_agree_in_the_moved_world_and_views_are_moved_on_top():
    far = Geometric(rotation=30, zoom=0.2, shift=0.1, flip=True)
    batch = a_batch(labels())
    moved, found = Augmentation(far, world=MOTION)(batch, seeded())
    assert moved.camera is not None
    assert moved.residual is not None
    image = project(torch.from_numpy(points())[:, None], moved.camera)
    assert (image - found.xy).abs().max() < 1e-6
    assert (found.xy - batch["xy"]).abs().max() > 3
    assert torch.isfinite(moved.residual).all()


def test_images_and_labels_are_moved_by_one_map():
    batch = a_batch(labels())
    moved, found = Augmentation(world=MOTION)(batch, seeded())
    still = Augmentation()(batch, seeded())[0].images
    expected = warp(still.flatten(0, 1), moved.affine.flatten(0, 1)).unflatten(0, (B, V))
    assert torch.equal(moved.images, expected)
    torch.testing.assert_close(found.xy, move_points(batch["xy"], moved.affine))
    assert (moved.affine - torch.eye(3)).abs().max() > 0.1


def test_a_plane_that_faces_the_camera_is_zoomed_exactly():
    matrix, R = np.array([[500.0, 0, 32], [0, 500, 32], [0, 0, 1]]), np.eye(3)
    pair = make_camera(
        np.stack([matrix] * 2), np.zeros((2, 0)), np.stack([R] * 2), [[0, 0, 100], [20, 0, 100]]
    )
    flat = np.concatenate([np.random.default_rng(0).normal(0, 3, (1, 7, 2)), np.zeros((1, 7, 1))], axis=-1)
    xy = torch.from_numpy(project_views(flat, pair)).movedim(1, 0).contiguous()
    camera = Camera(*(torch.from_numpy(field)[None] for field in pair))
    shown = move_world(
        xy, torch.full((1, 2, 7), 2), camera, WorldMotion(scale=0.2, shift=0.25),
        stretch=torch.ones(1, 2, 2, dtype=torch.float64), generator=seeded(),
    )  # fmt: skip
    assert (shown.residual < 1e-6).all()
    assert (shown.affine[..., 0, 0] - 1).abs().min() > 1e-3


@pytest.mark.parametrize("lacking", ["points", "views", "calibration"])
def test_what_is_not_known_stays_where_it_is(lacking):
    """The first instant lacks something; the others move as they would without it."""
    xy, camera = labels(), spread(rig())
    whole = move_world(xy, torch.full((B, V, K), 2), camera, MOTION, stretch=STRETCH, generator=seeded())
    visible = torch.full((B, V, K), 2)
    if lacking == "points":
        xy[0, :, 2:] = torch.nan
    elif lacking == "views":
        visible[0, 1:] = 0
    else:
        for field in camera[:4]:
            field[0] = torch.nan
    shown = move_world(xy, visible, camera, MOTION, stretch=STRETCH, generator=seeded())
    assert torch.equal(shown.affine[0], torch.eye(3, dtype=torch.float64).expand(V, 3, 3))
    assert shown.residual[0].isnan().all()
    torch.testing.assert_close(shown.affine[1:], whole.affine[1:])
    torch.testing.assert_close(shown.residual[1:], whole.residual[1:])


def test_a_map_that_would_fill_the_image_with_a_point_is_not_taken():
    before = labels()
    shown = fit_similarities(before, before * 3, STRETCH)
    assert torch.equal(shown.affine, torch.eye(3, dtype=torch.float64).expand(B, V, 3, 3))
    one_place = before[:, :, :1].expand(-1, -1, K, -1)
    assert fit_similarities(one_place, one_place + 3, STRETCH).residual.isnan().all()
