"""Labels against calibrations: what several cameras saw of one instant must be one thing in the world."""

from pathlib import Path

import numpy as np

from lightning_pose.core.calibration import Rig, find_calibration
from lightning_pose.core.errors import CalibrationError, raise_collected
from lightning_pose.core.naming import image_session
from lightning_pose.data.labels import LabeledFrames


def check_cameras(frames: LabeledFrames, data_dir: Path) -> list[str]:
    """Hold the labels of several views to their calibrations; return the sessions that have one.

    Training needs no calibration, but all that comes after it does, and here the truth is at hand: a
    transposed rotation is found by the labels, before hours are spent.

    Args:
        frames: labels, one or many views; a single view has nothing to check.
        data_dir: the project's folder, where calibrations are looked for.

    Raises:
        CalibrationError: when names or sizes do not match, or the labels contradict a calibration; all
            sessions listed.
    """
    views, paths = frames.view_names, frames.frames
    if len(views) < 2:
        return []
    sessions = np.array([image_session(image, views[0]) for image in paths[0]])
    points = np.stack([poses.points for poses in frames.poses.values()])
    faults, checked = [], []
    for session in np.unique(sessions).tolist():
        path = find_calibration(data_dir, session)
        if path is None:
            continue
        rows = np.flatnonzero(sessions == session)
        try:
            rig = Rig.load(path).check(views, frames.native_sizes[rows[0]].astype(int).tolist(), path)
            rig.check_points(points[:, rows], path)
        except CalibrationError as error:
            faults.append(str(error))
        checked.append(session)
    if faults:
        raise_collected(CalibrationError, "calibrations do not fit the labels", list(dict.fromkeys(faults)))
    return checked
