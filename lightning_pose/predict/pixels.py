"""From the videos of a session to the tables of its keypoints, by way of chunks that a kill leaves whole."""

import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import DataError, VideoError
from lightning_pose.core.sessions import Session
from lightning_pose.predict.chunks import Chunks, Shape
from lightning_pose.predict.engine import Engine
from lightning_pose.predict.identity import Identity
from lightning_pose.predict.outputs import ROWS, Layout, PixelTables
from lightning_pose.predict.tracks import Block

CHUNK_BYTES, TABLE_BYTES = 12, 50  # of a point of a member: in the chunks, and in the tables


class Tally(NamedTuple):
    """What a session's prediction came to.

    Attributes:
        images: frames of all views that were predicted now, not in an earlier call.
        seconds: that this took.
        confidence: mean of all points; NaN where there are none.
        missing: view to the number of frames that could not be decoded.
    """

    images: int
    seconds: float
    confidence: float
    missing: dict[str, int]


def predict_pixels(
    session: Session,
    rig: Rig | None,
    engine: Engine,
    layout: Layout,
    *,
    identity: Identity,
    stale: Sequence[Path] = (),
    on_images: Callable[..., object],
    say: Callable[[str], object],
) -> Tally:
    """Predict a session, go on where an earlier call was interrupted, and write the tables.

    Args:
        session: what to predict.
        rig: its cameras.
        engine: the networks.
        layout: where the tables go.
        identity: of all that the predictions depend on.
        stale: files that were made of earlier predictions; removed before the tables are replaced.
        on_images: told how many frames have been done since it was last called; first, and marked as `old`,
            those of earlier calls.
        say: told what a person should know.

    Raises:
        DataError: when the disk is full or too small; what has been predicted is kept.
        VideoError: when a video cannot be opened.
        ModelError: when the weights do not fit.
    """
    model = engine.model
    shape = Shape(len(model.members), len(session.videos), len(model.names))
    path = layout.partial(session)
    check_room(path, session, shape)
    with Chunks(path, identity, shape, anew=engine.options.overwrite) as chunks:
        if chunks.refused:
            say(f"{path.name} is not used, {chunks.refused}: predicted anew")
        elif chunks.stop:
            say(f"goes on after frame {chunks.stop} of {session.n_frames}")
        on_images(count_images(session, 0, chunks.stop), old=True)
        begun, begin = chunks.stop, time.monotonic()
        if begun < session.n_frames:
            for block in engine.blocks(session, rig, begun):
                with engine.profile.during("writing"):
                    _keep(chunks, block, session)
                on_images(count_images(session, block.start, block.stop))
        if chunks.stop != session.n_frames:
            raise VideoError(f"{chunks.stop} of {session.n_frames} frames came out of the decoders")
        seconds = time.monotonic() - begin
        for former in stale:
            former.unlink(missing_ok=True)
        with engine.profile.during("writing"):
            confidence, missing = _write_tables(chunks, session, engine, layout)
        chunks.discard()
    return Tally(count_images(session, begun, session.n_frames), seconds, confidence, missing)


def count_images(session: Session, start: int, stop: int) -> int:
    """Return the number of frames that all views have from one instant to before another."""
    return sum(max(0, min(stop, info.n_frames) - start) for info in session.infos.values())


def check_room(path: Path, session: Session, shape: Shape) -> None:
    """Refuse a session whose predictions would not fit on the disk; the size is known to about a fifth.

    Raises:
        DataError: when they would not.
    """
    there = path.stat().st_size if path.is_file() else 0
    path.parent.mkdir(parents=True, exist_ok=True)
    points = session.n_images * shape.members * shape.keypoints
    needed = points * (CHUNK_BYTES + TABLE_BYTES) - there
    free = shutil.disk_usage(path.parent).free
    if needed > free:
        raise DataError(
            f"its predictions will not fit on the disk: they take about {_size(needed)}, and {_size(free)} "
            f"are free in {path.parent}. Free some space, or name another folder with --out_dir"
        )


def _keep(chunks: Chunks, block: Block, session: Session) -> None:
    """Append a block.

    Raises:
        DataError: when the disk is full.
    """
    try:
        chunks.append(block)
    except OSError as error:
        raise DataError(
            f"{chunks.path} could not be written after {chunks.stop} of {session.n_frames} frames: {error}"
        ) from error


def _write_tables(
    chunks: Chunks, session: Session, engine: Engine, layout: Layout
) -> tuple[float, dict[str, int]]:
    """Write all tables of a session; return the mean confidence and the missing frames of every view."""
    members, total, count = list(engine.model.members), 0.0, 0
    missing = dict.fromkeys(session.videos, 0)
    with PixelTables(layout, session, members, engine.model.names) as tables:
        for block in chunks.blocks(ROWS):
            tables.append(block, engine.pose_errors(session, block))
            there = np.asarray(np.isfinite(block.xy).all(axis=-1))
            total += float(block.confidence[there].sum(dtype=np.float64))
            count += int(there.sum())
            for v, (view, info) in enumerate(session.infos.items()):
                rows = max(0, info.n_frames - block.start)
                missing[view] += int((~there[0, v, :rows].any(axis=-1)).sum())
    return (total / count if count else float("nan")), missing


def _size(count: float) -> str:
    """Return bytes as people say them."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
