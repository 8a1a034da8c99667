"""Labels that look wrong: views that contradict each other, odd bones, sides exchanged, borders, doubles."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from lightning_pose.core.camera import Camera
from lightning_pose.core.guidance import AGREE, NOISE_PX, bone_lengths, usual_lengths
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.core.triangulate import reprojection_error, triangulate, triangulate_robust

Kind = Literal["residual", "swap", "bone", "border", "double"]
BONE_Z = 5.0  # from here a bone's length is worth a look
SWAP_GAIN = 0.25  # share of the disagreement that is left when two sides are exchanged back
BORDER_PX, DOUBLE_PX = 1.0, 0.05
MOST = 200  # findings of a kind


class Finding(NamedTuple):
    """A label that looks wrong.

    Attributes:
        kind: what is wrong.
        frame: row of the labels.
        view: index, -1 for all of them.
        keypoints: indices.
        value: how wrong: px for `residual`, `border` and `double`, robust standard deviations for `bone`, the
            factor by which the disagreement shrinks for `swap`.
        text: what is wrong, in words.
    """

    kind: Kind
    frame: int
    view: int
    keypoints: tuple[int, ...]
    value: float
    text: str


def assess_labels(
    xy: Float[np.ndarray, "V T K 2"],
    views: Sequence[str],
    skeleton: Skeleton,
    *,
    camera: Camera | None = None,
    sizes: Int[np.ndarray, "V 2"] | None = None,
    noise_px: float = NOISE_PX,
) -> list[Finding]:
    """Return the labels of a session that look wrong, the worst of each kind first.

    Args:
        xy: labels (px), NaN where there is none.
        views: their names.
        skeleton: names of the keypoints, bones, and pairs of sides.
        camera: one camera per view; without it only what one view shows is looked at.
        sizes: width and height of the images (px).
        noise_px: standard deviation of labels that are right.
    """
    findings = _doubles(xy, views, skeleton.names)
    if sizes is not None:
        findings += _borders(xy, views, skeleton.names, sizes)
    if camera is not None:
        findings += _residuals(xy, views, skeleton.names, camera, noise_px)
        findings += _swaps(xy, views, skeleton, camera, noise_px)
        findings += _bones(xy, skeleton, camera, noise_px)
    return findings


def worst_residuals(
    xy: Float[np.ndarray, "V T K 2"], camera: Camera, noise_px: float = NOISE_PX
) -> Float[np.ndarray, "T"]:
    """Return the largest distance (px) of each frame's labels from the image of their point; NaN if none."""
    error = triangulate_robust(xy, camera, threshold_px=AGREE * noise_px).error
    known = np.isfinite(error).any(axis=(0, 2))
    return np.where(known, np.nan_to_num(error, nan=-1.0).max(axis=(0, 2)), np.nan)


def _residuals(
    xy: Float[np.ndarray, "V T K 2"], views: Sequence[str], names: Sequence[str], camera: Camera, noise: float
) -> list[Finding]:
    """Return the labels that lie far from where the other views put them."""
    found = triangulate_robust(xy, camera, threshold_px=AGREE * noise)
    far = np.nan_to_num(found.error) > AGREE * noise
    findings = []
    for v, t, k in np.argwhere(far)[np.argsort(-found.error[far])][:MOST].tolist():
        error = float(found.error[v, t, k])
        blame = f"{views[v]} disagrees with the others" if found.rejected[v, t, k] else "the views disagree"
        findings.append(Finding("residual", t, v, (k,), error, f"{names[k]}: {error:.1f} px, {blame}"))
    return findings


def _swaps(
    xy: Float[np.ndarray, "V T K 2"],
    views: Sequence[str],
    skeleton: Skeleton,
    camera: Camera,
    noise: float,
) -> list[Finding]:
    """Return the pairs of sides that agree far better with the other views when one view exchanges them."""
    findings = []
    for left, right in skeleton.swaps:
        pair = xy[:, :, [left, right]]
        before = _disagreement(pair, camera)
        for v, view in enumerate(views):
            exchanged = pair.copy()
            exchanged[v] = exchanged[v][:, ::-1]
            after = _disagreement(exchanged, camera)
            gain = before / np.maximum(after, noise**2)
            better = (before > 2 * (AGREE * noise) ** 2) & (after < SWAP_GAIN * before)
            for t in np.flatnonzero(better).tolist():
                text = f"{skeleton.names[left]} and {skeleton.names[right]} are exchanged in {view}"
                findings.append(Finding("swap", t, v, (left, right), float(gain[t]), text))
    return sorted(findings, key=lambda finding: -finding.value)[:MOST]


def _disagreement(pair: Float[np.ndarray, "V T 2 2"], camera: Camera) -> Float[np.ndarray, "T"]:
    """Return the summed squared residuals (px^2) of two keypoints; NaN with fewer than three views of one."""
    error = reprojection_error(triangulate(pair, camera), pair, camera)
    enough = (np.isfinite(error).sum(axis=0) >= 3).all(axis=-1)
    return np.where(enough, np.nansum(error**2, axis=(0, 2)), np.nan)


def _bones(
    xy: Float[np.ndarray, "V T K 2"], skeleton: Skeleton, camera: Camera, noise: float
) -> list[Finding]:
    """Return the bones whose length is unlike that in the other frames."""
    edges = np.array(skeleton.edges, dtype=int).reshape(-1, 2)
    lengths = bone_lengths(triangulate_robust(xy, camera, threshold_px=AGREE * noise).xyz, edges)
    usual = usual_lengths(lengths)
    z = (lengths - usual.median) / usual.mad
    odd = np.abs(np.nan_to_num(z)) > BONE_Z
    findings = []
    for t, e in np.argwhere(odd)[np.argsort(-np.abs(z[odd]))][:MOST].tolist():
        a, b = edges[e].tolist()
        share = 100 * lengths[t, e] / usual.median[e]
        text = f"{skeleton.names[a]} to {skeleton.names[b]} has {share:.0f} % of its usual length"
        findings.append(Finding("bone", t, -1, (a, b), float(z[t, e]), text))
    return findings


def _borders(
    xy: Float[np.ndarray, "V T K 2"],
    views: Sequence[str],
    names: Sequence[str],
    sizes: Int[np.ndarray, "V 2"],
) -> list[Finding]:
    """Return the labels at the border of their image or beyond it."""
    last = np.asarray(sizes, dtype=float)[:, None, None] - 1
    room = np.minimum(xy, last - xy).min(axis=-1)  # px to the nearest border; NaN where there is no label
    findings = []
    for v, t, k in np.argwhere(room < BORDER_PX)[np.argsort(room[room < BORDER_PX])][:MOST].tolist():
        where = "outside its image" if room[v, t, k] < -0.5 else "at the border"
        text = f"{names[k]} is {where} in {views[v]}"
        findings.append(Finding("border", t, v, (k,), float(room[v, t, k]), text))
    return findings


def _doubles(xy: Float[np.ndarray, "V T K 2"], views: Sequence[str], names: Sequence[str]) -> list[Finding]:
    """Return the keypoints that lie on one another."""
    findings = []
    for b in range(1, len(names)):
        distance = np.linalg.norm(xy[:, :, :b] - xy[:, :, b : b + 1], axis=-1)
        for v, t, a in np.argwhere(distance < DOUBLE_PX).tolist():
            text = f"{names[a]} and {names[b]} are at one place in {views[v]}"
            findings.append(Finding("double", t, v, (a, b), float(distance[v, t, a]), text))
    return sorted(findings, key=lambda finding: finding.value)[:MOST]
