"""Frames by number alone: evenly spread, or as a list says."""

import re
from collections.abc import Collection
from itertools import pairwise

from lightning_pose.core.errors import ConfigError

_RANGE = re.compile(r"(\d+)(?:-(\d+)(?::(\d+))?)?")


def spread_evenly(first: int, stop: int, count: int, taken: Collection[int] = ()) -> list[int]:
    """Return up to `count` frames of `first` to `stop` - 1 that divide it evenly, in order.

    Where frames are taken already, each further one lies in the middle of what is then the longest gap.
    """
    inside = sorted({frame for frame in taken if first <= frame < stop})
    length = stop - first
    if length <= 0 or count <= 0:
        return []
    if not inside:
        count = min(count, length)
        return [first + (2 * i + 1) * length // (2 * count) for i in range(count)]
    edges = [first - 1, *inside, stop]
    chosen: list[int] = []
    gaps = [(b - a - 1, a + 1, b) for a, b in pairwise(edges)]
    while len(chosen) < count:
        gaps.sort(key=lambda gap: (gap[0], -gap[1]))
        free, start, end = gaps.pop()
        if free <= 0:
            break
        middle = start + free // 2
        chosen.append(middle)
        gaps += [(middle - start, start, middle), (end - middle - 1, middle + 1, end)]
    return sorted(chosen)


def parse_frames(text: str) -> list[int]:
    """Return the frames of a list such as `10,50-60,100-200:10`, in order; ranges with their last, by steps.

    Raises:
        ConfigError: when a part is no number and no range; all of them listed.
    """
    found: set[int] = set()
    wrong = []
    for part in filter(None, re.split(r"[,\s]+", text)):
        match = _RANGE.fullmatch(part)
        first, last, step = (
            (int(number) if number else None for number in match.groups()) if match else (0,) * 3
        )
        if not match or first is None or step == 0 or (last is not None and last < first):
            wrong.append(part)
            continue
        found.update(range(first, (first if last is None else last) + 1, step or 1))
    if wrong or not found:
        what = ", ".join(f"'{part}'" for part in wrong) or "nothing"
        raise ConfigError(f"--list: expected frames such as 10,50-60,100-200:10, got {what}")
    return sorted(found)
