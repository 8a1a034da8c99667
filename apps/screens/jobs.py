"""The programs that a page has started: whose turn it is, how far they are, what they said; how they end."""

import time
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from apps.screens.style import plain
from lightning_pose.projects.jobs import Job, jobs, stop_job

EVERY = 1.0  # seconds between looks at a job that lives
SAID = {"done": "Done", "failed": "Failed", "lost": "Was killed"}
ICONS = {
    "done": ":material/check_circle:",
    "failed": ":material/error:",
    "lost": ":material/help:",
    "stopped": ":material/stop_circle:",
}


def last_job(folder: Path, *kinds: str) -> Job | None:
    """Return the last job of some kinds."""
    return next((job for job in jobs(folder) if job.kind in kinds), None)


def show_job(job: Job, ended: Callable[[], None] = lambda: None) -> bool:
    """Draw a job, and return whether it lives; while it does, it is drawn anew every second.

    Args:
        job: what to draw.
        ended: called once when it has been seen to live and lives no longer; then the page is drawn anew.
    """
    alive = job.is_alive
    st.fragment(lambda: _draw(job, ended), run_every=EVERY if alive else None)()
    return alive


def _draw(job: Job, ended: Callable[[], None]) -> None:
    """Draw what is known of a job now."""
    seen = f"seen {job.id}"
    if not job.is_alive:
        if st.session_state.pop(seen, False):
            ended()
            st.rerun()
        draw_end(job)
        return
    st.session_state[seen] = True
    with st.container(border=True):
        draw_life(job)


def draw_life(job: Job) -> None:
    """Draw how far a job is that lives, and a button to stop it."""
    line, button = st.columns([6, 1], vertical_alignment="center")
    share, text = progress_of(job)
    line.progress(share, text)
    if job.is_stopped:
        if button.button("End now", key=f"stop {job.id}", width="stretch", help="without waiting for it"):
            stop_job(job, now=True)
    elif button.button("Stop", key=f"stop {job.id}", width="stretch"):
        stop_job(job)


def progress_of(job: Job) -> tuple[float, str]:
    """Return how much of a job is done, and say how far it is, as Markdown."""
    title, progress = plain(job.title), job.progress
    if job.is_stopped:
        return 0.0 if progress is None else _share(progress.completed, progress.total), f"{title}: stopping"
    if job.state == "waiting":
        before = job.before
        after = f", after {plain(before[-1])}" if before else ""
        return 0.0, f"{title}: {ordinal(len(before) + 1)} in the queue of {plain(job.device)}{after}"
    if progress is None:
        return 0.0, f"{title}: starting"
    count = f" {progress.completed} of {progress.total}" if progress.total else ""
    left = f", {duration(progress.left)} left" if progress.left else ""
    share = _share(progress.completed, progress.total)
    return share, f"{title}: {plain(progress.what)}{count}{left}"


def draw_end(job: Job) -> None:
    """Say how a job ended; what it printed is there to be read."""
    state = job.state
    stopped = state != "done" and job.is_stopped
    said = "Stopped" if stopped else "Was killed" if (job.code or 0) < 0 else SAID[state]
    when = time.strftime("%H:%M", time.localtime(job.started))
    expanded = state != "done" and not stopped
    icon = ICONS["stopped" if stopped else state]
    with st.expander(f"{said}: {plain(job.title)} ({when})", icon=icon, expanded=expanded):
        draw_log(job)


def draw_log(job: Job, lines: int = 40) -> None:
    """Draw the end of what a job printed."""
    st.code(job.tail(lines) or "It printed nothing.", language=None, wrap_lines=True)


def duration(seconds: float) -> str:
    """Return seconds as people say them: 42 s, 3 min, 2 h 5 min, 3 days."""
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{round(seconds)} s"
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours < 48 else f"{round(hours / 24)} days"


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, 4th and so on."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"


def _share(completed: int, total: int) -> float:
    return min(1.0, completed / total) if total else 0.0
