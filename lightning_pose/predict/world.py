"""From the pixels of a session to points in the world, a block of frames at a time."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack

import numpy as np

from lightning_pose.core.calibration import Rig
from lightning_pose.core.poses import Poses
from lightning_pose.core.sessions import Session
from lightning_pose.core.table_blocks import TableWriter
from lightning_pose.predict.ensemble import Consensus, combine
from lightning_pose.predict.outputs import SCORER, Layout, read_blocks
from lightning_pose.predict.space import World, lift, pixel_noise, sample_frames


def write_world(
    layout: Layout,
    session: Session,
    members: Sequence[str],
    rig: Rig,
    names: Sequence[str],
    *,
    on_frames: Callable[[int], object] | None = None,
) -> float:
    """Triangulate the predictions of a session and write the world points and the reprojection errors.

    Returns:
        The mean reprojection error (px); NaN where no point has one.

    Raises:
        DataError: when predictions are not of these videos, or the disk is full.
    """
    noise = _learn_noise(layout, session, members, rig)
    total, count = 0.0, 0
    with ExitStack() as stack:
        points, mean = (
            stack.enter_context(TableWriter(path))
            for path in (layout.world(session), layout.reprojection(session))
        )
        errors = [
            stack.enter_context(TableWriter(layout.reprojection(session, view))) for view in session.videos
        ]
        for block in read_blocks(layout, session, members):
            views = combine(block.xy, block.confidence)
            world = lift(views.xy, views.confidence, rig, noise, views.spread)
            frames = np.arange(block.start, block.stop)
            points.append_poses(_poses(world, names, frames))
            mean.append_metric(world.mean_error, names, frames)
            for table, info, error in zip(errors, session.infos.values(), world.error, strict=True):
                rows = max(0, min(block.stop, info.n_frames) - block.start)
                if rows:
                    table.append_metric(error[:rows], names, frames[:rows])
            known = np.isfinite(world.mean_error)
            total += float(world.mean_error[known].sum())
            count += int(known.sum())
            if on_frames is not None:
                on_frames(len(frames))
    return total / count if count else float("nan")


def _learn_noise(layout: Layout, session: Session, members: Sequence[str], rig: Rig) -> float:
    """Return the pixel noise of a session from a sample of its frames."""
    wanted = sample_frames(session.n_frames)
    parts: list[Consensus] = []
    for block in read_blocks(layout, session, members):
        rows = wanted[(wanted >= block.start) & (wanted < block.stop)] - block.start
        parts.append(combine(block.xy[:, :, rows], block.confidence[:, :, rows]))
    xy = np.concatenate([part.xy for part in parts], axis=1)
    confidence = np.concatenate([part.confidence for part in parts], axis=1)
    spreads = [part.spread for part in parts if part.spread is not None]
    return pixel_noise(xy, confidence, rig, np.concatenate(spreads, axis=1) if spreads else None)


def _poses(world: World, names: Sequence[str], frames: np.ndarray) -> Poses:
    """Return world points as they are written."""
    return Poses(
        names=tuple(names),
        points=world.xyz,
        frames=frames,
        extras={
            "uncertainty": world.uncertainty,
            "reprojection_error": world.mean_error,
            "n_views": world.n_views,
        },
        scorer=SCORER,
    )
