"""The one camera model: world points to pixels and back, on numpy, torch (gradients) and JAX (jit).

Conventions, for the whole project:

- World to camera is R X + t; x right, y down, z forward.
- Pixel (0, 0) is the centre of the top-left pixel, so resizing by s maps u to (u + 0.5) s - 0.5.
- Distortion in OpenCV order; see `lens`. Angles in radians. World units are those of the calibration.
- Missing is NaN, never 0 or -1. A point behind a camera has no image there: NaN.
- Axes: V views first, points next, coordinates last.

The namespace and the dtype are those of the points; `as_backend` brings a camera there. Every function is
differentiable, and a NaN that the caller masks leaves no NaN in a gradient.
"""

from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike

from lightning_pose.core.backend import convert
from lightning_pose.core.errors import CalibrationError
from lightning_pose.core.lens import Lens, distort_jacobian, distort_xy, make_lens, undistort_xy
from lightning_pose.core.rotations import matrix_from_rvec

GRAZING = 1e-5  # z/r of a ray that counts as in front; below it the image is at infinity


class Camera(NamedTuple):
    """One camera, or a rig of them along leading axes; a pytree for JAX and collatable by torch."""

    matrix: Float[Any, "*V 3 3"]  # K, px
    distortion: Float[Any, "*V 12"]  # k1 k2 p1 p2 k3 k4 k5 k6 s1 s2 s3 s4; fisheye: k1 k2 k3 k4 0 ...
    rotation: Float[Any, "*V 3 3"]  # R, world to camera
    translation: Float[Any, "*V 3"]  # t, world units
    fisheye: Bool[Any, "*V"]


class Undistorted(NamedTuple):
    """Normalised coordinates x/z, y/z; NaN where `converged` is False."""

    points: Float[Any, "*N 2"]
    converged: Bool[Any, "*N"]


def make_camera(
    matrix: ArrayLike,
    distortion: ArrayLike,
    rotation: ArrayLike,
    translation: ArrayLike,
    fisheye: ArrayLike | bool = False,
) -> Camera:
    """Return a float64 numpy camera, or a rig of them along the leading axes of `matrix` "*V 3 3".

    Args:
        matrix: K, "*V 3 3", px.
        distortion: 0, 4, 5, 8 or 12 coefficients in OpenCV order, "*V n"; for fisheye 4 (or 0).
        rotation: world to camera, as matrices "*V 3 3" or Rodrigues vectors "*V 3" in rad.
        translation: "*V 3", world units.
        fisheye: whether each camera has a fisheye lens, "*V" or one flag for all.

    Raises:
        CalibrationError: when shapes do not fit together or the number of coefficients is none of these.
    """
    K, R, t = (np.array(a, dtype=np.float64) for a in (matrix, rotation, translation))
    views = K.shape[:-2]
    if K.shape != (*views, 3, 3) or K.ndim < 2:
        raise CalibrationError(f"camera matrix: expected 3 x 3, got shape {K.shape}")
    if R.shape == (*views, 3):
        R = matrix_from_rvec(R)
    if R.shape != (*views, 3, 3):
        raise CalibrationError(f"rotation: expected 3 x 3 or a vector of 3 per camera, got shape {R.shape}")
    if t.shape != (*views, 3):
        raise CalibrationError(f"translation: expected 3 numbers per camera, got shape {t.shape}")
    fish = np.broadcast_to(np.asarray(fisheye, dtype=bool), views).copy()
    given = np.asarray(distortion, dtype=np.float64)
    count = given.shape[-1] if given.ndim else -1
    if count not in (0, 4, 5, 8, 12):
        raise CalibrationError(f"distortion: expected 0, 4, 5, 8 or 12 coefficients per camera, got {count}")
    coefficients = np.zeros((*views, 12))
    coefficients[..., :count] = given
    if np.any(coefficients[fish][..., 4:]):
        raise CalibrationError("distortion: a fisheye lens has 4 coefficients k1 k2 k3 k4, got more")
    return Camera(K, coefficients, R, t, fish)


def as_backend(camera: Camera, like: Any) -> Camera:
    """Return the camera in the namespace, dtype and device of the array `like`."""
    K, distortion, R, t = (convert(field, like, floating=True) for field in camera[:4])
    return Camera(K, distortion, R, t, convert(camera.fisheye, like, floating=False))


def project(points: Float[Any, "... N 3"], camera: Camera) -> Float[Any, "... N 2"]:
    """Return the pixels "*V N 2" of world points "*V N 3"; NaN for a point behind the camera, and for NaN.

    The points have one axis N; the axes before it broadcast against those of the camera.
    """
    return project_aligned(points, camera, 1)


def project_views(points: Float[Any, "*N 3"], camera: Camera) -> Float[Any, "V *N 2"]:
    """Return the pixels of the same world points in each of V views; NaN as in `project`.

    A camera may have more axes, "V *C": they then go with the first axes of the points (a batch of rigs).
    """
    return project_aligned(points[None, ...], camera, points.ndim - camera.fisheye.ndim)


def project_aligned(points: Float[Any, "*P 3"], camera: Camera, axes: int) -> Float[Any, "*S 2"]:
    """Return the pixels of points whose last `axes` axes before the coordinates are not the camera's."""
    xp = array_namespace(points)
    x, y, _, front = normalised_aligned(points, camera, axes)
    x, y = distort_xy(x, y, lens_of(camera, axes))
    k = spread(camera.matrix, 2, axes)
    u = k[0][0] * x + k[0][1] * y + k[0][2]
    v = k[1][0] * x + k[1][1] * y + k[1][2]
    return xp.stack([xp.where(front, u, xp.nan), xp.where(front, v, xp.nan)], axis=-1)


def world_to_cam(points: Float[Any, "... N 3"], camera: Camera) -> Float[Any, "... N 3"]:
    """Return world points in the frame of the camera, R X + t (world units)."""
    xp = array_namespace(points)
    return xp.matmul(points, xp.matrix_transpose(camera.rotation)) + camera.translation[..., None, :]


def distort(normalised: Float[Any, "... N 2"], camera: Camera) -> Float[Any, "... N 2"]:
    """Return the pixels of normalised coordinates x/z, y/z."""
    xp = array_namespace(normalised)
    x, y = distort_xy(normalised[..., 0], normalised[..., 1], lens_of(camera, 1))
    k = spread(camera.matrix, 2, 1)
    return xp.stack([k[i][0] * x + k[i][1] * y + k[i][2] for i in range(2)], axis=-1)


def undistort(xy_px: Float[Any, "... N 2"], camera: Camera) -> Undistorted:
    """Return the normalised coordinates x/z, y/z of pixels; NaN where no ray leads to the pixel.

    `converged` is False for those and for NaN: count them as `(~converged & finite).sum()`. Gradients flow
    to the pixels and to the camera.
    """
    return undistort_aligned(xy_px, camera, 1)


def undistort_views(xy: Float[Any, "V *N 2"], camera: Camera) -> Undistorted:
    """Return the normalised coordinates of pixels seen in V views; see `undistort`."""
    return undistort_aligned(xy, camera, xy.ndim - 1 - camera.fisheye.ndim)


def undistort_aligned(xy: Float[Any, "*S 2"], camera: Camera, axes: int) -> Undistorted:
    """Return normalised coordinates of pixels whose last `axes` axes before the coordinates are points."""
    xp = array_namespace(xy)
    k = spread(camera.matrix, 2, axes)
    finite = xp.isfinite(xy[..., 0]) & xp.isfinite(xy[..., 1])
    u = xp.where(finite, xy[..., 0], k[0][2]) - k[0][2]
    v = xp.where(finite, xy[..., 1], k[1][2]) - k[1][2]
    det = k[0][0] * k[1][1] - k[0][1] * k[1][0]
    x, y, found = undistort_xy(
        (k[1][1] * u - k[0][1] * v) / det, (k[0][0] * v - k[1][0] * u) / det, lens_of(camera, axes)
    )
    found = found & finite
    points = xp.stack([xp.where(found, x, xp.nan), xp.where(found, y, xp.nan)], axis=-1)
    return Undistorted(points, found)


def projection_jacobian(points: Float[Any, "*N 3"], camera: Camera) -> Float[Any, "V *N 2 3"]:
    """Return d pixel / d world of `project_views`, analytic; NaN where that is NaN."""
    xp = array_namespace(points)
    _, _, rows, front = linearised_aligned(points[None, ...], camera, points.ndim - camera.fisheye.ndim)
    entries = [xp.stack([xp.where(front, e, xp.nan) for e in row], axis=-1) for row in rows]
    return xp.stack(entries, axis=-2)


def linearised_aligned(points: Float[Any, "*S 3"], camera: Camera, axes: int) -> tuple[Any, Any, Any, Any]:
    """Return pixels u, v, the two rows of d pixel / d world as lists of 3 arrays, and which are in front.

    With q = (x/z, y/z) this is K_2x2 (d distort / d q) (d q / d X_cam) R; finite everywhere, meaningless
    where not in front.
    """
    x, y, inverse_z, front = normalised_aligned(points, camera, axes)
    x_d, y_d, a, b, c, d = distort_jacobian(x, y, lens_of(camera, axes))
    k, r = spread(camera.matrix, 2, axes), spread(camera.rotation, 2, axes)
    pixels, rows = [], []
    for i in range(2):
        pixels.append(k[i][0] * x_d + k[i][1] * y_d + k[i][2])
        by_x = (k[i][0] * a + k[i][1] * c) * inverse_z
        by_y = (k[i][0] * b + k[i][1] * d) * inverse_z
        by_z = -(by_x * x + by_y * y)
        rows.append([by_x * r[0][j] + by_y * r[1][j] + by_z * r[2][j] for j in range(3)])
    return pixels[0], pixels[1], rows, front


def normalised_aligned(points: Float[Any, "*S 3"], camera: Camera, axes: int) -> tuple[Any, Any, Any, Any]:
    """Return x/z, y/z, 1/z in the camera's frame and which points are in front; 0, 0, 1 where not."""
    xp = array_namespace(points)
    parts = [points[..., i] for i in range(3)]
    finite = xp.isfinite(parts[0]) & xp.isfinite(parts[1]) & xp.isfinite(parts[2])
    parts = [xp.where(finite, part, 0.0) for part in parts]
    r, t = spread(camera.rotation, 2, axes), spread(camera.translation, 1, axes)
    x, y, z = (r[i][0] * parts[0] + r[i][1] * parts[1] + r[i][2] * parts[2] + t[i] for i in range(3))
    front = finite & (z > 0) & (z * z > GRAZING**2 * (x * x + y * y))
    inverse_z = 1 / xp.where(front, z, 1.0)
    return xp.where(front, x, 0.0) * inverse_z, xp.where(front, y, 0.0) * inverse_z, inverse_z, front


def spread(field: Any, rank: int, axes: int) -> Any:
    """Return the entries of a camera's field as (nested) lists of arrays "*V" with `axes` axes appended."""
    if rank == 0:
        return array_namespace(field).reshape(field, field.shape + (1,) * axes)
    lead = (..., *[slice(None)] * (rank - 1))
    return [spread(field[(*lead[:1], i, *lead[1:])], rank - 1, axes) for i in range(field.shape[-rank])]


def lens_of(camera: Camera, axes: int) -> Lens:
    """Return the camera's lens, broadcastable to points with `axes` axes of their own."""
    return make_lens(camera.distortion, camera.fisheye, axes)


def camera_centers(camera: Camera) -> Float[Any, "*V 3"]:
    """Return the world positions of the cameras, -R' t."""
    xp = array_namespace(camera.translation)
    return -xp.matmul(xp.matrix_transpose(camera.rotation), camera.translation[..., None])[..., 0]


def affine(camera: Camera, A: Float[Any, "*#V 3 3"]) -> Camera:
    """Return the camera whose image is moved by the affine map A of pixels: K' = A K.

    Valid with distortion too, since that happens before K.
    """
    xp = array_namespace(camera.matrix)
    return camera._replace(matrix=xp.matmul(A, camera.matrix))


def resize(camera: Camera, scale_x: float, scale_y: float) -> Camera:
    """Return the camera of an image resized by these factors."""
    return affine(camera, convert(resize_matrix(scale_x, scale_y), camera.matrix, floating=True))


def crop(camera: Camera, x0: float, y0: float) -> Camera:
    """Return the camera of an image whose pixel (x0, y0) has become (0, 0)."""
    return affine(camera, convert(crop_matrix(x0, y0), camera.matrix, floating=True))


def resize_matrix(sx: float, sy: float) -> Float[np.ndarray, "3 3"]:
    """Return the map of pixels when an image is resized: u' = (u + 0.5) s - 0.5."""
    return np.array([[sx, 0.0, 0.5 * sx - 0.5], [0.0, sy, 0.5 * sy - 0.5], [0.0, 0.0, 1.0]])


def crop_matrix(x0: float, y0: float) -> Float[np.ndarray, "3 3"]:
    """Return the map of pixels when an image is cropped to begin at (x0, y0)."""
    return np.array([[1.0, 0.0, -x0], [0.0, 1.0, -y0], [0.0, 0.0, 1.0]])
