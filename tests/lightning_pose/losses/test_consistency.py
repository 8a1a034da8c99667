"""Four cameras that look at points around the origin: what is taught to a view that is wrong, and by whom."""

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from lightning_pose.core.camera import Camera, camera_centers, make_camera, project_views
from lightning_pose.core.labels import read_label_views
from lightning_pose.core.rotations import look_at
from lightning_pose.core.sessions import find_rig, read_sessions
from lightning_pose.core.triangulate import triangulate
from lightning_pose.data.batch import Outputs, Truth
from lightning_pose.data.clips import ClipOptions, Clips, Source
from lightning_pose.data.heatmaps import SIGMA
from lightning_pose.data.labels import network_from_native
from lightning_pose.losses.consistency import view_consistency

STRIDE = 4
B, V, K = 3, 4, 5


def rig(n_views: int = V, lens: float = -0.1) -> Camera:
    """Cameras of B instants, fields (B V ...)."""
    made = []
    for angle in 0.3 + 1.4 * np.arange(n_views):
        eye = 400 * np.array([np.cos(angle), np.sin(angle), 0.4])
        matrix = np.array([[300.0, 0, 128], [0, 310, 120], [0, 0, 1]])
        made.append(make_camera(matrix, [lens, 0.02 * (lens != 0), 0, 0, 0], *look_at(eye, np.zeros(3))))
    camera = (torch.from_numpy(np.stack(field)) for field in zip(*made, strict=True))
    return Camera(*(field.expand(B, *field.shape) for field in camera))


def seen(camera: Camera) -> Tensor:
    """Return what the cameras see of some points, "B V K 2"."""
    xyz = torch.from_numpy(np.random.default_rng(1).uniform(-60, 60, (B, K, 3)))
    return project_views(xyz, Camera(*(field.movedim(1, 0) for field in camera))).movedim(0, 1)


def loss_of(xy: Tensor, camera: Camera, confidence: Tensor | None = None, epsilon: float = 0.0) -> Tensor:
    sure = torch.full(xy.shape[:-1], 0.8) if confidence is None else confidence
    return view_consistency(epsilon)(Outputs(xy=xy, confidence=sure), Truth(camera=camera, stride=STRIDE))


def pull(xy: Tensor, camera: Camera, confidence: Tensor | None = None) -> Tensor:
    """Return where the loss draws every prediction, up to length: minus its gradient."""
    xy = xy.clone().requires_grad_()
    return -torch.autograd.grad(loss_of(xy, camera, confidence), xy)[0]


def test_views_that_agree_cost_nothing():
    camera = rig()
    assert float(loss_of(seen(camera), camera)) < 1e-9


def test_a_view_that_is_wrong_is_drawn_to_what_the_others_see_and_they_stay():
    camera = rig()
    truth = seen(camera)
    xy = truth.clone()
    xy[1, 2, 3] += torch.tensor([60.0, -35.0])
    force = pull(xy, camera)
    way = torch.nn.functional.normalize(truth[1, 2, 3] - xy[1, 2, 3], dim=0)
    assert float(torch.nn.functional.normalize(force[1, 2, 3], dim=0) @ way) > 0.9999
    force[1, 2, 3] = 0
    assert float(force.abs().max()) < 1e-6


def test_the_cost_is_the_robust_distance_in_heatmap_pixels_beyond_the_tolerance():
    camera = rig()
    xy = seen(camera)
    xy[0, 0, 0, 0] += 40
    r = (40 / STRIDE - 1.5) / SIGMA
    expected = 0.8 * (np.sqrt(1 + r**2) - 1) / (B * V * K)
    assert float(loss_of(xy, camera, epsilon=1.5)) == pytest.approx(expected, rel=1e-6)
    xy[0, 0, 0, 0] -= 36
    assert float(loss_of(xy, camera, epsilon=1.5)) == 0


def test_a_step_along_the_gradient_brings_views_together():
    camera = rig()
    noise = torch.from_numpy(np.random.default_rng(2).normal(0, 3, (B, V, K, 2)))
    xy = seen(camera) + noise
    before = loss_of(xy, camera)
    moved = xy + pull(xy, camera) * B * V * K * (STRIDE * SIGMA) ** 2
    assert float(loss_of(moved, camera)) < 0.3 * float(before)


def test_the_target_is_no_way_for_a_gradient():
    """Every pull points from the prediction to the image of the point, which a moving target would bend."""
    camera = rig()
    noise = torch.from_numpy(np.random.default_rng(2).normal(0, 3, (B, V, K, 2)))
    xy = seen(camera) + noise
    views_first = Camera(*(field.movedim(1, 0) for field in camera))
    point = triangulate(xy.movedim(1, 0), views_first)
    image = project_views(point, views_first).movedim(0, 1)
    normalize = torch.nn.functional.normalize
    aligned = (normalize(pull(xy, camera), dim=-1) * normalize(image - xy, dim=-1)).sum(dim=-1)
    torch.testing.assert_close(aligned, torch.ones_like(aligned), atol=1e-6, rtol=0)


def test_two_views_are_drawn_by_their_best_correction_to_the_epipolar_lines():
    camera = rig(2, lens=0.0)
    xy = seen(camera) + torch.from_numpy(np.random.default_rng(4).normal(0, 3, (B, 2, K, 2)))
    K1, K2 = (camera.matrix[0, v].numpy() for v in range(2))
    R1, R2 = (camera.rotation[0, v].numpy() for v in range(2))
    centre = camera_centers(Camera(*(field[0] for field in camera))).numpy()
    e = K2 @ R2 @ (centre[0] - centre[1])  # the first camera's image in the second
    cross = np.array([[0, -e[2], e[1]], [e[2], 0, -e[0]], [-e[1], e[0], 0]])
    F = cross @ K2 @ R2 @ R1.T @ np.linalg.inv(K1)
    first, second = (xy[:, v].reshape(1, -1, 2).numpy() for v in range(2))
    best = cv2.correctMatches(F, first, second)
    distance = np.stack([np.linalg.norm(a - b, axis=-1) for a, b in zip((first, second), best, strict=True)])
    assert distance.max() > 1
    expected = 0.8 * (np.sqrt(1 + (distance / STRIDE / SIGMA) ** 2) - 1).mean()
    assert float(loss_of(xy, camera)) == pytest.approx(expected, rel=1e-4)


def test_a_view_is_taught_as_strongly_as_the_surest_other_view_is_sure():
    camera = rig()
    xy, confidence = seen(camera), torch.full((B, V, K), 0.1)
    confidence[:, 3] = 0.9
    xy[0, 0, 0, 0] += 40
    strong = float(loss_of(xy, camera, confidence))
    confidence[:, 3] = 0.3
    assert strong == pytest.approx(3 * float(loss_of(xy, camera, confidence)), rel=1e-6)


def test_an_unsure_view_is_taught_and_teaches_nobody():
    camera = rig()
    xy, confidence = seen(camera), torch.full((B, V, K), 0.8)
    xy[:, 2] += 25
    confidence[:, 2] = 0.01
    force = pull(xy, camera, confidence).norm(dim=-1)
    assert float(force[:, 2].min()) > 0
    assert float(force[:, [0, 1, 3]].max()) < 1e-6


def test_views_of_which_most_contradict_each_other_teach_nothing():
    camera = rig()
    far = torch.tensor([[150.0, 0], [0, 170], [-130, 40], [60, -190]])
    xy = seen(camera) + far[:, None]
    assert float(pull(xy, camera).abs().max()) == 0


@pytest.mark.parametrize("missing", ["points", "cameras", "confidence", "all but one view", "everything"])
def test_what_is_missing_leaves_the_gradient_finite(missing: str):
    camera, confidence = rig(), torch.full((B, V, K), 0.8)
    xy = seen(camera) + 9 * torch.randn(B, V, K, 2, generator=torch.Generator().manual_seed(0))
    if missing == "points":
        xy[0, :2] = torch.nan
        xy[1, 0, 0, 1] = torch.nan
    elif missing == "cameras":
        camera = Camera(*(field.clone() for field in camera))
        for field in camera[:4]:
            field[1] = torch.nan
    elif missing == "confidence":
        confidence[2] = 0
    elif missing == "all but one view":
        xy[:, 1:] = torch.nan
    else:
        xy[:] = torch.nan
    xy.requires_grad_()
    found = loss_of(xy, camera, confidence)
    found.backward()
    assert xy.grad is not None and torch.isfinite(xy.grad).all()
    nothing = missing in ("all but one view", "everything")
    assert (float(found.detach()) == 0) == nothing
    if missing == "cameras":
        assert float(xy.grad[1].abs().max()) == 0 < float(xy.grad[0].abs().max())


@pytest.mark.realdata
def test_labels_of_a_real_recording_agree_through_the_cameras_of_its_videos(real_data):
    """The labels are images of measured points, so that any fault of a camera's size or place would show."""
    folder, views, size = real_data / "human-4cam", [f"cam{index}" for index in range(1, 5)], (256, 144)
    (session,) = read_sessions(folder / "videos", views)
    source = Source(session, find_rig(session, None, folder).rig)
    batch = Clips([source], size, ClipOptions(length=16))[0]
    labels = read_label_views({view: folder / f"{view}.csv" for view in views})
    points = np.stack([poses.points[:16] for poses in labels.values()], axis=1)
    native_size = batch["native_size"][:, :, None].numpy().astype(int)
    xy = torch.from_numpy(network_from_native(points, native_size, size))
    assert float(loss_of(xy, batch["camera"])) < 1e-8
    others = Camera(*(field.roll(1, dims=1) for field in batch["camera"]))
    assert float(loss_of(xy, others)) > 0.1
