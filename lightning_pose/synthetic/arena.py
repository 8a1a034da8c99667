"""The arena: a round floor with a wall behind it, and the shadow that the animal throws."""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from lightning_pose.synthetic.body import Parts
from lightning_pose.synthetic.light import Light
from lightning_pose.synthetic.rays import SAMPLES, Rays

RADIUS = 250.0  # mm
WALL = 105.0  # mm
_FIELD, _CELLS = 620.0, 256  # side of the shadow map in mm, and in cells
_SHIFT = 4  # fractional bits of cv2's drawing coordinates

Image = Float[np.ndarray, "H W 3"]
Samples = Float[np.ndarray, "h w 3"]
Layer = UInt8[np.ndarray, "C C"]


class Backdrop(NamedTuple):
    """The empty arena as one camera sees it.

    Attributes:
        ambient: image of the light of the room.
        key: image of the lamp's light.
        cells: where on the shadow map each pixel's floor point lies, x and y; far outside for others.
    """

    ambient: Image
    key: Image
    cells: Float[np.ndarray, "2 H W"]


def make_backdrop(rays: Rays, light: Light) -> Backdrop:
    """Render the empty arena: the floor, the wall's far half seen from inside, and the room beyond."""
    d = np.nan_to_num(rays.directions.astype(np.float64))
    c = rays.center[:, None, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        down = np.where(d[2] < 0, -c[2] / d[2], np.inf)
        floor = c[:2] + down * d[:2]
        on_floor = (np.hypot(*floor) < RADIUS) & np.isfinite(down)
        flat, across = (d[:2] ** 2).sum(axis=0), (c[:2] * d[:2]).sum(axis=0)
        root = across**2 - flat * ((c[:2] ** 2).sum(axis=0) - RADIUS**2)
        far = (-across + np.sqrt(np.maximum(root, 0))) / flat
    wall = c + np.where(root > 0, far, 0) * d
    on_wall = ~on_floor & (root > 0) & (wall[2] >= 0) & (wall[2] < WALL)
    floor = np.where(on_floor, floor, 0.0)
    angle = np.arctan2(wall[1], wall[0])
    albedo = np.where(on_floor[..., None], _floor_color(floor), _room_color(d))
    albedo = np.where(on_wall[..., None], _wall_color(angle, wall[2]), albedo)
    lamp = np.array(light.direction)
    facing = np.clip(-(np.cos(angle) * lamp[0] + np.sin(angle) * lamp[1]), 0, 1)
    lit = np.where(on_floor, lamp[2], np.where(on_wall, 0.25 + 0.5 * facing, 0.35))
    corner = np.where(
        on_floor, np.clip((RADIUS - np.hypot(*floor)) / 40.0, 0, 1), np.clip(wall[2] / 50.0, 0, 1)
    )
    ambient = albedo * (light.ambient * (0.8 + 0.2 * corner))[..., None]
    key = albedo * (light.key * lit)[..., None] * np.array(light.tint)
    cells = np.where(on_floor, (floor / _FIELD + 0.5) * _CELLS - 0.5, -1e4)
    cells = cells[:, SAMPLES // 2 :: SAMPLES, SAMPLES // 2 :: SAMPLES]
    return Backdrop(_shrink(ambient), _shrink(key), np.ascontiguousarray(cells, dtype=np.float32))


def light_backdrop(backdrop: Backdrop, shadow: tuple[Layer, Layer]) -> Image:
    """Return the arena's image with the animal's shadow and the dark under it."""
    x, y = backdrop.cells
    cast, under = (
        cv2.remap(layer, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)[..., None]
        for layer in shadow
    )
    lamp = 1 - cast * np.float32(0.92 / 255)
    return backdrop.ambient * (1 - under * np.float32(0.55 / 255)) + backdrop.key * lamp


def cast_shadow(parts: Parts, frame: int, light: Light) -> tuple[Layer, Layer]:
    """Return maps of the floor, 255 in the lamp's shadow, and under the animal, softened."""
    layers = []
    for direction, soft in ((light.direction, 3.0), ((0.0, 0.0, 1.0), 13.0)):
        layer = np.zeros((_CELLS, _CELLS), np.uint8)
        slant = np.array([[1, 0, -direction[0] / direction[2]], [0, 1, -direction[1] / direction[2]]])
        cells = slant * (_CELLS / _FIELD)
        centers = parts.center[frame] @ cells.T + 0.5 * _CELLS - 0.5
        axes = cells @ parts.axes[frame]
        for center, axis, length, taper in zip(centers, axes, parts.length, parts.taper, strict=True):
            if length:
                _draw_cone(layer, center, axis, length, taper)
            else:
                _draw_ellipse(layer, center, axis)
        layers.append(cv2.GaussianBlur(layer, (0, 0), soft * _CELLS / _FIELD))
    return layers[0], layers[1]


def _draw_ellipse(layer: Layer, center: np.ndarray, axis: Float[np.ndarray, "2 3"]) -> None:
    """Fill the outline of a projected ellipsoid: the ellipse of covariance axis axis'."""
    spread, turn = np.linalg.eigh(axis @ axis.T)
    radii = np.sqrt(np.maximum(spread, 0)) * 2**_SHIFT
    middle = center * 2**_SHIFT
    angle = float(np.degrees(np.arctan2(turn[1, 1], turn[0, 1])))
    cv2.ellipse(
        layer, (round(middle[0]), round(middle[1])), (round(radii[1]), round(radii[0])), angle, 0, 360, 255,
        cv2.FILLED, cv2.LINE_8, _SHIFT,
    )  # fmt: skip


def _draw_cone(
    layer: Layer, center: np.ndarray, axis: Float[np.ndarray, "2 3"], length: float, taper: float
) -> None:  # fmt: skip
    """Draw a projected tapered cylinder as a line of its mean width."""
    start, end = center * 2**_SHIFT, (center + axis[:, 2] * length) * 2**_SHIFT
    width = (2 + taper * length) * float(np.linalg.norm(axis[:, 0]) + np.linalg.norm(axis[:, 1])) / 2
    cv2.line(
        layer, (round(start[0]), round(start[1])), (round(end[0]), round(end[1])), 255, max(1, round(width)),
        cv2.LINE_8, _SHIFT,
    )  # fmt: skip


def _floor_color(xy: Float[np.ndarray, "2 h w"]) -> Samples:
    """Return a rubber mat with speckles, a grid of seams, and four coloured marks."""
    speckle = _speckle(xy, 1.6) * 0.10 + _speckle(xy, 23.0) * 0.04
    base = np.array([0.50, 0.55, 0.60]) * (1 + speckle[..., None])
    seam = np.minimum(np.abs(np.remainder(xy[0] + 50, 100) - 50), np.abs(np.remainder(xy[1] + 50, 100) - 50))
    base = base * (1 - 0.28 * np.clip(2.5 - seam, 0, 1))[..., None]
    for angle, color in (
        (0.4, (0.75, 0.35, 0.3)),
        (2.0, (0.3, 0.6, 0.4)),
        (3.5, (0.8, 0.7, 0.3)),
        (5.1, (0.35, 0.4, 0.75)),
    ):
        distance = np.hypot(xy[0] - 195 * np.cos(angle), xy[1] - 195 * np.sin(angle))
        base = base + (np.array(color) - base) * np.clip((26 - distance) / 3, 0, 1)[..., None]
    return base


def _wall_color(angle: Float[np.ndarray, "h w"], z: Float[np.ndarray, "h w"]) -> Samples:
    """Return a pale wall with broad bars of different hue and width around it."""
    bars = np.clip(3 * np.sin(7 * angle) + 2.0 * np.sin(3 * angle + 1.0), 0, 1)
    hue = np.stack([np.sin(angle), np.sin(angle + 2.1), np.sin(angle + 4.2)], axis=-1)
    wall = np.array([0.74, 0.73, 0.70]) * (1 + 0.05 * _speckle(np.stack([angle * RADIUS, z]), 9.0))[..., None]
    bar = 0.42 + 0.16 * hue
    return wall + (bar - wall) * (0.85 * bars * (z < 0.8 * WALL))[..., None]


def _room_color(directions: Float[np.ndarray, "3 h w"]) -> Samples:
    """Return the dim room beyond the arena."""
    up = directions[2] / np.linalg.norm(directions, axis=0).clip(1e-9)
    return (0.22 + 0.10 * np.clip(up + 0.6, 0, 1))[..., None] * np.array([1.0, 0.98, 0.95])


def _speckle(xy: Float[np.ndarray, "2 h w"], grain: float) -> Float[np.ndarray, "h w"]:
    """Return fixed smooth noise in about [-2, 2] with a grain in mm."""
    tile = np.random.default_rng(7).standard_normal((256, 256)).astype(np.float32)
    tile = cv2.GaussianBlur(np.tile(tile, (3, 3)), (0, 0), 1.0)[256:512, 256:512]
    tile = np.pad(tile / tile.std(), ((0, 1), (0, 1)), mode="wrap")
    place = np.remainder(xy / grain, 256.0).astype(np.float32)
    return cv2.remap(tile, place[0], place[1], cv2.INTER_LINEAR)


def _shrink(image: Samples) -> Image:
    """Average the samples of each pixel."""
    height, width = image.shape[0] // SAMPLES, image.shape[1] // SAMPLES
    return image.reshape(height, SAMPLES, width, SAMPLES, 3).mean(axis=(1, 3)).astype(np.float32)
