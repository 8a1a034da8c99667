"""Names and pairs as people type them into a box."""

import re
from collections.abc import Sequence

from lightning_pose.core.errors import DataError, raise_collected


def names_in(text: str) -> tuple[str, ...]:
    """Return the names of a text, which stand on lines of their own or between commas."""
    parts = (part.strip() for part in re.split(r"[\n,;]", text))
    return tuple(part for part in parts if part)


def pairs_in(text: str, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of a text, one on each line: `nose - tail`, also without the spaces.

    Args:
        text: what was typed.
        names: that are known; they decide where a line is cut if a name has a hyphen itself.

    Raises:
        DataError: when a line is no pair of two different names that are known; all listed.
    """
    known, faults, found = set(names), [], []
    for line in names_in(text):
        cuts = [
            (line[: cut.start()].strip(), line[cut.end() :].strip()) for cut in re.finditer(r"-|\s", line)
        ]
        pairs = dict.fromkeys(pair for pair in cuts if known.issuperset(pair) and pair[0] != pair[1])
        if len(pairs) == 1:
            found.append(next(iter(pairs)))
        else:
            faults.append(f"'{line}': expected two of the keypoints, as in nose - tail")
    if faults:
        raise_collected(DataError, "not all lines are pairs", faults)
    return found
