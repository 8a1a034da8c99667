import pytest
import torch

from lightning_pose.models.heads import PyramidHead, TransposedHead

CHANNELS, STRIDES = (8, 16, 32, 64), (4, 8, 16, 32)


def pyramid() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(2, c, 64 // s, 96 // s, generator=generator)
        for c, s in zip(CHANNELS, STRIDES, strict=True)
    ]


@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("kind", [PyramidHead, TransposedHead])
def test_a_new_head_is_undecided(kind, factor):
    """Its softmax is almost flat, so that the first gradients are the same at every position."""
    logits = kind(CHANNELS, STRIDES, 5, downsample_factor=factor)(pyramid())
    assert logits.shape == (2, 5, 64 // 2**factor, 96 // 2**factor)
    assert logits.abs().max() < 0.5


@pytest.mark.parametrize("kind", [PyramidHead, TransposedHead])
def test_logits_are_not_rounded_to_8_bits(kind):
    head = kind(CHANNELS, STRIDES, 5).eval()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = head(pyramid())
    assert logits.dtype == torch.float32
    assert (logits != logits.bfloat16().float()).float().mean() > 0.9
    assert (logits - head(pyramid())).abs().max() < 0.02 * logits.abs().max()  # the layers before round


def test_every_map_that_is_fine_enough_tells_a_pyramid_head_something():
    features = [f.requires_grad_() for f in pyramid()]
    PyramidHead(CHANNELS, STRIDES, 5, width=12, downsample_factor=3)(features).square().sum().backward()
    assert features[0].grad is None  # finer than the heatmap
    assert all(f.grad is not None and f.grad.any() for f in features[1:])


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_a_mirrored_pyramid_gives_mirrored_heatmaps_of_mirrored_weights(factor):
    """Doubling and convolving shift nothing: heatmap and image have the same centre."""
    head = PyramidHead(CHANNELS, STRIDES, 3, width=12, downsample_factor=factor).eval()
    plain = head(pyramid())
    for convolution in (m for m in head.modules() if isinstance(m, torch.nn.Conv2d)):
        convolution.weight.data = convolution.weight.data.flip(-1)
    mirrored = head([f.flip(-1) for f in pyramid()])
    torch.testing.assert_close(mirrored.flip(-1), plain)
