"""Faults that show only when the cameras of a rig are seen together, or with points in their images."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

from lightning_pose.core.camera import Camera, camera_centers
from lightning_pose.core.triangulate import reprojection_error, triangulate

SAME_POSE = 1e-6  # of the rig's extent
SUSPECT, WRONG = 0.01, 0.04  # of an image's shorter side: worth a second look; beyond any error of labels
EXPLAINED = 3.0, 2.0  # by what factor an explanation must shrink a suspect, and a wrong, distance
POINTS = 400  # enough for a median


def rig_faults(names: Sequence[str], camera: Camera) -> list[str]:
    """Return what is wrong with cameras taken together: names that occur twice, poses that occur twice.

    Two cameras with one pose are one camera entered twice: their rays never cross, so they fix no depth.
    """
    faults = [
        f"two cameras are named '{name}'" for name in dict.fromkeys(names) if list(names).count(name) > 1
    ]
    centers = camera_centers(camera)
    extent = max(float(np.abs(camera.translation).max(initial=0)), 1e-300)
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            near = np.abs(centers[i] - centers[j]).max() <= SAME_POSE * extent
            if near and np.abs(camera.rotation[i] - camera.rotation[j]).max() <= SAME_POSE:
                faults.append(
                    f"cameras '{names[i]}' and '{names[j]}' have the same pose, so one of them was entered "
                    "twice or not calibrated: give each its own rotation and translation"
                )
    return faults


def point_faults(
    names: Sequence[str], sizes: np.ndarray, camera: Camera, xy: Float[np.ndarray, "V *N 2"]
) -> list[str]:
    """Return why the cameras cannot have seen these points; nothing where they can.

    The same points in several views must be images of world points. Where their median distance (px) is
    large, the usual mistakes are tried one by one, and the fault names the one that explains the points.
    Poses alone cannot tell: cameras that look at the world's origin still do so with R transposed.
    """
    xy = xy.reshape(len(names), -1, 2)
    xy = xy[:, np.isfinite(xy).all(-1).sum(0) >= 2]
    if xy.shape[1] == 0:
        return []
    xy = xy[:, :: -(-xy.shape[1] // POINTS)]
    side = float(sizes.min())
    found = _typical_error(camera, xy)
    if found <= SUSPECT * side:
        return []
    wrong = found > WRONG * side
    fault = f"points seen by several views lie {found:.0f} px (median) from any one place in the world"
    tried = [(_typical_error(other, xy), why) for why, other in _mistakes(names, camera)]
    best, why = min(tried, default=(np.inf, ""), key=lambda pair: pair[0])
    if best <= min(WRONG * side, found / EXPLAINED[wrong]):
        return [f"{fault}, but {best:.1f} px if {why}: correct that in the calibration"]
    return [f"{fault}: this calibration is not of these images, or an image was cropped or flipped"] * wrong


def _typical_error(camera: Camera, xy: np.ndarray) -> float:
    """Return the median over points of the largest distance (px) in any view; inf where there is no point."""
    error = reprojection_error(triangulate(xy, camera), xy, camera)
    error = np.where(np.isfinite(xy[..., 0]) & np.isnan(error), np.inf, error)
    return float(np.median(np.nanmax(error, axis=0)))


def _mistakes(names: Sequence[str], camera: Camera) -> Iterator[tuple[str, Camera]]:
    """Yield the usual mistakes of a calibration and the camera without them."""
    transposed, centers = np.swapaxes(camera.rotation, -1, -2), camera_centers(camera)
    yield "the rotations are transposed (a rotation vector: negated)", camera._replace(rotation=transposed)
    yield (
        "the poses are inverted (they are camera to world, expected world to camera)",
        camera._replace(rotation=transposed, translation=centers),
    )
    for i, name in enumerate(names):
        only = (np.arange(len(names)) == i)[:, None]
        rotation = np.where(only[..., None], transposed, camera.rotation)
        yield f"the rotation of '{name}' is transposed", camera._replace(rotation=rotation)
        translation = np.where(only, centers, camera.translation)
        yield (
            f"the pose of '{name}' is inverted (it is camera to world)",
            camera._replace(rotation=rotation, translation=translation),
        )
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            order = np.arange(len(names))
            order[[i, j]] = j, i
            yield (
                f"the cameras '{names[i]}' and '{names[j]}' are exchanged",
                Camera(*(f[order] for f in camera)),
            )
