"""Pictures of poses: each function draws on an axis that it is given, and returns it.

Colours are those that the colour-blind tell apart. matplotlib is imported only where a figure is made, and
figures are made without pyplot: no window, no state between pictures.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped
from scipy.special import ndtri

from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import camera_centers
from lightning_pose.core.files import atomic_path
from lightning_pose.core.metrics import Reliability
from lightning_pose.core.skeletons import PALETTE

Axis = Any  # matplotlib.axes.Axes, or mpl_toolkits.mplot3d.Axes3D for what is in 3D
Figure = Any  # matplotlib.figure.Figure

__all__ = [
    "PALETTE",
    "new_figure",
    "plot_cameras",
    "plot_loss_curves",
    "plot_reliability",
    "plot_skeleton_2d",
    "plot_skeleton_3d",
    "plot_trace",
    "plot_traces",
    "save_figure",
]

FRUSTUM = 0.12  # length of a drawn camera, as a share of the rig's extent


def new_figure(width: float = 8.0, height: float = 5.0) -> Figure:
    """Return an empty figure of a size in inches that keeps its labels from overlapping."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Figure, path: Path | str, dpi: int = 110) -> None:
    """Write a figure to a file atomically; the suffix says the format."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=dpi)


def plot_trace(
    axis: Axis,
    frames: Shaped[np.ndarray, "T"],
    values: Float[np.ndarray, "T"],
    variance: Float[np.ndarray, "T"] | None = None,
    *,
    level: float = 0.95,
    color: str = PALETTE[0],
    label: str | None = None,
    **style: Any,
) -> Axis:
    """Draw one coordinate over time with the band that holds the truth with probability `level`.

    Args:
        axis: to draw on.
        frames: frame numbers or seconds.
        values: the coordinate; gaps where NaN.
        variance: of each value; no band without.
        level: of the band, for normal errors.
        color: of line and band.
        label: for the legend.
        style: further properties of the line.
    """
    if variance is not None:
        half = ndtri(0.5 + level / 2) * np.sqrt(variance)
        axis.fill_between(frames, values - half, values + half, color=color, alpha=0.25, lw=0)
    axis.plot(frames, values, color=color, label=label, **{"lw": 1.2, **style})
    return axis


def plot_traces(
    axis: Axis,
    frames: Shaped[np.ndarray, "T"],
    traces: Mapping[str, Float[np.ndarray, "T"]],
    variances: Mapping[str, Float[np.ndarray, "T"]] | None = None,
    *,
    level: float = 0.95,
) -> Axis:
    """Draw several traces of one coordinate in colours of their own, with a legend; see `plot_trace`."""
    for index, (label, values) in enumerate(traces.items()):
        color, variance = PALETTE[index % len(PALETTE)], (variances or {}).get(label)
        plot_trace(axis, frames, values, variance, level=level, color=color, label=label)
    axis.legend(fontsize=8, loc="upper right")
    return axis


def plot_skeleton_2d(
    axis: Axis,
    points: Float[np.ndarray, "K 2"],
    edges: Sequence[tuple[int, int]] = (),
    color: str = PALETTE[0],
    **style: Any,
) -> Axis:
    """Draw keypoints and the lines between them in pixels, y down; missing points leave gaps."""
    for a, b in edges:
        axis.plot(*points[[a, b]].T, color=color, **{"lw": 1.5, **style})
    axis.scatter(*points.T, s=10, color=color, zorder=3)
    axis.set_aspect("equal")
    if not axis.yaxis_inverted():
        axis.invert_yaxis()
    return axis


def plot_skeleton_3d(
    axis: Axis,
    points: Float[np.ndarray, "K 3"],
    edges: Sequence[tuple[int, int]] = (),
    color: str = PALETTE[0],
    **style: Any,
) -> Axis:
    """Draw keypoints and the lines between them in the world; missing points leave gaps."""
    for a, b in edges:
        axis.plot(*points[[a, b]].T, color=color, **{"lw": 1.5, **style})
    axis.scatter(*points.T, s=8, color=color, depthshade=False)
    axis.set_aspect("equal")
    return axis


def plot_loss_curves(
    axis: Axis,
    curves: Mapping[str, tuple[Shaped[np.ndarray, "N"], Float[np.ndarray, "N"]]],
    *,
    xlabel: str = "step",
) -> Axis:
    """Draw losses over steps, each as (steps, values); logarithmic where all values are positive."""
    for index, (label, (steps, values)) in enumerate(curves.items()):
        known = np.isfinite(values)
        color = PALETTE[index % len(PALETTE)]
        axis.plot(steps[known], values[known], color=color, lw=1.3, label=label)
    drawn = [values[np.isfinite(values)] for _, values in curves.values()]
    if drawn and all((values > 0).all() for values in drawn):
        axis.set_yscale("log")
    axis.set_xlabel(xlabel)
    axis.set_ylabel("loss")
    axis.grid(alpha=0.3)
    if curves:
        axis.legend(fontsize=8)
    return axis


def plot_reliability(axis: Axis, curves: Mapping[str, Reliability]) -> Axis:
    """Draw the share of right predictions over their confidence; honest ones lie on the diagonal."""
    axis.plot([0, 1], [0, 1], color="0.6", lw=1, ls="--")
    for index, (label, curve) in enumerate(curves.items()):
        text = f"{label}: calibration error {curve.error:.3f}"
        color = PALETTE[index % len(PALETTE)]
        axis.plot(curve.confidence, curve.share, color=color, lw=1.3, marker="o", ms=4, label=text)
    axis.set_xlabel("confidence")
    axis.set_ylabel("share that is right")
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1)
    axis.set_aspect("equal")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    return axis


def plot_cameras(axis: Axis, rig: Rig, color: str = PALETTE[5], length: float | None = None) -> Axis:
    """Draw where the cameras of a rig stand and look, as pyramids with their names, in world units.

    Args:
        axis: to draw on, in 3D.
        rig: the cameras.
        color: of the pyramids.
        length: of a pyramid from the camera's centre to its picture; a share of the rig's extent by default.
    """
    centers = camera_centers(rig.camera)
    extent = float(np.ptp(centers, axis=0).max()) or 1.0
    corners = frustums(rig, extent * FRUSTUM if length is None else length)
    for name, center, corner in zip(rig.names, centers, corners, strict=True):
        axis.plot(*corner[[0, 1, 2, 3, 0]].T, color=color, lw=1)
        for point in corner:
            axis.plot(*np.stack([center, point]).T, color=color, lw=1)
        axis.text(*center, f" {name}", fontsize=8)
    axis.set_aspect("equal")
    return axis


def frustums(rig: Rig, length: float) -> Float[np.ndarray, "V 4 3"]:
    """Return the world points seen in the corners of each picture, `length` world units before the camera.

    Lens distortion is left out: it is for drawing.
    """
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=float)
    xy = unit * rig.sizes[:, None] - 0.5
    pixels = np.concatenate([xy, np.ones((*xy.shape[:2], 1))], axis=-1)
    rays = pixels @ np.swapaxes(np.linalg.inv(rig.camera.matrix), -1, -2)
    return (length * rays - rig.camera.translation[:, None]) @ rig.camera.rotation
