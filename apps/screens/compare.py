"""Errors of one model, or of two beside each other: per keypoint, and per keypoint and view."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd
import streamlit as st

from apps.screens.charts import error_bars
from apps.screens.style import plain
from lightning_pose.projects.models import Model
from lightning_pose.projects.scores import ALL, SETS, Place, Score

NAMES = {"_index": st.column_config.TextColumn("keypoint", width="medium")}
MANY = 20  # rows beyond which a table scrolls
Scores = Mapping[Place, Score]


def show_errors(name: str, scores: Scores) -> None:
    """Draw the errors of a model."""
    which = _choose_set([scores], "errors of")
    left, right = st.columns([2, 3], gap="large")
    with left:
        rows = [_bar(keypoint, name, scores[which, ALL, keypoint]) for keypoint in _keypoints(scores, which)]
        rows = [row for row in rows if row["px"] is not None]
        st.altair_chart(error_bars(rows, [name]), width="stretch")
    with right:
        table = table_of(scores, which)
        st.dataframe(_tinted(table), width="stretch", height=height_of(table), column_config=NAMES)
        st.caption("Mean distance to the labels, px, per keypoint and view.")


def show_comparison(first: tuple[Model, Scores], second: tuple[Model, Scores]) -> None:
    """Draw the errors of two models, and their difference."""
    (one, ours), (other, theirs) = first, second
    if not (ours and theirs):
        lacking = one if not ours else other
        st.info(f"{plain(lacking.name)} has not been compared with the labels yet.")
        return
    st.subheader(f"{plain(one.name)} and {plain(other.name)}", anchor=False)
    which = _choose_set([ours, theirs], "compared on")
    _say_what_differs(one, other, ours, theirs, which)
    names = [one.folder.name, other.folder.name]
    names = names if names[0] != names[1] else [one.name, other.name]
    left, right = st.columns([2, 3], gap="large")
    common = [name for name in _keypoints(ours, which) if (which, ALL, name) in theirs]
    rows = [
        _bar(keypoint, name, scores[which, ALL, keypoint])
        for keypoint in common
        for name, scores in zip(names, (ours, theirs), strict=True)
    ]
    left.altair_chart(error_bars([row for row in rows if row["px"] is not None], names), width="stretch")
    with right:
        difference = table_of(theirs, which).sub(table_of(ours, which)).dropna(how="all")
        difference = difference.reindex([name for name in (*common, ALL) if name in difference.index])
        st.dataframe(
            _tinted(difference, diverging=True),
            width="stretch",
            height=height_of(difference),
            column_config=NAMES,
        )
        st.caption(
            f"Error of {plain(other.name)} minus that of {plain(one.name)}, px: where it is below 0, "
            f"{plain(other.name)} is better."
        )


def table_of(scores: Scores, which: str) -> pd.DataFrame:
    """Return mean errors (px) of a set, a row per keypoint and a column per view, the whole at the end."""
    views = list(dict.fromkeys(view for name, view, _ in scores if name == which))
    views = [view for view in views if view != ALL]
    views = [*views, ALL] if len(views) != 1 else [ALL]
    rows = {
        keypoint: {view: _mean(scores.get((which, view, keypoint))) for view in views}
        for keypoint in (*_keypoints(scores, which), ALL)
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=views).rename(
        columns={ALL: "all views" if len(views) > 1 else "error"}
    )


def height_of(table: pd.DataFrame) -> int | Literal["content"]:
    """Return how high a table is drawn: to its end, or so that it scrolls."""
    return "content" if len(table) < MANY else 640


def _choose_set(both: list[Scores], key: str) -> str:
    """Return the set that is looked at; that of validation where there is one."""
    names = dict.fromkeys(place[0] for place in both[0])
    found = [name for name in names if all((name, ALL, ALL) in scores for scores in both)]
    found.sort(key=lambda name: (*SETS, name).index(name))
    default = "validation" if "validation" in found else found[0]
    labels = {name: _counted(name, both) for name in found}
    return st.segmented_control(
        "Labels", found, default=default, required=True, format_func=labels.__getitem__, key=key,
        label_visibility="collapsed",
    )  # fmt: skip


def _counted(name: str, both: list[Scores]) -> str:
    said = name.replace("_", " ")
    return f"{said}  :gray[{both[0][name, ALL, ALL].mean:.2f} px]" if len(both) == 1 else said


def _say_what_differs(one: Model, other: Model, ours: Scores, theirs: Scores, which: str) -> None:
    """Say how both do on the whole, and whether they were asked about the same labels."""
    place = (which, ALL, ALL)
    for column, (model, scores) in zip(st.columns(2), ((one, ours), (other, theirs)), strict=True):
        score = scores[place]
        delta = None if model is one else score.mean - ours[place].mean
        column.metric(
            plain(model.name), f"{score.mean:.2f} px", None if delta is None else f"{delta:+.2f} px",
            delta_color="inverse", border=True, height="stretch",
            help=f"mean over {score.labels:,} labels; half are within {score.median:.2f} px",
        )  # fmt: skip
    counts = ours[place].labels, theirs[place].labels
    if counts[0] != counts[1]:
        st.caption(
            f"They were asked about {counts[0]:,} and {counts[1]:,} labels: a part of the difference may be "
            "that of the labels."
        )


def _keypoints(scores: Scores, which: str) -> list[str]:
    return [name for kind, view, name in scores if kind == which and view == ALL and name != ALL]


def _bar(keypoint: str, name: str, score: Score) -> dict[str, Any]:
    px = None if math.isnan(score.mean) else round(score.mean, 3)
    return {"what": keypoint, "model": name, "px": px, "labels": score.labels}


def _mean(score: Score | None) -> float:
    return math.nan if score is None else score.mean


def _tinted(table: pd.DataFrame, *, diverging: bool = False) -> Any:
    """Return a table with tinted cells: red where it is bad, and in differences green where it is better."""
    most = float(table.abs().max(axis=None))

    def tint(value: float) -> str:
        if math.isnan(value) or not most:
            return ""
        share = min(1.0, abs(value) / most) * 0.55
        colour = "22, 163, 112" if diverging and value < 0 else "220, 80, 60"
        return f"background-color: rgba({colour}, {share:.2f})"

    return table.style.map(tint).format("{:+.2f}" if diverging else "{:.2f}", na_rep="")
