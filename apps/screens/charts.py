"""Charts of pages: the course of trainings, and bars of errors, in the colours of the theme."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import streamlit as st

from lightning_pose.projects.curves import Curves

POINTS = 300  # of a line: more cannot be told apart
FEW = 60  # points in a chart up to which each is marked
LIGHT = ("#0f766e", "#c2570c")  # training, or the first model; validation, or the second one
DARK = ("#35c4b3", "#f59e5b")


def colors() -> tuple[str, str]:
    """Return two colours that can be told apart on the background of the page, also by the colour-blind."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def draw_curves(curves: Mapping[str, Curves]) -> None:
    """Draw losses and pixel errors over the steps.

    Args:
        curves: of each network, by name; lines of several networks have the colours of one.
    """
    losses = _rows(curves, {"train_loss": "training", "val_loss": "validation"})
    errors = _rows(curves, {"val_pixel_error": "validation"})
    if not losses:
        st.caption("The first epoch has not ended yet.")
        return
    left, right = st.columns(2)
    left.altair_chart(_lines(losses, "Loss, over steps", log=True), width="stretch")
    if errors:
        right.altair_chart(_lines(errors, "Error of validation, px", log=False), width="stretch")
    else:
        right.caption("Not validated yet.")


def error_bars(rows: list[dict[str, Any]], names: list[str]) -> alt.Chart:
    """Return bars of errors (px), those of up to two models beside each other.

    Args:
        rows: with `what`, `model` and `px`.
        names: of the models, in the order of the colours.
    """
    order = list(dict.fromkeys(row["what"] for row in rows))
    return (
        alt.Chart(alt.Data(values=rows), height=alt.Step(22 if len(names) == 1 else 13))
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            y=alt.Y("what:N", sort=order, title=None, axis=alt.Axis(labelLimit=160, ticks=False)),
            yOffset=alt.YOffset("model:N", sort=names),
            x=alt.X("px:Q", title="mean error, px", axis=alt.Axis(tickCount=5)),
            color=alt.Color(
                "model:N", scale=alt.Scale(domain=names, range=list(colors())),
                legend=None if len(names) == 1 else alt.Legend(orient="top", title=None, labelLimit=300),
            ),
            tooltip=[
                alt.Tooltip("what:N", title=" "), alt.Tooltip("model:N"),
                alt.Tooltip("px:Q", title="mean error, px", format=".2f"),
                alt.Tooltip("labels:Q", title="labels"),
            ],
        )
    )  # fmt: skip


def _rows(curves: Mapping[str, Curves], columns: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the points of lines: what stands on which line, step and value."""
    rows = []
    for name, course in curves.items():
        for column, what in columns.items():
            steps, values = course.known(column)
            kept = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), POINTS)).astype(int))
            rows += [
                {"what": what, "network": name, "step": float(steps[i]), "value": float(values[i])}
                for i in kept
            ]
    return rows


def _lines(rows: list[dict[str, Any]], title: str, *, log: bool) -> alt.Chart:
    log = log and all(row["value"] > 0 for row in rows)
    several = len({row["what"] for row in rows}) > 1
    legend = alt.Legend(orient="top", title=None, symbolType="stroke") if several else None
    few, head = len(rows) < FEW, alt.TitleParams(title, anchor="start", fontSize=12)
    return (
        alt.Chart(alt.Data(values=rows), height=210, title=head)
        .mark_line(strokeWidth=1.8, point={"size": 18} if few else False, clip=True)
        .encode(
            x=alt.X("step:Q", title=None, axis=alt.Axis(tickCount=5, grid=False)),
            y=alt.Y(
                "value:Q", title=None, axis=alt.Axis(tickCount=5),
                scale=alt.Scale(type="log" if log else "linear", zero=False, nice=not log),
            ),
            color=alt.Color(
                "what:N", scale=alt.Scale(domain=["training", "validation"], range=list(colors())),
                legend=legend,
            ),
            detail="network:N",
            tooltip=[
                alt.Tooltip("network:N"), alt.Tooltip("what:N", title="of"), alt.Tooltip("step:Q"),
                alt.Tooltip("value:Q", title=title, format=".3f"),
            ],
        )
    )  # fmt: skip
