"""The programs that a page has started: how far they are, what they said, and a way to stop them."""

import time
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from apps.screens.style import plain
from lightning_pose.projects.jobs import Job, jobs, stop_job

EVERY = 1.0  # seconds between looks at a job that runs
SAID = {"done": "Done", "failed": "Failed", "lost": "Was killed"}
ICONS = {
    "done": ":material/check_circle:",
    "failed": ":material/error:",
    "lost": ":material/help:",
}


def last_job(folder: Path, *kinds: str) -> Job | None:
    """Return the last job of some kinds."""
    return next((job for job in jobs(folder) if job.kind in kinds), None)


def show_job(job: Job, ended: Callable[[], None] = lambda: None) -> bool:
    """Draw a job, and return whether it runs; while it does, it is drawn anew every second.

    Args:
        job: what to draw.
        ended: called once when it has been seen to run and runs no longer; then the page is drawn anew.
    """
    running = job.state == "running"
    st.fragment(lambda: _draw(job, ended), run_every=EVERY if running else None)()
    return running


def _draw(job: Job, ended: Callable[[], None]) -> None:
    """Draw what is known of a job now."""
    state, seen = job.state, f"seen {job.id}"
    if state != "running":
        if st.session_state.pop(seen, False):
            ended()
            st.rerun()
        _draw_end(job)
        return
    st.session_state[seen] = True
    with st.container(border=True):
        line, button = st.columns([6, 1], vertical_alignment="center")
        progress = job.progress
        share, text = 0.0, f"{plain(job.title)}: starting"
        if progress is not None:
            share = min(1.0, progress.completed / progress.total) if progress.total else 0.0
            count = f" {progress.completed} of {progress.total}" if progress.total else ""
            text = f"{plain(job.title)}: {plain(progress.what)}{count}"
        line.progress(share, text)
        if button.button("Stop", key=f"stop {job.id}", width="stretch"):
            stop_job(job)


def _draw_end(job: Job) -> None:
    """Say how a job ended; what it printed is there to be read."""
    when = time.strftime("%H:%M", time.localtime(job.started))
    label = f"{SAID[job.state]}: {plain(job.title)} ({when})"
    with st.expander(label, icon=ICONS[job.state], expanded=job.state != "done"):
        st.code(job.tail(40) or "It printed nothing.", language=None, wrap_lines=True)
