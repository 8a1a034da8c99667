"""Which files belong to which camera, and whether they belong together."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from eks.align import align, frame_faults, pair_by_seed
from eks.ensemble import Average, Ensemble, collect
from eks.ensemble import Members as EnsembleMembers
from eks.sleap import SUFFIX, read_member
from lightning_pose.core.csv_header import Header, read_header, read_lines
from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.naming import find_view, split_seed
from lightning_pose.core.poses import Poses

SCORER = "ensemble-kalman_tracker"
Member = Poses | Path | str
Members = Mapping[str, Sequence[Member]]


class Found(NamedTuple):
    """The files of an ensemble, and those that were left out, with the reason."""

    files: dict[str, list[Path]]
    left_out: dict[Path, str]


def list_tables(input_dir: Path | str | None, input_files: Sequence[Path | str] | None) -> Found:
    """Return the prediction tables of a folder under the name `""`, or those that were listed.

    Smoothed tables (which may be our own), 3D tables and metric tables of a folder are left out.

    Raises:
        DataError: when there is no folder or file, neither or both were given, or a listed file is no
            prediction.
    """
    if (input_dir is None) == (not input_files):
        raise DataError(
            "expected either --input-dir (a folder of CSV or SLP files) or --input-files (a list of them)"
        )
    if input_files:
        paths = [Path(path) for path in input_files]
        faults = [f"{path} {reason}" for path in paths if (reason := _not_a_prediction(path, listed=True))]
        if faults:
            raise_collected(DataError, "these files cannot be smoothed", faults)
        return Found({"": paths}, {})
    folder = Path(str(input_dir))
    if not folder.is_dir():
        raise DataError(
            f"{folder} is not a folder: expected one with the predictions of an ensemble as CSV or SLP files"
        )
    files, left_out = [], {}
    for path in sorted([*folder.glob("*.csv"), *folder.glob(f"*{SUFFIX}")]):
        reason = _not_a_prediction(path, listed=False)
        if reason:
            left_out[path] = reason
        else:
            files.append(path)
    if not files:
        raise DataError(f"{folder} holds no predictions" + _because(left_out))
    return Found({"": files}, left_out)


def sort_by_camera(found: Found, cameras: Sequence[str]) -> Found:
    """Sort tables by the camera whose name is a token of the file's stem, members by file name.

    Raises:
        DataError: when a camera has no file, or the files are of several sessions.
    """
    files: dict[str, list[Path]] = {camera: [] for camera in cameras}
    left_out, sessions = dict(found.left_out), {}
    for path in found.files[""]:
        try:
            rest, camera = find_view(path.stem, cameras)
        except DataError:
            left_out[path] = "names none of the cameras"
            continue
        files[camera].append(path)
        session, seed = split_seed(rest)
        sessions.setdefault((seed, camera), set()).add(session)
    counts = {camera: len(paths) for camera, paths in files.items()}
    absent = [camera for camera, count in counts.items() if not count]
    if absent:
        raise DataError(
            f"no file for camera {', '.join(absent)}: expected its name in the file's, set off by _, - or ., "
            f"such as session_{absent[0]}_rng=0.csv" + _because(left_out)
        )
    if any(len(names) > 1 for (seed, _), names in sessions.items() if seed is not None):
        names = sorted(set().union(*sessions.values()))
        raise DataError(
            f"the files are of {len(names)} sessions: {', '.join(names[:10])}. Smooth one at a time: list "
            "its files with --input-files"
        )
    return Found(files, left_out)


class Loaded(NamedTuple):
    """An ensemble in memory."""

    ensemble: Ensemble
    members: EnsembleMembers
    names: tuple[str, ...]
    frames: np.ndarray
    notes: tuple[str, ...]  # what members lack, in words


def load(members: Members, keypoints: Sequence[str] | None = None, average: Average = "median") -> Loaded:
    """Read the members of every camera and check that they belong together.

    Cameras may have unequal numbers of members, and members may lack frames: what is not there is missing.

    Args:
        members: camera to its members, as files or as poses.
        keypoints: those to smooth, in this order; None takes all.
        average: what stands for the members of a cell.

    Raises:
        DataError: when a camera has no member, keypoints differ, or frames have nothing in common; every
            fault listed.
    """
    counts = {camera: len(each) for camera, each in members.items()}
    if not counts or not all(counts.values()):
        raise DataError("expected at least one member for every camera")
    tables: dict[str, list[Poses]] = {}
    labels: dict[str, list[str]] = {}
    for camera, each in members.items():
        tables[camera] = [m if isinstance(m, Poses) else read_member(m) for m in each]
        labels[camera] = [
            f"{camera}, member {i}" if isinstance(m, Poses) else str(m) for i, m in enumerate(each)
        ]
    faults = _faults(tables, labels, keypoints)
    if faults:
        raise_collected(DataError, "the predictions do not belong together", faults)
    names = tuple(keypoints) if keypoints else next(iter(tables.values()))[0].names
    chosen = {camera: [poses.select(names) for poses in each] for camera, each in tables.items()}
    aligned = align(chosen, labels, pair_by_seed(members))
    together = collect(aligned.points, aligned.likelihood, average)
    return Loaded(together.rows(slice(None)), together, names, aligned.frames, aligned.notes)


def _faults(
    tables: Mapping[str, list[Poses]], labels: Mapping[str, list[str]], keypoints: Sequence[str] | None
) -> list[str]:
    """Return in what the members differ from the first, in words."""
    pairs = [
        (label, poses)
        for camera in tables
        for label, poses in zip(labels[camera], tables[camera], strict=True)
    ]
    (first_label, first), *others = pairs
    wanted = tuple(keypoints) if keypoints else first.names
    faults = [f"{label} holds 3D points, expected pixels" for label, poses in pairs if poses.dims != 2]
    for label, poses in pairs:
        lacking = [name for name in wanted if name not in poses.names]
        if lacking:
            faults.append(
                f"{label} lacks the keypoints {', '.join(lacking)}; it has {', '.join(poses.names)}"
            )
    for label, poses in others:
        if not keypoints and set(poses.names) - set(wanted):
            more = ", ".join(name for name in poses.names if name not in wanted)
            faults.append(f"{label} has further keypoints, {more}, which {first_label} lacks")
    return faults + frame_faults(pairs)


def _not_a_prediction(path: Path, *, listed: bool) -> str | None:
    """Return why a table is no 2D prediction; None if it is one, or a broken one, as reading will tell."""
    if path.suffix == SUFFIX:
        return None
    try:
        first = read_lines(path, 1)[0]
    except DataError as error:
        return f"cannot be read: {error}" if listed else None
    if first[0] != "scorer":
        return "is no table of poses: its header does not begin with scorer, bodyparts, coords"
    try:
        header: Header = read_header(path)
    except DataError:
        return None
    if "z" in header.coords:
        return "holds 3D points"
    if header.scorer == SCORER or "x_ens_median" in header.coords:
        return "is smoothed already"
    return None


def _because(left_out: Mapping[Path, str]) -> str:
    """Return what was left out, as the end of a message."""
    if not left_out:
        return ""
    told = [f"{path.name} ({reason})" for path, reason in list(left_out.items())[:10]]
    more = f" and {len(left_out) - 10} more" if len(left_out) > 10 else ""
    return f". Left out: {', '.join(told)}{more}"


def tell_left_out(found: Found) -> None:
    """Name the files that were not smoothed."""
    for path, reason in found.left_out.items():
        say(f"left out: {path.name} {reason}")


def say(message: str) -> None:
    """Tell a person something that is no result."""
    print(message, file=sys.stderr)
