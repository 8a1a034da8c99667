"""Which views of a point agree: leave-one-out consensus, repeated while views contradict each other."""

from typing import Any

from array_api_compat import array_namespace, is_jax_array

from lightning_pose.core.backend import iterate
from lightning_pose.core.camera import Camera
from lightning_pose.core.pointsolver import (
    Observed,
    count_views,
    pixel_distance,
    solve_points,
    solve_without_each,
    with_axis,
)


def consensus(seen: Observed, camera: Camera, threshold: float, rounds: int) -> Any:
    """Return which views "V *N" agree, after up to `rounds` rejections per point."""
    xp = array_namespace(seen.weight)
    used = seen.weight > 0
    if camera.fisheye.ndim > 1 or is_jax_array(used):
        whole = iterate(
            lambda s: (_reject(seen, camera, s[0], threshold),), (used,), max(rounds, 0), lambda _: False
        )
        return whole[0]
    for _ in range(max(rounds, 0)):  # only the points that still disagree are looked at again
        left = xp.nonzero(_disagree(seen, camera, used, threshold))[0]
        if left.shape[0] == 0:
            break
        part = Observed(*(a[:, left] for a in seen))
        used[:, left] = _reject(part, camera, used[:, left], threshold)
    return used


def _disagree(seen: Observed, camera: Camera, used: Any, threshold: float) -> Any:
    """Return the points "*N" of three views or more that one contradicts by more than `threshold` (px)."""
    xp = array_namespace(used)
    worst = _worst(solve_points(seen, camera, xp.where(used, seen.weight, 0.0)), seen, camera, used)
    return (worst > threshold) & (count_views(used) >= 3)


def _worst(point: Any, seen: Observed, camera: Camera, used: Any) -> Any:
    """Return the largest distance (px) of used views "V *N" from points "3 *N"; inf where none is."""
    xp = array_namespace(used)
    xy = xp.stack([seen.u, seen.v], axis=-1)
    error = pixel_distance(
        xp.moveaxis(point, 0, -1)[None, ...], camera, xp.broadcast_to(xy, (*used.shape, 2))
    )
    error = xp.where(xp.isfinite(error), error, xp.inf)
    return xp.max(xp.where(used, error, 0.0), axis=0)


def _reject(seen: Observed, camera: Camera, used: Any, threshold: float) -> Any:
    """Return `used` "V *N"; where views disagree, without the one whose absence reconciles the rest best."""
    xp = array_namespace(used)
    views = used.shape[0]
    weight = xp.where(used, seen.weight, 0.0)
    points = solve_without_each(seen, camera, weight)
    eye = xp.reshape(xp.eye(views) == 1, (views, views) + (1,) * (used.ndim - 1))
    lifted = Observed(*(a[:, None, ...] for a in seen))
    worst = _worst(points, lifted, with_axis(camera), used[:, None, ...] & ~eye)
    worst = xp.where(used, worst, xp.inf)
    least = xp.min(worst, axis=0)
    index = xp.reshape(xp.arange(views), (views,) + (1,) * (used.ndim - 1))
    out = (index == xp.argmin(worst, axis=0)) & xp.isfinite(least)
    return used & ~(out & _disagree(seen, camera, used, threshold))
