"""Smooth one camera that sees an animal several times, by mirrors: each view is a camera of `multicam`."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from eks import multicam
from eks.inputs import Member
from eks.multicam import Options, Result
from eks.progress import Progress
from eks.sleap import read_member
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses


def smooth(
    members: Sequence[Member],
    cameras: Sequence[str],
    options: Options | None = None,
    *,
    progress: Progress | None = None,
) -> tuple[Result, Poses]:
    """Smooth predictions whose keypoints are named `<keypoint>_<camera>`.

    Args:
        members: of the ensemble, as files or as poses.
        cameras: names of the views.
        options: how; `keypoints` are named without their camera, by default those that every view has.
        progress: called with the name of a stage and the share of the recording done.

    Returns:
        The result by view, and all smoothed keypoints in one table under their full names.

    Raises:
        DataError: when the names do not say which view a keypoint is seen in, or no keypoint is in all views.
    """
    options = options or Options()
    tables = [member if isinstance(member, Poses) else read_member(member) for member in members]
    if not tables:
        raise DataError("expected at least one member")
    keypoints = options.keypoints or shared_keypoints(tables[0].names, cameras)
    options = dataclasses.replace(options, keypoints=keypoints)
    views = {camera: [_view(table, camera, keypoints) for table in tables] for camera in cameras}
    result = multicam.smooth(views, None, options, progress=progress)
    return result, join(result.views)


def shared_keypoints(names: Sequence[str], cameras: Sequence[str]) -> list[str]:
    """Return the keypoints that every view has, in the order of the first view.

    Raises:
        DataError: when there is none.
    """
    seen = {camera: [n[: -len(camera) - 1] for n in names if n.endswith(f"_{camera}")] for camera in cameras}
    first, *others = seen.values()
    shared = [name for name in first if all(name in other for other in others)]
    if not shared:
        raise DataError(
            f"no keypoint is in all views {', '.join(cameras)}: expected names such as nose_{cameras[0]}, "
            f"got {', '.join(names)}"
        )
    return shared


def join(views: dict[str, Poses]) -> Poses:
    """Return the keypoints of all views in one table, named `<keypoint>_<camera>`, view by view."""
    first = next(iter(views.values()))

    def side_by_side(parts: list[np.ndarray]) -> np.ndarray:
        return np.concatenate(parts, axis=1)

    tables = list(views.values())
    return Poses(
        tuple(f"{name}_{camera}" for camera, poses in views.items() for name in poses.names),
        side_by_side([poses.points for poses in tables]),
        first.frames,
        likelihood=side_by_side([p.likelihood for p in tables if p.likelihood is not None]),
        variance=side_by_side([p.variance for p in tables if p.variance is not None]),
        extras={key: side_by_side([p.extras[key] for p in tables]) for key in first.extras},
        scorer=first.scorer,
    )


def _view(table: Poses, camera: str, keypoints: Sequence[str]) -> Poses:
    """Return the keypoints of one view under their own names."""
    chosen = table.select([f"{name}_{camera}" for name in keypoints])
    return dataclasses.replace(chosen, names=tuple(keypoints))
