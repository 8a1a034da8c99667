"""The labels of a whole project as arrays, and how far the views of each frame disagree."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from apps.api.spaces import anchored_points
from apps.labels.frames import frame_id
from lightning_pose.core.label_quality import worst_residuals
from lightning_pose.core.naming import image_session

if TYPE_CHECKING:
    from apps.api.desk import Served

FEW = 200  # frames that are sooner read from the store than all from the label files


class Labels(NamedTuple):
    """The labels of one session.

    Attributes:
        session: its name.
        frames: ids.
        xy: px, NaN where there is none.
    """

    session: str
    frames: list[str]
    xy: Float[np.ndarray, "V T K 2"]


def measure_frames(served: "Served") -> None:
    """Work out the largest reprojection error of the labeled frames of which it is not known."""
    if served.store.read_only or len(served.views) < 2:
        return
    table, _ = served.frames()
    unknown = {
        fid: session
        for fid, session, count, worst in zip(
            table.id, table.session, table.n_labeled, table.worst_px, strict=True
        )
        if count and worst is None
    }
    if not unknown:
        return
    known: dict[str, float] = {}
    for labels in _some_sessions(served, unknown) if len(unknown) <= FEW else read_sessions(served):
        space = served.spaces.of(labels.session)
        rows = [row for row, fid in enumerate(labels.frames) if fid in unknown]
        if space.rig is None or not rows:
            continue
        worst = worst_residuals(labels.xy[:, rows], space.rig.camera, space.noise)
        known |= {labels.frames[row]: px for row, px in zip(rows, worst.tolist(), strict=True) if px == px}
    if known:
        served.store.measure(known)
        served.forget_frames()


def _some_sessions(served: "Served", frames: dict[str, str]) -> Iterator[Labels]:
    """Yield the labels of some frames, given with their sessions, as they are in the store now."""
    for session in dict.fromkeys(frames.values()):
        own = [fid for fid, name in frames.items() if name == session]
        yield Labels(session, own, anchored_points(served, own))


def read_sessions(served: "Served") -> Iterator[Labels]:
    """Yield the labels of every session, from the label files as they are on disk.

    Raises:
        DataError: when the label files cannot be read.
    """
    if not served.project.label_files:
        return
    served.materialise()
    views = served.project.read_labels()
    first = served.views[0]
    images = [str(image) for image in views[first].frames.tolist()]
    xy = np.stack([views[view].points for view in served.views])
    sessions = np.array([image_session(image, first) for image in images])
    for session in dict.fromkeys(sessions.tolist()):
        rows = np.flatnonzero(sessions == session)
        yield Labels(session, [frame_id(images[row]) for row in rows], xy[:, rows])
