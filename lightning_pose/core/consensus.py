"""Which views of a point agree, and which the others contradict."""

from itertools import combinations
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_jax_array

from lightning_pose.core.camera import Camera
from lightning_pose.core.pointsolver import Observed, count_views, pixel_distance, solve_points, with_axis


def consensus(seen: Observed, camera: Camera, threshold: float) -> Any:
    """Return which views "V *N" make the point, where one lies farther than `threshold` (px) from it.

    Candidates are the points without one view and the points of every pair of views; of these the one with
    the least sum over views of min(distance, threshold)^2 counts. The views near it make the point, and once
    more those near that point. All views count where they agree, where they are two, and where no two agree.

    Source: Torr and Zisserman 2000, MLESAC, eq. 11 (the truncated sum), with all candidates, no samples.
    """
    xp = array_namespace(seen.weight)
    used = seen.weight > 0
    if used.ndim > 2 or camera.fisheye.ndim > 1 or is_jax_array(used):
        return xp.where(_disagree(seen, camera, used, threshold), _agreeing(seen, camera, threshold), used)
    doubtful = xp.nonzero(_disagree(seen, camera, used, threshold))[0]
    if doubtful.shape[0]:  # few, as a rule
        used[:, doubtful] = _agreeing(Observed(*(a[:, doubtful] for a in seen)), camera, threshold)
    return used


def _disagree(seen: Observed, camera: Camera, used: Any, threshold: float) -> Any:
    """Return the points "*N" of three views or more that one contradicts by more than `threshold` (px)."""
    xp = array_namespace(used)
    error = _errors(solve_points(seen, camera, seen.weight), seen, camera)
    return xp.any(used & (error > threshold), axis=0) & (count_views(used) >= 3)


def _agreeing(seen: Observed, camera: Camera, threshold: float) -> Any:
    """Return the views "V *N" near the best candidate's point; all that are seen if fewer than two are."""
    xp = array_namespace(seen.weight)
    views = seen.weight.shape[0]
    used = seen.weight > 0
    subsets = xp.asarray(_subsets(views), device=device(used)) if not is_jax_array(used) else _subsets(views)
    subsets = xp.reshape(xp.asarray(subsets), (*subsets.shape, *(1,) * (used.ndim - 1)))
    each = Observed(*(a[:, None, ...] for a in seen))
    rig = with_axis(camera)
    points = solve_points(each, rig, xp.where(subsets, each.weight, 0.0))
    error = _errors(points, each, rig)
    loss = xp.where(each.weight > 0, xp.where(error < threshold, error, threshold) ** 2, 0.0)
    best = xp.argmin(xp.sum(loss, axis=0), axis=0)
    chosen = xp.reshape(xp.arange(subsets.shape[1], device=device(best)), (-1, *(1,) * best.ndim)) == best
    near = used & xp.any((error <= threshold) & chosen, axis=1)
    again = _errors(solve_points(seen, camera, xp.where(near, seen.weight, 0.0)), seen, camera)
    nearer = used & (again <= threshold)
    near = xp.where(count_views(nearer) >= 2, nearer, near)
    return xp.where(count_views(near) >= 2, near, used)


def _errors(points: Any, seen: Observed, camera: Camera) -> Any:
    """Return the distance (px) of each view from points "3 *N"; inf where there is no point."""
    xp = array_namespace(points)
    error = pixel_distance(xp.moveaxis(points, 0, -1)[None, ...], camera, xp.stack([seen.u, seen.v], axis=-1))
    return xp.where(xp.isfinite(error), error, xp.inf)


def _subsets(views: int) -> np.ndarray:
    """Return the views of every candidate, "V L": all but one, then pairs."""
    index = range(views)
    members = {tuple(v for v in index if v != out) for out in index} | set(combinations(index, 2))
    return np.array([[v in subset for subset in sorted(members, key=lambda s: (-len(s), s))] for v in index])
