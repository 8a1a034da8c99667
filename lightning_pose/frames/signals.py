"""Numbers that speak for an error, per frame, view and keypoint, and the scale that makes them comparable."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from lightning_pose.core.skeletons import Skeleton
from lightning_pose.frames.observed import Observed

LEAST_CONFIDENCE = 0.01  # of a point that is there; a missing one has it too
PIXEL_SHARE, PIXEL_LEAST = (
    0.01,
    0.25,
)  # of the animal's size in the image, and px: smaller differences are none
FLOORS = {"confidence": 0.1, "bone": 0.05}  # of -ln(confidence), and of the logarithm of a length
QUANTILES = (0.5, 0.9)
LEAST_WIDTH = np.log(2.0)  # of the logarithm of a number from its median to one in ten
FEWEST = 5  # values that a distribution is told from; with fewer nothing is unusual
ORDINARY = 1.5  # -log10 of how rare a number has to be to count
RAREST = 6.0

Values = dict[str, Float[np.ndarray, "_ _ _"]]  # W t N: in views or the world, of keypoints or bones


class Scale(NamedTuple):
    """What is ordinary in a session.

    Attributes:
        lengths: median logarithm of every bone's length; W = 1 in the world, or per view.
        size: of the animal in each view, px: the median diagonal of the box around its keypoints.
        centre: by signal, the logarithm of the median.
        width: by signal, the logarithm of the quotient of what one in ten exceeds with the median.
    """

    lengths: Float[np.ndarray, "W E"]
    size: Float[np.ndarray, "V"]
    centre: dict[str, Float[np.ndarray, "W N"]]
    width: dict[str, Float[np.ndarray, "W N"]]

    @property
    def floor(self) -> Float[np.ndarray, "V"]:
        """Pixels that make no difference, in each view."""
        return np.fmax(PIXEL_SHARE * self.size, PIXEL_LEAST)

    def excess(self, values: Values) -> Values:
        """Return how much rarer every number is than an ordinary one, in powers of ten; 0 where ordinary.

        -log10 P(X > x) = 0.3 + 0.7 (ln x - ln q50) / (ln q90 - ln q50), less 1.5, at most 4.5: the tail of a
        power law through the median and what one in ten exceeds.
        """
        found = {}
        for name, centre in self.centre.items():
            numbers = self._logarithms(name, values[name])
            rarity = 0.3 + 0.7 * (numbers - centre[:, None]) / self.width[name][:, None]
            found[name] = np.nan_to_num(np.clip(rarity, ORDINARY, RAREST) - ORDINARY)
        return found

    def usual(self, name: str, view: int, column: int) -> float:
        """Return the typical number of a signal, in its own unit."""
        row = min(view, len(self.centre[name]) - 1)
        return float(np.exp(self.centre[name][row, column]) - self._floors(name)[row])

    def deviation(self, lengths: Float[np.ndarray, "W t E"]) -> Float[np.ndarray, "W t E"]:
        """Return the logarithms of lengths over their medians; 0 is as usual."""
        return lengths - self.lengths[:, None]

    def _floors(self, name: str) -> Float[np.ndarray, "V"]:
        """Return the number of a signal that makes no difference, per view."""
        return np.full_like(self.floor, FLOORS[name]) if name in FLOORS else self.floor

    def _logarithms(self, name: str, values: Float[np.ndarray, "W t N"]) -> Float[np.ndarray, "W t N"]:
        """Return ln(x + floor)."""
        if name == "bone":
            values = np.abs(self.deviation(values))
        return np.log(values + self._floors(name)[: len(values), None, None])


def measure(seen: Observed, skeleton: Skeleton) -> Values:
    """Return every signal that there is; NaN where unknown, and in `bone` logarithms of lengths.

    - `confidence`: -ln(confidence), of a missing point -ln(0.01).
    - `spread`, `reprojection`, `pca`, `smoother`: the distances (px) of `Observed`.
    - `jump`: |x_t - (x_(t-1) + x_(t+1)) / 2| (px), which steady motion does not have.
    - `swap`: by how many px the steps from the frame before and to the one after would be shorter, were the
      point exchanged with its counterpart left or right; half the sum of both.
    - `bone`: in the world where world points are known, else in every view.
    - `size`: diagonal (px) of the box around all keypoints, no sign of an error.
    """
    values: Values = {"confidence": _confidence(seen), **seen.distances}
    values["jump"] = _jumps(seen.xy)
    if skeleton.swaps:
        values["swap"] = _swaps(seen.xy, skeleton)
    if skeleton.edges:
        values["bone"] = _lengths(seen, skeleton)
    with np.errstate(invalid="ignore"):
        low, high = np.fmin.reduce(seen.xy, axis=2), np.fmax.reduce(seen.xy, axis=2)
        values["size"] = np.linalg.norm(high - low, axis=-1)[..., None]
    return values


def fit_scale(sample: Values) -> Scale:
    """Return what is ordinary, from the signals of some frames.

    Every keypoint has its own distribution, half-way (in logarithms) to that of all keypoints: one that is
    always bad cannot fill the list, and neither can one that is always good whenever it is a little worse.
    """
    size = np.array(
        [np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else 0.0 for row in sample["size"]]
    )
    lengths = _quantiles(sample["bone"])[0] if "bone" in sample else np.zeros((1, 0))
    blank = Scale(lengths, size, {}, {})
    centre, width = {}, {}
    for name, values in sample.items():
        if name == "size" or not np.isfinite(values).any():
            continue
        middle, high = _quantiles(blank._logarithms(name, values))
        centre[name] = _shrunk(middle)
        width[name] = np.maximum(_shrunk(high - middle), LEAST_WIDTH)
    return Scale(lengths, size, centre, width)


def combine(excess: Mapping[str, np.ndarray], skeleton: Skeleton, views: int) -> Float[np.ndarray, "V t K"]:
    """Return the evidence against every keypoint in every view: the sum over signals.

    A bone that is too long or too short speaks against both its ends: a keypoint gets the sum over its n
    bones divided by sqrt(n), so that of a joint and the end of a limb the one is blamed whose bones are all
    wrong. Bones in the world count in the view that has most other evidence.

    Source: Stouffer et al. 1949, The American Soldier, vol. 1, p. 45 (sums of n over sqrt(n)).
    """
    each = [values for name, values in excess.items() if name != "bone"]
    total = np.sum(each, axis=0)
    if "bone" in excess:
        ends = bones_of(skeleton)
        blame = excess["bone"] @ (ends / np.sqrt(np.maximum(ends.sum(axis=0), 1)))
        if len(blame) == views:
            return total + blame
        worst = total.argmax(axis=0)[None]
        np.put_along_axis(total, worst, np.take_along_axis(total, worst, axis=0) + blame, axis=0)
    return total


def bones_of(skeleton: Skeleton) -> Float[np.ndarray, "E K"]:
    """Return 1 where a keypoint is an end of a bone."""
    ends = np.zeros((len(skeleton.edges), len(skeleton.names)))
    for row, pair in enumerate(skeleton.edges):
        ends[row, list(pair)] = 1
    return ends


def _confidence(seen: Observed) -> Float[np.ndarray, "V t K"]:
    """Return -ln(confidence)."""
    there = np.isfinite(seen.xy).all(axis=-1)
    sure = np.ones(there.shape) if seen.confidence is None else seen.confidence
    return -np.log(np.clip(np.where(there, sure, 0.0), LEAST_CONFIDENCE, 1.0))


def _jumps(xy: Float[np.ndarray, "V t K 2"]) -> Float[np.ndarray, "V t K"]:
    """Return the distance (px) of each point from the middle of those before and after."""
    found = np.full(xy.shape[:3], np.nan)
    found[:, 1:-1] = np.linalg.norm(xy[:, 1:-1] - (xy[:, :-2] + xy[:, 2:]) / 2, axis=-1)
    return found


def _swaps(xy: Float[np.ndarray, "V t K 2"], skeleton: Skeleton) -> Float[np.ndarray, "V t K"]:
    """Return what exchanging left and right would spare of the way (px), at least 0."""
    left, right = np.array(skeleton.swaps).T
    found = np.full(xy.shape[:3], np.nan)
    if xy.shape[1] < 2:
        return found
    a, b = xy[:, :, left], xy[:, :, right]

    def way(p: np.ndarray, q: np.ndarray) -> np.ndarray:
        return np.linalg.norm(p[:, 1:] - q[:, :-1], axis=-1)

    spared = way(a, a) + way(b, b) - way(a, b) - way(b, a)
    gain = np.zeros(a.shape[:3])
    gain[:, 1:] += np.fmax(spared, 0) / 2
    gain[:, :-1] += np.fmax(spared, 0) / 2
    found[:, :, left] = found[:, :, right] = np.where(np.isfinite(a + b).all(axis=-1), gain, np.nan)
    return found


def _lengths(seen: Observed, skeleton: Skeleton) -> Float[np.ndarray, "W t E"]:
    """Return the logarithm of the length of every bone, in world units or px."""
    points = seen.xy if seen.xyz is None else seen.xyz[None]
    one, two = np.array(skeleton.edges).T
    with np.errstate(divide="ignore"):
        found = np.log(np.linalg.norm(points[:, :, one] - points[:, :, two], axis=-1))
    return np.where(np.isfinite(found), found, np.nan)


def _quantiles(
    values: Float[np.ndarray, "W t N"],
) -> tuple[Float[np.ndarray, "W N"], Float[np.ndarray, "W N"]]:
    """Return median and what one in ten exceeds; NaN where there are too few values."""
    ranked = np.sort(values, axis=1)  # the missing ones come last
    count = np.isfinite(values).sum(axis=1)
    found = []
    for share in QUANTILES:
        place = np.floor(share * np.maximum(count - 1, 0)).astype(int)
        number = np.take_along_axis(ranked, place[:, None], axis=1)[:, 0]
        found.append(np.where(count >= FEWEST, number, np.nan))
    return found[0], found[1]


def _shrunk(own: Float[np.ndarray, "W N"]) -> Float[np.ndarray, "W N"]:
    """Return numbers half-way to their median; the median where there is none, NaN without any."""
    known = own[np.isfinite(own)]
    pooled = float(np.median(known)) if len(known) else np.nan
    return (np.where(np.isfinite(own), own, pooled) + pooled) / 2
