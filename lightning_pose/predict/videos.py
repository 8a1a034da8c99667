"""Run a session of synchronised videos through the networks, frame by frame of all views together."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice

import numpy as np
from jaxtyping import UInt8

from lightning_pose.core.video import VideoReader
from lightning_pose.data.labels import native_from_network
from lightning_pose.predict.inputs import Session
from lightning_pose.predict.tracks import Predict, Tracks


def predict_session(
    session: Session,
    predictor: Predict,
    size: tuple[int, int],
    *,
    batch_size: int,
    context: int = 0,
    on_frames: Callable[[int], object] | None = None,
) -> Tracks:
    """Predict all frames of all views with all members; every video is decoded once, at the network's size.

    While the networks work on some instants, the next are decoded, so two batches are in memory at a time.

    Args:
        session: videos of equal length.
        predictor: networks; of a stretch of frames they say those with `context` neighbours on both sides.
        size: height and width of the network's images (px).
        batch_size: images at a time; at least one instant with all its views.
        context: frames before and after an image that the networks look at too; before the first frame and
            after the last of a video, these two stand in.
        on_frames: told how many instants have been predicted since it was last called.

    Raises:
        VideoError: when a frame cannot be decoded.
    """
    n_views = len(session.videos)
    instants = max(1, batch_size // n_views)
    xy, confidence = [], []
    for stretch in overlapping(_batches(session, size, instants), context):
        found = predictor(stretch)
        xy.append(found.xy.swapaxes(1, 2))
        confidence.append(found.confidence.swapaxes(1, 2))
        if on_frames is not None:
            on_frames(len(stretch) - 2 * context)
    frame_sizes = np.array([info[:2] for info in session.infos.values()])
    points = native_from_network(np.concatenate(xy, axis=2), frame_sizes[:, None, None], size)
    return Tracks(points.astype(np.float32), np.concatenate(confidence, axis=2))


def overlapping(
    batches: Iterable[UInt8[np.ndarray, "_ *V H W 3"]], context: int
) -> Iterator[UInt8[np.ndarray, "_ *V H W 3"]]:
    """Yield the frames of consecutive batches in stretches that overlap by twice the context.

    Every frame is in one stretch with `context` neighbours on both sides; the first and the last frame of all
    are repeated for those at the ends.
    """
    known: UInt8[np.ndarray, "_ *V H W 3"] | None = None
    for batch in batches:
        known = np.concatenate([np.repeat(batch[:1], context, axis=0) if known is None else known, batch])
        if len(known) > 2 * context:
            yield known
            known = known[len(known) - 2 * context :]
    if known is not None and context:
        yield np.concatenate([known, np.repeat(known[-1:], context, axis=0)])


def _batches(
    session: Session, size: tuple[int, int], instants: int
) -> Iterator[UInt8[np.ndarray, "B V H W 3"]]:
    """Yield the instants of a session in order; each view has a thread that decodes one batch ahead."""
    with ExitStack() as stack:
        readers = [
            stack.enter_context(VideoReader(path, size=(size[1], size[0]))).frames()
            for path in session.videos.values()
        ]
        pool = ThreadPoolExecutor(len(readers))
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        waiting = [pool.submit(_take, frames, instants) for frames in readers]
        while True:
            views = [future.result() for future in waiting]
            if not views[0]:
                return
            waiting = [pool.submit(_take, frames, instants) for frames in readers]
            yield np.stack([np.stack(view) for view in views], axis=1)


def _take(frames: Iterator[UInt8[np.ndarray, "H W 3"]], count: int) -> list[UInt8[np.ndarray, "H W 3"]]:
    """Return the next frames, fewer at the end."""
    return list(islice(frames, count))
