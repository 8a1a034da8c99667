"""Pictures of what the smoother did: traces with bands."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lightning_pose.core.files import atomic_path
from lightning_pose.core.poses import Poses

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 500  # frames
BAND = 1.96  # standard deviations on either side: 95 %


def plot_traces(
    path: Path, views: Mapping[str, Poses], world: Poses | None, keypoint: str | None = None
) -> None:
    """Draw one keypoint over the first frames: the ensemble's median, the smoothed trace and its 95 % band.

    Args:
        path: PDF.
        views: smoothed pixels of every camera.
        world: smoothed points, if there are.
        keypoint: its name; the last by default.
    """
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    figure = draw_traces(views, world, keypoint)
    with atomic_path(path) as temporary:
        FigureCanvasPdf(figure).print_pdf(temporary)


def draw_traces(views: Mapping[str, Poses], world: Poses | None, keypoint: str | None = None) -> "Figure":
    """Return the figure of `plot_traces`."""
    from matplotlib.figure import Figure

    rows = [(camera, poses) for camera, poses in views.items()] + ([("world", world)] if world else [])
    first = next(iter(views.values()))
    k = first.names.index(keypoint) if keypoint else len(first.names) - 1
    figure = Figure(figsize=(12, 2.4 * 2 * len(rows)), layout="constrained")
    axes = figure.subplots(sum(poses.dims for _, poses in rows), 1, sharex=True, squeeze=False)[:, 0]
    lines = iter(axes)
    for camera, poses in rows:
        shown = slice(0, SHOWN)
        time = np.arange(len(poses))[shown]
        for d, axis_name in enumerate("xyz"[: poses.dims]):
            axis = next(lines)
            median = poses.extras.get(f"{axis_name}_ens_median")
            if median is not None:
                axis.plot(time, median[shown, k], ".", ms=2.5, color="0.5", label="ensemble median")
            mean = poses.points[shown, k, d]
            assert poses.variance is not None
            half = BAND * np.sqrt(poses.variance[shown, k, d])
            axis.fill_between(time, mean - half, mean + half, color="#0072B2", alpha=0.25, lw=0, label="95 %")
            axis.plot(time, mean, color="#0072B2", lw=1, label="smoothed")
            axis.set_ylabel(f"{camera} {axis_name}" + ("" if poses.dims == 3 else ", px"))
    axes[0].set_title(first.names[k])
    axes[0].legend(loc="upper right", ncols=3, fontsize="small")
    axes[-1].set_xlabel("frame")
    return figure
