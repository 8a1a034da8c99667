"""How to smooth: what the flags say, checked against the recording."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eks.ensemble import Average
from eks.rounds import Kind, Settings
from eks.tune import Spans
from lightning_pose.core.errors import DataError


@dataclass(frozen=True)
class Options:
    """How the smoothers smooth; the defaults are those of the command line.

    Attributes:
        s: smoothing parameter, one or one per keypoint; None tunes it.
        keypoints: those to smooth, in this order; None takes all.
        robust: learn the noise from the geometry, gate outliers; without, the plain model remains.
        quantile_keep_pca: percentile of frames that the principal components are fitted on.
        n_latent: their number; with a calibration the state is the point in 3D.
        motion: of the state: a random walk, or constant velocity.
        s_frames: pieces of the recording (half-open) that s is tuned on; None takes at most 4000 frames
            spread over it.
        blocks: lists of keypoints (indices) that share an s; None: each alone.
        average: what stands for the members of a cell.
        weighted: divide the members' variance by their likelihood.
        skeleton: pairs of keypoints that keep their distance, softly; needs a calibration and a walk.
    """

    s: float | Sequence[float] | None = None
    keypoints: Sequence[str] | None = None
    robust: bool = True
    quantile_keep_pca: float = 95.0
    n_latent: int = 3
    motion: Kind = "walk"
    s_frames: Spans | None = None
    blocks: Sequence[Sequence[int]] | None = None
    average: Average = "median"
    weighted: bool = True
    skeleton: Sequence[tuple[str, str]] = ()


def settings_of(options: Options, names: Sequence[str], n_frames: int) -> Settings:
    """Return the options as the rounds take them.

    Raises:
        DataError: when they do not fit the recording.
    """
    return Settings(
        s=per_keypoint(options.s, names),
        robust=options.robust,
        spans=check_spans(options.s_frames, n_frames),
        groups=group(options.blocks, len(names)),
        weighted=options.weighted,
        motion=options.motion,
        edges=edges_of(options, names),
    )


def per_keypoint(s: float | Sequence[float] | None, names: Sequence[str]) -> tuple[float, ...] | None:
    """Return s for every keypoint.

    Raises:
        DataError: when there are neither one nor as many as keypoints, or one is not positive.
    """
    if s is None:
        return None
    values = np.atleast_1d(np.asarray(s, dtype=float))
    if values.size not in (1, len(names)) or not (np.isfinite(values) & (values > 0)).all():
        raise DataError(
            f"--s: expected one positive number, or one for each of the {len(names)} keypoints "
            f"({', '.join(names)}), got {' '.join(f'{value:g}' for value in values)}"
        )
    return tuple(np.broadcast_to(values, len(names)).tolist())


def check_spans(spans: Spans | None, n_frames: int) -> Spans | None:
    """Return the pieces to tune on, cut to the recording.

    Raises:
        DataError: when a piece is empty or lies outside.
    """
    if spans is None:
        return None
    wrong = [f"({start},{stop})" for start, stop in spans if not 0 <= start < min(stop, n_frames)]
    if wrong:
        raise DataError(
            f"--s-frames: {', '.join(wrong)} holds none of the {n_frames} frames 0 to {n_frames - 1}"
        )
    return tuple((start, min(stop, n_frames)) for start, stop in spans)


def group(blocks: Sequence[Sequence[int]] | None, n_keypoints: int) -> tuple[int, ...] | None:
    """Return the group of every keypoint; those in no block are alone.

    Raises:
        DataError: when a block names a keypoint that is not there, or that another block has.
    """
    if not blocks:
        return None
    listed = [index for block in blocks for index in block]
    wrong = sorted(
        {i for i in listed if not 0 <= i < n_keypoints} | {i for i in listed if listed.count(i) > 1}
    )
    if wrong:
        raise DataError(
            f"--blocks: {', '.join(map(str, wrong))}: expected indices from 0 to {n_keypoints - 1}, each once"
        )
    groups = np.full(n_keypoints, -1)
    for number, block in enumerate(blocks):
        groups[list(block)] = number
    rest = groups < 0
    groups[rest] = len(blocks) + np.arange(rest.sum())
    return tuple(np.unique(groups, return_inverse=True)[1].tolist())


def edges_of(options: Options, names: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Return the skeleton as pairs of indices.

    Raises:
        DataError: when a keypoint is not there, or the motion is no walk.
    """
    if not options.skeleton:
        return ()
    if options.motion != "walk":
        raise DataError("--skeleton: bones are for keypoints that walk, expected --motion walk")
    absent = sorted({name for pair in options.skeleton for name in pair if name not in names})
    if absent:
        raise DataError(f"--skeleton: no keypoint {', '.join(absent)}: there are {', '.join(names)}")
    return tuple((names.index(a), names.index(b)) for a, b in options.skeleton)
