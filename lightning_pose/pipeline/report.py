"""The demo's report: pictures of the trajectories and one HTML page that holds all of it."""

import base64
import html
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lightning_pose.benchmarks.trajectories import Trajectories, triangulated
from lightning_pose.core import metrics, plots
from lightning_pose.core.files import write_text
from lightning_pose.core.skeletons import Skeleton

STYLE = Path(__file__).with_name("report.css")
SMOOTHER, SEED, MEDIAN = plots.PALETTE[:3]


TRACES = "Three keypoints: truth, one seed triangulated per frame, the smoother with its 95 % interval."
ERRORS = "Left: share of points below an error (seeds weighted). Right: how often intervals hold the truth."
SPACE = "The smoothed skeleton (colour) on the true one (grey) at four instants."
RIG = "Where the cameras stand, and the path of the animal."


def write_report(out: Path, summary: dict[str, Any], result: Trajectories, skeleton: Skeleton) -> Path:
    """Write `report.html` and its pictures (also as PNG files in `pictures/`); return the page's path.

    Args:
        out: the demo's folder.
        summary: what `summary.json` says.
        result: the unseen session: predictions, smoothed track, truth, cameras.
        skeleton: the edges between keypoints.
    """
    pictures = {
        "traces": (trace_figure(result, summary["unit"]), TRACES),
        "errors": (error_figure(result, summary["unit"]), ERRORS),
        "poses": (pose_figure(result, skeleton), SPACE),
        "rig": (rig_figure(result), RIG),
    }
    parts = []
    for name, (figure, caption) in pictures.items():
        path = out / "pictures" / f"{name}.png"
        plots.save_figure(figure, path)
        data = base64.b64encode(path.read_bytes()).decode()
        image = f'<img alt="{name}" src="data:image/png;base64,{data}">'
        parts.append(f"<figure>{image}<figcaption>{caption}</figcaption></figure>")
    videos = sorted(out.glob("models/*/video_preds/labeled_videos/*mosaic*.mp4"))
    write_text(out / "report.html", _page(summary, parts, [video.relative_to(out) for video in videos]))
    return out / "report.html"


def trace_figure(result: Trajectories, unit: str, stop: int = 200) -> Figure:
    """Draw x, y, z of three keypoints: the one that moves least, the median one, the one that moves most."""
    smoothed, known = result.smoothed, result.known
    seed = triangulated(result.members, result.rig)["seed 0"]
    ranked = np.argsort(np.nanstd(known, axis=0).sum(axis=-1))
    chosen = [ranked[0], ranked[len(ranked) // 2], ranked[-1]]
    frames = np.arange(min(stop, len(known)))
    extent = float(np.nanmax(np.ptp(known, axis=1)))  # of the body: what hardly moves is not magnified
    figure = plots.new_figure(13, 7.5)
    axes = figure.subplots(3, 3, sharex=True)
    for column, k in enumerate(chosen):
        for row in range(3):
            axis = axes[row, column]
            axis.plot(frames, seed[frames, k, row], color=SEED, lw=0.8, alpha=0.8, label="one seed")
            track, variance = smoothed.points[frames, k, row], smoothed.variance[frames, k, row]
            plots.plot_trace(axis, frames, track, variance, color=SMOOTHER, label="smoother")
            axis.plot(frames, known[frames, k, row], color="black", lw=0.9, ls="--", label="truth")
            low, high = np.nanquantile(known[frames, k, row], [0, 1])
            half = 1.1 * max(high - low, 0.1 * extent)
            axis.set_ylim((low + high) / 2 - half, (low + high) / 2 + half)
            if column == 0:
                axis.set_ylabel(f"{'xyz'[row]} ({unit})")
        axes[0, column].set_title(result.members.names[k])
        axes[-1, column].set_xlabel("frame")
    axes[0, 0].legend(fontsize=8, loc="upper right")
    return figure


def error_figure(result: Trajectories, unit: str) -> Figure:
    """Draw the distribution of each method's 3D error, and the coverage of the smoother's intervals."""
    figure = plots.new_figure(11, 4.2)
    left, right = figure.subplots(1, 2)
    tracks = triangulated(result.members, result.rig, weighted=True) | {"smoother": result.smoothed.points}
    limit = 0.0
    for name, track in tracks.items():
        error = np.linalg.norm(track - result.known, axis=-1)
        error = np.sort(error[np.isfinite(error)])
        limit = max(limit, float(np.quantile(error, 0.97)))
        color = {"smoother": SMOOTHER, "median": MEDIAN}.get(name, SEED)
        left.plot(error, np.linspace(0, 1, len(error)), color=color, lw=1.6, label=name)
    left.set(xlim=(0, limit), ylim=(0, 1), xlabel=f"3D error ({unit})", ylabel="share of points")
    left.legend(fontsize=8, loc="lower right")
    levels = np.linspace(0.02, 0.99, 60)
    smoothed = result.smoothed
    covered = [
        metrics.interval_coverage(smoothed.points, smoothed.variance, result.known, level=float(level))
        for level in levels
    ]
    right.plot([0, 1], [0, 1], color="grey", lw=1, ls="--", label="honest")
    right.plot(levels, covered, color=SMOOTHER, lw=1.6, label="smoother")
    right.set(xlim=(0, 1), ylim=(0, 1), xlabel="interval promises", ylabel="truth inside", aspect="equal")
    right.legend(fontsize=8, loc="upper left")
    return figure


def pose_figure(result: Trajectories, skeleton: Skeleton) -> Figure:
    """Draw the smoothed and the true skeleton at four instants spread over the session."""
    figure = plots.new_figure(13, 3.8)
    edges = skeleton.select(result.members.names).edges
    for column, frame in enumerate(np.linspace(0, len(result.known) - 1, 6).astype(int)[1:-1]):
        axis = figure.add_subplot(1, 4, column + 1, projection="3d")
        plots.plot_skeleton_3d(axis, result.known[frame], edges, color="grey")
        plots.plot_skeleton_3d(axis, result.smoothed.points[frame], edges)
        axis.set_title(f"frame {frame}")
        axis.set_axis_off()
    return figure


def rig_figure(result: Trajectories) -> Figure:
    """Draw the cameras and the path of the body's centre."""
    figure = plots.new_figure(7, 5.5)
    axis = figure.add_subplot(projection="3d")
    plots.plot_cameras(axis, result.rig)
    path = np.nanmean(result.smoothed.points, axis=1)
    axis.plot(*path.T, color=SMOOTHER, lw=1.2)
    return figure


def _page(summary: dict[str, Any], parts: list[str], videos: list[Path]) -> str:
    """Lay out the page; every name in it is text, never markup."""
    note = "<p><b>A quick run: the networks have hardly been trained, the numbers mean nothing.</b></p>"
    films = "".join(
        f'<figure><video controls muted loop src="{html.escape(str(video))}"></video>'
        f"<figcaption>{html.escape(video.name)}: predictions, opacity is confidence</figcaption></figure>"
        for video in videos
    )
    seconds = "".join(
        f"<tr><td>{html.escape(step)}</td><td>{value:.1f} s</td></tr>"
        for step, value in summary["seconds"].items()
    )
    versions = ", ".join(
        f"{html.escape(name)} {html.escape(value)}" for name, value in summary["versions"].items()
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>litpose demo</title><style>{STYLE.read_text()}</style></head><body>
<h1>From synchronised videos to smooth 3D</h1>
<p class="lead">Session <code>{html.escape(summary["session"])}</code>: an individual and a light that
no network was trained on, {len(summary["size"]["seeds"])} seeds, {summary["size"]["views"]} cameras.</p>
{note if summary["quick"] else ""}
{_score_rows(summary)}
{films}
<h2>Pictures</h2>{"".join(parts)}
<h2>Time</h2><table><tr><th>step</th><th>wall clock</th></tr>{seconds}</table>
<footer><p>{versions}</p></footer>
</body></html>
"""


def _score_rows(summary: dict[str, Any]) -> str:
    """Return the table of scores as HTML."""
    unit, scores = html.escape(summary["unit"]), summary["scores"]
    views = next(iter(scores.values()))["median_px"]
    heads = "".join(f"<th>{html.escape(view)}<br>median px</th>" for view in views)
    rows = []
    for method, score in scores.items():
        pixels = "".join(f"<td>{value:.2f}</td>" for value in score["median_px"].values())
        coverage = "" if score["coverage_95"] is None else f"{100 * score['coverage_95']:.1f} %"
        mark = ' class="best"' if method == "smoother" else ""
        rows.append(
            f"<tr{mark}><td>{html.escape(method)}</td>{pixels}<td>{score['mean_3d']:.2f}</td>"
            f"<td>{score['median_3d']:.2f}</td><td>{score['p95_3d']:.2f}</td><td>{coverage}</td></tr>"
        )
    return f"""<table><tr><th>method</th>{heads}<th>3D mean<br>{unit}</th><th>3D median<br>{unit}</th>
<th>3D 95th percentile<br>{unit}</th><th>95 % interval<br>covers</th></tr>{"".join(rows)}</table>"""
