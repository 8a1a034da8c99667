"""Which calibration the labeled images of a project have, said where their crops are trained on."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from lightning_pose.core.calibration import find_calibration
from lightning_pose.core.csv_numbers import write_columns
from lightning_pose.core.naming import IMAGE_FOLDER, image_session


def write_camera_table(path: Path, images: Sequence[str], view: str, project: Path) -> bool:
    """Write the calibration of every labeled instant as `data.camera_params_file` reads it.

    Args:
        path: CSV to write: the image without its view, and the `file`.
        images: labeled images of one view, relative to the project.
        view: that view.
        project: where calibrations are looked for.

    Returns:
        Whether every image has one; otherwise nothing is written.

    Raises:
        CalibrationError: when an index of calibrations cannot be used.
    """
    sessions = [image_session(image, view) for image in images]
    found = {session: find_calibration(project, session) for session in dict.fromkeys(sessions)}
    if not sessions or None in found.values():
        return False
    names = [PurePosixPath(image.replace("\\", "/")).name for image in images]
    rows = [str(PurePosixPath(IMAGE_FOLDER, *pair)) for pair in zip(sessions, names, strict=True)]
    files = [str(Path(found[session] or "").resolve()) for session in sessions]
    write_columns(path, [["", "file"]], [np.array(rows), np.array(files)])
    return True
