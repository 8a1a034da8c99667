"""Detector and pose network in one pass over the videos of a session: no cropped video in between.

Every video is decoded once, at its own size. The detector looks at small copies of the frames; its keypoints
become boxes (`crops.boxes`), smoothed as they come in (`crops.online`); the pose network looks at what the
boxes cut out, resized to its own size, and its answer goes back to pixels of the frame exactly
(`crops.geometry`). Frames wait for their boxes, a few at a time, so memory does not grow with the length.

Where cameras are calibrated, the boxes come from the points in space that the detector's views agree on:
these are projected into every view, also into one where the detector is blind or wrong.

A box depends on `crops.online.PAST` frames before it and `LAG` after it, so a run that starts at frame n
looks at that many earlier frames first and then says what a run from the beginning says.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
from jaxtyping import Int, UInt8

from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera
from lightning_pose.core.errors import DataError
from lightning_pose.core.sessions import Session
from lightning_pose.crops.cut import cut
from lightning_pose.crops.geometry import Boxes, full_from_crop
from lightning_pose.crops.online import LAG, PAST, Track
from lightning_pose.data.cameras import network_camera
from lightning_pose.data.labels import native_from_network
from lightning_pose.predict.detector import Detector, Seen, agree
from lightning_pose.predict.film import Film
from lightning_pose.predict.tracks import Block, Found, SequencePredictor
from lightning_pose.predict.videos import ask, overlapping

BATCH_BYTES = 128 * 2**20  # of whole frames that are decoded at a time; four such batches may be waiting


def detect_blocks(
    session: Session,
    detector: Detector,
    predictor: SequencePredictor,
    size: tuple[int, int],
    *,
    batch_size: int,
    start: int = 0,
    rig: Rig | None = None,
    tells_cameras: bool = True,
    views: Sequence[int] | None = None,
    decoder_threads: int = 0,
) -> Iterator[Block]:
    """Yield what the pose network says of every instant from `start` on, in order and without gaps.

    What a network sees is the box resized to `size`, as in training on the images that `litpose crop` writes:
    train it on crops that were made with the same `ratio` (or `size`) of boxes.

    Args:
        session: videos of synchronised views.
        detector: finds the animal.
        predictor: all members of the pose model.
        size: height and width of the pose network's images (px).
        batch_size: images at a time; at least one instant with all its views.
        start: the first instant to predict.
        rig: the cameras of the session's views; with them boxes come from space.
        tells_cameras: whether the pose network is told where the camera of every crop is; one that does not
            look at cameras is asked faster without.
        views: which of the models' views the session has; None is all of them in order.
        decoder_threads: per video; 0 for as many as help.

    Raises:
        VideoError: when a video cannot be opened.
    """
    cutter = _Cutter(session, predictor, size, rig if tells_cameras else None, views)
    n_frames, context = session.n_frames, predictor.context
    instants = _instants(session, batch_size)
    # whole batches of the same frames as from the beginning: a network rounds by what else is in a batch
    begin = max(0, (start - PAST) // instants - (detector.predictor.context > 0)) * instants
    film = Film(session, instants, begin, keep_from=start - context, threads=decoder_threads)
    tracks = [Track(info[:2], info.n_frames, begin) for info in session.infos.values()]
    step = max(1, instants // (2 * context + 1))
    with closing(film), ThreadPoolExecutor(thread_name_prefix="crop") as pool:
        for seen in _detections(film, detector, rig, views):
            for track, xy, confidence in zip(tracks, *seen, strict=True):
                track.extend(detector.places(xy, confidence))
            known = tracks[0].stop
            ready = n_frames if known == n_frames else known - max(LAG, context)
            for numbers in _stretches(start, ready, step, n_frames):
                boxes = np.stack([track.boxes(numbers) for track in tracks], axis=1)
                yield cutter.block(film, numbers, boxes, pool)
                start = numbers.stop


def crop_blocks(
    session: Session,
    boxes: Int[np.ndarray, "T V 4"],
    predictor: SequencePredictor,
    size: tuple[int, int],
    *,
    batch_size: int,
    start: int = 0,
    rig: Rig | None = None,
    views: Sequence[int] | None = None,
    decoder_threads: int = 0,
) -> Iterator[Block]:
    """Yield what the pose network says of what given boxes show, as `detect_blocks` does for boxes it finds.

    Args:
        session: videos of synchronised views.
        boxes: x, y, h, w of every frame of every view, as `crops.tables.read_boxes` reads them.
        predictor: all members of the pose model.
        size: height and width of the pose network's images (px).
        batch_size: images at a time; at least one instant with all its views.
        start: the first instant to predict.
        rig: the cameras of the session's views, where networks are told of them.
        views: which of the model's views the session has; None is all of them in order.
        decoder_threads: per video; 0 for as many as help.

    Raises:
        DataError: when there is not a box for every frame.
        VideoError: when a video cannot be opened.
    """
    n_frames, context = session.n_frames, predictor.context
    if len(boxes) != n_frames:
        raise DataError(f"session '{session.name}' has {n_frames} frames, but there are {len(boxes)} boxes")
    cutter = _Cutter(session, predictor, size, rig, views)
    instants, known = _instants(session, batch_size), max(0, start - context)
    film = Film(session, instants, known, keep_from=known, threads=decoder_threads)
    step = max(1, instants // (2 * context + 1))
    with closing(film), ThreadPoolExecutor(thread_name_prefix="crop") as pool:
        for stretch in film.stretches():
            known += len(stretch.seen)
            ready = n_frames if known == n_frames else known - context
            for numbers in _stretches(start, ready, step, n_frames):
                yield cutter.block(film, numbers, boxes[numbers.start : numbers.stop], pool)
                start = numbers.stop


def _instants(session: Session, batch_size: int) -> int:
    """Return how many instants to decode at a time: a batch of images, but not more than memory is for."""
    most = BATCH_BYTES // sum(3 * info.width * info.height for info in session.infos.values())
    return max(1, min(batch_size // len(session.videos), most))


def _stretches(start: int, ready: int, step: int, n_frames: int) -> Iterator[range]:
    """Yield the numbers of whole batches of frames that are ready; the last of a video may be smaller."""
    while start < n_frames and (start + step <= ready or ready == n_frames):
        yield range(start, min(start + step, n_frames))
        start += step


def _detections(
    film: Film, detector: Detector, rig: Rig | None, views: Sequence[int] | None
) -> Iterator[Seen]:
    """Yield what the detector says; nothing of first frames whose neighbours are not in the film."""
    context = detector.predictor.context
    camera = None if rig is None else network_camera(rig, rig.sizes, detector.size)
    sizes = film.sizes[:, None, None]
    first = True
    for stretch in overlapping(film.stretches(detector.size), context, context if film.begin == 0 else 0):
        found = ask(detector.predictor, stretch, camera, views)
        there = stretch.seen[context : len(stretch.seen) - context].T
        xy = native_from_network(np.median(found.xy, axis=0).swapaxes(0, 1), sizes, detector.size)
        confidence = np.where(there[..., None], found.confidence.mean(axis=0).swapaxes(0, 1), 0)
        seen = Seen(np.where(there[..., None, None], xy, np.nan), confidence)
        if first and film.begin:  # the frames without neighbours in front of them
            seen = Seen(*(np.pad(a, _ahead(a, context), constant_values=0) for a in seen))
        first = False
        yield seen if rig is None else agree(seen, rig, detector.rule)


def _ahead(array: np.ndarray, count: int) -> list[tuple[int, int]]:
    """Return the padding of so many instants in front."""
    return [(count if axis == 1 else 0, 0) for axis in range(array.ndim)]


class _Cutter:
    """Asks the pose network about what boxes cut out."""

    def __init__(
        self,
        session: Session,
        predictor: SequencePredictor,
        size: tuple[int, int],
        rig: Rig | None,
        views: Sequence[int] | None,
    ) -> None:
        self.sizes = np.array([info[:2] for info in session.infos.values()])
        self._predictor, self._size, self._rig, self._views = predictor, size, rig, views

    def block(self, film: Film, numbers: range, boxes: Boxes, pool: ThreadPoolExecutor) -> Block:
        """Return what the network says of these instants, in pixels of the videos."""
        context, (height, width) = self._predictor.context, self._size
        offsets = range(-context, context + 1)
        wanted = [(n + by, view, box) for n, row in zip(numbers, boxes, strict=True)
                  for view, box in enumerate(row) for by in offsets]  # fmt: skip
        crops = pool.map(lambda want: cut(film.frame(want[0], want[1]), want[2], (width, height)), wanted)
        shape = (len(numbers), len(self.sizes), len(offsets), height, width, 3)
        found = self._ask(np.stack(list(crops)).reshape(shape), boxes)
        seen = np.array([film.seen(number) for number in numbers]).T
        xy = full_from_crop(found.xy, boxes, np.array([width, height])).swapaxes(1, 2).astype(np.float32)
        xy[:, ~seen] = np.nan
        confidence = np.where(seen[..., None], found.confidence.swapaxes(1, 2), 0)
        film.forget(numbers.stop - context)
        return Block(numbers.start, xy, confidence)

    def _ask(self, images: UInt8[np.ndarray, "t V F H W 3"], boxes: Boxes) -> Found:
        """Ask all instants at once where the network takes them so, otherwise one by one."""
        camera = None
        if self._rig is not None:
            native = np.broadcast_to(self.sizes, boxes[..., :2].shape)
            camera = network_camera(self._rig, native, self._size, boxes[..., [0, 1, 3, 2]].astype(float))
        if self._predictor.context == 0 and camera is None:
            return self._predictor.sequence(images[:, :, 0], None, self._views)
        if self._views is None:
            return self._predictor(images if self._predictor.context else images[:, :, 0], camera)
        parts = []
        for row, window in enumerate(images):
            here = None if camera is None else Camera(*(field[row] for field in camera))
            parts.append(self._predictor.sequence(window.swapaxes(0, 1), here, self._views))
        return Found(*(np.concatenate(arrays, axis=1) for arrays in zip(*parts, strict=True)))
