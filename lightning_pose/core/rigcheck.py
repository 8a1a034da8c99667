"""Faults that show only when the cameras of a rig are seen together."""

from collections.abc import Sequence

import numpy as np

from lightning_pose.core.camera import Camera, camera_centers

SAME_POSE = 1e-6


def rig_faults(names: Sequence[str], sizes: np.ndarray, camera: Camera) -> list[str]:
    """Return what is wrong with cameras taken together: names that occur twice, poses that occur twice.

    Two cameras with one pose and one image are one camera entered twice: their rays never cross, so they fix
    no depth.
    """
    faults = [
        f"two cameras are named '{name}'" for name in dict.fromkeys(names) if list(names).count(name) > 1
    ]
    centers = camera_centers(camera)
    span = max(float(np.ptp(centers, axis=0).max()), float(np.abs(camera.translation).max()), 1e-300)
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            near = np.abs(centers[i] - centers[j]).max() <= SAME_POSE * span
            if near and np.abs(camera.rotation[i] - camera.rotation[j]).max() <= SAME_POSE:
                faults.append(
                    f"cameras '{names[i]}' and '{names[j]}' have the same pose, so one of them was entered "
                    "twice or not calibrated: give each its own rotation and translation"
                )
    return faults
