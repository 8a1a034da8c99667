"""Predictions in SLEAP's files (`.slp`), read by `sleap-io`, where it is installed."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_poses

SUFFIX = ".slp"


def read_member(path: Path | str) -> Poses:
    """Read one member's predictions: a table, or a file of SLEAP.

    Raises:
        DataError: when it cannot be read as such.
    """
    return read_slp(path) if Path(path).suffix == SUFFIX else read_poses(path)


def read_slp(path: Path | str) -> Poses:
    """Read the predictions of one animal in one video; frames without it are missing.

    Raises:
        DataError: when `sleap-io` is not installed, the file cannot be read, or it does not hold one animal
            in one video.
    """
    if find_spec("sleap_io") is None:
        raise DataError(
            f"{path} is a file of SLEAP: install what reads it, pip install 'lightning-pose-3d[slp]'"
        )
    import sleap_io

    try:
        labels = sleap_io.load_slp(str(path), open_videos=False)  # pyright: ignore[reportCallIssue]
    except Exception as error:
        raise DataError(f"{path} cannot be read as a file of SLEAP: {error}") from error
    faults = _faults(labels.videos, labels.skeletons, labels.labeled_frames)
    if faults:
        raise DataError(f"{path}: expected one animal in one video, got {', '.join(faults)}")
    table = labels.numpy(untracked=True, return_confidence=True)[:, 0]
    points, score = table[..., :2], table[..., 2]
    seen = np.isfinite(points).all(-1)
    names = tuple(labels.skeletons[0].node_names)
    likelihood = np.where(seen, np.clip(score, 0.0, 1.0), 0.0)
    return Poses(names, points.astype(float), np.arange(len(points)), likelihood=likelihood, scorer="sleap")


def _faults(videos: Sequence, skeletons: Sequence, frames: Sequence) -> list[str]:
    """Return what there is more or less of than one, in words."""
    most = max((len(frame.instances) for frame in frames), default=0)
    counts = {"videos": len(videos), "skeletons": len(skeletons), "animals in a frame": most}
    return [f"{count} {what}" for what, count in counts.items() if count != 1]
