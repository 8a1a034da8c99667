"""Labeled videos of a session: what its members say together, drawn on every view."""

from collections.abc import Callable, Sequence

import numpy as np

from lightning_pose.core.overlay import write_labeled_videos
from lightning_pose.core.poses import Poses
from lightning_pose.core.sessions import Session
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.predict.ensemble import combine
from lightning_pose.predict.outputs import Layout, make_poses, read_blocks


def draw_session(
    layout: Layout,
    session: Session,
    members: Sequence[str],
    skeleton: Skeleton,
    *,
    on_images: Callable[[int], object],
) -> None:
    """Write the labeled videos of a session, and a mosaic of several views.

    Args:
        layout: where predictions are, and videos go.
        session: with predictions.
        members: of the ensemble.
        skeleton: lines and colours.
        on_images: told how many frames have been drawn since it was last called.

    Raises:
        DataError: when predictions are not of these videos.
        VideoError: when a video cannot be decoded.
        OSError: when the disk is full.
    """
    parts = [combine(block.xy, block.confidence) for block in read_blocks(layout, session, members)]
    poses: dict[str, Poses] = {}
    for v, (view, info) in enumerate(session.infos.items()):
        xy = np.concatenate([part.xy[v] for part in parts])[: info.n_frames]
        confidence = np.concatenate([part.confidence[v] for part in parts])[: info.n_frames]
        poses[view] = make_poses(skeleton.names, xy, confidence, np.arange(info.n_frames))
    write_labeled_videos(
        session.videos, poses, skeleton,
        outputs={view: layout.labeled(session, view) for view in session.videos},
        mosaic_output=layout.mosaic(session) if has_mosaic(session) else None,
        on_frame=lambda: on_images(len(session.videos)),
    )  # fmt: skip


def has_mosaic(session: Session) -> bool:
    """Return whether there is a video of all views: where there are several."""
    return len(session.videos) > 1
