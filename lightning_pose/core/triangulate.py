"""World points from pixels in several views: all points and views in one batched solve.

Missing views have weight 0. The equations are in `pointsolver`.
"""

from typing import Any, NamedTuple

from array_api_compat import array_namespace
from jaxtyping import Bool, Float, Int

from lightning_pose.core.backend import detach, in_blocks
from lightning_pose.core.camera import Camera, projection_jacobian
from lightning_pose.core.consensus import consensus
from lightning_pose.core.pointsolver import (
    Observed,
    count_views,
    observe,
    pixel_distance,
    solve_points,
    solve_without_each,
)
from lightning_pose.core.symmetric3 import inverse_entries, normal_matrix, symmetric


class Robust(NamedTuple):
    """A triangulation and the views that it rejects."""

    xyz: Float[Any, "*N 3"]  # world units; NaN with fewer than two views
    rejected: Bool[Any, "V *N"]  # views seen, but left out of the point
    error: Float[Any, "V *N"]  # px, to every view seen, the rejected ones too
    n_views: Int[Any, "*N"]  # views that the point was made of


def triangulate(
    xy: Float[Any, "V *N 2"], camera: Camera, weights: Float[Any, "V *N"] | None = None
) -> Float[Any, "*N 3"]:
    """Return world points from pixels in V views (world units).

    NaN where fewer than two views see the point, where their rays are parallel, and where the point comes out
    behind a camera that sees it. A view is missing where a coordinate is NaN, where its weight is NaN, 0 or
    negative, and where the lens has no ray for the pixel. A camera of axes "V *C" goes with the first axes
    of N, as in `project_views`.

    Args:
        xy: pixels.
        camera: one camera per view, in the namespace of `xy`.
        weights: of the squared pixel distances, so 1 / variance; all equal if None.
    """

    def solve(xy: Any, weights: Any) -> tuple:
        seen = observe(xy, camera, weights)
        return (solve_points(seen, camera, seen.weight),)

    xp = array_namespace(xy)
    return xp.moveaxis(_over_points(solve, xy, camera, weights)[0], 0, -1)


def triangulate_robust(
    xy: Float[Any, "V *N 2"],
    camera: Camera,
    weights: Float[Any, "V *N"] | None = None,
    threshold_px: float = 10.0,
) -> Robust:
    """Triangulate, leaving out views that the others contradict, and name them.

    Where a view lies farther than `threshold_px` from the image of the point, and at least three views see
    it, the points without each view and those of each pair are tried; the one that the most views are near
    stands, and the others are rejected (`consensus` has the rule). Two views alone cannot say which of them
    is wrong, and views of which no two agree are all kept: such points show in `error`.

    Args:
        xy: pixels.
        camera: one camera per view.
        weights: as in `triangulate`.
        threshold_px: largest distance (px) of views that agree.
    """
    xp = array_namespace(xy)

    def solve(xy: Any, weights: Any) -> tuple:
        seen = observe(xy, camera, weights)
        used = consensus(Observed(*(detach(a) for a in seen)), camera, threshold_px)
        xyz = solve_points(seen, camera, xp.where(used, seen.weight, 0.0))
        rejected = (seen.weight > 0) & ~used
        n_views = count_views(used)
        error = pixel_distance(xp.moveaxis(xyz, 0, -1)[None, ...], camera, xy)
        return xyz, rejected, error, n_views

    xyz, *rest = _over_points(solve, xy, camera, weights)
    return Robust(xp.moveaxis(xyz, 0, -1), *rest)


def reprojection_error(
    xyz: Float[Any, "*N 3"], xy: Float[Any, "V *N 2"], camera: Camera
) -> Float[Any, "V *N"]:
    """Return the distance (px) from each view's pixels to the image of the point; NaN where either is."""
    return pixel_distance(xyz[None, ...], camera, xy)


def leave_one_out_error(
    xy: Float[Any, "V *N 2"], camera: Camera, weights: Float[Any, "V *N"] | None = None
) -> Float[Any, "V *N"]:
    """Return the distance (px) from each view's pixels to the image of the point made of the *other* views.

    NaN where the view itself or two others are missing.
    """

    def solve(xy: Any, weights: Any) -> tuple:
        xp = array_namespace(xy)
        seen = observe(xy, camera, weights)
        xyz = xp.moveaxis(solve_without_each(seen, camera, seen.weight), 0, -1)
        return (pixel_distance(xyz, camera, xy),)

    return _over_points(solve, xy, camera, weights)[0]


def point_covariance(
    xyz: Float[Any, "*N 3"],
    camera: Camera,
    variance: Float[Any, "V *N 2"],
    weights: Float[Any, "V *N"] | None = None,
) -> Float[Any, "*N 3 3"]:
    """Return the covariance (world units squared) of points made from pixels of known variance.

    To first order. Without `weights` it is that of the best point, (sum J' S^-1 J)^-1, S = diag(variance),
    which `triangulate` attains with weights 1 / variance. With `weights` it is that of the point made with
    them, A^-1 (sum w^2 J' S J) A^-1, A = sum w J' J.

    Args:
        xyz: the points.
        camera: one camera per view.
        variance: px^2 in x and y; NaN or inf where the view was not used.
        weights: those given to `triangulate`, if they were not 1 / variance.

    Returns:
        NaN where fewer than two views remain, where they do not fix the point, and where a variance is not
        positive.
    """
    xp = array_namespace(xyz)
    J = projection_jacobian(xyz, camera)
    bad = xp.any(variance <= 0, axis=(0, -1))
    used = xp.all(xp.isfinite(variance), axis=-1) & xp.isfinite(J[..., 0, 0])
    if weights is not None:
        used = used & (weights > 0) & xp.isfinite(weights)
    J = xp.where(used[..., None, None], J, 0.0)
    variance = xp.where(used[..., None] & (variance > 0), variance, 1.0)
    rows = [[J[..., i, j] for j in range(3)] for i in range(2)]
    if weights is None:
        precision = [1 / variance[..., i] for i in range(2)]
    else:
        weights = xp.where(used, weights, 0.0)
        precision = [weights, weights]
    inverse, regular = inverse_entries(normal_matrix(rows, precision))
    inverse = symmetric(inverse)
    if weights is not None:
        middle = symmetric(normal_matrix(rows, [weights**2 * variance[..., i] for i in range(2)]))
        inverse = xp.matmul(xp.matmul(inverse, middle), inverse)
    known = regular & ~bad & (count_views(used) >= 2)
    return xp.where(known[..., None, None], inverse, xp.nan)


def _over_points(solve: Any, xy: Any, camera: Camera, weights: Any) -> tuple:
    """Return the arrays "... *N" of `solve(xy, weights)`, by blocks if V is the camera's only axis."""
    if camera.fisheye.ndim > 1:
        return solve(xy, weights)
    xp = array_namespace(xy)
    views, points = xy.shape[0], xy.shape[1:-1]
    flat = xp.reshape(xy, (views, -1, 2))
    flat_weights = None if weights is None else xp.reshape(weights, (views, -1))
    results = in_blocks(solve, (flat, flat_weights), rows=views)
    return tuple(xp.reshape(result, (*result.shape[:-1], *points)) for result in results)
