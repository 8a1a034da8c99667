"""Frames that look different: k-means on small grey pictures of all views, of frames in which much moves.

The videos are read once, all views in step, and only candidates stay in memory: of each of at most 3000
stretches of the session the frame that differs most from the one before it. Half of them, those with the most
motion, go on; their pictures are reduced to principal components. Of sessions longer than 30 000 frames, two
frames of every stretch are decoded and not all.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8
from scipy.sparse.linalg import svds

from lightning_pose.core.packet_table import read_packet_table
from lightning_pose.core.sessions import Session
from lightning_pose.core.video import VideoReader
from lightning_pose.frames.diversity import spread_out

SIDE = 32  # px, of the small pictures
STRETCHES = 3000
LONG = 10  # frames in a stretch: above, not all are decoded
COMPONENTS = 32
MOVING = 0.5  # share of the candidates that is kept

Progress = Callable[[int], None]


def choose_by_kmeans(
    session: Session,
    count: int,
    *,
    seed: int = 0,
    edge: int = 0,
    taken: Collection[int] = (),
    apart: int = 1,
    progress: Progress = lambda frames: None,
) -> list[int]:
    """Return up to `count` frames of a session that cover what its views look like, in order.

    Args:
        session: its videos, all of the same length.
        count: frames to choose.
        seed: of the clustering; the same one chooses the same frames.
        edge: frames at the beginning and the end that are not chosen.
        taken: frames that are there already.
        apart: least distance from these.
        progress: told how many frames of the session have been read since it was last told.

    Raises:
        VideoError: when a frame cannot be decoded.
    """
    allowed = np.ones(session.n_frames, dtype=bool)
    allowed[:edge] = False
    allowed[max(session.n_frames - edge, 0) :] = False
    for frame in taken:
        allowed[max(frame - apart + 1, 0) : frame + apart] = False
    stretches = max(STRETCHES, 4 * count)
    frames, motion, pictures = _candidates(session, allowed, stretches, progress)
    if len(frames) <= count:
        return frames.tolist()
    keep = np.sort(np.argsort(-motion, kind="stable")[: max(count, round(MOVING * len(frames)))])
    chosen = spread_out(_components(pictures[keep]), count, np.random.default_rng(seed))
    return frames[keep[chosen]].tolist()


def _candidates(
    session: Session, allowed: np.ndarray, stretches: int, progress: Progress
) -> tuple[Int[np.ndarray, "N"], Float[np.ndarray, "N"], UInt8[np.ndarray, "N P"]]:
    """Return the frame with the most motion of every stretch, its motion, and its pictures."""
    total = session.n_frames
    stretches = min(stretches, total)
    best: dict[int, tuple[float, int, np.ndarray]] = {}
    last, before = -1, np.zeros(0, dtype=np.uint8)
    with ExitStack() as stack:
        readers = [
            stack.enter_context(VideoReader(path, size=(SIDE, SIDE))) for path in session.videos.values()
        ]
        for number in _looked_at(session, stretches):
            views = [cv2.cvtColor(reader[number], cv2.COLOR_RGB2GRAY) for reader in readers]
            picture = np.concatenate([view.ravel() for view in views])
            motion = float(cv2.norm(picture, before, cv2.NORM_L1)) if number == last + 1 and number else 0.0
            place = number * stretches // total
            if allowed[number] and (place not in best or motion > best[place][0]):
                best[place] = (motion, number, picture)
            progress(number - last)
            last, before = number, picture
    progress(total - 1 - last)
    rows = [best[place] for place in sorted(best)]
    pictures = np.stack([row[2] for row in rows]) if rows else np.zeros((0, 0), dtype=np.uint8)
    return np.array([row[1] for row in rows], dtype=int), np.array([row[0] for row in rows]), pictures


def _looked_at(session: Session, stretches: int) -> Sequence[int]:
    """Return the frames that are decoded: all, or of a long session two neighbours in every stretch.

    Those are the first key frame of the first view in a stretch and the frame after it, which cost no
    decoding of others before them; the first two frames of a stretch without one.
    """
    total = session.n_frames
    if total <= LONG * stretches:
        return range(total)
    table = read_packet_table(next(iter(session.videos.values())))
    keys = np.searchsorted(table.pts, table.key_pts) if table.seekable else np.zeros(0, dtype=int)
    starts = -(-np.arange(stretches) * total // stretches)  # rounded up: the first frame of each
    after = np.append(keys, total)[np.searchsorted(keys, starts)]
    ends = np.append(starts[1:], total)
    firsts = np.where(after + 1 < ends, after, starts)
    return np.unique(np.concatenate([firsts, firsts + 1])).tolist()


def _components(pictures: UInt8[np.ndarray, "N P"]) -> Float[np.ndarray, "N C"]:
    """Return the principal components of pictures."""
    centred = pictures.astype(np.float32)
    centred -= centred.mean(axis=0)
    rank = min(COMPONENTS, min(centred.shape) - 1)
    if rank < 1 or not centred.any():
        return np.zeros((len(pictures), 1))
    start = np.random.default_rng(0).normal(size=min(centred.shape)).astype(np.float32)
    U, S, _ = svds(centred, k=rank, v0=start, solver="arpack")
    return (U * S).astype(np.float64)
