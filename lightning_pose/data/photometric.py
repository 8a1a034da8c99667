"""Change how images look without moving anything: light, colour, blur, noise, erased rectangles."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

MAX_BLUR = 1.5  # largest standard deviation of the blur, pixels
_BLUR_RADIUS = 4


class Photometric(NamedTuple):
    """How far images are changed; all zero leaves them as they are. Values are of an image's range 0-1."""

    brightness: float = 0.0
    contrast: float = 0.0
    colour: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    erasing: float = 0.0
    erasing_size: float = 0.3


def change_light(
    images: Float[Tensor, "N 3 H W"], options: Photometric, generator: torch.Generator
) -> Float[Tensor, "N 3 H W"]:
    """Scale each channel's deviation from the image's mean, and shift it: contrast, colour, brightness.

    Args:
        images: normalised, about unit variance; a standard deviation is a fifth of the range of an image.
        options: strengths.
        generator: of the images' device.
    """
    n = len(images)
    contrast = torch.log1p(torch.tensor(options.contrast)).item()
    gain = torch.exp(_symmetric((n, 1, 1, 1), contrast, generator))
    gain = gain * (1 + _symmetric((n, 3, 1, 1), options.colour, generator))
    offset = _symmetric((n, 1, 1, 1), options.brightness / 0.225, generator)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return torch.addcmul(mean * (1 - gain) + offset, images, gain)


def blur_some(
    images: Float[Tensor, "N 3 H W"], options: Photometric, generator: torch.Generator
) -> Float[Tensor, "N 3 H W"]:
    """Blur a part of the images with a Gaussian of random width, up to 1.5 px."""
    draw = torch.rand(2, len(images), generator=generator, device=generator.device)
    chosen = draw[0] < options.blur
    if not chosen.any():
        return images
    sigma = (draw[1, chosen] * MAX_BLUR).clamp_min(0.1)
    grid = torch.arange(-_BLUR_RADIUS, _BLUR_RADIUS + 1, device=sigma.device)
    kernel = torch.exp(-0.5 * (grid / sigma[:, None]) ** 2)
    kernel = (kernel / kernel.sum(dim=1, keepdim=True)).repeat_interleave(3, dim=0)[:, None]
    some = images[chosen].contiguous()
    flat = some.reshape(1, -1, *some.shape[2:])
    padded = functional.pad(flat, [_BLUR_RADIUS] * 4, mode="replicate")
    across = functional.conv2d(padded, kernel[:, :, None, :], groups=len(kernel))
    down = functional.conv2d(across, kernel[:, :, :, None], groups=len(kernel))
    out = images.clone()
    out[chosen] = down.reshape(some.shape)
    return out


def add_noise(
    images: Float[Tensor, "N 3 H W"], options: Photometric, generator: torch.Generator
) -> Float[Tensor, "N 3 H W"]:
    """Add grey noise, of a random strength per image."""
    n, _, height, width = images.shape
    strength = torch.rand(n, 1, 1, 1, generator=generator, device=generator.device) * options.noise / 0.225
    return images + strength * torch.randn(n, 1, height, width, generator=generator, device=generator.device)


def erase(
    images: Float[Tensor, "N 3 H W"], options: Photometric, generator: torch.Generator
) -> Float[Tensor, "N 3 H W"]:
    """Paint up to two rectangles of random place, size and grey over each image: occlusion."""
    for _ in range(2):
        draw = torch.rand(6, len(images), 1, 1, 1, generator=generator, device=generator.device)
        across = _interval(draw[0], draw[1], images.shape[3], options.erasing_size)
        down = _interval(draw[2], draw[3], images.shape[2], options.erasing_size)
        hit = (draw[4] < options.erasing) & down.transpose(-1, -2) & across
        images = torch.where(hit, draw[5] * 4 - 2, images)
    return images


def _interval(
    place: Float[Tensor, "N 1 1 1"], size: Float[Tensor, "N 1 1 1"], length: int, largest: float
) -> Bool[Tensor, "N 1 1 L"]:
    """Return which pixels of an axis lie in a random interval."""
    grid = (torch.arange(length, device=place.device) + 0.5) / length
    return (grid - place).abs() < size * largest / 2


def _symmetric(shape: tuple[int, ...], limit: float, generator: torch.Generator) -> Tensor:
    """Draw uniformly from -limit to limit."""
    return (torch.rand(shape, generator=generator, device=generator.device) * 2 - 1) * limit
