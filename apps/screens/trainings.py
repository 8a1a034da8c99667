"""Trainings that were started here: their courses while they go on, and after."""

import time
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from apps.screens.charts import draw_curves
from apps.screens.faults import faults_as_messages
from apps.screens.jobs import draw_life, draw_log
from apps.screens.style import plain
from apps.screens.visit import Visit
from lightning_pose.core.errors import PoseError
from lightning_pose.projects.curves import Curves, read_curves
from lightning_pose.projects.jobs import Job, jobs, stop_job
from lightning_pose.projects.training import KIND, output_of, resume_training

EVERY = 2.0  # seconds between looks at what trains
SHOWN = 6
BADGES = {
    "done": (":green-badge[trained]", ":material/check_circle:"),
    "stopped": (":orange-badge[stopped]", ":material/stop_circle:"),
    "failed": (":red-badge[failed]", ":material/error:"),
    "killed": (":red-badge[was killed]", ":material/help:"),
    "gone": (":gray-badge[removed]", ":material/delete:"),
}


class Training(NamedTuple):
    """A model that jobs train, or have trained.

    Attributes:
        folder: of the model; an ensemble is one.
        jobs: the last one of each network, by the network's name, in the order of their start.
    """

    folder: Path
    jobs: dict[str, Job]

    @property
    def alive(self) -> list[Job]:
        """Jobs that run, and then those that wait."""
        found = [job for job in self.jobs.values() if job.is_alive]
        return sorted(found, key=lambda job: (job.state == "waiting", job.id))

    @property
    def fate(self) -> str:
        """How it ended: the worst that happened to one of its jobs."""
        if not self.folder.is_dir():
            return "gone"
        fates = {_fate(job) for job in self.jobs.values()}
        return next(fate for fate in ("killed", "failed", "stopped", "done") if fate in fates)

    def curves(self) -> dict[str, Curves]:
        """Return the courses of its networks that have begun."""
        found = {}
        for name, job in self.jobs.items():
            folder = output_of(job)
            course = None if folder is None else read_curves(folder)
            if course is not None:
                found[name] = course
        return found


def trainings(folder: Path) -> list[Training]:
    """Return what was trained for a project by jobs that are still known, the last one first."""
    found: dict[Path, dict[str, Job]] = {}
    for job in jobs(folder, KIND):
        output = output_of(job)
        if output is not None:
            member = output.name.startswith("rng=")
            found.setdefault(output.parent if member else output, {}).setdefault(output.name, job)
    return [Training(place, dict(sorted(own.items()))) for place, own in found.items()]


def show_trainings(visit: Visit) -> None:
    """Draw what trains, redrawn as it goes on, and what did."""
    found = trainings(visit.folder)
    if not found:
        st.info("Nothing was trained here yet. What is started shows its course in this place.")
        return
    live = [one.folder for one in found if one.alive]
    if live:
        st.fragment(lambda: _draw_live(visit, live), run_every=EVERY)()
    ended = [one for one in found if not one.alive][:SHOWN]
    for one in ended:
        _draw_ended(visit, one, opened=not live and one is ended[0])


def _draw_live(visit: Visit, folders: list[Path]) -> None:
    """Draw what trains now; once one of them has ended, the page is drawn anew."""
    found = {one.folder: one for one in trainings(visit.folder)}
    shown = [found[folder] for folder in folders if folder in found and found[folder].alive]
    if len(shown) < len(folders):
        st.rerun()
    for one in shown:
        with st.container(border=True):
            alive = one.alive
            title, button = st.columns([4, 1], vertical_alignment="center")
            title.markdown(f"**{plain(one.folder.name)}**" + _members(one, alive))
            if len(alive) > 1 and button.button("Stop all", key=f"stop all {one.folder}", width="stretch"):
                for job in alive:
                    stop_job(job)
            for job in alive:
                draw_life(job)
            draw_curves(one.curves())
            with st.expander("What it prints", icon=":material/terminal:"):
                draw_log(alive[0])


def _members(one: Training, alive: list[Job]) -> str:
    """Say how many networks of an ensemble are done."""
    done = len(one.jobs) - len(alive)
    return f"  :gray[{done} of {len(one.jobs)} networks are done]" if len(one.jobs) > 1 else ""


def _draw_ended(visit: Visit, one: Training, *, opened: bool) -> None:
    """Draw how a training ended, and what can be done about it."""
    fate = one.fate
    badge, icon = BADGES[fate]
    last = max(one.jobs.values(), key=lambda job: job.started)
    when = time.strftime("%d %b, %H:%M", time.localtime(last.ended or last.started))
    label = f"**{plain(one.folder.name)}** {badge} :gray[{when}]"
    with st.expander(label, icon=icon, expanded=opened or fate in ("failed", "killed")):
        if fate == "gone":
            st.caption("The folder of this model is not there any more.")
        if fate == "killed":
            st.caption("Its program was killed: by somebody, or by the system for want of memory.")
        unfinished = [job for job in one.jobs.values() if _fate(job) != "done"]
        if unfinished and fate != "gone":
            words = "Go on" if len(unfinished) == 1 else f"Go on with {len(unfinished)} networks"
            if st.button(
                words, key=f"resume {one.folder}", icon=":material/play_arrow:",
                help="from its last checkpoint, to the result that it would have had",
            ):  # fmt: skip
                with faults_as_messages():
                    go_on(visit, unfinished)
        elif fate == "done" and st.button(
            "See its errors", key=f"errors {one.folder}", icon=":material/rule:"
        ):
            visit.open_page("models")
        courses = one.curves()
        if courses:
            draw_curves(courses)
        draw_log((unfinished or [last])[0], 30)


def go_on(visit: Visit, unfinished: list[Job]) -> None:
    """Continue trainings on the devices that they had.

    Raises:
        PoseError: when one of them cannot go on.
    """
    visit.served().materialise()
    for job in unfinished:
        folder = output_of(job)
        if folder is None:
            raise PoseError(f"{job.title}: its folder is not known")
        resume_training(visit.folder, folder, job.device or "cpu")
    st.rerun()


def _fate(job: Job) -> str:
    state = job.state
    if state == "done":
        return "done"
    if job.is_stopped:
        return "stopped"
    return "killed" if state == "lost" or (job.code or 0) < 0 else "failed"
