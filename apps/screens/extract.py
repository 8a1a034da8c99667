"""Frames to be labeled: chosen, looked at, and then written."""

import json
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from apps.screens.faults import faults_as_messages
from apps.screens.jobs import last_job, show_job
from apps.screens.style import head, plain
from apps.screens.visit import Visit
from lightning_pose.core.project import Project
from lightning_pose.frames.extraction import Plan
from lightning_pose.frames.plan_file import read_plans, write_plans
from lightning_pose.frames.planning import Method, Options
from lightning_pose.frames.uniform import parse_frames
from lightning_pose.projects.jobs import FOLDER, LITPOSE, Job, new_id, start_job

CHOOSE, WRITE = "choose", "extract"
NAMES: dict[Method, str] = {
    "kmeans": "that look different",
    "uniform": "evenly spread",
    "list": "by number",
    "difficult": "that are probably wrong",
}
SAID: dict[Method, str] = {
    "kmeans": "k-means on small pictures of all views, of frames with motion",
    "uniform": "they divide each session evenly",
    "list": "those that you name",
    "difficult": "by the predictions of a network, with reasons",
}


@dataclass(frozen=True)
class Wish:
    """What a person asks for: sessions, and `Options` as they are typed.

    `frames` are of every session; `difficult` ones of all together, which are ranked as one.
    """

    sessions: tuple[str, ...]
    method: Method
    frames: int = 20
    listed: str = ""
    predictions: Path | None = None
    context: int = 2

    def words(self) -> list[str]:
        """Return the arguments of `litpose extract`.

        Raises:
            PoseError: when they cannot be used.
        """
        listed = tuple(parse_frames(self.listed)) if self.method == "list" and self.listed else ()
        predictions = self.predictions if self.method == "difficult" else None
        Options(self.method, self.frames, listed, predictions, context=self.context).check()
        count = "--total" if self.method == "difficult" else "--frames"
        words = ["--method", self.method, count, str(self.frames), "--context", str(self.context)]
        words += ["--list", self.listed] if listed else []
        words += ["--predictions", str(predictions)] if predictions is not None else []
        return [*words, "--sessions", *self.sessions]


def show_extract(visit: Visit) -> None:
    """Draw the page."""
    head("Extract", "Frames become images to be labeled: the same instants in all views, looked at first.")
    with faults_as_messages():
        sessions = list(visit.project.videos())
        if not sessions:
            st.info("No recording yet: add some first.")
            return
        left, right = st.columns([2, 3], gap="large")
        job = last_job(visit.folder, CHOOSE, WRITE)
        with left, faults_as_messages():
            _show_form(visit, sessions, running=job is not None and job.state == "running")
        with right, faults_as_messages():
            if job is None:
                st.info("What is chosen is shown here before anything is written.")
            else:
                _show_state(visit, job)


def _show_form(visit: Visit, sessions: list[str], *, running: bool) -> None:
    """Draw what is asked for."""
    method = st.radio("Frames", list(NAMES), format_func=NAMES.__getitem__, captions=list(SAID.values()))
    names = st.multiselect(
        "Sessions", sessions, placeholder="all", format_func=lambda name: name or "the session"
    )
    listed, predictions, count = "", None, 20
    if method == "list":
        listed = st.text_input("Numbers", placeholder="10, 50-60, 100-200:10")
    else:
        together = "Of all sessions together" if method == "difficult" else "Of every session"
        count = st.number_input(together, 1, 10_000, 20)
    if method == "difficult":
        root = visit.contents.root
        predictions = st.selectbox(
            "Predictions",
            models_of(visit),
            format_func=lambda model: model.relative_to(root).as_posix(),
            placeholder="none found",
        )
    context = st.number_input("Neighbours on either side", 0, 10, 2, help="come along to be looked at")
    absent = method == "difficult" and predictions is None
    if absent:
        st.caption("No predictions were found in this folder: `litpose predict` makes them.")
    if st.button("Choose", type="primary", width="stretch", disabled=running or absent):
        wish = Wish(tuple(names or sessions), method, int(count), listed, predictions, int(context))
        visit.served().materialise()  # the program reads the label files
        choose_frames(visit.project, wish)
        st.rerun()


def models_of(visit: Visit) -> list[Path]:
    """Return the folders with predictions of videos."""
    tables = [
        table
        for session in visit.contents.sessions.values()
        for source in session.sources.values()
        if not source.smoothed
        for table in source.views.values()
    ]
    return list(dict.fromkeys(table.parent.parent for table in tables))


def choose_frames(project: Project, wish: Wish) -> Job:
    """Start choosing: the frames go into a plan, and small pictures of them onto contact sheets.

    Raises:
        PoseError: when the wish cannot be used, or nothing can be started.
    """
    words, name = wish.words(), new_id(project.folder)
    place = project.folder / FOLDER
    command = [
        *LITPOSE, "extract", str(project.folder), *words, "--dry_run", "--progress_file", "{progress}",
        "--save_plan", str(place / f"{name}.plan.json"), "--contact_sheet", str(place / f"{name}.sheet.jpg"),
    ]  # fmt: skip
    return start_job(project.folder, CHOOSE, "choose frames", command, name)


def write_frames(project: Project, plans: list[Plan]) -> Job:
    """Start writing the images of plans.

    Raises:
        DataError: when nothing can be started.
    """
    name = new_id(project.folder)
    plan = project.folder / FOLDER / f"{name}.plan.json"
    write_plans(plan, plans)
    count = sum(len(one.picks) for one in plans)
    command = [
        *LITPOSE, "extract", str(project.folder), "--plan", str(plan), "--progress_file", "{progress}",
    ]  # fmt: skip
    return start_job(project.folder, WRITE, f"extract {count} frames", command, name)


def _show_state(visit: Visit, job: Job) -> None:
    """Draw how far it is, and what comes next."""

    def ended() -> None:
        if job.kind == WRITE:
            visit.served().store.take_extracted()

    if show_job(job, ended) or job.state != "done":
        return
    if job.kind == CHOOSE:
        _show_choice(visit, job)
    else:
        _show_written(visit, job)


def _show_choice(visit: Visit, job: Job) -> None:
    """Show the contact sheets, let frames be taken out, and write the rest."""
    plans = read_plans(job.file("plan.json"), visit.project)
    kept = []
    for plan in plans:
        name = plan.session.name or "session"
        numbers = sorted(pick.frame for pick in plan.picks)
        if not numbers:
            st.markdown(f"**{plain(name)}** :gray[no further frame]")
            continue
        st.markdown(f"**{plain(name)}** :gray[{len(numbers)} frames]")
        chosen = st.pills(
            f"Frames of {name}", numbers, selection_mode="multi", default=numbers, key=f"{job.id} {name}",
            label_visibility="collapsed",
        )  # fmt: skip
        kept.append(plan._replace(picks=tuple(pick for pick in plan.picks if pick.frame in chosen)))
        for pick in plan.picks:
            if pick.reasons and pick.frame in chosen:
                st.caption(f"{pick.frame}: {plain(pick.reasons[0])}")
    count = sum(len(plan.picks) for plan in kept)
    images = sum(plan.images for plan in kept if plan.picks)
    if st.button(
        f"Extract {count} frames, {images} images with neighbours", type="primary", disabled=not count,
        width="stretch",
    ):  # fmt: skip
        write_frames(visit.project, [plan for plan in kept if plan.picks])
        st.rerun()
    for sheet in sorted(job.folder.glob(f"{job.id}.sheet*.jpg")):
        st.image(str(sheet), width="stretch")


def _show_written(visit: Visit, job: Job) -> None:
    """Say that the frames are there, and lead to them."""
    served = visit.served()
    store = served.store
    if not store.read_only:
        before = store.rev
        store.take_extracted()
        if store.rev != before:
            served.edited()
    first = first_extracted(job.file("plan.json"))
    table = store.frames()
    frame = next(
        (
            fid
            for fid, session, index in zip(table.id, table.session, table.index, strict=True)
            if (session, index) == first
        ),
        "",
    )
    st.success("The frames wait on the labeling page.", icon=":material/check_circle:")
    if st.button("Label them", type="primary"):
        visit.open_frame(frame)


def first_extracted(plan: Path) -> tuple[str, int] | None:
    """Return session and number of the first frame of a plan; None where it cannot be read."""
    try:
        first = json.loads(plan.read_text(encoding="utf-8"))["sessions"][0]
        return str(first["session"]), min(int(pick["frame"]) for pick in first["frames"])
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None
