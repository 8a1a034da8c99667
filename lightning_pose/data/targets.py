"""What training is to find beyond the labels: hidden keypoints, and how much each counts."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float

from lightning_pose.core.camera import project_views
from lightning_pose.core.poses import IGNORED, VISIBLE
from lightning_pose.core.triangulate import reprojection_error, triangulate
from lightning_pose.data.labels import LabeledFrames, Targets

CONTRADICTION = 0.04  # of an image's shorter side: labels farther from their common point make no target


def weigh_keypoints(targets: Targets, names: Sequence[str], weights: Mapping[str, float]) -> Targets:
    """Multiply the weight of every target of the named keypoints; others keep theirs."""
    factor = np.array([weights.get(name, 1.0) for name in names])
    return targets._replace(weight=_weight(targets) * factor)


def reproject_labels(frames: LabeledFrames, weight: float) -> Targets:
    """Return the targets with those that the calibration adds: a hidden keypoint at the image of its place.

    Where at least two views of an instant label a keypoint, the place in the world that they make is
    projected into the other views. It becomes a target there if it falls inside the image and the keypoint is
    occluded or its label is missing; a label that the table says to ignore (`visible` = 0) stays ignored.
    Labels that contradict each other add nothing. `frames` keeps its own labels, so that an evaluation counts
    none of these.

    Args:
        frames: labeled frames with cameras.
        weight: of an added target; a label counts 1.
    """
    targets, camera = frames.targets, frames.camera
    if camera is None:
        return targets
    rig = type(camera)(*(np.swapaxes(field, 0, 1) for field in camera))
    labeled = (frames.visible == VISIBLE) & np.isfinite(frames.xy).all(axis=-1)
    seen = np.where(labeled[..., None], frames.xy, np.nan).swapaxes(0, 1)
    xyz = triangulate(seen, rig)
    limit = CONTRADICTION * min(frames.size)
    contradicts = (reprojection_error(xyz, seen, rig) > limit).any(axis=0)
    image = project_views(np.where(contradicts[..., None], np.nan, xyz), rig).swapaxes(0, 1)
    height, width = frames.size
    inside = ((image >= -0.5) & (image <= np.array([width, height]) - 0.5)).all(axis=-1)
    added = inside & ~labeled & ~_asked_to_ignore(frames)
    return Targets(
        xy=np.where(added[..., None], image, targets.xy),
        visible=np.where(added, VISIBLE, targets.visible),
        weight=np.where(added, weight, _weight(targets)),
    )


def _weight(targets: Targets) -> Float[np.ndarray, "N V K"]:
    return np.ones(targets.visible.shape) if targets.weight is None else targets.weight


def _asked_to_ignore(frames: LabeledFrames) -> Bool[np.ndarray, "N V K"]:
    """Return where a table's column `visible` is 0; tables without it ignore nothing."""
    columns = [
        np.zeros((len(poses), len(poses.names)), dtype=bool)
        if poses.visible is None
        else poses.visible == IGNORED
        for poses in frames.poses.values()
    ]
    return np.stack(columns, axis=1)
