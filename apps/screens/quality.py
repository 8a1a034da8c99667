"""What looks wrong among the labels, worst first; each line leads to its frame."""

from typing import Any

import numpy as np
import streamlit as st

from apps.api.desk import Served
from apps.api.quality import assess
from apps.screens.faults import faults_as_messages
from apps.screens.incoming import show_incoming
from apps.screens.style import head, plain
from apps.screens.visit import Visit

KINDS = {
    "residual": ("Views disagree", "px", "How far a label is from where the other views put the point."),
    "swap": (
        "Left and right",
        "× better",
        "The two sides fit the other views that much better the other way round.",
    ),
    "bone": ("Odd lengths", "× its spread", "A bone that is longer or shorter than in other frames."),
    "border": ("At the border", "px", "Labels at the edge of their image, or beyond it."),
    "double": ("On one spot", "px", "Two keypoints in the same place."),
}
SHOWN = ("value", "session", "number", "view", "keypoints", "text")


def show_quality(visit: Visit) -> None:
    """Draw the page."""
    head("Quality", "Labels that look wrong, the worst first. A click on a line opens its frame.")
    with faults_as_messages():
        served = visit.served()
        show_incoming(served)
        found = assessment(served)
        _say_how_many(served, found)
        if not found["of"]:
            st.info("Nothing is labeled yet.")
            return
        _show_findings(visit, served, found)
        left, right = st.columns([1, 2], gap="large")
        with left:
            st.subheader("Who labeled", anchor=False)
            st.dataframe(
                found["people"], hide_index=True, width="stretch",
                column_config={"labels": st.column_config.NumberColumn(format="localized")},
            )  # fmt: skip
        with right:
            st.subheader("How often each keypoint is labeled", anchor=False)
            _show_coverage(served, found)


@st.cache_resource(show_spinner="Looking at the labels", max_entries=8)
def _assess(_served: Served, pid: str, rev: int) -> dict[str, Any]:
    return assess(_served)


def assessment(served: Served) -> dict[str, Any]:
    """Return what looks wrong, worked out anew only when labels have changed."""
    return _assess(served, served.id, served.store.rev)


def _say_how_many(served: Served, found: dict[str, Any]) -> None:
    """Say how much is labeled, and how much of it was looked at."""
    text = f"{found['of']} of {len(served.frames()[0].id)} frames are labeled."
    if found["looked_at"] < found["of"]:
        text += (
            f" {found['looked_at']} of them were looked at: those whose views disagree most, and others "
            "evenly spread."
        )
    st.markdown(text)


def _show_findings(visit: Visit, served: Served, found: dict[str, Any]) -> None:
    """Draw the list of one kind."""
    counts = found["counts"]
    first = next((kind for kind in KINDS if counts[kind]), None)
    if first is None:
        st.success("Nothing looks wrong.", icon=":material/check_circle:")
        return
    kind = st.segmented_control(
        "Findings", list(KINDS), default=first, format_func=lambda kind: f"{KINDS[kind][0]}  {counts[kind]}",
        required=True, label_visibility="collapsed",
    )  # fmt: skip
    rows = rows_of(served, found[kind])
    if not rows:
        st.caption(f"{KINDS[kind][2]} There is none.")
        return
    st.caption(
        KINDS[kind][2] + (f" The worst {len(rows)} are shown." if len(rows) < found["counts"][kind] else "")
    )
    event = st.dataframe(
        rows, hide_index=True, width="stretch", height=min(420, 38 + 35 * len(rows)), key=f"found {kind}",
        on_select="rerun", selection_mode="single-cell",
        column_order=[name for name in SHOWN if any(row[name] != "" for row in rows)],
        column_config={
            "value": st.column_config.ProgressColumn(
                KINDS[kind][1], format="%.1f", width="small", color="primary",
                min_value=0, max_value=max(row["value"] for row in rows) or 1,
            ),
            "number": st.column_config.NumberColumn("frame", width="small"),
            "text": st.column_config.TextColumn("what", width="large"),
        },
    )  # fmt: skip
    cells = event.selection.cells
    if cells:
        visit.open_frame(rows[cells[0][0]]["frame"])


def rows_of(served: Served, findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of the table, with the id of the frame that each leads to."""
    table, place = served.frames()
    return [
        {
            "value": abs(one["value"]),
            "session": one["session"] or "",
            "number": table.index[place[one["frame"]]],
            "view": one["view"] or "",
            "keypoints": ", ".join(one["keypoints"]),
            "text": one["text"],
            "frame": one["frame"],
        }
        for one in findings
        if one["frame"] in place
    ]


def _show_coverage(served: Served, found: dict[str, Any]) -> None:
    """Draw how many labels there are of each keypoint in each view."""
    counts = np.array([found["labeled"][view] for view in served.views])
    most = max(int(counts.max(initial=0)), 1)
    rows = [
        {"keypoint": name} | dict(zip([view or "labels" for view in served.views], own, strict=True))
        for name, own in zip(served.project.keypoint_names, counts.T.tolist(), strict=True)
    ]
    bars = {
        view or "labels": st.column_config.ProgressColumn(
            plain(view) or "labels", min_value=0, max_value=most, format="%d", color="primary"
        )
        for view in served.views
    }
    st.dataframe(
        rows, hide_index=True, width="stretch", column_config=bars, height=min(420, 38 + 35 * len(rows))
    )
