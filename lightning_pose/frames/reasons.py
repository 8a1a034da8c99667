"""Why a frame is suspicious, in words."""

from typing import NamedTuple

import numpy as np

from lightning_pose.frames.observed import Evidence, Observed
from lightning_pose.frames.signals import Scale, Values, combine, measure

MOST = 3  # keypoints that are named
WORDS = 4  # signals that are named of each
SHARE = 0.35  # of the worst keypoint's evidence: less is not named
COUNTS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}


class Verdict(NamedTuple):
    """What is wrong with a frame.

    Attributes:
        view: that is blamed; empty where there is one, or where none is worse than the others.
        keypoint: that is blamed most.
        reasons: a line for each of the worst keypoints, the worst first.
    """

    view: str
    keypoint: str
    reasons: tuple[str, ...]


def explain(evidence: Evidence, scale: Scale, seen: Observed, row: int) -> Verdict:
    """Say what is wrong with a frame.

    Args:
        evidence: the session.
        scale: what is ordinary in it.
        seen: the frame with its neighbours.
        row: of the frame in `seen`.
    """
    skeleton = evidence.skeleton
    values = measure(seen, skeleton)
    excess = scale.excess(values)
    total = combine(excess, skeleton, len(evidence.views))[:, row]
    best = total.max(axis=0)
    named: list[tuple[str, str, str]] = []
    for k in np.argsort(-best, kind="stable")[:MOST].tolist():
        if best[k] <= 0 or best[k] < SHARE * best.max():
            break
        v = int(total[:, k].argmax())
        words = _words(evidence, scale, seen, values, excess, (v, row, k))
        here = any(e[v, row, k] > 0 for name, e in excess.items() if name != "bone")
        view = evidence.views[v] if here or len(excess.get("bone", ())) != 1 else ""
        named.append((view, skeleton.names[k], words))
    if not named:
        return Verdict("", "", ("nothing stands out",))
    return Verdict(*named[0][:2], tuple(map(_line, named)))


def _words(
    evidence: Evidence,
    scale: Scale,
    seen: Observed,
    values: Values,
    excess: Values,
    cell: tuple[int, int, int],
) -> str:
    """Return what speaks against a keypoint in a view, the strongest first."""
    v, row, k = cell
    found: list[tuple[float, str]] = []
    for name, numbers in excess.items():
        if name == "bone":
            found += _bones(evidence, scale, values, excess, cell)
        elif numbers[v, row, k] > 0:
            number = float(values[name][v, row, k])
            found.append((float(numbers[v, row, k]), _phrase(evidence, scale, seen, name, number, cell)))
    found.sort(key=lambda item: -item[0])
    return "; ".join(text for _, text in found[:WORDS])


def _phrase(
    evidence: Evidence, scale: Scale, seen: Observed, name: str, number: float, cell: tuple[int, int, int]
) -> str:
    """Return one signal in words."""
    v, row, k = cell
    if name == "confidence":
        missing = not np.isfinite(seen.xy[v, row, k]).all()
        return "not found" if missing else f"confidence {np.exp(-number):.2f}"
    if name == "spread":
        return f"the {_count(evidence.members)} networks scatter by {_px(number)}"
    if name == "reprojection":
        others = int(np.isfinite(seen.distances["reprojection"][:, row, k]).sum()) - 1
        if others < 2:
            return f"{_px(number)} from where both views could agree"
        return f"{_px(number)} from where the other {_count(others)} views put it"
    if name == "jump":
        return f"jumps {_px(number)} off its path, usually {_px(scale.usual(name, v, k))}"
    if name == "swap":
        return f"looks exchanged with {evidence.skeleton.names[evidence.skeleton.mirrored()[k]]}"
    if name == "pca":
        return f"{_px(number)} from what poses look like"
    gated = seen.gated is not None and seen.gated[v, row, k]
    return f"the smoother {'rejects it and ' if gated else ''}puts it {_px(number)} away"


def _bones(
    evidence: Evidence, scale: Scale, values: Values, excess: Values, cell: tuple[int, int, int]
) -> list[tuple[float, str]]:
    """Return the bone of a keypoint whose length is the least usual, if it counts."""
    v, row, k = cell
    edges = evidence.skeleton.edges
    w = min(v, len(excess["bone"]) - 1)
    own = [e for e, pair in enumerate(edges) if k in pair and excess["bone"][w, row, e] > 0]
    if not own:
        return []
    worst = max(own, key=lambda e: excess["bone"][w, row, e])
    a, b = edges[worst]
    share = float(np.exp(scale.deviation(values["bone"])[w, row, worst]))
    other = evidence.skeleton.names[b if a == k else a]
    text = f"bone to {other} has {100 * share:.0f} % of its usual length"
    return [(float(excess["bone"][w, row, worst]), text)]


def _line(named: tuple[str, str, str]) -> str:
    """Return view, keypoint and words as one line."""
    view, keypoint, words = named
    return f"{keypoint} in {view}: {words}" if view else f"{keypoint}: {words}"


def _px(number: float) -> str:
    """Return pixels as people read them."""
    return f"{number:.0f} px" if number >= 10 else f"{number:.1f} px"


def _count(number: int) -> str:
    """Return a small number as a word."""
    return COUNTS.get(number, str(number))
