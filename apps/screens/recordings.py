"""The recordings of a project; further ones are looked at where they lie, and never uploaded."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from apps.screens.faults import faults_as_messages
from apps.screens.folders import pick_folder
from apps.screens.jobs import last_job, show_job
from apps.screens.style import head, plain
from apps.screens.visit import Visit
from lightning_pose.core.project import Project, open_project
from lightning_pose.projects.calibrations import calibrations_among, take_calibration
from lightning_pose.projects.jobs import LITPOSE, Job, start_job
from lightning_pose.projects.sessions import Planned, plan_sessions, videos_among

KIND = "add"
HOW = {
    False: "Second name of the same file: takes no room",
    True: "Copy",
}


def show_recordings(visit: Visit) -> None:
    """Draw the page."""
    head(
        "Recordings",
        "Videos named session_view. They are looked at first, and stay where and as they are.",
    )
    job = last_job(visit.folder, KIND)
    running = job is not None and show_job(job)
    with faults_as_messages():
        _show_present(visit.project)
    st.subheader("Add recordings", anchor=False)
    left, right = st.columns([2, 3], gap="large")
    with left:
        folder = pick_folder("recordings", visit.folder.parent, "Folder with videos")
        chosen = [] if folder is None else _choose_files(folder)
    with right, faults_as_messages():
        if chosen:
            _show_planned(visit, chosen, running=running)
        elif folder is not None:
            st.info("No video in this folder.")
        if folder is not None:
            _show_calibrations(visit, folder)


def _show_present(project: Project) -> None:
    """List the sessions that are there."""
    videos = project.videos()
    if not videos:
        st.info("No recording yet.")
        return
    with st.expander(f"{len(videos)} session{'s' * (len(videos) > 1)} in the project", expanded=False):
        rows = [
            {"session": name, **{view or "video": path.name for view, path in views.items()}}
            for name, views in videos.items()
        ]
        st.dataframe(rows, hide_index=True, width="stretch")


def _choose_files(folder: Path) -> list[Path]:
    """Return the videos of a folder, without those that are left out."""
    videos = videos_among([folder])
    if not videos:
        return []
    with st.expander(f"{len(videos)} video{'s' * (len(videos) > 1)} in this folder"):
        names = [path.name for path in videos]
        left_out = st.multiselect(
            "Leave out", names, key=f"left out {folder}", help="those that are not named session_view"
        )
    return [path for path in videos if path.name not in left_out]


@st.cache_data(show_spinner="Looking at the videos", max_entries=32)
def planned_sessions(
    project: Path, files: Sequence[Path], changed: Sequence[int]
) -> list[Planned]:  # `changed` renews the answer when a file does
    """Return what the files would become."""
    return plan_sessions(open_project(project), files)


def _show_planned(visit: Visit, files: list[Path], *, running: bool) -> None:
    """Say of every session what it holds and what is wrong with it, and let some be added."""
    changed = [path.stat().st_mtime_ns for path in files]
    planned = planned_sessions(visit.folder, files, changed)
    present = visit.project.videos()
    wanted = []
    for session in planned:
        if _show_session(session, is_present=session.videos.keys() <= present.get(session.name, {}).keys()):
            wanted.append(session)
    copy = st.radio("Put in place as", list(HOW), format_func=HOW.__getitem__, horizontal=True)
    label = f"Add {len(wanted)} session{'s' * (len(wanted) != 1)}"
    if st.button(label, type="primary", disabled=running or not wanted, width="stretch"):
        add_recordings(visit.folder, wanted, copy=copy)
        st.rerun()


def _show_calibrations(visit: Visit, folder: Path) -> None:
    """Offer the calibrations that lie in a folder."""
    for offered in calibrations_among(visit.project, folder):
        with st.container(border=True):
            line, button = st.columns([4, 1], vertical_alignment="center")
            badge = " :green-badge[in the project]" if offered.is_taken else ""
            whose = "all sessions" if offered.place.parent == Path() else offered.place.stem
            line.markdown(f"**{plain(offered.file.name)}** :gray[cameras of {plain(whose)}]{badge}")
            if offered.fault:
                st.markdown(f":red[:material/error:] {plain(offered.fault)}")
            elif not offered.is_taken and button.button("Take", key=f"take {offered.file}", width="stretch"):
                take_calibration(visit.project, offered)
                st.rerun()


def _show_session(session: Planned, *, is_present: bool) -> bool:
    """Draw one session, and return whether it is to be added."""
    with st.container(border=True):
        line, text = st.columns([2, 3], vertical_alignment="center")
        usable = not session.faults
        wanted = line.checkbox(
            f"**{plain(session.name) or 'without a name'}**", value=usable and not is_present,
            disabled=not usable, key=f"add {session.name} {is_present}",
        )  # fmt: skip
        badge = " :green-badge[in the project]" if is_present else ""
        text.markdown(f":gray[{plain(contents_of(session))}]{badge}")
        for fault in session.faults:
            st.markdown(f":red[:material/error:] {plain(fault)}")
        for note in session.notes:
            st.markdown(f":orange[:material/info:] {plain(note)}")
    return wanted and usable


def contents_of(session: Planned) -> str:
    """Return what a session holds, in a line: views, frames, rate, size; of several if they differ."""
    views = f"{len(session.videos)} view{'s' * (len(session.videos) > 1)}"
    infos = list(session.infos.values())
    if not infos:
        return views
    frames, rates, sizes = (
        " / ".join(dict.fromkeys(some))
        for some in (
            [str(info.n_frames) for info in infos],
            [f"{info.fps:g}" for info in infos],
            [f"{info.width} × {info.height}" for info in infos],
        )
    )
    return f"{views} · {frames} frames · {rates} a second · {sizes}"


def add_recordings(folder: Path, sessions: Sequence[Planned], *, copy: bool) -> Job:
    """Start `litpose add`, which goes on when the page is closed.

    Raises:
        DataError: when it cannot be started.
    """
    files = [str(path) for session in sessions for path in session.videos.values()]
    title = "add " + ", ".join(session.name for session in sessions[:3]) + (" …" if len(sessions) > 3 else "")
    words = [*LITPOSE, "add", str(folder), *files, "--progress_file", "{progress}"]
    return start_job(folder, KIND, title, [*words, *(["--copy"] if copy else [])])
