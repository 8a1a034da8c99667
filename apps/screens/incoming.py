"""Label files that another program changed: what it changed, and what is to become of it."""

from typing import Any

import streamlit as st

from apps.api.desk import Served
from apps.labels import CellDifference, Difference
from apps.screens.style import plain

SHOWN = 200


def show_incoming(served: Served) -> None:
    """Draw what waits for a decision; nothing where nothing does."""
    difference = served.store.incoming()
    if difference is None:
        return
    with st.container(border=True):
        title = ":orange[:material/sync_problem:] **Another program changed the label files.** "
        st.markdown(title + counts_of(difference))
        for fault in difference.faults:
            st.error(plain(fault))
        table, place = served.frames()
        rows = [
            {"session": table.session[row], "frame": table.index[row], **row_of(cell)}
            for cell in sorted(difference.cells, key=lambda cell: not cell.conflict)[:SHOWN]
            if (row := place.get(cell.frame)) is not None
        ]
        if rows:
            st.dataframe(rows, hide_index=True, width="stretch", height=min(300, 38 + 35 * len(rows)))
        if served.store.read_only:
            st.caption("The labels are open for reading only, so this cannot be decided here.")
            return
        _show_decision(served, difference)


def _show_decision(served: Served, difference: Difference) -> None:
    """Ask who decides, and what."""
    clashes = [cell for cell in difference.cells if cell.conflict]
    who, take, keep = st.columns([2, 2, 2], vertical_alignment="bottom")
    name = who.text_input("Your name", key="who decides", placeholder="kept in the history")
    theirs = bool(clashes) and st.checkbox(
        f"Take the file's value also for the {len(clashes)} labels that were changed in both places"
    )
    if take.button(
        "Accept the changes", type="primary", width="stretch", disabled=bool(difference.faults or not name)
    ):
        won = [(cell.frame, cell.view, cell.keypoint) for cell in clashes] if theirs else []
        served.store.accept(difference, who=name, theirs=won)
        _decided(served)
    if keep.button(
        "Keep the app's labels", width="stretch", disabled=not name,
        help="writes the app's labels over the files; what those said stays in the history and a backup",
    ):  # fmt: skip
        served.store.reject(difference, who=name)
        _decided(served)


def _decided(served: Served) -> None:
    served.edited()
    served.forget_frames()
    st.rerun()


def counts_of(difference: Difference) -> str:
    """Return what changed, in words."""
    parts = [
        (len(difference.cells), "label"),
        (len(difference.added), "further frame"),
        (len(difference.gone), "removed frame"),
    ]
    said = [f"{count} {what}{'s' * (count > 1)}" for count, what in parts if count]
    return ", ".join(said) + "." if said else ""


def row_of(cell: CellDifference) -> dict[str, Any]:
    """Return the line of a label: what the file said before, what the app says, what the file says now."""
    return {
        "view": cell.view,
        "keypoint": cell.keypoint,
        "before": describe(cell.base),
        "here": describe(cell.ours),
        "in the file": describe(cell.theirs),
        "both changed": "yes" if cell.conflict else "",
    }


def describe(value: tuple[float | None, float | None, int]) -> str:
    """Return a label as a text: its place in px, and that it is occluded."""
    x, y, visible = value
    if x is None or y is None:
        return "not labeled"
    return f"{x:.1f}, {y:.1f}" + (" (occluded)" if visible == 1 else "")
