"""Which labeled instants train, validate and test: by session, by time, evenly, at random, or by a file."""

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Int

from lightning_pose.core.errors import ConfigError, DataError, raise_collected
from lightning_pose.core.files import atomic_path
from lightning_pose.core.naming import frame_index, image_session

SETS = ("train", "validation", "test", "unused")
Sets = np.ndarray  # of str, one of SETS per instant
SESSIONS_TO_SPLIT = 8  # with as many, one held out is an eighth at most, and `auto` splits by session
REMAINDER = 5  # fewer instants than this are no test set; they train
FrameList = str | int | Sequence[int]


class SplitRule(NamedTuple):
    """How instants are divided.

    Attributes:
        mode: `session` holds out whole sessions, `block` a stretch of time of every session, `random` single
            instants, `stratified` single ones of every session, as far apart as can be; `auto` is `session`
            from eight sessions on, else `block`.
        train_prob: share that trains.
        val_prob: share that validates; what is left over tests.
        train_frames: of the training set, how much is used: a share up to 1, a count above.
        seed: of the choice.
        val_frames: frame numbers that validate; the others train.
        test_frames: frame numbers that test.
        file: a CSV with the columns frame and set that decides alone.
    """

    mode: Literal["auto", "session", "block", "random", "stratified"] = "auto"
    train_prob: float = 0.9
    val_prob: float = 0.1
    train_frames: float = 1
    seed: int = 0
    val_frames: FrameList | None = None
    test_frames: FrameList | None = None
    file: Path | None = None


def split(frames: Sequence[Sequence[str]], views: Sequence[str], rule: SplitRule) -> Sets:
    """Return the set of every instant.

    Args:
        frames: image paths, per view and instant.
        views: view names.
        rule: how to divide.

    Raises:
        DataError: when there are too few instants, or the split file does not fit.
        ConfigError: when frame numbers are named that no image has.
    """
    n = len(frames[0])
    if n < 2:
        raise DataError(
            f"two labeled instants at least are needed, one to train and one to validate; there is {n}"
        )
    if rule.file is not None:
        sets = _sets_from_file(rule.file, frames)
    else:
        sets = np.full(n, "", dtype=object)
        given = {
            "test": (rule.test_frames, "training.test_frames"),
            "validation": (rule.val_frames, "training.val_frames"),
        }
        for name, (wanted, key) in given.items():
            if wanted is not None:
                sets[_rows_of_numbers(wanted, frames[0], key)] = name
        rest = np.flatnonzero(sets == "")
        if rule.val_frames is not None:
            sets[rest] = "train"
        else:
            sets[rest] = _divide([frames[0][int(row)] for row in rest], views[0], rule)
    sets = _limit_training(sets, rule)
    if not (sets == "train").any():
        raise DataError("the split leaves nothing to train on")
    return sets.astype(str)


def split_sizes(n: int, train_prob: float, val_prob: float) -> tuple[int, int, int]:
    """Return how many of n instants train, validate and test; one at least validates.

    Raises:
        DataError: when nothing is left to train on.
    """
    n_train, n_val = int(n * train_prob + 1e-9), int(n * val_prob + 1e-9)
    n_test = n - n_train - n_val
    if n_test < REMAINDER:
        n_train, n_test = n_train + n_test, 0
    if n_val == 0:
        n_train, n_val = n_train - 1, 1
    if n_train < 1:
        raise DataError(f"{n} labeled instants are too few to train and validate")
    return n_train, n_val, n_test


def parse_frames(text: FrameList) -> list[int]:
    """Return frame numbers from `"55-69,80"`, a number or a list.

    Raises:
        ConfigError: when the text is something else.
    """
    if isinstance(text, int):
        return [text]
    if not isinstance(text, str):
        return [int(number) for number in text]
    numbers: list[int] = []
    for part in text.replace(" ", "").split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if match is None:
            raise ConfigError(f"frame numbers: expected such as 55-69,80, got {text!r}")
        first = int(match[1])
        numbers += range(first, int(match[2] or first) + 1)
    return numbers


def write_split(path: Path, frames: Sequence[str], sets: Sequence[str]) -> None:
    """Write the columns frame and set, atomically."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["frame", "set"])
        writer.writerows(zip(frames, sets, strict=True))


def read_split(path: Path) -> dict[str, str]:
    """Return set by frame from a file that `write_split` wrote, or a person.

    Raises:
        DataError: when it is not there or says something else; every faulty line listed.
    """
    if not path.is_file():
        raise DataError(f"{path}: there is no such split file")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if not rows or [cell.strip() for cell in rows[0]] != ["frame", "set"]:
        raise DataError(
            f"{path}: expected the header frame,set, got {','.join(rows[0]) if rows else 'nothing'}"
        )
    faults, found = [], {}
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != 2 or row[1] not in SETS:
            faults.append(f"line {line}: expected a frame and one of {', '.join(SETS)}, got {','.join(row)}")
        elif row[0] in found:
            faults.append(f"line {line}: {row[0]} is there twice")
        else:
            found[row[0]] = row[1]
    if faults:
        raise_collected(DataError, str(path), faults)
    return found


def _sets_from_file(path: Path, frames: Sequence[Sequence[str]]) -> Sets:
    """Look every instant up by the path of its image in any view, or by its frame number.

    Raises:
        DataError: when the file names frames that there are not.
    """
    wanted = read_split(path)
    sets, used = np.full(len(frames[0]), "unused", dtype=object), set()
    for row, images in enumerate(zip(*frames, strict=True)):
        for key in (*images, *(str(number) for number in _numbers(images[:1]) or ())):
            if key in wanted:
                sets[row] = wanted[key]
                used.add(key)
    unknown = [f"{frame} is not a labeled frame" for frame in wanted if frame not in used]
    if unknown:
        raise_collected(DataError, str(path), unknown[:20])
    return sets


def _rows_of_numbers(wanted: FrameList, images: Sequence[str], key: str) -> Int[np.ndarray, "M"]:
    """Return the instants with these frame numbers.

    Raises:
        ConfigError: when a number is nobody's.
    """
    numbers, found = parse_frames(wanted), _numbers(images)
    if found is None:
        raise ConfigError(f"{key}: the images have no frame numbers in their names")
    absent = sorted(set(numbers) - set(found))
    if absent:
        raise ConfigError(f"{key}: no labeled image has the number {', '.join(map(str, absent[:10]))}")
    return np.flatnonzero(np.isin(found, numbers))


def _divide(images: Sequence[str], view: str, rule: SplitRule) -> Sets:
    """Divide instants by the rule's mode and shares."""
    n = len(images)
    _, n_val, n_test = split_sizes(n, rule.train_prob, rule.val_prob)
    rng = np.random.default_rng(rule.seed)
    sessions = np.array([image_session(image, view) for image in images])
    names = np.unique(sessions)
    mode = rule.mode
    if mode == "auto":
        mode = "session" if len(names) >= SESSIONS_TO_SPLIT else "block"
    sets = np.full(n, "train", dtype=object)
    if mode == "random":
        order = rng.permutation(n)
        sets[order[:n_val]], sets[order[n_val : n_val + n_test]] = "validation", "test"
    elif mode == "session":
        _hold_out_sessions(sets, sessions, rng, n_val, n_test)
    else:
        hold_out = _hold_out_blocks if mode == "block" else _hold_out_evenly
        hold_out(sets, _by_session_and_time(images, sessions), rng, n_val, n_test)
    return sets


def _hold_out_sessions(
    sets: Sets, sessions: np.ndarray, rng: np.random.Generator, n_val: int, n_test: int
) -> None:
    """Give whole sessions, in random order, to validation and then to test, until each has its share.

    Raises:
        DataError: when there is only one session.
    """
    names = rng.permutation(np.unique(sessions))
    if len(names) < 2:
        raise DataError(
            "training.split=session needs two sessions at least, there is one; use block or random"
        )
    left = list(names)
    for name, share in (("validation", n_val), ("test", n_test)):
        while share > 0 and len(left) > 1:
            members = sessions == left.pop()
            sets[members] = name
            share -= int(members.sum())


def _hold_out_blocks(
    sets: Sets, groups: list[np.ndarray], rng: np.random.Generator, n_val: int, n_test: int
) -> None:
    """Give one stretch of each session to validation, the next to test; sessions share by their length."""
    lengths = np.array([len(group) for group in groups])
    for group, val, test in zip(groups, _share(n_val, lengths), _share(n_test, lengths), strict=True):
        held = min(val + test, len(group))
        start = rng.integers(0, len(group) - held + 1)
        sets[group[start : start + val]] = "validation"
        sets[group[start + val : start + held]] = "test"


def _hold_out_evenly(
    sets: Sets, groups: list[np.ndarray], rng: np.random.Generator, n_val: int, n_test: int
) -> None:
    """Give instants of each session at even distances to validation and test, these two mixed as evenly."""
    lengths = np.array([len(group) for group in groups])
    for group, val, test in zip(groups, _share(n_val, lengths), _share(n_test, lengths), strict=True):
        held = group[_evenly(min(val + test, len(group)), len(group), rng.random())]
        sets[held] = "validation"
        sets[held[_evenly(min(test, len(held)), len(held), 0.5)]] = "test"


def _evenly(count: int, length: int, phase: float) -> Int[np.ndarray, "N"]:
    """Return places in a row of a length, at even distances; the phase, in [0, 1), shifts them all."""
    return ((np.arange(count) + phase) * length / max(1, count)).astype(int)


def _share(total: int, lengths: Int[np.ndarray, "S"]) -> list[int]:
    """Divide a count over groups in proportion to their lengths, by largest remainder."""
    exact = total * lengths / lengths.sum()
    counts = np.floor(exact).astype(int)
    counts[np.argsort(counts - exact, kind="stable")[: total - counts.sum()]] += 1
    return counts.tolist()


def _by_session_and_time(images: Sequence[str], sessions: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each session in order of frame numbers, or of the table where there are none."""
    numbers = np.array(_numbers(images) or range(len(images)))
    groups = [np.flatnonzero(sessions == name) for name in np.unique(sessions)]
    return [rows[np.argsort(numbers[rows], kind="stable")] for rows in groups]


def _numbers(images: Iterable[str]) -> list[int] | None:
    """Return the frame numbers, or None where an image's name has none."""
    try:
        return [frame_index(image) for image in images]
    except DataError:
        return None


def _limit_training(sets: Sets, rule: SplitRule) -> Sets:
    """Use the first of a random order of the training set, so that a smaller part is in a larger one."""
    rows = np.flatnonzero(sets == "train")
    wanted = rule.train_frames
    count = max(1, round(wanted * len(rows))) if wanted <= 1 else min(int(wanted), len(rows))
    order = np.random.default_rng([rule.seed, 1]).permutation(len(rows))
    sets[rows[order[count:]]] = "unused"
    return sets
