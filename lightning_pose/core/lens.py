"""Lens distortion in OpenCV's models, on normalised coordinates (x/z, y/z), for any array backend.

Perspective lens, r^2 = x^2 + y^2:

    c(r^2) = (1 + k1 r^2 + k2 r^4 + k3 r^6) / (1 + k4 r^2 + k5 r^4 + k6 r^6)
    x' = x c + 2 p1 x y + p2 (r^2 + 2 x^2) + s1 r^2 + s2 r^4
    y' = y c + p1 (r^2 + 2 y^2) + 2 p2 x y + s3 r^2 + s4 r^4

Fisheye lens, theta = atan(r):

    c = theta / r (1 + k1 theta^2 + k2 theta^4 + k3 theta^6 + k4 theta^8),  x' = x c,  y' = y c

Both are one radial factor c and, for the perspective lens, a decentring term; so one Jacobian serves both.

Source: OpenCV documentation, modules calib3d (pinhole model) and fisheye (Kannala and Brandt 2006, eq. 6).
"""

from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from lightning_pose.core.backend import detach, iterate, known_values

NEWTON_STEPS = 30
FRACTIONS = (0.125, 0.25, 0.5, 0.75, 1.0)  # of a radius, at which the lens is tested for a fold
SERIES_BELOW = 1e-2  # r^2 under which atan(r)/r is a power series: the quotient loses digits there
ATAN_SERIES = tuple((-1.0) ** n / (2 * n + 1) for n in range(9))
RESIDUAL = 256  # largest residual of a converged undistortion, in units of rounding error


class Lens(NamedTuple):
    """Distortion coefficients, one array each, that broadcast against the points.

    The flags say which terms are present at all. Only arrays that no gradient is taken by are looked into
    for them: a coefficient of zero may have one.
    """

    k: tuple[Any, ...]  # OpenCV order: k1 k2 p1 p2 k3 k4 k5 k6 s1 s2 s3 s4; fisheye: k1..k4
    fisheye: Any
    rational: bool
    decentred: bool
    some_fisheye: bool


def make_lens(distortion: Any, fisheye: Any, axes: int) -> Lens:
    """Return the lens of coefficients "*V 12" and flags "*V", with `axes` axes of points after the V."""
    known, flags = known_values(distortion), known_values(fisheye)
    shape = fisheye.shape + (1,) * axes
    xp = array_namespace(distortion)
    k = [xp.reshape(distortion[..., i], shape) for i in range(12)]
    fisheye = xp.reshape(fisheye, shape)
    some_fisheye = flags is None or bool(flags.any())
    if some_fisheye:
        first, second = k[2], k[3]
        k[2], k[3] = xp.where(fisheye, 0.0, first), xp.where(fisheye, 0.0, second)
        k += [xp.where(fisheye, first, 0.0), xp.where(fisheye, second, 0.0)]  # the fisheye's k3 and k4
    return Lens(
        k=tuple(k),
        fisheye=fisheye,
        rational=known is None or bool(np.any(known[..., 5:8])),
        decentred=known is None or bool(np.any(known[..., [2, 3, 8, 9, 10, 11]])),
        some_fisheye=some_fisheye,
    )


def distort_xy(x: Any, y: Any, lens: Lens) -> tuple[Any, Any]:
    """Return distorted normalised coordinates x', y'."""
    r2 = x * x + y * y
    c, _ = _radial(r2, lens, slope=False)
    if not lens.decentred:
        return x * c, y * c
    _, _, p1, p2, _, _, _, _, s1, s2, s3, s4 = lens.k[:12]
    xy2 = 2 * x * y
    return (
        x * c + p1 * xy2 + p2 * (r2 + 2 * x * x) + r2 * (s1 + s2 * r2),
        y * c + p1 * (r2 + 2 * y * y) + p2 * xy2 + r2 * (s3 + s4 * r2),
    )


def distort_jacobian(x: Any, y: Any, lens: Lens) -> tuple[Any, Any, Any, Any, Any, Any]:
    """Return x', y' and the derivatives dx'/dx, dx'/dy, dy'/dx, dy'/dy."""
    r2 = x * x + y * y
    c, dc = _radial(r2, lens, slope=True)
    xx, xy, yy = 2 * x * x, 2 * x * y, 2 * y * y
    cross = xy * dc
    out_x, out_y, a, d = x * c, y * c, c + xx * dc, c + yy * dc
    if not lens.decentred:
        return out_x, out_y, a, cross, cross, d
    _, _, p1, p2, _, _, _, _, s1, s2, s3, s4 = lens.k[:12]
    out_x = out_x + p1 * xy + p2 * (r2 + xx) + r2 * (s1 + s2 * r2)
    out_y = out_y + p1 * (r2 + yy) + p2 * xy + r2 * (s3 + s4 * r2)
    shared = cross + 2 * (p1 * x + p2 * y)
    prism_x, prism_y = 2 * (s1 + 2 * s2 * r2), 2 * (s3 + 2 * s4 * r2)
    return (
        out_x,
        out_y,
        a + 2 * p1 * y + 6 * p2 * x + prism_x * x,
        shared + prism_x * y,
        shared + prism_y * x,
        d + 6 * p1 * y + 2 * p2 * x + prism_y * y,
    )


def undistort_xy(x_d: Any, y_d: Any, lens: Lens) -> tuple[Any, Any, Any]:
    """Return undistorted x, y and whether they were found; 0 where they were not.

    Damped Newton on distort(x) = x_d, from a start inside the lens's monotone range. A solution counts only
    if its residual is rounding error and the lens is monotone from the centre out to it: beyond a fold of the
    polynomial other solutions exist that no ray takes. The last step is taken with gradients on, from a start
    without: by the implicit function theorem its first derivatives are those of the solution.
    """
    xp = array_namespace(x_d)
    eps = float(xp.finfo(x_d.dtype).eps)
    target_x, target_y = detach(x_d), detach(y_d)
    still = Lens(tuple(detach(k) for k in lens.k), *lens[1:])
    scale = target_x * target_x + target_y * target_y
    tolerance = (RESIDUAL * eps) ** 2 * scale

    def newton(x: Any, y: Any) -> tuple[Any, Any, Any]:
        value_x, value_y, a, b, c, d = distort_jacobian(x, y, still)
        e_x, e_y = value_x - target_x, value_y - target_y
        det = a * d - b * c
        det = xp.where(det > eps, det, 1.0)
        return e_x * e_x + e_y * e_y, (b * e_y - d * e_x) / det, (c * e_x - a * e_y) / det

    def step(state: tuple) -> tuple:
        x, y, error, step_x, step_y = state
        try_x, try_y = x + step_x, y + step_y
        new_error, new_x, new_y = newton(try_x, try_y)
        better = new_error < error
        return (
            xp.where(better, try_x, x),
            xp.where(better, try_y, y),
            xp.where(better, new_error, error),
            xp.where(better, new_x, 0.5 * step_x),
            xp.where(better, new_y, 0.5 * step_y),
        )

    share = _monotone_share(target_x, target_y, still)
    x, y = target_x * share, target_y * share
    state = iterate(step, (x, y, *newton(x, y)), NEWTON_STEPS, lambda s: xp.all(s[2] <= tolerance))
    x, y, error = state[:3]
    found = (error <= tolerance) & (_monotone_share(x, y, still) == 1.0)
    x, y = xp.where(found, x, 0.0), xp.where(found, y, 0.0)
    x_d, y_d = xp.where(found, x_d, 0.0), xp.where(found, y_d, 0.0)
    value_x, value_y, a, b, c, d = distort_jacobian(x, y, lens)
    found = found & (detach(a * d - b * c) > eps)
    e_x, e_y, det = value_x - x_d, value_y - y_d, xp.where(found, a * d - b * c, 1.0)
    return x + (b * e_y - d * e_x) / det, y + (c * e_x - a * e_y) / det, found


def _monotone_share(x: Any, y: Any, lens: Lens) -> Any:
    """Return the largest of 0 and FRACTIONS up to which the distorted radius grows on the way to (x, y)."""
    xp = array_namespace(x)
    r2 = x * x + y * y
    q = xp.stack([r2 * fraction**2 for fraction in FRACTIONS], axis=0)
    c, dc = _radial(q, lens, slope=True)
    grows = c + 2 * q * dc > 0
    share, intact = xp.zeros_like(r2), grows[0]
    for i, fraction in enumerate(FRACTIONS):
        intact = intact & grows[i]
        share = xp.where(intact, fraction, share)
    return share


def _radial(r2: Any, lens: Lens, slope: bool) -> tuple[Any, Any]:
    """Return the radial factor c(r^2) and, if `slope`, dc/dr^2 (else 0.0)."""
    if not lens.some_fisheye:
        return _perspective(r2, lens, slope)
    xp = array_namespace(r2)
    # each branch gets harmless radii where the other one counts: a NaN there would reach the gradient
    c, dc = _perspective(xp.where(lens.fisheye, 0.0, r2), lens, slope)
    c_fish, dc_fish = _kannala_brandt(xp.where(lens.fisheye, r2, 0.0), lens)
    return xp.where(lens.fisheye, c_fish, c), xp.where(lens.fisheye, dc_fish, dc)


def _perspective(q: Any, lens: Lens, slope: bool) -> tuple[Any, Any]:
    """Return c(q) and dc/dq of the perspective lens."""
    k1, k2, _, _, k3, k4, k5, k6 = lens.k[:8]
    c = 1 + q * (k1 + q * (k2 + q * k3))
    dc: Any = k1 + q * (2 * k2 + 3 * q * k3) if slope else 0.0
    if lens.rational:
        denominator = 1 + q * (k4 + q * (k5 + q * k6))
        c = c / denominator
        dc = (dc - c * (k4 + q * (2 * k5 + 3 * q * k6))) / denominator if slope else 0.0
    return c, dc


def _kannala_brandt(q: Any, lens: Lens) -> tuple[Any, Any]:
    """Return c(q) and dc/dq of the fisheye lens, q = r^2 = tan(theta)^2."""
    xp = array_namespace(q)
    k1, k2, k3, k4 = lens.k[0], lens.k[1], lens.k[12], lens.k[13]
    near = q < SERIES_BELOW
    low, high = xp.where(near, q, 0.0), xp.where(near, 1.0, q)
    series, d_series = ATAN_SERIES[-1] + 0.0 * low, 0.0 * low
    for coefficient in reversed(ATAN_SERIES[:-1]):
        d_series = series + low * d_series
        series = coefficient + low * series
    r = xp.sqrt(high)
    quotient = xp.atan(r) / r
    g = xp.where(near, series, quotient)  # theta / r
    dg = xp.where(near, d_series, (1 / (1 + high) - quotient) / (2 * high))
    t = q * g * g  # theta^2, whose derivative by q is g / (1 + q)
    factor = 1 + t * (k1 + t * (k2 + t * (k3 + t * k4)))
    d_factor = k1 + t * (2 * k2 + t * (3 * k3 + t * 4 * k4))
    return g * factor, dg * factor + g * d_factor * g / (1 + q)
