"""Skeletons: which keypoints are joined, which are left and right of each other, and their colours."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from jaxtyping import UInt8

from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.skeleton_library import CHAINS

Pairs = tuple[tuple[int, int], ...]

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
"""Colours that the colour-blind tell apart. Source: Okabe and Ito 2008, "Color Universal Design"."""
LEFT, RIGHT, MIDDLE = "#0072B2", "#D55E00", "#009E73"

_WORDS = (("left", "right"), ("Left", "Right"), ("LEFT", "RIGHT"))


@dataclass(frozen=True)
class Skeleton:
    """Named keypoints with the lines between them.

    Attributes:
        names: keypoint names.
        edges: pairs of indices of keypoints that a line joins.
        swaps: pairs of indices, left first, that change places in a mirror.
        colors: of the keypoints, as `#rrggbb`; None to colour by side.
    """

    names: tuple[str, ...]
    edges: Pairs = ()
    swaps: Pairs = ()
    colors: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Check that every index is that of a keypoint.

        Raises:
            DataError: with every fault.
        """
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "edges", tuple((int(a), int(b)) for a, b in self.edges))
        object.__setattr__(self, "swaps", tuple((int(a), int(b)) for a, b in self.swaps))
        faults = [f"keypoint '{name}' occurs twice" for name in self.names if self.names.count(name) > 1]
        for kind, pairs in (("edge", self.edges), ("swap", self.swaps)):
            faults += [
                f"{kind} {pair} is not of two of the {len(self.names)} keypoints"
                for pair in pairs
                if pair[0] == pair[1] or not all(0 <= index < len(self.names) for index in pair)
            ]
        sided = [index for pair in self.swaps for index in pair]
        faults += [
            f"keypoint {index} is in two swaps" for index in sorted({*sided}) if sided.count(index) > 1
        ]
        if self.colors is not None:
            faults += [
                f"'{color}' is no colour: expected #rrggbb" for color in self.colors if not _is_hex(color)
            ]
            if len(self.colors) != len(self.names):
                faults.append(f"{len(self.colors)} colours for {len(self.names)} keypoints")
        if faults:
            raise_collected(DataError, "this is not a skeleton", list(dict.fromkeys(faults)))

    def select(self, names: Sequence[str]) -> "Skeleton":
        """Return the skeleton of these keypoints, in this order; one that it lacks is joined to nothing."""
        place = {name: index for index, name in enumerate(names)}

        def moved(pairs: Pairs) -> Pairs:
            named = [(self.names[a], self.names[b]) for a, b in pairs]
            return tuple((place[a], place[b]) for a, b in named if a in place and b in place)

        colors = None
        if self.colors is not None:
            own = dict(zip(self.names, self.colors, strict=True))
            colors = tuple(own.get(name, MIDDLE) for name in names)
        return Skeleton(tuple(names), moved(self.edges), moved(self.swaps), colors)

    def mirrored(self) -> tuple[int, ...]:
        """Return, for each keypoint, the index of the one in whose place it is in a mirror."""
        order = list(range(len(self.names)))
        for left, right in self.swaps:
            order[left], order[right] = right, left
        return tuple(order)

    def keypoint_colors(self) -> UInt8[np.ndarray, "K 3"]:
        """Return the RGB colour of every keypoint: its own, else by side, else in turn from the palette."""
        if self.colors is not None:
            return _rgb(self.colors)
        if not self.swaps:
            return _rgb([PALETTE[index % len(PALETTE)] for index in range(len(self.names))])
        colors = [MIDDLE] * len(self.names)
        for left, right in self.swaps:
            colors[left], colors[right] = LEFT, RIGHT
        return _rgb(colors)

    def edge_colors(self) -> UInt8[np.ndarray, "E 3"]:
        """Return the RGB colour of every edge: of the end with a side; from left to right, the middle's."""
        colors, middle = self.keypoint_colors(), _rgb([MIDDLE])[0]
        side = {index: place for pair in self.swaps for place, index in enumerate(pair)}
        chosen = np.zeros((len(self.edges), 3), dtype=np.uint8)
        for row, (a, b) in enumerate(self.edges):
            crosses = self.colors is None and a in side and b in side and side[a] != side[b]
            chosen[row] = middle if crosses else colors[b if b in side and a not in side else a]
        return chosen


def skeleton_from_names(
    names: Sequence[str],
    edges: Sequence[Sequence[str]] = (),
    swaps: Sequence[Sequence[str]] | None = None,
) -> Skeleton:
    """Build a skeleton from pairs of names; swaps that are not given are read off the names.

    Raises:
        DataError: when a pair is not of two of the names; all of them listed.
    """
    faults = []
    for kind, pairs in (("edge", edges), ("swap", swaps or ())):
        for pair in pairs:
            if isinstance(pair, str) or len(pair) != 2:
                faults.append(f"{kind} {pair!r} is not a pair of keypoints")
                continue
            absent = [str(name) for name in pair if name not in names]
            if absent:
                faults.append(f"{kind} {' - '.join(map(str, pair))}: no keypoint {', '.join(absent)}")
    if faults:
        raise_collected(DataError, f"the skeleton of {', '.join(names)} cannot be built", faults)
    place = {name: index for index, name in enumerate(names)}
    by_index = [tuple((place[a], place[b]) for a, b in pairs) for pairs in (edges, swaps or ())]
    return Skeleton(tuple(names), by_index[0], infer_swaps(names) if swaps is None else by_index[1])


def infer_swaps(names: Sequence[str]) -> Pairs:
    """Return the pairs of keypoints, left first, whose names differ only in the side.

    A side is the word left or right anywhere in the name (`paw_left`, `LeftEar`, `pupil_left_r`), or a letter
    that stands for it: a capital L or R (`LEye`, `EarL`, `pawFL`, `L1A`), or a small one at the start or end
    of a part of the name (`eye_l`, `l.eye`, `lhip`).
    """
    place = {name: index for index, name in enumerate(names)}
    pairs: dict[int, int] = {}
    for candidates in (_by_word, _by_letter):
        for name, left in place.items():
            for other in candidates(name):
                right = place.get(other)
                if right is not None and not {left, right} & {*pairs, *pairs.values()}:
                    pairs[left] = right
    return tuple(sorted(pairs.items()))


@cache
def builtin_skeletons() -> dict[str, Skeleton]:
    """Return the skeletons that come with the package, by name."""
    found = {}
    for name, (keypoints, chains) in CHAINS.items():
        edges = [pair for chain in chains.split(",") for pair in pairwise(chain.split())]
        found[name] = skeleton_from_names(keypoints.split(), edges)
    return found


def guess_skeleton(names: Sequence[str]) -> Skeleton:
    """Return a skeleton for names of which nothing else is known.

    The edges are those of a built-in skeleton that has all of the names, if there is one; the swaps are read
    off the names.
    """
    plain = skeleton_from_names(names)
    for skeleton in builtin_skeletons().values():
        if set(names) <= set(skeleton.names):
            return dataclasses.replace(plain, edges=skeleton.select(names).edges)
    return plain


def _by_word(name: str) -> Iterator[str]:
    for left, right in _WORDS:
        for match in re.finditer(left, name):
            yield name[: match.start()] + right + name[match.end() :]


def _by_letter(name: str) -> Iterator[str]:
    """Yield the name with one L turned to R: any capital, or a small one at the start or end of a part."""
    for match in re.finditer(r"L|(?<![a-zA-Z])l|l(?![a-zA-Z])", name):
        yield name[: match.start()] + ("R" if match.group() == "L" else "r") + name[match.end() :]


def _is_hex(color: str) -> bool:
    return re.fullmatch(r"#[0-9a-fA-F]{6}", color) is not None


def _rgb(colors: Sequence[str]) -> UInt8[np.ndarray, "N 3"]:
    return np.array([list(bytes.fromhex(color[1:])) for color in colors], dtype=np.uint8).reshape(-1, 3)
