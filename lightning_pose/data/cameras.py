"""The calibrated cameras of labeled frames: found, held to the labels, and brought to the network's images.

What several cameras saw of one instant must be one thing in the world. A calibration that is found changes
nothing of a training by itself; an option that needs one names the instants without.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from lightning_pose.core.calibration import Rig, find_calibration, require_calibration
from lightning_pose.core.camera import Camera, affine, crop_matrix, resize_matrix
from lightning_pose.core.errors import CalibrationError, raise_collected
from lightning_pose.core.naming import image_session
from lightning_pose.data.frame_tables import camera_files, read_boxes
from lightning_pose.data.labels import LabeledFrames


def calibrate(
    frames: LabeledFrames,
    data_dir: Path,
    *,
    camera_file: Path | None = None,
    box_files: Sequence[Path] | None = None,
    needed_by: Sequence[str] = (),
) -> list[str]:
    """Give several views of labeled frames their cameras; return the sessions that have a calibration.

    The labels are held to the calibrations: a transposed rotation is found here, before hours are spent.

    Args:
        frames: one or many views; `camera` is set where an instant has one. A single view has none.
        data_dir: the project's folder, where calibrations are looked for.
        camera_file: a calibration for all, or a CSV that names one for every instant; instead of looking.
        box_files: of each view, the boxes that its images were cropped by.
        needed_by: options that cannot do without calibration.

    Raises:
        CalibrationError: when a session has none, or there is one view, and an option needs it; when names or
            sizes do not match, or the labels contradict a calibration; all sessions listed.
        DataError: when boxes cannot be read or are not those of the labels.
    """
    if len(frames.view_names) < 2:
        if needed_by:
            raise CalibrationError(f"{' and '.join(needed_by)}: two or more views are needed, there is one")
        return []
    sessions = sessions_of(frames)
    if camera_file is not None:
        files: list[Path | None] = list(camera_files(camera_file, data_dir, frames, sessions))
    else:
        if needed_by:
            require_calibration(data_dir, dict.fromkeys(sessions), " and ".join(needed_by))
        known = {session: find_calibration(data_dir, session) for session in dict.fromkeys(sessions)}
        files = [known[session] for session in sessions]
    if any(file is not None for file in files):
        frames.camera = _cameras(frames, files, read_boxes(box_files, frames) if box_files else None)
    return sorted({session for session, file in zip(sessions, files, strict=True) if file is not None})


def sessions_of(frames: LabeledFrames) -> list[str]:
    """Return the session of every instant."""
    return [image_session(image, frames.view_names[0]) for image in frames.frames[0]]


def network_camera(
    rig: Rig,
    native_sizes: Int[np.ndarray, "*N V 2"],
    size: tuple[int, int],
    boxes: Float[np.ndarray, "*N V 4"] | None = None,
) -> Camera:
    """Return the cameras of images at the network's size, fields (*N V ...), float64.

    Args:
        rig: the cameras, in the order of the views.
        native_sizes: width and height of the images on disk, px.
        size: height and width of the network's images.
        boxes: left, top, width and height (px) of what the images on disk show of the cameras' images; all of
            them without.
    """
    shape = native_sizes.shape[:-1]
    if boxes is None:
        boxes = np.concatenate([np.zeros((*shape, 2)), np.broadcast_to(rig.sizes, (*shape, 2))], axis=-1)
    A = np.empty((*shape, 3, 3))
    for place in np.ndindex(shape):
        left, top, width, height = boxes[place]
        A[place] = resize_matrix(size[1] / width, size[0] / height) @ crop_matrix(left, top)
    wide = Camera(*(np.broadcast_to(field, (*shape, *field.shape[1:])).copy() for field in rig.camera))
    return affine(wide, A)


def absent_camera(shape: tuple[int, ...]) -> Camera:
    """Return the cameras of views without a calibration: NaN."""
    K, distortion, R, t = (np.full((*shape, *field), np.nan) for field in ((3, 3), (12,), (3, 3), (3,)))
    return Camera(K, distortion, R, t, np.zeros(shape, dtype=bool))


def _cameras(
    frames: LabeledFrames, files: Sequence[Path | None], boxes: Float[np.ndarray, "N V 4"] | None
) -> Camera:
    """Return the cameras of all instants, NaN where there is none, after holding them to the labels."""
    camera, faults = absent_camera(frames.visible.shape[:2]), []
    for file in dict.fromkeys(file for file in files if file is not None):
        rows = np.array([row for row, other in enumerate(files) if other == file])
        native = frames.native_sizes[rows]
        of_rows = None if boxes is None else boxes[rows]
        points = np.stack([poses.points[rows] for poses in frames.poses.values()])
        try:
            rig = Rig.load(file)
            for sizes in np.unique(native, axis=0).astype(int).tolist() if of_rows is None else ():
                rig.check(frames.view_names, sizes, file)
            rig = rig.check(frames.view_names, path=file)
            rig.check_points(points if of_rows is None else _uncropped(points, native, of_rows), file)
        except CalibrationError as error:
            faults.append(str(error))
            continue
        for field, part in zip(camera, network_camera(rig, native, frames.size, of_rows), strict=True):
            field[rows] = part
    if faults:
        raise_collected(CalibrationError, "calibrations do not fit the labels", faults)
    return camera


def _uncropped(
    points: Float[np.ndarray, "V N K 2"], native: Int[np.ndarray, "N V 2"], boxes: Float[np.ndarray, "N V 4"]
) -> Float[np.ndarray, "V N K 2"]:
    """Return pixels of cropped images as pixels of the cameras' images."""
    scale = (boxes[..., 2:] / native).swapaxes(0, 1)[:, :, None]
    return (points + 0.5) * scale - 0.5 + boxes[..., :2].swapaxes(0, 1)[:, :, None]
