import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from lightning_pose.data.heatmaps import (
    REACH,
    SIGMA,
    decode,
    decode_logits,
    expected_xy,
    heatmap_from_input,
    input_from_heatmap,
    render,
    render_targets,
)


def test_target_is_the_normal_density_normalised_over_the_map():
    target = render(torch.tensor([[20.3, 11.8]], dtype=torch.float64), (32, 48))[0].numpy()
    x, y = np.meshgrid(np.arange(48), np.arange(32))
    density = multivariate_normal([20.3, 11.8], SIGMA**2).pdf(np.stack([x, y], axis=-1))
    np.testing.assert_allclose(target, density / density.sum(), atol=1e-12)


def test_heatmap_pixel_lies_at_the_centre_of_the_input_pixels_it_covers():
    covered = torch.arange(8, 12, dtype=torch.float64)  # of heatmap pixel 2 at stride 4
    assert input_from_heatmap(torch.tensor([2.0, 2.0]), 4)[0] == covered.mean()
    xy = torch.rand(5, 2, dtype=torch.float64) * 100
    torch.testing.assert_close(input_from_heatmap(heatmap_from_input(xy, 8), 8), xy)


def test_targets_follow_visibility():
    xy = torch.tensor([[[10.0, 10.0]] * 3 + [[torch.nan, 3.0], [-9.0, 4.0]]])
    targets = render_targets(xy, torch.tensor([[2, 1, 0, 2, 2]]), (16, 16), 4)
    sums = targets.sum(dim=(-2, -1))[0]
    torch.testing.assert_close(sums, torch.tensor([1.0, 1.0, 0.0, 0.0, 0.0]))
    torch.testing.assert_close(targets[0, 1], torch.full((16, 16), 1 / 256))


@pytest.mark.parametrize("stride", [2, 4, 8])
@pytest.mark.parametrize("size", [(64, 64), (24, 40), (8, 8)])
@pytest.mark.parametrize("sigma", [1.0, SIGMA, 2.0])
def test_gaussians_are_decoded_exactly_at_any_position_also_at_the_border(stride, size, sigma):
    generator = torch.Generator().manual_seed(0)
    limit = torch.tensor([size[1], size[0]])
    centres = torch.rand(500, 2, generator=generator) * limit - 0.5
    decoded = decode(render(centres, size, sigma)[:, None], stride)
    error = (heatmap_from_input(decoded.xy[:, 0], stride) - centres).abs()
    assert error.max() < 2e-3  # heatmap pixels; 0.02 is demanded


def test_the_peak_on_a_slope_is_found_within_a_pixel():
    """A second, weaker and wider hill beside it tilts the logarithm; the estimate must stay at the peak."""
    peak, hill = torch.tensor([[20.25, 20.0]]), torch.tensor([[26.0, 20.0]])
    heatmap = 0.8 * render(peak, (48, 48)) + 0.2 * render(hill, (48, 48), 3.0)
    found = heatmap_from_input(decode(heatmap[:, None], 4).xy[0, 0], 4)
    assert (found - peak[0]).abs().max() < 0.1


def test_confidence_is_one_for_the_ideal_map_and_falls_as_it_spreads_or_splits():
    centre = torch.tensor([[20.3, 30.7]])
    ideal = render(centre, (64, 64))
    wide = render(centre, (64, 64), 4 * SIGMA)
    split = (ideal + render(torch.tensor([[45.0, 12.0]]), (64, 64))) / 2
    flat = torch.full_like(ideal, 1 / 4096)
    confidence = decode(torch.stack([ideal, wide, split, flat], dim=1), 4).confidence[0]
    assert confidence[0] == pytest.approx(1, abs=1e-4)
    assert confidence[2] == pytest.approx(0.5, abs=1e-3)
    # the mass of a Gaussian of width 4 sigma in a window of 5 px, over that of the ideal one
    inside = [torch.erf(torch.tensor(2.5 / (s * SIGMA * 2**0.5))).item() ** 2 for s in (4, 1)]
    assert confidence[1] == pytest.approx(inside[0] / inside[1], rel=0.05)
    assert confidence[3] < 0.01


def test_a_single_bright_pixel_is_decoded_where_it_is():
    heatmap = torch.zeros(1, 1, 16, 16)
    heatmap[0, 0, 3, 15] = 1
    decoded = decode(heatmap, 2)
    torch.testing.assert_close(decoded.xy[0, 0], input_from_heatmap(torch.tensor([15.0, 3.0]), 2))
    assert decoded.confidence.item() == 1


@pytest.mark.parametrize("stride", [2, 4, 8])
def test_decoding_is_unbiased_wherever_in_a_pixel_the_centre_lies(stride):
    """All offsets within a pixel, in the middle of the map, on its edges and in its corners."""
    offsets = torch.linspace(-0.5, 0.5, 21)
    across = torch.cat([offsets[10:], 17 + offsets, 39 + offsets[:11]])  # a centre lies in [-0.5, 39.5]
    down = torch.cat([torch.tensor([-0.5, 0.0]), 11 + offsets, torch.tensor([23.0, 23.5])])
    centres = torch.cartesian_prod(across, down)
    logits = render(centres, (24, 40)).clamp_min(1e-30).log()[:, None]
    error = heatmap_from_input(decode_logits(logits, stride).xy[:, 0], stride) - centres
    assert error.abs().max() < 0.02
    assert error.mean(dim=0).abs().max() < 1e-3


def test_a_temperature_changes_confidences_as_if_the_peak_were_wider_and_moves_nothing():
    """A Gaussian to the power 1 / T is one of sigma sqrt(T)."""
    centre = torch.tensor([[20.3, 30.7]])
    logits = render(centre.double(), (64, 64)).log().float()[:, None]
    plain, warm = decode_logits(logits, 4), decode_logits(logits, 4, 4.0)
    assert torch.equal(plain.xy, warm.xy)
    wider = decode(render(centre, (64, 64), 2 * SIGMA)[:, None], 4)
    torch.testing.assert_close(warm.confidence, wider.confidence, atol=1e-3, rtol=0)
    assert torch.equal(decode_logits(logits, 4, 1.0).confidence, plain.confidence)
    assert decode_logits(logits, 4, 0.5).confidence.item() == 1


@pytest.mark.parametrize("stride", [2, 4, 8])
def test_differentiable_coordinates_of_a_gaussian_are_its_centre(stride):
    generator = torch.Generator().manual_seed(0)
    centres = 6 + torch.rand(300, 2, generator=generator) * torch.tensor([28.0, 12.0])
    found = expected_xy(render(centres, (24, 40)).clamp_min(1e-30).log()[:, None], stride)
    error = (heatmap_from_input(found.xy[:, 0], stride) - centres).abs()
    assert error.max() < 0.02
    torch.testing.assert_close(
        found.confidence, decode(render(centres, (24, 40))[:, None], stride).confidence, atol=1e-5, rtol=0
    )


def test_differentiable_coordinates_beside_the_border_are_the_mean_of_what_is_inside():
    """Half a Gaussian, from its peak on: the mean is sum k g(k) / sum g(k) over the pixels that there are."""
    logits = render(torch.tensor([[0.0, 10.0]], dtype=torch.float64), (24, 40)).log()[:, None]
    k = np.arange(REACH + 1)
    g = np.exp(-0.5 * (k / SIGMA) ** 2)
    x, y = heatmap_from_input(expected_xy(logits, 4).xy[0, 0], 4).tolist()
    assert x == pytest.approx((k * g).sum() / g.sum(), abs=1e-6)
    assert y == pytest.approx(10, abs=1e-6)


def test_coordinates_follow_mass_near_the_peak_and_none_beyond():
    """dx / dlogit = stride p (u - x): up to the right of the mean, down to its left, zero out of reach."""
    centre = torch.tensor([[14.3, 10.0]], dtype=torch.float64)
    logits = render(centre, (24, 40)).log()[:, None].requires_grad_()
    xy = expected_xy(logits, 4).xy[0, 0]
    (gradient,) = torch.autograd.grad(xy[0], logits)
    row = gradient[0, 0, 10]
    assert (row[10:15] < 0).all() and (row[15:19] > 0).all()
    assert not row[:10].any() and not row[19:].any() and not gradient[0, 0, :6].any()
    window = torch.zeros(24, 40, dtype=torch.float64)
    window[6:15, 10:19] = logits.detach()[0, 0, 6:15, 10:19].exp()
    p = window / window.sum()
    u = torch.arange(40, dtype=torch.float64)
    x = heatmap_from_input(xy.detach(), 4)[0]
    torch.testing.assert_close(gradient[0, 0], 4 * p * (u - x))


def test_differentiable_coordinates_of_an_even_map_are_finite():
    logits = torch.zeros(1, 1, 8, 8, requires_grad=True)
    expected_xy(logits, 4).xy.sum().backward()
    assert logits.grad is not None and logits.grad.isfinite().all()
