"""Plotly figures of trajectories: traces over time with their bands, and the skeleton in space."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, Int, UInt8
from plotly.subplots import make_subplots

from lightning_pose.core.skeletons import Skeleton

# Okabe and Ito 2008: told apart by colour-blind readers. The first is the smoother's.
INK = ("#0f766e", "#d55e00", "#0072b2", "#cc79a7", "#e69f00", "#56b4e9", "#7a7a7a")
GRID = "rgba(128,128,128,0.18)"
AXES = ("x", "y", "z")
# Far enough for the corners of the box to stay inside the picture when it is turned.
EYE = {"eye": {"x": 1.45, "y": 1.45, "z": 0.8}, "center": {"x": 0, "y": 0, "z": -0.08}}


class Line(NamedTuple):
    """One source's coordinates of one keypoint over time, and how to draw them."""

    name: str
    frames: Int[np.ndarray, "T"]
    points: Float[np.ndarray, "T D"]
    color: str
    width: float = 1.2
    dash: str = "solid"
    band: Float[np.ndarray, "T D"] | None = None
    likelihood: Float[np.ndarray, "T"] | None = None


def traces(lines: Sequence[Line], unit: str, cursor: int) -> go.Figure:
    """Draw every coordinate over the frames, bands as shaded areas, and likelihood below where there is any.

    Args:
        lines: what to draw; all with the same number of coordinates.
        unit: unit of the coordinates, for the axis.
        cursor: frame to mark.
    """
    dims = lines[0].points.shape[1]
    confident = any(line.likelihood is not None for line in lines)
    titles = [f"{axis} ({unit})" for axis in AXES[:dims]] + (["likelihood"] if confident else [])
    figure = make_subplots(rows=len(titles), cols=1, shared_xaxes=True, vertical_spacing=0.04)
    for line in lines:
        for row in range(dims):
            _add_line(figure, line, row)
        if line.likelihood is not None:
            figure.add_scatter(
                x=line.frames, y=line.likelihood, row=dims + 1, col=1, name=line.name, legendgroup=line.name,
                showlegend=False, line={"color": line.color, "width": line.width, "dash": line.dash},
            )  # fmt: skip
    for row, title in enumerate(titles, start=1):
        figure.update_yaxes(title_text=title, row=row, col=1, gridcolor=GRID, zeroline=False)
    for row in range(dims):
        figure.update_yaxes(range=_span([line.points[:, row] for line in lines]), row=row + 1, col=1)
    if confident:
        figure.update_yaxes(range=[-0.03, 1.03], row=dims + 1, col=1)
    figure.update_xaxes(gridcolor=GRID, zeroline=False)
    figure.update_xaxes(title_text="frame", row=len(titles), col=1)
    figure.add_vline(x=cursor, line={"color": "#b45309", "width": 1})
    figure.update_layout(
        height=150 * len(titles) + 70,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        hovermode="x unified",
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0},
        uirevision="traces",
    )
    return figure


def skeleton_3d(
    points: Float[np.ndarray, "K 3"],
    skeleton: Skeleton,
    limits: Float[np.ndarray, "2 3"],
    *,
    band: Float[np.ndarray, "K 3"] | None = None,
    highlight: str | None = None,
) -> go.Figure:
    """Draw one pose in space: joints, bones, and intervals as crosses.

    Args:
        points: the pose, NaN where missing.
        skeleton: names, edges and colours, in the order of the points.
        limits: lowest and highest corner of the box to show; the same for every frame, so that nothing jumps.
        band: half widths of each coordinate's interval.
        highlight: keypoint to draw larger.
    """
    figure = go.Figure()
    bones = [_hex(color) for color in skeleton.edge_colors()]
    for color in dict.fromkeys(bones):
        pairs = np.array([pair for pair, own in zip(skeleton.edges, bones, strict=True) if own == color])
        _add_segments(figure, points[pairs], color, 5)
    if band is not None:
        arms = np.eye(3) * band[:, None, :]
        ends = np.stack([points[:, None] - arms, points[:, None] + arms], axis=2)
        _add_segments(figure, ends.reshape(-1, 2, 3), "rgba(128,128,128,0.7)", 1.5)
    x, y, z = points.T
    figure.add_scatter3d(
        x=x, y=y, z=z, mode="markers", text=list(skeleton.names), showlegend=False,
        marker={
            "size": [8 if name == highlight else 3.5 for name in skeleton.names],
            "color": [_hex(color) for color in skeleton.keypoint_colors()],
        },
        hovertemplate="%{text}<br>%{x:.1f}, %{y:.1f}, %{z:.1f}<extra></extra>",
    )  # fmt: skip
    axes = {
        f"{axis}axis": {
            "range": limits[:, index].tolist(),
            "backgroundcolor": "rgba(0,0,0,0)",
            "gridcolor": GRID,
        }
        for index, axis in enumerate(AXES)
    }
    sides = np.diff(limits, axis=0)[0]
    figure.update_layout(
        height=520,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        scene={
            **axes,
            "aspectmode": "manual",
            "aspectratio": dict(zip(AXES, (sides / sides.max()).tolist(), strict=True)),
            "camera": EYE,
        },
        uirevision="skeleton",
    )
    return figure


def box(points: Float[np.ndarray, "T K 3"], margin: float = 0.05) -> Float[np.ndarray, "2 3"]:
    """Return the corners of the box that holds all but the most extreme 1 % of the points."""
    flat = points.reshape(-1, 3)
    low, high = np.nanquantile(flat, [0.005, 0.995], axis=0)
    room = margin * (high - low).max()
    return np.array([low - room, high + room])


def _span(columns: Sequence[Float[np.ndarray, "_"]]) -> list[float] | None:
    """Return the range of nearly all values: neither an outlier nor a wide band may flatten the rest."""
    values = np.concatenate(columns)
    if not np.isfinite(values).any():
        return None
    low, high = np.nanquantile(values, [0.01, 0.99])
    room = 0.4 * (high - low) or 1.0
    return [float(low - room), float(high + room)]


def _add_line(figure: go.Figure, line: Line, row: int) -> None:
    """Add one coordinate of a line, its band first so that it lies below."""
    values = line.points[:, row]
    if line.band is not None:
        known = np.isfinite(values + line.band[:, row])
        frames, middle, half = line.frames[known], values[known], line.band[known, row]
        figure.add_scatter(
            x=np.concatenate([frames, frames[::-1]]),
            y=np.concatenate([middle + half, (middle - half)[::-1]]),
            fill="toself",
            fillcolor=_faded(line.color),
            line={"width": 0},
            mode="lines",
            legendgroup=line.name,
            showlegend=False,
            hoverinfo="skip",
            row=row + 1,
            col=1,
        )
    figure.add_scatter(
        x=line.frames,
        y=values,
        name=line.name,
        legendgroup=line.name,
        showlegend=row == 0,
        mode="lines",
        line={"color": line.color, "width": line.width, "dash": line.dash},
        row=row + 1,
        col=1,
    )


def _add_segments(figure: go.Figure, segments: Float[np.ndarray, "n 2 3"], color: str, width: float) -> None:
    """Add separate line segments as one trace; a NaN row lifts the pen."""
    if not len(segments):
        return
    gaps = np.full((len(segments), 1, 3), np.nan)
    x, y, z = np.concatenate([segments, gaps], axis=1).reshape(-1, 3).T
    figure.add_scatter3d(
        x=x, y=y, z=z, mode="lines", line={"color": color, "width": width}, showlegend=False, hoverinfo="skip"
    )


def _faded(color: str, opacity: float = 0.22) -> str:
    """Return a hex colour with an opacity."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def _hex(color: UInt8[np.ndarray, "3"]) -> str:
    """Return an RGB colour as plotly reads it."""
    return "#" + bytes(color.tolist()).hex()
