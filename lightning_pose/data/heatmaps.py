"""Heatmaps: the grid convention, target rendering, and decoding to sub-pixel coordinates.

The centre of a heatmap pixel v covers `stride` input pixels, so it lies at u = (v + 0.5) stride - 0.5 in the
input, as in every other resize of this project.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lightning_pose.core.poses import OCCLUDED, VISIBLE

SIGMA = 1.25  # of the Gaussian target, in heatmap pixels
REACH = 4  # heatmap pixels around the peak that differentiable coordinates are made of
WINDOW = 5  # side of the neighbourhood that decoding looks at, in heatmap pixels: two sigma either way


class Decoded(NamedTuple):
    """Coordinates and how far they can be trusted."""

    xy: Float[Tensor, "*N K 2"]
    confidence: Float[Tensor, "*N K"]


def heatmap_from_input(xy: Float[Tensor, "*N 2"], stride: int) -> Float[Tensor, "*N 2"]:
    """Convert network-input pixels to heatmap pixels."""
    return (xy + 0.5) / stride - 0.5


def input_from_heatmap(xy: Float[Tensor, "*N 2"], stride: int) -> Float[Tensor, "*N 2"]:
    """Convert heatmap pixels to network-input pixels."""
    return (xy + 0.5) * stride - 0.5


def render(xy: Float[Tensor, "*N 2"], size: tuple[int, int], sigma: float = SIGMA) -> Float[Tensor, "*N h w"]:
    """Render Gaussians, each summing to 1, centred at heatmap coordinates.

    A point that is NaN or outside the map, -0.5 <= v <= size - 0.5, gives zeros.

    Args:
        xy: centres in heatmap pixels.
        size: height and width of the maps.
        sigma: standard deviation in heatmap pixels.
    """
    height, width = size
    limit = torch.tensor([width - 0.5, height - 0.5], dtype=xy.dtype, device=xy.device)
    inside = ((xy >= -0.5) & (xy <= limit)).all(dim=-1)
    centre = torch.where(inside[..., None], xy, 0.0)
    across = _profile(centre[..., 0], width, sigma)
    down = _profile(centre[..., 1], height, sigma) * inside[..., None]
    return down[..., :, None] * across[..., None, :]


def render_targets(
    xy: Float[Tensor, "*N K 2"], visible: Int[Tensor, "*N K"], size: tuple[int, int], stride: int
) -> Float[Tensor, "*N K h w"]:
    """Render the targets of labels: a Gaussian where visible, uniform where occluded, zeros where ignored.

    Args:
        xy: labels in network-input pixels.
        visible: 0 ignore, 1 occluded, 2 visible.
        size: height and width of the maps.
        stride: input pixels per heatmap pixel.
    """
    targets = render(heatmap_from_input(xy, stride), size)
    targets = targets * (visible == VISIBLE)[..., None, None]
    uniform = (visible == OCCLUDED).to(targets.dtype) / (size[0] * size[1])
    return targets + uniform[..., None, None]


def decode(heatmaps: Float[Tensor, "*N K h w"], stride: int, sigma: float = SIGMA) -> Decoded:
    """Find each map's peak to a fraction of a pixel, and the share of an ideal peak that it holds.

    Around the largest value a window of 5 x 5 pixels is summed over rows and over columns; a parabola is
    fitted to the logarithm of each sum, weighted with its square, and its vertex is the coordinate. The
    logarithm of a Gaussian is a parabola, so a Gaussian is found exactly, also beside the border, where a
    centre of mass would be pulled inwards. Where the fit has no maximum within a pixel of the largest value,
    the centre of mass of the window stands.

    The confidence is the mass in the window divided by the mass that the ideal target would have there. It is
    1 for a network that is as sure as its training targets, and falls as the map spreads or splits.

    Args:
        heatmaps: each summing to 1 over space.
        stride: input pixels per heatmap pixel.
        sigma: of the ideal target, in heatmap pixels.

    Returns:
        Coordinates in network-input pixels, and confidences in [0, 1].

    Source: weights of Guo 2011, "A simple algorithm for fitting a Gaussian function", IEEE Signal Processing
    Magazine 28(5).
    """
    height, width = heatmaps.shape[-2:]
    maps = heatmaps.reshape(-1, height, width).float()
    side = min(WINDOW, height, width)
    peak = maps.flatten(1).argmax(dim=1)
    peak_x, peak_y = peak % width, peak // width
    left = (peak_x - side // 2).clamp(0, width - side)
    top = (peak_y - side // 2).clamp(0, height - side)
    steps = torch.arange(side, device=maps.device)
    rows, columns = top[:, None] + steps, left[:, None] + steps
    index = (rows[:, :, None] * width + columns[:, None, :]).flatten(1)
    window = maps.flatten(1).gather(1, index).reshape(-1, side, side)
    x = left + _vertex(window.sum(dim=1), peak_x - left)
    y = top + _vertex(window.sum(dim=2), peak_y - top)
    ideal = _share(x, columns, width, sigma) * _share(y, rows, height, sigma)
    confidence = (window.sum(dim=(1, 2)) / ideal).clamp(0, 1)
    shape = heatmaps.shape[:-2]
    xy = input_from_heatmap(torch.stack([x, y], dim=-1), stride)
    return Decoded(xy.reshape(*shape, 2), confidence.reshape(shape))


def decode_logits(
    logits: Float[Tensor, "*N K h w"], stride: int, temperature: Float[Tensor, ""] | float = 1.0
) -> Decoded:
    """Return the coordinates of `decode`, and the confidences that it gives the map softmax(logits / T).

    A temperature T above 1 spreads the maps of a network that is too sure, one below 1 sharpens those of one
    that is too modest. Coordinates are those at T = 1.

    Source: Guo et al. 2017, "On calibration of modern neural networks", section 4.2.
    """
    found = decode(heatmaps_from_logits(logits), stride)
    if float(temperature) == 1:
        return found
    return Decoded(found.xy, decode(heatmaps_from_logits(logits / temperature), stride).confidence)


def expected_xy(logits: Float[Tensor, "*N K h w"], stride: int) -> Decoded:
    """Return the centre of mass around each map's peak: coordinates that losses can differentiate.

    They differ from `decode` by what is needed of a gradient: every pixel of the window counts with its
    probability, so that mass on the wrong side is pulled over. The confidences are those of `decode`.

    Returns:
        Coordinates in network-input pixels, differentiable, and confidences without gradient.
    """
    height, width = logits.shape[-2:]
    flat = logits.flatten(-2)
    peak = flat.argmax(dim=-1, keepdim=True)
    u, v = torch.arange(width, device=logits.device), torch.arange(height, device=logits.device)
    near_u = (u - peak % width).abs() <= REACH
    near_v = (v - peak // width).abs() <= REACH
    near = (near_v[..., :, None] & near_u[..., None, :]).flatten(-2)
    mass = torch.where(near, flat, -torch.inf).softmax(dim=-1).unflatten(-1, (height, width))
    xy = torch.stack([(mass.sum(dim=-2) * u).sum(dim=-1), (mass.sum(dim=-1) * v).sum(dim=-1)], dim=-1)
    with torch.no_grad():
        confidence = decode(heatmaps_from_logits(logits), stride).confidence
    return Decoded(input_from_heatmap(xy, stride), confidence)


def heatmaps_from_logits(logits: Float[Tensor, "*N h w"]) -> Float[Tensor, "*N h w"]:
    """Normalise over space."""
    return logits.flatten(-2).softmax(dim=-1).reshape(logits.shape)


def _profile(centre: Float[Tensor, "*N"], length: int, sigma: float) -> Float[Tensor, "*N length"]:
    """Return a Gaussian along one axis that sums to 1."""
    grid = torch.arange(length, dtype=centre.dtype, device=centre.device)
    values = torch.exp(-0.5 * ((grid - centre[..., None]) / sigma) ** 2)
    return values / values.sum(dim=-1, keepdim=True)


def _share(
    centre: Float[Tensor, "N"], positions: Int[Tensor, "N side"], length: int, sigma: float
) -> Float[Tensor, "N"]:
    """Return the part of an ideal profile that falls on the window's pixels."""
    return _profile(centre, length, sigma).gather(1, positions).sum(dim=1)


def _vertex(profile: Float[Tensor, "N side"], peak: Int[Tensor, "N"]) -> Float[Tensor, "N"]:
    """Return where the profile is largest, in pixels of the window.

    Weighted least squares of log m(t) = a t^2 + b t + c by Cramer's rule; the vertex is -b / (2 a).
    """
    side = profile.shape[1]
    middle = (side - 1) / 2
    t = torch.arange(side, dtype=profile.dtype, device=profile.device) - middle
    scaled = profile / profile.amax(dim=1, keepdim=True).clamp_min(torch.finfo(profile.dtype).tiny)
    weight = scaled**2 + 1e-3  # the floor keeps a single bright pixel from leaving the fit undetermined
    value = scaled.clamp_min(1e-6).log()
    s0, s1, s2, s3, s4 = ((weight * t**n).sum(dim=1) for n in range(5))
    v0, v1, v2 = ((weight * value * t**n).sum(dim=1) for n in range(3))
    # both coefficients over the same determinant, which cancels in the quotient but for its sign (positive)
    a = v2 * (s0 * s2 - s1 * s1) - v1 * (s0 * s3 - s1 * s2) + v0 * (s1 * s3 - s2 * s2)
    b = -v2 * (s0 * s3 - s1 * s2) + v1 * (s0 * s4 - s2 * s2) - v0 * (s1 * s4 - s2 * s3)
    fitted = -b / (2 * torch.where(a < 0, a, -1.0)) + middle
    mass = (scaled * t).sum(dim=1) / scaled.sum(dim=1) + middle
    good = (a < 0) & ((fitted - peak).abs() <= 1)
    return torch.where(good, fitted, mass)
