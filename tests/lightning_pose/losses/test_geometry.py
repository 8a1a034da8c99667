"""Four cameras of different lenses, one a fisheye, look at points around the origin."""

from itertools import combinations

import numpy as np
import pytest
import torch
from torch import Tensor

from lightning_pose.core.camera import Camera, affine, make_camera, project_views
from lightning_pose.core.rotations import look_at
from lightning_pose.core.triangulate import triangulate
from lightning_pose.data.batch import Outputs, Truth
from lightning_pose.data.heatmaps import SIGMA
from lightning_pose.losses.geometry import lift, pairwise_projections, reprojection

STRIDE = 4
B, V, K = 2, 4, 3
LOSSES = (reprojection, pairwise_projections)


def rig(unit: float = 1.0) -> Camera:
    """Cameras of B instants (V B): the second instant's images are zoomed, turned and mirrored."""
    poses = [
        look_at(np.array([300 * np.cos(a), 300 * np.sin(a), h]), np.zeros(3))
        for a, h in ((0.1, 120), (1.7, 60), (3.0, 200), (4.4, 90))
    ]
    matrix = np.array([[[f, 0, 31], [0, f * 1.1, 30], [0, 0, 1.0]] for f in (150, 180, 210, 160)])
    lens = np.zeros((V, 12))
    lens[:, :5] = [
        [-0.2, 0.05, 1e-3, -1e-3, 0.01],
        [0, 0, 0, 0, 0],
        [-0.1, 0, 0, 1e-3, 0],
        [0.05, 0.01, 0, 0, 0],
    ]
    lens[3, 4:] = 0
    R, t = (np.stack(part) for part in zip(*poses, strict=True))
    one = make_camera(matrix, lens, R, t * unit, [False, False, False, True])
    A = np.array([[-0.8, 0.1, 60.0], [0.2, 0.9, -3.0], [0, 0, 1]])
    two = affine(one, A)
    return Camera(*(torch.from_numpy(np.stack(pair, axis=1)) for pair in zip(one, two, strict=True)))


def points(seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(0, 30, (B, K, 3)))


def seen(xyz: Tensor, camera: Camera) -> Tensor:
    """Return pixels B V K 2."""
    return project_views(xyz, camera).movedim(0, 1)


def a_truth(labels: Tensor, camera: Camera) -> Truth:
    return Truth(
        xy=labels,
        visible=torch.full(labels.shape[:-1], 2),
        camera=Camera(*(field.movedim(0, 1) for field in camera)),
        stride=STRIDE,
    )


def some_outputs(xy: Tensor, confidence: float = 0.5) -> Outputs:
    return Outputs(xy=xy, confidence=torch.full(xy.shape[:-1], confidence, dtype=xy.dtype))


def noise(scale: float, seed: int = 5) -> Tensor:
    return scale * torch.randn(B, V, K, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rho(pixels: Tensor) -> Tensor:
    return torch.sqrt(1 + (pixels / (SIGMA * STRIDE)) ** 2) - 1


@pytest.mark.parametrize("loss", LOSSES)
def test_predictions_that_agree_with_the_labels_cost_nothing(loss):
    labels = seen(points(), rig())
    assert loss(some_outputs(labels), a_truth(labels, rig())) < 1e-12


def test_lifted_points_are_those_of_the_triangulation_with_confidences():
    xy = seen(points(), rig()) + noise(2)
    weights = torch.rand(V, B, K, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    lifted = lift(xy.movedim(1, 0), rig(), weights)
    expected = triangulate(xy.movedim(1, 0), rig(), weights)
    torch.testing.assert_close(lifted.xyz, expected, rtol=0, atol=1e-9)
    torch.testing.assert_close(lifted.image, project_views(expected, rig()), rtol=0, atol=1e-9)


def test_the_reprojection_loss_is_the_distance_in_sigmas_of_the_projected_triangulation():
    labels, xy = seen(points(), rig()), seen(points(), rig()) + noise(3)
    xyz = triangulate(xy.movedim(1, 0), rig())
    distance = (seen(xyz, rig()) - labels).norm(dim=-1)
    found = reprojection(some_outputs(xy), a_truth(labels, rig()))
    torch.testing.assert_close(found, rho(distance).mean())


def test_the_pairwise_loss_is_the_distance_in_the_world_of_each_pair():
    """Every pair triangulated by itself, one after the other; magnification by finite differences."""
    camera, xyz = rig(), points()
    labels, xy = seen(xyz, camera), seen(xyz, camera) + noise(3)
    jacobian = torch.autograd.functional.jacobian(lambda x: project_views(x, camera).sum(dim=(1, 2)), xyz)
    per_view = jacobian.square().sum(dim=(1, 4)) / 2  # V B K
    magnification2 = per_view.mean(dim=0)
    values, weights = [], []
    for pair in combinations(range(V), 2):
        of_pair = Camera(*(field[list(pair)] for field in camera))
        X = triangulate(xy[:, list(pair)].movedim(1, 0), of_pair)
        J = torch.autograd.functional.jacobian(lambda x, c=of_pair: project_views(x, c).sum(dim=(1, 2)), X)
        spread = torch.einsum("vibkj,vibkl->bkjl", J, J).inverse().diagonal(dim1=-2, dim2=-1).sum(dim=-1)
        values.append(rho((X - xyz).norm(dim=-1) * magnification2.sqrt()))
        weights.append(1 / (magnification2 * spread))
    value, weight = torch.stack(values), torch.stack(weights)
    found = pairwise_projections(some_outputs(xy), a_truth(labels, camera))
    torch.testing.assert_close(found, (value * weight).sum() / weight.sum())


@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradient_is_that_of_finite_differences_where_rays_meet(loss):
    """There the terms left out are zero; the predictions are consistent, but not with the labels."""
    xy = seen(points() + 4, rig())[:1, :, :1]
    truth = a_truth(seen(points(), rig())[:1, :, :1], Camera(*(field[:, :1] for field in rig())))
    x = xy.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(some_outputs(x), truth), x)
    direction, step = noise(1, seed=8)[:1, :, :1], 1e-4
    ahead, behind = (loss(some_outputs(xy + sign * step * direction), truth) for sign in (1, -1))
    torch.testing.assert_close((gradient * direction).sum(), (ahead - behind) / (2 * step), rtol=1e-6, atol=0)


def test_lifting_passes_a_gradcheck_where_rays_meet():
    camera = Camera(*(field[:, :1] for field in rig()))
    xy = seen(points()[:1, :1], camera).movedim(1, 0).contiguous().requires_grad_()
    assert torch.autograd.gradcheck(lambda xy: lift(xy, camera)[:2], (xy,), eps=1e-5, atol=1e-5, rtol=1e-5)


def test_the_gradient_is_near_that_of_finite_differences_where_rays_miss_each_other():
    xy = (seen(points(), rig()) + noise(3)).movedim(1, 0)
    x = xy.clone().requires_grad_()
    direction, other = noise(1, seed=8).movedim(1, 0), noise(1, seed=9).movedim(1, 0)
    (gradient,) = torch.autograd.grad((lift(x, rig()).image * other).sum(), x)
    step = 1e-3
    ahead, behind = (lift(xy + s * step * direction, rig()).image for s in (1, -1))
    slope = ((ahead - behind) * other).sum() / (2 * step)
    torch.testing.assert_close((gradient * direction).sum(), slope, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("loss", LOSSES)
def test_neither_the_unit_of_the_world_nor_the_order_of_views_matters(loss):
    labels, xy = seen(points(), rig()), seen(points(), rig()) + noise(3)
    found = loss(some_outputs(xy), a_truth(labels, rig()))
    metres = loss(some_outputs(xy), a_truth(labels, rig(unit=1e-3)))
    torch.testing.assert_close(metres, found, rtol=1e-6, atol=0)
    order = [2, 0, 3, 1]
    turned = Camera(*(field[order] for field in rig()))
    torch.testing.assert_close(
        loss(some_outputs(xy[:, order]), a_truth(labels[:, order], turned)), found, rtol=1e-9, atol=0
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_more_keypoints_of_the_same_error_cost_the_same(loss):
    labels, xy = seen(points(), rig()), seen(points(), rig()) + noise(3)
    found = loss(some_outputs(xy), a_truth(labels, rig()))
    twice = loss(some_outputs(xy.repeat(1, 1, 2, 1)), a_truth(labels.repeat(1, 1, 2, 1), rig()))
    torch.testing.assert_close(twice, found)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("lacking", ["labels", "calibration", "views"])
def test_nothing_to_compare_costs_nothing_and_pulls_nowhere(loss, lacking):
    labels = seen(points(), rig())
    truth, xy = a_truth(labels, rig()), labels + noise(3)
    if lacking == "labels":
        truth["xy"] = torch.full_like(labels, torch.nan)
    elif lacking == "calibration":
        for field in truth["camera"][:4]:
            field.fill_(torch.nan)
    else:
        xy[:, 1:] = torch.nan
    xy.requires_grad_()
    value = loss(some_outputs(xy), truth)
    value.backward()
    assert value == 0
    assert xy.grad is not None
    assert torch.equal(xy.grad, torch.zeros_like(xy))


@pytest.mark.parametrize("loss", LOSSES)
def test_one_view_that_is_left_has_nothing_to_say_of_the_world(loss):
    camera = Camera(*(field[:1] for field in rig()))
    labels = seen(points(), camera)
    xy = (labels + noise(3)[:, :1]).requires_grad_()
    value = loss(some_outputs(xy), a_truth(labels, camera))
    value.backward()
    assert value == 0
    assert xy.grad is not None and not xy.grad.any()


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_missing_leaves_the_rest_as_it_is(loss):
    """An instant without calibration, a keypoint without labels, predictions that are NaN."""
    camera, labels = rig(), seen(points(), rig())
    xy = labels + noise(3)
    alone = loss(some_outputs(xy[:1, :, :2]), a_truth(labels[:1, :, :2], Camera(*(f[:, :1] for f in camera))))
    truth = a_truth(labels.clone(), camera)
    for field in truth["camera"][:4]:
        field[1] = torch.nan
    truth["xy"][0, :, 2] = torch.nan
    broken = xy.clone()
    broken[1, 0] = torch.nan
    broken.requires_grad_()
    value = loss(some_outputs(broken), truth)
    value.backward()
    torch.testing.assert_close(value, alone)
    assert broken.grad is not None
    assert torch.isfinite(broken.grad).all()
    assert (broken.grad[0, :, :2] != 0).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_points_behind_the_cameras_have_finite_gradients(loss):
    labels = seen(points(), rig())
    xy = (labels.flip(1) * 3 - 100).requires_grad_()  # rays that cross nowhere, or behind
    value = loss(some_outputs(xy), a_truth(labels, rig()))
    value.backward()
    assert torch.isfinite(value)
    assert xy.grad is not None
    assert torch.isfinite(xy.grad).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_a_weight_counts_as_often_as_it_says(loss):
    labels, xy = seen(points(), rig()), seen(points(), rig()) + noise(3)
    truth = a_truth(labels, rig())
    truth["weight"] = torch.ones(B, V, K)
    truth["weight"][..., 0] = 2
    again = [0, 0, 1, 2]
    twice = loss(some_outputs(xy[:, :, again]), a_truth(labels[:, :, again], rig()))
    torch.testing.assert_close(loss(some_outputs(xy), truth), twice)


@pytest.mark.parametrize("loss", LOSSES)
def test_following_the_gradient_brings_the_points_to_their_places(loss):
    """From noise of 4 px and one view that is 25 px off, by the loss alone."""
    xyz, camera = points(), rig()
    truth = a_truth(seen(xyz, camera), camera)
    xy = seen(xyz, camera) + noise(4)
    xy[:, 1] += 25
    xy.requires_grad_()
    optimizer = torch.optim.Adam([xy], lr=2)

    def error() -> float:
        return float((triangulate(xy.detach().movedim(1, 0), camera) - xyz).norm(dim=-1).mean())

    before = error()
    for _ in range(40):
        optimizer.zero_grad()
        loss(some_outputs(xy), truth).backward()
        optimizer.step()
    assert error() < 0.1 * before
