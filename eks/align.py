"""Members of unequal extent side by side: what one of them lacks is missing, and told."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from lightning_pose.core.errors import DataError
from lightning_pose.core.naming import find_view, split_seed
from lightning_pose.core.poses import Frames, Poses


class Aligned(NamedTuple):
    """Members by views on common frames; NaN where a member lacks a view or a frame."""

    points: Float[np.ndarray, "M V T K 2"]
    likelihood: Float[np.ndarray, "M V T K"] | None
    frames: Frames
    notes: tuple[str, ...]  # what is lacking, in words


def align(
    tables: Mapping[str, Sequence[Poses]],
    labels: Mapping[str, Sequence[str]],
    slots: Mapping[str, Sequence[int]],
) -> Aligned:
    """Put members with equal keypoints on common frames.

    Args:
        tables: camera to its members.
        labels: of the members, for the notes.
        slots: row of each member in the result; see `pair_by_seed`.
    """
    pairs = [pair for camera in tables for pair in zip(labels[camera], tables[camera], strict=True)]
    frames = pairs[0][1].frames
    if not all(np.array_equal(poses.frames, frames) for _, poses in pairs):
        frames = np.unique(np.concatenate([poses.frames for _, poses in pairs]))
    notes = [
        f"{label} lacks {len(frames) - len(poses)} of {len(frames)} frames; there the others count alone"
        for label, poses in pairs
        if len(poses) < len(frames)
    ]
    n_members = 1 + max(slot for each in slots.values() for slot in each)
    notes += [
        f"{camera} has {len(each)} of {n_members} members"
        for camera, each in tables.items()
        if len(each) < n_members
    ]
    shape = (n_members, len(tables), len(frames), len(pairs[0][1].names))
    points = np.full((*shape, 2), np.nan)
    said = any(poses.likelihood is not None for _, poses in pairs)
    likelihood = np.full(shape, np.nan) if said else None
    for v, (camera, each) in enumerate(tables.items()):
        for m, poses in zip(slots[camera], each, strict=True):
            rows = slice(None) if len(poses) == len(frames) else np.searchsorted(frames, poses.frames)
            points[m, v, rows] = poses.points
            if likelihood is not None:  # who does not say how sure it is counts as sure
                likelihood[m, v, rows] = 1.0 if poses.likelihood is None else poses.likelihood
    return Aligned(points, likelihood, frames, tuple(notes))


def pair_by_seed(members: Mapping[str, Sequence[Poses | Path | str]]) -> dict[str, list[int]]:
    """Return which row each member takes, so that a row holds one network's views.

    Files are paired by the seed in their names where all have one; else members are paired in their order.
    """
    seeds = {camera: [_seed(member, tuple(members)) for member in each] for camera, each in members.items()}
    named = all(None not in each and len(set(each)) == len(each) for each in seeds.values())
    if not named:
        return {camera: list(range(len(each))) for camera, each in members.items()}
    order = sorted({seed for each in seeds.values() for seed in each if seed is not None})
    return {
        camera: [order.index(seed) for seed in each if seed is not None] for camera, each in seeds.items()
    }


def frame_faults(pairs: Sequence[tuple[str, Poses]]) -> list[str]:
    """Return why members cannot be put on common frames, in words."""
    (first_label, first), *others = pairs
    numbered = [poses.frames.dtype.kind in "iu" for _, poses in pairs]
    if not all(numbered):
        return [
            f"{label} has {len(poses)} frames that are not those of {first_label} ({len(first)})"
            for label, poses in others
            if not np.array_equal(poses.frames, first.frames)
        ]
    faults = [
        f"{label}: its frame numbers do not rise"
        for label, poses in pairs
        if (np.diff(poses.frames) <= 0).any()
    ]
    shared = _seen_twice([poses.frames for _, poses in pairs])
    faults += [
        f"{label} has no frame that another member has"
        for label, poses in others
        if not np.isin(poses.frames, shared).any()
    ]
    return faults


def _seen_twice(frames: Sequence[Int[np.ndarray, " _"]]) -> Int[np.ndarray, " _"]:
    """Return the frames that two members or more have."""
    numbers, counts = np.unique(np.concatenate([np.unique(each) for each in frames]), return_counts=True)
    return numbers[counts > 1]


def _seed(member: Poses | Path | str, cameras: Sequence[str]) -> int | None:
    """Return the seed in a file's name; None where there is none."""
    if isinstance(member, Poses):
        return None
    stem = Path(member).stem
    with suppress(DataError):  # a name without a camera may have a seed all the same
        stem, _ = find_view(stem, cameras)
    return split_seed(stem)[1]
