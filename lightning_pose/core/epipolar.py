"""Epipolar curves: what a pixel of one view can be in another, through both lenses.

The ray of a pixel, C + z d over depths z > 0, has the homogeneous image

    P(z) = a + z b,    a = R C + t,    b = R d

in the frame of another camera: linear in z, so the part that this camera can see (in front of it, inside its
image's rays) is one interval of depths, found in closed form. In between the curve is sampled at equal
angles, dense enough to be drawn as a polyline, and bent by the lens.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from lightning_pose.core.camera import Camera, camera_centers, distort, lens_of, undistort, world_to_cam
from lightning_pose.core.lens import distort_xy

SAMPLES = 64  # of a curve: segments of some 20 px across an image of 1280
GRID = 17  # pixels a side, from which the rays of an image are known
ANGLES, DIRECTIONS = 512, 8  # at which a lens is tried
ROOM = 0.02  # by which the rays between the grid's may lie outside those on it
NEAREST, FARTHEST = 1e-3, 1e3  # depths, in units of the largest distance between cameras
FRONT = 1e-6  # least depth in the target's frame, in the same units
OUTERMOST = 0.01  # share of points that the working volume leaves out at either end


class Frusta(NamedTuple):
    """Cameras and what they can see."""

    camera: Camera
    sizes: Float[np.ndarray, "V 2"]  # width, height of the images, px
    low: Float[np.ndarray, "V 2"]  # smallest x/z and y/z of a ray into the image
    high: Float[np.ndarray, "V 2"]  # largest
    fold: Float[np.ndarray, "V"]  # radius sqrt(x^2 + y^2) / z up to which the lens's image grows
    depths: Float[np.ndarray, "V 2"]  # nearest and farthest depth to look at, world units


def make_frusta(
    camera: Camera,
    sizes: Int[np.ndarray, "V 2"] | Float[np.ndarray, "V 2"],
    points: Float[np.ndarray, "N 3"] | None = None,
) -> Frusta:
    """Return what the cameras of a rig can see.

    Args:
        camera: one camera per view.
        sizes: width and height of the images (px).
        points: known world points, such as labels made so far. The depths are theirs, with the extent of all
            of them as room at either end, at least half their distance. Without points all depths that
            make a difference to the rig are looked at.
    """
    sizes = np.asarray(sizes, dtype=float)
    share = np.linspace(0, 1, GRID)
    columns, rows = np.meshgrid(share, share)
    grid = np.stack([columns.ravel(), rows.ravel()], axis=-1) * sizes[:, None] - 0.5
    rays = undistort(grid, camera).points
    low, high = np.nanmin(rays, axis=1), np.nanmax(rays, axis=1)
    room = ROOM * (high - low)
    low, high = low - room, high + room
    fold = fold_radius(camera, np.linalg.norm(np.maximum(np.abs(low), np.abs(high)), axis=1))
    return Frusta(camera, sizes, low, high, fold, working_depths(camera, points))


def fold_radius(camera: Camera, largest: Float[np.ndarray, "V"]) -> Float[np.ndarray, "V"]:
    """Return the radius (of x/z, y/z) up to which each lens takes rays farther out, at most `largest`.

    Beyond it a polynomial fitted to the middle of an image turns around, and puts rays back into the image
    that no lens would.
    """
    radius = np.tan(np.linspace(0, 1, ANGLES) * np.arctan(largest)[:, None])[:, None]
    turn = np.linspace(0, 2 * np.pi, DIRECTIONS, endpoint=False)[:, None]
    x, y = distort_xy(radius * np.cos(turn), radius * np.sin(turn), lens_of(camera, 2))
    outwards = np.diff(x * np.cos(turn) + y * np.sin(turn), axis=-1) > 0
    grows = np.concatenate([outwards.all(axis=1), np.zeros((len(largest), 1), dtype=bool)], axis=1)
    return radius[np.arange(len(largest)), 0, grows.argmin(axis=1)]


def working_depths(camera: Camera, points: Float[np.ndarray, "N 3"] | None) -> Float[np.ndarray, "V 2"]:
    """Return the nearest and the farthest depth of each camera that are worth a look (world units)."""
    scale = _baseline(camera)
    everything = np.tile([NEAREST * scale, FARTHEST * scale], (len(camera.fisheye), 1))
    known = None if points is None else points[np.isfinite(points).all(axis=-1)]
    if known is None or not len(known):
        return everything
    ends = np.quantile(known, [OUTERMOST, 1 - OUTERMOST], axis=0)
    depth = world_to_cam(known, camera)[..., 2]
    nearest, middle, farthest = np.quantile(depth, [OUTERMOST, 0.5, 1 - OUTERMOST], axis=1)
    reach = np.maximum(np.linalg.norm(ends[1] - ends[0]), 0.5 * middle)
    low = np.maximum(nearest - reach, 0.1 * np.maximum(nearest, 0))
    limits = np.stack([np.maximum(low, everything[:, 0]), farthest + reach], axis=1)
    return np.where((farthest > 0)[:, None], limits, everything)


def epipolar_curves(
    xy: Float[np.ndarray, "N 2"],
    source: Int[np.ndarray, "N"],
    target: Int[np.ndarray, "N"],
    frusta: Frusta,
    samples: int = SAMPLES,
) -> Float[np.ndarray, "N S 2"]:
    """Return where each pixel's ray runs in another view (px), as points of a curve in order of depth.

    NaN beyond the image, but for one point on either side, so that a polyline reaches its border; all NaN
    where the ray does not cross the image, or no ray leads to the pixel.

    Args:
        xy: pixels.
        source: view of each.
        target: view to draw in, another one.
        frusta: the cameras.
        samples: points of a curve.
    """
    a, b = _lines(xy, source, target, frusta)
    near, far = _visible(a, b, frusta.depths[source], frusta.low[target], frusta.high[target])
    rays = _arc(a + near[:, None] * b, a + far[:, None] * b, samples)
    q = rays[..., :2] / np.where(rays[..., 2:] > 0, rays[..., 2:], np.nan)
    camera = _each(frusta.camera, target)
    there = np.linalg.norm(q, axis=-1) <= frusta.fold[target][:, None]  # not where NaN
    pixels = distort(np.where(there[..., None], q, 0.0), camera)
    inside = (
        there & (pixels >= -0.5).all(axis=-1) & (pixels <= frusta.sizes[target][:, None] - 0.5).all(axis=-1)
    )
    return np.where((there & _widened(inside))[..., None], pixels, np.nan)


def _lines(
    xy: Float[np.ndarray, "N 2"], source: Int[np.ndarray, "N"], target: Int[np.ndarray, "N"], frusta: Frusta
) -> tuple[Float[np.ndarray, "N 3"], Float[np.ndarray, "N 3"]]:
    """Return a and b of the line a + z b in the target's frame, z the depth in the source's."""
    here, there = _each(frusta.camera, source), _each(frusta.camera, target)
    q = undistort(xy[:, None], here).points[:, 0]
    ray = np.concatenate([q, np.ones((len(q), 1))], axis=1)
    direction = np.einsum("nji,nj->ni", here.rotation, ray)
    a = np.einsum("nij,nj->ni", there.rotation, camera_centers(here)) + there.translation
    return a, np.einsum("nij,nj->ni", there.rotation, direction)


def _visible(
    a: Float[np.ndarray, "N 3"],
    b: Float[np.ndarray, "N 3"],
    depths: Float[np.ndarray, "N 2"],
    low: Float[np.ndarray, "N 2"],
    high: Float[np.ndarray, "N 2"],
) -> tuple[Float[np.ndarray, "N"], Float[np.ndarray, "N"]]:
    """Return the first and the last depth at which the line is in the target's image; NaN where it never is.

    Each bound is c + z g >= 0, linear in z (Liang and Barsky 1984, in homogeneous coordinates).
    """
    scale = np.abs(depths[:, :1])
    bounds = [(a[:, 2:] - FRONT * scale, b[:, 2:])]
    bounds += [(a[:, :2] - low * a[:, 2:], b[:, :2] - low * b[:, 2:])]
    bounds += [(high * a[:, 2:] - a[:, :2], high * b[:, 2:] - b[:, :2])]
    constant, slope = (np.concatenate(parts, axis=1) for parts in zip(*bounds, strict=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        root = -constant / slope
    first = np.max(np.where(slope > 0, root, -np.inf), axis=1)
    last = np.min(np.where(slope < 0, root, np.inf), axis=1)
    never = np.any((slope == 0) & (constant < 0), axis=1) | ~np.isfinite(a + b).all(axis=1)
    near, far = np.maximum(first, depths[:, 0]), np.minimum(last, depths[:, 1])
    crossed = ~never & (near < far)
    return np.where(crossed, near, np.nan), np.where(crossed, far, np.nan)


def _arc(
    start: Float[np.ndarray, "N 3"], end: Float[np.ndarray, "N 3"], samples: int
) -> Float[np.ndarray, "N S 3"]:
    """Return directions from one to another at equal angles (Shoemake 1985, slerp)."""
    u, v = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (start, end))
    angle = 2 * np.arctan2(np.linalg.norm(u - v, axis=1), np.linalg.norm(u + v, axis=1))[:, None]
    share = np.linspace(0, 1, samples)
    wide = angle > 1e-9
    sine = np.sin(np.where(wide, angle, 1.0))
    first = np.where(wide, np.sin((1 - share) * angle) / sine, 1 - share)
    last = np.where(wide, np.sin(share * angle) / sine, share)
    return first[..., None] * u[:, None] + last[..., None] * v[:, None]


def _widened(inside: Bool[np.ndarray, "N S"]) -> Bool[np.ndarray, "N S"]:
    """Return the samples inside with one more on either side."""
    wider = inside.copy()
    wider[:, 1:] |= inside[:, :-1]
    wider[:, :-1] |= inside[:, 1:]
    return wider


def _each(camera: Camera, views: Int[np.ndarray, "N"]) -> Camera:
    """Return the camera of each of these views, along a first axis N."""
    return Camera(*(field[views] for field in camera))


def _baseline(camera: Camera) -> float:
    """Return the largest distance between two cameras (world units)."""
    centres = camera_centers(camera)
    return float(np.linalg.norm(centres[:, None] - centres[None], axis=-1).max()) or 1.0
