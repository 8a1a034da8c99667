"""Checks of labels against the images that they were made on."""

from pathlib import Path

import numpy as np
from jaxtyping import Int

from lightning_pose.core.naming import image_file
from lightning_pose.core.poses import Poses, shorten


def outside_image(
    poses: Poses, sizes: tuple[int, int] | Int[np.ndarray, "T 2"], tolerance: float = 0.0
) -> list[str]:
    """Return the labels that lie outside their image, in words.

    The centre of the top-left pixel is (0, 0), so an image of width w covers -0.5 <= x <= w - 0.5.

    Args:
        poses: points in px.
        sizes: width and height in px, of all images or of each.
        tolerance: how far outside is still accepted, in px.
    """
    size = np.broadcast_to(np.asarray(sizes), (len(poses), 2))[:, None]
    out = ((poses.points < -0.5 - tolerance) | (poses.points > size - 0.5 + tolerance)).any(axis=-1)
    faults = []
    for row, column in np.argwhere(out):
        x, y = poses.points[row, column]
        width, height = size[row, 0]
        where = f"row {row + 1} ({poses.frames[row]}), {poses.names[column]}"
        faults.append(f"{where}: ({x:g}, {y:g}) is outside its image of {width} x {height} px")
    return shorten(faults)


def missing_images(poses: Poses, project_dir: Path | str) -> list[str]:
    """Return the images that the frames name and that are not there, in words."""
    faults = [
        f"row {row + 1}: image {frame} is not in {project_dir}"
        for row, frame in enumerate(poses.frames.tolist())
        if not image_file(Path(project_dir), str(frame)).is_file()
    ]
    return shorten(faults)
