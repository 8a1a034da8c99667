"""Smooth the two paws of an IBL recording: a left and a right camera of unequal rates and orientation.

The right camera sees the animal from the other side: its left paw is the right one, and its x runs the other
way. Its frames come at other times; they are interpolated to those of the left camera, whose frames outside
are left out.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from eks import multicam
from eks.multicam import Options, Result
from eks.progress import Progress
from eks.sleap import read_member
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses

CAMERAS = ("left", "right")
PAWS = ("paw_l", "paw_r")
WIDTH = 128.0  # px, of the right camera's image


class PawFiles(NamedTuple):
    """The predictions and the frame times (s) of both cameras."""

    left: tuple[Path, ...]
    right: tuple[Path, ...]
    left_times: Path
    right_times: Path


def sort_files(tables: Sequence[Path], folder: Path) -> PawFiles:
    """Sort files by camera: those with `left` in the name, and the others.

    Args:
        tables: predictions.
        folder: that holds the times, `*timestamps*.npy`.

    Raises:
        DataError: when a camera has no predictions, or not one file of times.
    """
    times = sorted(folder.glob("*timestamps*.npy"))
    sides: dict[str, list[Path]] = {"left": [], "right": []}
    clocks: dict[str, list[Path]] = {"left": [], "right": []}
    for path in tables:
        sides["left" if "left" in path.name else "right"].append(path)
    for path in times:
        clocks["left" if "left" in path.name else "right"].append(path)
    faults = [f"{side}: no predictions" for side, paths in sides.items() if not paths]
    faults += [f"{side}: {len(p)} files of times, expected one" for side, p in clocks.items() if len(p) != 1]
    if faults:
        raise DataError(
            f"{folder}: {'; '.join(faults)}. Expected tables and times (*timestamps*.npy) of both "
            "cameras, those of the left one with `left` in their names"
        )
    return PawFiles(tuple(sides["left"]), tuple(sides["right"]), clocks["left"][0], clocks["right"][0])


def smooth(files: PawFiles, options: Options | None = None, *, progress: Progress | None = None) -> Result:
    """Smooth both paws in both cameras, at the times of the left one; keypoints `paw_l` and `paw_r`.

    The right camera's result stays mirrored and named as the left one would have it, as Lightning Pose's
    does.

    Raises:
        DataError: when predictions and times do not fit together, or the cameras never ran together.
    """
    left = [read_member(path).select(PAWS) for path in files.left]
    right = [read_member(path).select(PAWS) for path in files.right]
    left_times, right_times = read_times(files.left_times, left[0]), read_times(files.right_times, right[0])
    inside = (left_times >= right_times[0]) & (left_times <= right_times[-1])
    if not inside.any():
        raise DataError(f"{files.left_times} and {files.right_times} have no time in common")
    members = {
        "left": [poses.rows(inside) for poses in left],
        "right": [
            mirror(interpolate(poses, right_times, left_times[inside], left[0].frames[inside]))
            for poses in right
        ],
    }
    return multicam.smooth(members, None, options, progress=progress)


def read_times(path: Path, poses: Poses) -> np.ndarray:
    """Return the times of the frames.

    Raises:
        DataError: when they are not rising numbers, one for each frame.
    """
    try:
        times = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is not an array of times: {error}") from error
    if times.ndim != 1 or len(times) < len(poses) or (np.diff(times) <= 0).any():
        raise DataError(
            f"{path}: expected rising times for {len(poses)} frames, got an array of shape {times.shape}"
        )
    return times[: len(poses)].astype(float)


def interpolate(poses: Poses, times: np.ndarray, at: np.ndarray, frames: np.ndarray) -> Poses:
    """Return poses at other times, in straight lines between frames; missing where one of the two is."""
    points = np.stack(
        [
            np.stack([np.interp(at, times, poses.points[:, k, d]) for d in range(2)], axis=-1)
            for k in range(len(poses.names))
        ],
        axis=1,
    )
    sure = poses.likelihood
    if sure is not None:
        sure = np.stack([np.interp(at, times, sure[:, k]) for k in range(sure.shape[1])], axis=1)
    return Poses(poses.names, points, frames, likelihood=sure)


def mirror(poses: Poses) -> Poses:
    """Return a right camera's poses as the left one would name and orient them."""
    swapped = poses.select(PAWS[::-1])
    points = swapped.points * [-1, 1] + [WIDTH, 0]
    return Poses(PAWS, points, poses.frames, likelihood=swapped.likelihood)
