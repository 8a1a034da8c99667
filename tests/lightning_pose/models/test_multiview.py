import math

import numpy as np
import pytest
import torch
from torch import nn

from lightning_pose.config.architectures import Architecture
from lightning_pose.core.camera import Camera
from lightning_pose.core.errors import ModelError
from lightning_pose.core.rotations import matrix_from_rvec
from lightning_pose.models.backbones import build
from lightning_pose.models.heads import PyramidHead
from lightning_pose.models.multiview import Fusion, MultiviewPose2D, place_code
from lightning_pose.models.rays import Rays, patch_rays

SMALL = {
    "pyramid": Architecture("convnext", (1, 1, 1, 1), (8, 16, 24, 32), None),
    "tokens": Architecture("vit", (2,), (32,), None, heads=2, table=4),
}


def a_network(kind: str, *, n_views: int = 3, camera_tokens: bool = False) -> MultiviewPose2D:
    torch.manual_seed(0)
    backbone = build(SMALL[kind])
    head = PyramidHead(backbone.channels, backbone.strides, 2, width=16)
    nn.init.normal_(head.logits.weight, std=0.5)
    network = MultiviewPose2D(
        backbone, head, 2, 4, n_views=n_views, fusion_layers=1, camera_tokens=camera_tokens
    )
    if network.fusion is not None:  # new layers add nothing, and nothing would be tested
        nn.init.normal_(network.fusion.widen.weight, std=0.5)
    return network.eval()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(2, 3, 3, 64, 96, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", SMALL)
@torch.no_grad()
def test_what_one_view_shows_changes_what_is_said_of_the_others_of_its_instant_alone(kind, images):
    network = a_network(kind)
    before = network(images)["logits"]
    images[0, 1] = 0
    change = (network(images)["logits"] - before).abs().amax(dim=(2, 3, 4))
    assert (change[0] > 1e-4).all()
    assert (change[1] < 1e-5).all()


@pytest.mark.parametrize("kind", SMALL)
@torch.no_grad()
def test_views_may_come_in_any_order_and_number(kind, images):
    network = a_network(kind)
    whole = network(images)["logits"]
    turned = network(images[:, [2, 0, 1]], views=[2, 0, 1])["logits"]
    torch.testing.assert_close(turned, whole[:, [2, 0, 1]], atol=1e-4, rtol=1e-4)
    assert network(images[:, 1:2], views=[1])["logits"].shape == (2, 1, 2, 16, 24)
    assert not torch.allclose(network(images, views=[2, 0, 1])["logits"], whole, atol=1e-4)


@pytest.mark.parametrize("kind", SMALL)
@torch.no_grad()
def test_with_camera_tokens_a_rig_is_known_by_where_it_looks(kind, images, rig):
    network = a_network(kind, camera_tokens=True)

    def said(camera: Camera) -> torch.Tensor:
        both = Camera(*(field.expand(2, *field.shape[1:]) for field in camera))
        return network(images, both)["logits"]

    Q = matrix_from_rvec(np.array([0.1, 0.9, -0.4]))
    plain = said(rig())
    torch.testing.assert_close(said(rig(Q, 50.0, np.array([3.0, 2, 1]))), plain, atol=1e-4, rtol=1e-4)
    swapped = Camera(*(field[:, [1, 0, 2]] for field in rig()))
    assert not torch.allclose(said(swapped), plain, atol=1e-4)
    five = network(
        images[:, [0, 1, 2, 0, 1]],
        Camera(*(f[:, [0, 1, 2, 0, 1]].expand(2, *[-1] * (f.ndim - 1)) for f in rig())),
    )
    assert five["logits"].shape[:2] == (2, 5)  # more views than were trained


@torch.no_grad()
def test_rays_that_were_worked_out_before_say_what_their_cameras_say(images, rig):
    network, camera = a_network("pyramid", camera_tokens=True), rig()
    camera = Camera(*(field.expand(2, *field.shape[1:]) for field in camera))
    rays = Rays(patch_rays(camera, (64, 96), (2, 3)).float())
    torch.testing.assert_close(network(images, rays)["logits"], network(images, camera)["logits"])


def test_what_is_needed_and_not_given_is_refused(images):
    with pytest.raises(ModelError, match="needs the cameras' calibration"):
        a_network("pyramid", camera_tokens=True)(images)
    with pytest.raises(ModelError, match="trained with 2 views"):
        a_network("tokens", n_views=2)(images)


@pytest.mark.parametrize("kind", SMALL)
@pytest.mark.parametrize("camera_tokens", [False, True])
def test_gradients_reach_every_weight(kind, camera_tokens, images, rig):
    network = a_network(kind, camera_tokens=camera_tokens).train()
    camera = Camera(*(field.expand(2, *field.shape[1:]) for field in rig()))
    network(images, camera)["logits"].square().sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_a_new_fusion_adds_nothing():
    maps = torch.randn(2, 3, 32, 2, 3)
    assert torch.equal(Fusion(32, 1)(maps, torch.randn(2, 3, 6, 32)), maps)


def test_every_place_has_a_code_of_its_own_whose_first_waves_span_the_image():
    code = place_code(4, 6, 32)
    distances = torch.cdist(code, code) + 10 * torch.eye(24)
    assert distances.min() > 0.1
    expected = math.sin(math.pi * 0.5 / 4)  # half a wave from the upper to the lower edge
    assert float(code[0, 0]) == pytest.approx(expected)
