"""Run a session of synchronised videos through the networks, stretch by stretch of all views together.

Three kinds of threads work side by side: one per view decodes and resizes (`footage`), one or more run the
networks, and the caller's writes what they say. Each hands over through a queue of bounded length, so memory
does not grow with the length of a video, and none waits for another for long.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

import numpy as np

from lightning_pose.core.camera import Camera
from lightning_pose.core.sessions import Session
from lightning_pose.data.labels import native_from_network
from lightning_pose.predict.footage import Footage, Stretch
from lightning_pose.predict.tracks import Block, Found, SequencePredictor


def predict_blocks(
    session: Session,
    predictor: SequencePredictor,
    size: tuple[int, int],
    *,
    batch_size: int,
    start: int = 0,
    camera: Camera | None = None,
    views: Sequence[int] | None = None,
    decoder_threads: int = 0,
    footage: Footage | None = None,
) -> Iterator[Block]:
    """Yield what all members say of every instant from `start` on, in order and without gaps.

    Every video is decoded once for all members, at the network's size. A view that ends before the others
    is left out from there on.

    Args:
        session: videos of synchronised views.
        predictor: all members.
        size: height and width of the network's images (px).
        batch_size: images at a time; at least one instant with all its views.
        start: the first instant to predict.
        camera: of the views' images at the network's size, fields (V, ...), where members are told of them.
        views: which of the model's views the session has; None is all of them in order.
        decoder_threads: per video; 0 for as many as help.
        footage: of the session, begun already, at that instant or a few before; it is closed at the end.

    Raises:
        VideoError: when a video cannot be opened.
    """
    instants = max(1, batch_size // len(session.videos))
    first = max(0, start - predictor.context)
    lead = predictor.context - (start - first)
    frame_sizes = np.array([info[:2] for info in session.infos.values()])[:, None, None]
    footage = footage or Footage(session, size, first, threads=decoder_threads)
    waiting: deque[tuple[Stretch, Future[Found]]] = deque()

    def answer() -> Block:
        """Return the oldest answer in pixels of the videos."""
        nonlocal start
        stretch, future = waiting.popleft()
        found = future.result()
        seen = stretch.seen[predictor.context : len(stretch.seen) - predictor.context].T
        xy = native_from_network(found.xy.swapaxes(1, 2), frame_sizes, size).astype(np.float32)
        xy[:, ~seen] = np.nan
        block = Block(start, xy, np.where(seen[..., None], found.confidence.swapaxes(1, 2), 0))
        start = block.stop
        return block

    with closing(footage), ThreadPoolExecutor(predictor.workers, "network") as pool:
        if footage.start < first:
            footage.take(first - footage.start)
        for stretch in overlapping(footage.stretches(instants), predictor.context, lead):
            waiting.append((stretch, pool.submit(ask, predictor, stretch, camera, views)))
            if len(waiting) > predictor.workers:
                yield answer()
        while waiting:
            yield answer()


def ask(
    predictor: SequencePredictor,
    stretch: Stretch,
    camera: Camera | None = None,
    views: Sequence[int] | None = None,
) -> Found:
    """Predict a stretch without the views of which it shows nothing; they are answered with zeros.

    Args:
        predictor: all members.
        stretch: with the neighbours that they need.
        camera: of all views of the stretch.
        views: which of the model's views these are.
    """
    there = np.asarray(stretch.seen.any(axis=0))
    if there.all() or not there.any():
        return predictor.sequence(stretch.images, camera, views)
    chosen = np.flatnonzero(there).tolist()
    known = range(len(there)) if views is None else views
    cameras = None if camera is None else Camera(*(np.asarray(field)[chosen] for field in camera))
    found = predictor.sequence(stretch.images[:, chosen], cameras, [known[view] for view in chosen])
    shape = (*found.confidence.shape[:2], len(there), found.confidence.shape[-1])
    whole = Found(np.zeros((*shape, 2), found.xy.dtype), np.zeros(shape, found.confidence.dtype))
    whole.xy[:, :, chosen], whole.confidence[:, :, chosen] = found
    return whole


def overlapping(stretches: Iterable[Stretch], context: int, lead: int | None = None) -> Iterator[Stretch]:
    """Yield the frames of consecutive stretches in stretches that overlap by twice the context.

    Every frame is in one of them with `context` neighbours on both sides; the first and the last frame of all
    are repeated for those at the ends.

    Args:
        stretches: without gaps.
        context: frames on either side.
        lead: how often the first frame is repeated; as often as the context is long unless frames before
            the first that is wanted come with it.
    """
    known: Stretch | None = None
    for stretch in stretches:
        known = _join(
            _edge(stretch, 0, context if lead is None else lead) if known is None else known, stretch
        )
        if len(known.images) > 2 * context:
            yield known
            known = Stretch(*(array[len(array) - 2 * context :] for array in known))
    if known is not None and len(known.seen) > context:
        yield _join(known, _edge(known, len(known.seen) - 1, context))


def _edge(stretch: Stretch, number: int, count: int) -> Stretch:
    """Return one frame several times."""
    return Stretch(*(np.repeat(array[number : number + 1], count, axis=0) for array in stretch))


def _join(first: Stretch, second: Stretch) -> Stretch:
    """Return two stretches in one."""
    if not len(first.seen):
        return second
    return Stretch(*(np.concatenate(pair) for pair in zip(first, second, strict=True)))
