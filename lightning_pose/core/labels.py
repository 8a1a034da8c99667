"""Labels of all views together, and checks of them against the images that they were made on."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Int

from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.naming import image_file
from lightning_pose.core.poses import Poses, shorten, view_faults
from lightning_pose.core.tables import read_labels


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


def read_label_views(paths: Mapping[str, Path | str]) -> dict[str, Poses]:
    """Read the labels of every view, and check that they are of the same keypoints and the same moments.

    Args:
        paths: view to label file.

    Raises:
        DataError: when a file cannot be used, or views differ; the faults of all files together.
    """
    views: dict[str, Poses] = {}
    faults = []
    for view, path in paths.items():
        try:
            views[view] = read_labels(path)
        except DataError as error:
            faults.append(str(error))
    if faults:
        raise_collected(DataError, "labels cannot be used", faults)
    faults = view_faults(views)
    if faults:
        files = ", ".join(str(path) for path in paths.values())
        raise_collected(DataError, f"the label files {files} do not belong together", faults)
    return views
