"""The report of a run: how the observations lie about the result, what was gated, and all traces."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from eks.multicam import Result
from eks.pictures import draw_traces
from lightning_pose.core.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 400  # of a quantile plot


def write_report(path: Path, result: Result) -> None:
    """Write a PDF: an overview, then the traces of every keypoint.

    Args:
        path: PDF.
        result: of any smoother.
    """
    from matplotlib.backends.backend_pdf import PdfPages

    names = next(iter(result.views.values())).names
    with atomic_path(path) as temporary, PdfPages(temporary) as pages:
        pages.savefig(_overview(result))
        for name in names:
            pages.savefig(draw_traces(result.views, result.world, name))


def standardised(result: Result) -> dict[str, np.ndarray]:
    """Return for every view the residuals of the medians over the deviation of an observation, T K 2.

    They are a little narrower than a Gaussian of variance 1, since the result follows the observations.
    """
    smoothed = result.smoothed
    found = {}
    for v, (view, poses) in enumerate(result.views.items()):
        median = np.stack([poses.extras[f"{axis}_ens_median"] for axis in "xy"], axis=-1)
        own = smoothed.observed[v]
        if own.shape != median.shape:  # a pupil: its points are the views of one state
            own = np.moveaxis(smoothed.observed[:, :, 0], 0, 1)
        found[view] = (median - poses.points) / np.sqrt(own)
    return found


def _overview(result: Result) -> "Figure":
    """Return residuals per view and keypoint, their quantiles, and what was gated."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 9), layout="constrained")
    axes = figure.subplots(2, 2)
    names = next(iter(result.views.values())).names
    offsets = np.arange(len(names))
    width = 0.8 / len(result.views)
    for v, (view, poses) in enumerate(result.views.items()):
        median = np.stack([poses.extras[f"{axis}_ens_median"] for axis in "xy"], axis=-1)
        away = np.linalg.norm(median - poses.points, axis=-1)
        axes[0, 0].bar(offsets + v * width, np.nanmedian(away, axis=0), width, label=view)
        axes[0, 1].bar(offsets + v * width, np.nanquantile(away, 0.95, axis=0), width, label=view)
    for axis, title in ((axes[0, 0], "median"), (axes[0, 1], "95 % quantile")):
        axis.set_title(f"distance of the ensemble's median from the result: {title}")
        axis.set_ylabel("px")
        axis.set_xticks(offsets + 0.4 - width / 2, names, rotation=90, fontsize="small")
        axis.legend(fontsize="small")
    _quantiles(axes[1, 0], standardised(result))
    gated = (result.smoothed.belief < 1).mean(1)
    picture = axes[1, 1].imshow(100 * gated, aspect="auto", cmap="cividis")
    axes[1, 1].set_title("gated observations, %")
    axes[1, 1].set_yticks(range(len(gated)), result.record["cameras"], fontsize="small")
    axes[1, 1].set_xticks(
        range(gated.shape[1]), list(result.record["keypoints"]), rotation=90, fontsize="small"
    )
    figure.colorbar(picture, ax=axes[1, 1])
    return figure


def _quantiles(axis: "Axes", found: dict[str, np.ndarray]) -> None:
    """Draw the quantiles of standardised residuals against a Gaussian's."""
    levels = (np.arange(POINTS) + 0.5) / POINTS
    for view, values in found.items():
        finite = values[np.isfinite(values)]
        if len(finite):
            axis.plot(ndtri(levels), np.quantile(finite, levels), label=view)
    axis.axline((0, 0), slope=1, color="0.5", lw=0.8)
    axis.set_title("residuals over the deviation of an observation")
    axis.set_xlabel("quantile of a Gaussian")
    axis.set_ylim(-6, 6)
    axis.legend(fontsize="small")
