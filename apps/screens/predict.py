"""Predict and smooth: sessions by models with what is done, and what runs the missing."""

import time
from collections.abc import Sequence

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from apps.screens.faults import faults_as_messages
from apps.screens.jobs import draw_end, draw_life, draw_log
from apps.screens.matrix import FILTERS, LEGEND, Cell, Matrix, faults, filtered, make_matrix
from apps.screens.progress import survey_of
from apps.screens.runforms import show_predict_form, show_smooth_form
from apps.screens.style import head, plain
from apps.screens.visit import Visit
from lightning_pose.projects.runs import Run, runs_of
from lightning_pose.projects.status import Model, Status

COLUMNS = 6  # models that are shown unless others are asked for
ROWS = 200  # sessions on a page
ROW = 31  # px, as high as the theme's letters make it
EVERY, SLOW = 2.0, 0.2  # seconds between looks while something runs; of a look that is not to be had so often
LISTED = 20  # failures that are told one by one
COLORS = {  # readable on white and on the dark theme's ground
    "to do": "#868e96", "none": "#868e96", "in part": "#c77700", "older": "#c77700", "waiting": "#868e96",
    "running": "#2b7fd4", "failed": "#e03131", "predicted": "#2f9e5b", "smoothed": "#2f9e5b",
}  # fmt: skip


def show_predict(visit: Visit) -> None:
    """Draw the page."""
    head("Predict and smooth", "What each model has made of each session, and what is still to be done.")
    started = time.perf_counter()
    with faults_as_messages():
        status = survey_of(visit.contents.root).look()
        if not status.sessions:
            st.info("No recording yet: add some first.")
            if st.button("Add recordings", type="primary"):
                visit.open_page("recordings")
            return
        if not status.models:
            st.info("No model yet: a network is trained first, or predictions put into the project.")
            if st.button("Train", type="primary"):
                visit.open_page("train")
            return
        pause = EVERY if time.perf_counter() - started < SLOW else 5 * EVERY
        alive = any(run.job.is_alive for run in runs_of(visit.folder))
        known = [status]  # for the first time that it is drawn
        st.fragment(lambda: _draw(visit, known, watched=alive), run_every=pause if alive else None)()


def _draw(visit: Visit, known: list[Status], *, watched: bool) -> None:
    """Draw all that changes while jobs run; the page is drawn anew once none does."""
    with faults_as_messages():
        status = known.pop() if known else survey_of(visit.contents.root).look()
        runs = runs_of(visit.folder)
        alive = [run for run in runs if run.job.is_alive]
        if watched and not alive:
            st.rerun()
        _show_alive(alive)
        if runs and (runs[0].state == "stopped" or (runs[0].state == "failed" and not runs[0].faults)):
            draw_end(runs[0].job)
        models, search, which = _show_filter(status)
        matrix = make_matrix(status, models, runs)
        names = filtered(matrix, search, which)
        chosen = _show_matrix(status, matrix, models, names, f"{search} {which}")
        _show_faults(matrix)
        left, right = st.columns(2, gap="medium")
        with left.container(border=True, height="stretch"), faults_as_messages():
            show_predict_form(visit, status, runs, chosen)
        with right.container(border=True, height="stretch"), faults_as_messages():
            show_smooth_form(visit, status, runs, chosen)


def _show_alive(runs: Sequence[Run]) -> None:
    """Draw the jobs that run or wait, the one that came first first."""
    if not runs:
        return
    with st.container(border=True):
        for run in reversed(runs):
            draw_life(run.job)


def _show_filter(status: Status) -> tuple[list[Model], str, str]:
    """Ask which models are the columns, and which sessions the rows."""
    by_name = {model.name: model for model in status.models}
    search, state, columns = st.columns([2, 3, 4])
    words = search.text_input(
        "Sessions", key="search sessions", placeholder="search in their names", icon=":material/search:"
    )
    which = state.segmented_control("Show", FILTERS, default="all", key="show sessions", required=True)
    names = columns.multiselect(
        "Models", list(by_name), default=list(by_name)[:COLUMNS], key=f"columns {len(by_name)}",
        placeholder="the newest",
    )  # fmt: skip
    return [by_name[name] for name in names or list(by_name)[:1]], words, which or "all"


def _show_matrix(
    status: Status, matrix: Matrix, models: Sequence[Model], names: list[str], about: str
) -> list[str]:
    """Draw the table and what is known of a cell that is clicked; return the sessions that are chosen."""
    if not names:
        st.info("No session is like that.")
        return []
    pages, page = -(-len(names) // ROWS), 1
    above, below = st.container(), st.container()
    with below:
        legend, turn = st.columns([6, 1])
    if pages > 1:
        page = int(turn.number_input(f"Page, of {pages}", 1, pages, 1, key=f"page {about}"))
    shown = names[(page - 1) * ROWS : page * ROWS]
    height = "auto" if len(shown) <= 10 else min(ROW * (len(shown) + 1) + 3, 430)
    event = above.dataframe(
        _table(status, matrix, models, shown), hide_index=True, width="stretch", row_height=ROW,
        height=height, on_select="rerun", key=f"matrix {about} {page}",
        selection_mode=["multi-row", "single-cell"],
        column_config={
            "session": st.column_config.TextColumn(pinned=True, width="medium"),
            "videos": st.column_config.TextColumn(width="small"),
        },
    )  # fmt: skip
    rows = [shown[row] for row in event.selection.rows if row < len(shown)]
    every = f"all {len(names)} are" if len(names) > 1 else "the one is"
    said = f"{len(rows)} ticked" if rows else f"none is ticked, so {every} meant"
    legend.caption(
        f"{LEGEND}  \nTick sessions on the left to choose them: {said}. A click on a cell tells more."
    )
    for row, column in event.selection.cells[:1]:
        model = next((model for model in models if model.name == column), None)
        if model is not None and row < len(shown):
            _show_cell(status, shown[row], model, matrix[shown[row]][model.name])
    return rows or names


def _table(status: Status, matrix: Matrix, models: Sequence[Model], names: Sequence[str]) -> Styler:
    """Return the rows of the table; views are told only where a session lacks some."""
    whole = len(status.project.views)
    videos = [len(status.sessions[name].videos) for name in names]
    columns: dict[str, list[str]] = {"session": [name or "the session" for name in names]}
    if any(count < whole for count in videos):
        columns["videos"] = [f"{count} of {whole}" for count in videos]
    cells = {model.name: [matrix[name][model.name] for name in names] for model in models}
    table = pd.DataFrame(columns | {name: [cell.text for cell in column] for name, column in cells.items()})
    colors = {
        name: [f"color: {COLORS.get(cell.kind, '')}" for cell in column] for name, column in cells.items()
    }
    return table.style.apply(lambda column: colors[column.name], subset=list(cells))


def _show_cell(status: Status, session: str, model: Model, cell: Cell) -> None:
    """Say all that is known of a session and a model."""
    done = status.done[model.name].get(session)
    with st.container(border=True):
        st.markdown(f"**{plain(session or 'the session')}** · {plain(model.name)} · {plain(cell.text)}")
        if done is not None:
            told = {
                "predicted": done.made, "model trained": model.trained,
                "videos changed": status.sessions[session].changed,
            }  # fmt: skip
            st.caption(" · ".join(f"{what} {_when(at)}" for what, at in told.items() if at is not None))
        if cell.fault:
            st.markdown(f":red[:material/error:] {plain(cell.fault)}")
        if cell.run is not None:
            st.caption(f"From the log of: {plain(cell.run.job.title)}")
            draw_log(cell.run.job, 12)


def _show_faults(matrix: Matrix) -> None:
    """Say what failed, session by session."""
    failed = faults(matrix)
    if not failed:
        return
    sessions = len({session for session, _, _ in failed})
    label = f"{sessions} session{'s' * (sessions > 1)} failed"
    with st.expander(label, icon=":material/error:", expanded=len(failed) <= 3):
        for session, model, cell in failed[:LISTED]:
            first, _, rest = cell.fault.partition("\n")
            st.markdown(f"**{plain(session or 'the session')}** · :gray[{plain(model)}] · {plain(first)}")
            if rest:
                st.code(rest, language=None, wrap_lines=True)
        if len(failed) > LISTED:
            st.caption(f"And {len(failed) - LISTED} more: “failed” above shows them.")


def _when(moment: float) -> str:
    return time.strftime("%d %b %Y %H:%M", time.localtime(moment))
