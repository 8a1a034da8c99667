"""Where rays meet body parts, and with it which keypoints a camera sees."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import camera_centers
from lightning_pose.synthetic.body import Parts

Component = Float[np.ndarray, "*#N"]
Origin = Sequence[float | Component]  # three components; one origin for all rays, or arrays that broadcast


def hit_ellipsoid(origin: Origin, direction: Sequence[Component]) -> Float[np.ndarray, "*N"]:
    """Return t where the ray o + t d first meets the unit ball, infinite where it does not.

    |o + t d|² = 1: a t² + 2 b t + c = 0 with a = d·d, b = o·d, c = o·o - 1, and the nearer root is
    (-b - √(b² - ac)) / a.
    """
    (ox, oy, oz), (dx, dy, dz) = origin, direction
    a = dx * dx + dy * dy + dz * dz
    b = ox * dx + oy * dy + oz * dz
    c = ox * ox + oy * oy + oz * oz - 1
    inside = b * b - a * c
    t = (-b - np.sqrt(np.maximum(inside, 0))) / a
    return np.where(inside > 0, t, np.inf)


def hit_cone(
    origin: Origin, direction: Sequence[Component], taper: float, length: float
) -> Float[np.ndarray, "*N"]:
    """Return t where a ray meets q_x² + q_y² = (1 + taper q_z)², 0 <= q_z <= length; else infinity.

    Rays so nearly along the axis that the quadratic changes sign see only the end, which other parts cover.
    """
    (ox, oy, oz), (dx, dy, dz) = origin, direction
    radius, slope = 1 + taper * oz, taper * dz
    a = dx * dx + dy * dy - slope * slope
    b = ox * dx + oy * dy - radius * slope
    c = ox * ox + oy * oy - radius * radius
    inside = b * b - a * c
    hit = (inside > 0) & (a > 0)
    t = (-b - np.sqrt(np.maximum(inside, 0))) / np.where(hit, a, 1)
    z = oz + t * dz
    return np.where(hit & (z >= 0) & (z <= length), t, np.inf)


def see_keypoints(
    rig: Rig, parts: Parts, points: Float[np.ndarray, "T K 3"], depths: Float[np.ndarray, " K"]
) -> Bool[np.ndarray, "V T K"]:
    """Return which keypoints each camera sees: inside its image, and with no surface far before them.

    The ray from the camera's centre to the keypoint is met with every part, exactly as the renderer meets
    the rays of its pixels.

    Args:
        rig: the cameras.
        parts: the body.
        points: keypoints, mm, world.
        depths: how far behind the first surface a keypoint may lie, mm.
    """
    width, height = rig.sizes[:, 0, None, None], rig.sizes[:, 1, None, None]
    u, v = np.moveaxis(rig.project(points), -1, 0)
    with np.errstate(invalid="ignore"):
        inside = (u >= -0.5) & (v >= -0.5) & (u <= width - 0.5) & (v <= height - 0.5)
    seen = []
    for center in camera_centers(rig.camera):
        rays = points - center  # t = 1 is the keypoint itself
        first = np.full(points.shape[:2], np.inf)
        for p, (taper, length) in enumerate(zip(parts.taper, parts.length, strict=True)):
            origin = np.einsum("tij,tj->ti", parts.inverse[:, p], center - parts.center[:, p])
            local = np.einsum("tij,tkj->itk", parts.inverse[:, p], rays)
            start = tuple(origin.T[:, :, None])
            t = (
                hit_cone(start, tuple(local), float(taper), float(length))
                if length
                else hit_ellipsoid(start, tuple(local))
            )
            first = np.minimum(first, t)
        seen.append((1 - first) * np.linalg.norm(rays, axis=-1) <= depths)
    return np.stack(seen) & inside
