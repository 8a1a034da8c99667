"""What is exported says of bytes what the network says of normalised images."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_pose.data.images import normalise
from lightning_pose.export.graph import Graph
from lightning_pose.model_dir import load_network
from lightning_pose.models.rays import Rays

KINDS = ("heatmap", "regression", "heatmap_mhcrnn", "heatmap_multiview_transformer")


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(2).integers(0, 255, (6, 2, 64, 96, 3), np.uint8))


@pytest.mark.parametrize("temperature", [1.0, 1.7])
@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_a_graph_says_what_its_network_says(
    kind: str, temperature: float, images: torch.Tensor, tiny_model: Callable[..., Path]
) -> None:
    folder = tiny_model(kind, temperature=temperature)
    network, graph = load_network(folder), Graph(load_network(folder))
    expected = network.decode(network.sequence(normalise(images)))
    if network.joint_views:
        found = graph(images)
    else:
        found = [
            torch.stack(both, dim=1) for both in zip(graph(images[:, 0]), graph(images[:, 1]), strict=True)
        ]
    assert expected.xy.std() > 1  # the network says something
    torch.testing.assert_close(found[0], expected.xy, atol=1e-3, rtol=0)
    torch.testing.assert_close(found[1], expected.confidence, atol=1e-5, rtol=0)


@torch.no_grad()
def test_rays_go_in_where_a_network_is_told_where_its_cameras_are(
    images: torch.Tensor, tiny_model: Callable[..., Path]
) -> None:
    folder = tiny_model("heatmap_multiview_transformer", camera_tokens=True)
    network, graph = load_network(folder), Graph(load_network(folder))
    assert graph.takes_rays
    example = graph.example(2, (64, 96), (2, 3), count=6)
    assert example["rays"].shape == (6, 2, 6, 6)
    found = graph(images, example["rays"])
    expected = network.decode(network(normalise(images), Rays(example["rays"])))  # type: ignore[arg-type]
    torch.testing.assert_close(found[0], expected.xy)
    assert not torch.allclose(found[0], graph(images, -example["rays"])[0])


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_half_precision_says_nearly_the_same(
    kind: str, images: torch.Tensor, tiny_model: Callable[..., Path]
) -> None:
    folder = tiny_model(kind)
    inputs = images if "multiview" in kind else images[:, 0]
    graph = Graph(load_network(folder))
    whole = graph(inputs)
    graph.round_to_half()
    half = graph(inputs)
    assert half[0].dtype == half[1].dtype == torch.float32
    assert not torch.equal(half[0], whole[0])
    assert (half[0] - whole[0]).norm(dim=-1).median() < 0.5
    assert (half[1] - whole[1]).abs().median() < 0.01
