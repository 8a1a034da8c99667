import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from lightning_pose.data.heatmaps import (
    SIGMA,
    decode,
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
