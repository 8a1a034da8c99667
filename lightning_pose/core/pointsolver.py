"""The solver under `triangulate`: one point from the observations of several views, for all points at once.

A point is found in two stages. First the linear equations of its undistorted coordinates (x, y) = q,

    (r1 - x r3) X = x t3 - t1        (r2 - y r3) X = y t3 - t2        (r_i rows of R, one pair per view)

weighted, through 3 x 3 normal equations; then Gauss-Newton steps on the squared distance in pixels,

    X <- X + (sum w J'J)^-1 sum w J' (xy - project(X))

which lend every view the weight that its pixels deserve (the linear rows weigh a view by its distance and
focal length) and take out the rounding of the normal equations. The steps are kept only where they lower
that distance.

Source: Hartley and Zisserman 2004, Multiple View Geometry, 12.2 (linear-inhomogeneous), A6.2 (Gauss-Newton).
"""

from typing import Any, NamedTuple

from array_api_compat import array_namespace

from lightning_pose.core.backend import detach
from lightning_pose.core.camera import Camera, linearised_aligned, project_aligned, spread, undistort_aligned
from lightning_pose.core.symmetric3 import normal_matrix, normal_vector, solve_symmetric

NEWTON_STEPS = 2


class Observed(NamedTuple):
    """Pixels made ready for solving: everything finite, weight 0 where missing. Arrays "V *N"."""

    x: Any  # undistorted
    y: Any
    u: Any  # px
    v: Any
    weight: Any


def observe(xy: Any, camera: Camera, weights: Any) -> Observed:
    """Undistort pixels and give missing ones weight 0. Weights are relative: the largest of a point is 1."""
    xp = array_namespace(xy)
    points, found = undistort_aligned(xy, camera, xy.ndim - 1 - camera.fisheye.ndim)
    u, v, x, y = (xp.where(found, a[..., i], 0.0) for a in (xy, points) for i in range(2))
    if weights is None:
        return Observed(x, y, u, v, xp.astype(found, x.dtype))
    found = found & (weights > 0) & xp.isfinite(weights)
    weights = xp.where(found, weights, 0.0)
    largest = detach(xp.max(weights, axis=0))
    return Observed(x, y, u, v, weights / xp.where(largest > 0, largest, 1.0))


def solve_points(seen: Observed, camera: Camera, weight: Any) -> Any:
    """Return the points "3 *N" of observations with these weights "V *N"; NaN where there is none."""
    xp = array_namespace(weight)
    axes = weight.ndim - camera.fisheye.ndim
    start, regular = _linear(seen, camera, weight, axes)
    known = regular & (count_views(weight > 0) >= 2)
    start = xp.where(known, start, 0.0)
    point, cost = start, None
    for _ in range(NEWTON_STEPS):
        before, move, solved = _newton(point, seen, camera, weight, axes)
        cost = before if cost is None else cost
        point = point + xp.where(solved, move, 0.0)
    after = _cost(point, seen, camera, weight, axes)
    point = xp.where(after <= cost, point, start)
    known = known & xp.isfinite(xp.where(after <= cost, after, cost))
    return xp.where(known, point, xp.nan)


def _linear(seen: Observed, camera: Camera, weight: Any, axes: int) -> tuple[Any, Any]:
    """Return the solution "3 *N" of the linear equations, and where there is one."""
    xp = array_namespace(weight)
    r, t = spread(camera.rotation, 2, axes), spread(camera.translation, 1, axes)
    weight = weight / (1 + seen.x**2 + seen.y**2)  # a row's length grows with the angle off the optical axis
    rows, right = [], []
    for i, q in enumerate((seen.x, seen.y)):
        rows.append([r[i][j] - q * r[2][j] for j in range(3)])
        right.append(q * t[2] - t[i])
    solution, regular = solve_symmetric(
        normal_matrix(rows, [weight, weight]), normal_vector(rows, [weight, weight], right)
    )
    return xp.stack(solution, axis=0), regular


def _newton(point: Any, seen: Observed, camera: Camera, weight: Any, axes: int) -> tuple[Any, Any, Any]:
    """Return the cost at a point "3 *N" (inf behind a camera), the step from it, and where there is one."""
    xp = array_namespace(weight)
    u, v, rows, front = linearised_aligned(xp.moveaxis(point, 0, -1)[None, ...], camera, axes)
    hidden = xp.any((weight > 0) & ~front, axis=0)
    weight = xp.where(front, weight, 0.0)
    right = [seen.u - u, seen.v - v]
    step, regular = solve_symmetric(
        normal_matrix(rows, [weight, weight]), normal_vector(rows, [weight, weight], right)
    )
    cost = xp.sum(detach(weight * (right[0] ** 2 + right[1] ** 2)), axis=0)
    return xp.where(hidden, xp.inf, cost), xp.stack(step, axis=0), regular & ~hidden


def _cost(point: Any, seen: Observed, camera: Camera, weight: Any, axes: int) -> Any:
    """Return the weighted squared distance (px^2) at a point "3 *N"; inf behind a camera that sees it."""
    xp = array_namespace(weight)
    xy = project_aligned(detach(xp.moveaxis(point, 0, -1))[None, ...], camera, axes)
    squares = (xy[..., 0] - seen.u) ** 2 + (xy[..., 1] - seen.v) ** 2
    squares = xp.where(weight > 0, xp.where(xp.isfinite(squares), squares, xp.inf), 0.0)
    return detach(xp.sum(weight * squares, axis=0))


def pixel_distance(points: Any, camera: Camera, xy: Any) -> Any:
    """Return the distance (px) of pixels "V *N 2" from the images of points "#V *N 3"; gradient 0 at 0."""
    xp = array_namespace(xy)
    image = project_aligned(points, camera, xy.ndim - 1 - camera.fisheye.ndim)
    both = xp.isfinite(image[..., 0]) & xp.isfinite(xy[..., 0]) & xp.isfinite(xy[..., 1])
    difference = xp.where(both[..., None], image, 0.0) - xp.where(both[..., None], xy, 0.0)
    squares = difference[..., 0] ** 2 + difference[..., 1] ** 2
    positive = squares > 0
    length = xp.where(positive, xp.sqrt(xp.where(positive, squares, 1.0)), 0.0)
    return xp.where(both, length, xp.nan)


def solve_without_each(seen: Observed, camera: Camera, weight: Any) -> Any:
    """Return the points "3 V *N" made without each view in turn."""
    xp = array_namespace(weight)
    views = weight.shape[0]
    others = xp.reshape(xp.eye(views, dtype=weight.dtype) == 0, (views, views) + (1,) * (weight.ndim - 1))
    weights = xp.where(others, weight[:, None, ...], 0.0)
    return solve_points(Observed(*(a[:, None, ...] for a in seen)), with_axis(camera), weights)


def with_axis(camera: Camera) -> Camera:
    """Return the camera with a new axis after V, for arrays "V L *N"."""
    return Camera(*(array_namespace(field).expand_dims(field, axis=1) for field in camera))


def count_views(used: Any) -> Any:
    """Return how many views are used, "*N"."""
    xp = array_namespace(used)
    return xp.sum(used, axis=0)
