"""Which project to work on: one of the recent ones, one in a folder, or a new one."""

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from apps.api.places import project_home
from apps.screens.faults import faults_as_messages
from apps.screens.folders import pick_folder
from apps.screens.style import head, plain
from lightning_pose.core.errors import PoseError
from lightning_pose.core.project import Project, is_project, open_project
from lightning_pose.core.skeletons import builtin_skeletons
from lightning_pose.projects.create import adopt_deeplabcut, is_deeplabcut, new_project
from lightning_pose.projects.recent import forget_project, recent_projects
from lightning_pose.projects.wording import names_in, pairs_in

ACROSS = 3  # cards in a row
OWN = "names of your own"

Choose = Callable[[Path], None]


def show_projects(choose: Choose, current: Path | None = None) -> None:
    """Draw the page.

    Args:
        choose: called with the folder that is to be opened.
        current: the one that is open.
    """
    head("Projects", "A project is a folder with videos, labels, and what is known of views and keypoints.")
    recent = recent_projects()
    tabs = st.tabs(["Recent", "Open a folder", "New project"])
    with tabs[0]:
        _show_recent(recent, choose, current)
    with tabs[1], faults_as_messages():
        _show_folder(recent, choose)
    with tabs[2], faults_as_messages():
        _show_form(recent, choose)


def _show_recent(recent: Sequence[Path], choose: Choose, current: Path | None) -> None:
    """Draw a card for every recent project."""
    if not recent:
        st.info("No project has been opened yet: open a folder, or make a project.")
    for first in range(0, len(recent), ACROSS):
        for column, folder in zip(st.columns(ACROSS), recent[first : first + ACROSS], strict=False):
            with column.container(border=True, height="stretch"):
                _show_card(folder, choose, is_open=current is not None and folder == current.resolve())


def _show_card(folder: Path, choose: Choose, *, is_open: bool) -> None:
    """Draw a recent project."""
    badge = " :green-badge[open]" if is_open else ""
    st.markdown(f"**{plain(folder.name)}**{badge}  \n:small[:gray[{plain(str(folder))}]]")
    try:
        text = ":gray[" + describe(open_project(project_home(folder))) + "]"
    except PoseError as error:
        text = f":red[{plain(str(error).splitlines()[0])}]"
    st.markdown(text)
    wide, narrow = st.columns([4, 1])
    if wide.button("Open", key=f"open {folder}", width="stretch", disabled=is_open):
        choose(folder)
    if narrow.button(
        "", key=f"forget {folder}", icon=":material/close:", help="Take it off this list; its files stay"
    ):
        forget_project(folder)
        st.rerun()


def describe(project: Project) -> str:
    """Return what a project is, in a line."""
    views = len(project.view_names) or 1
    return f"{views} view{'s' * (views > 1)} · {len(project.keypoint_names)} keypoints"


def start_folder(recent: Sequence[Path]) -> Path:
    """Return where to begin to look: where the last project is."""
    return recent[0].parent if recent else Path.home()


def _show_folder(recent: Sequence[Path], choose: Choose) -> None:
    """Let a folder be found, and say what it is."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        folder = pick_folder("open", start_folder(recent), "Folder of the project")
    if folder is None:
        return
    with right:
        st.subheader(plain(folder.name), anchor=False)
        if is_project(folder) or is_project(folder / "project"):
            st.markdown(describe(open_project(project_home(folder))))
            if st.button("Open", key="open folder", type="primary", width="stretch"):
                choose(folder)
        elif is_deeplabcut(folder):
            st.markdown(
                "A project of DeepLabCut. Opening it adds `project.yaml` and one label file made of those of "
                "DeepLabCut. Nothing that DeepLabCut wrote is changed."
            )
            if st.button("Open", key="adopt folder", type="primary", width="stretch"):
                choose(adopt_deeplabcut(folder).project.folder)
        else:
            st.info("No project: it has neither `project.yaml` nor `CollectedData.csv`.")


def _show_form(recent: Sequence[Path], choose: Choose) -> None:
    """Draw what makes a project; it is checked while it is typed."""
    left, right = st.columns(2, gap="large")
    with left:
        name = st.text_input("Name", placeholder="mice", help="becomes the name of its folder")
        parent = st.text_input("In the folder", str(start_folder(recent)))
        known = builtin_skeletons()
        preset = st.selectbox("Keypoints", [OWN, *known], help="those of a known skeleton, or your own")
        text = "" if preset == OWN else "\n".join(known[preset].names)
        keypoints = names_in(
            st.text_area(
                "Names of the keypoints, one on each line",
                text,
                height=190,
                key=f"keypoints {preset}",
                placeholder="nose\near_left\near_right\ntail",
            )
        )
        views = names_in(
            st.text_input(
                "Views, with commas between",
                placeholder="top, side",
                help="What the names of videos end in: mouse3_top.mp4 is session mouse3, view top. "
                "Leave it empty for a single camera.",
            )
        )
    with right:
        edges = st.text_area(
            "Lines between keypoints", height=130, placeholder="nose - tail",
            help="one pair on each line; left empty, those of a known skeleton with these names",
        )  # fmt: skip
        swaps = st.text_area(
            "Left and right", height=130, placeholder="ear_left - ear_right",
            help="keypoints that change places in a mirror; left empty, they are read off the names",
        )  # fmt: skip
        st.caption(
            f"{len(keypoints)} keypoints, {len(views) or 1} view{'s' * (len(views) > 1)}"
            + (f", into {plain(str(Path(parent).expanduser() / name))}" if name else "")
        )
        if st.button("Make the project", type="primary", disabled=not (name and keypoints)):
            choose(make_project(Path(parent).expanduser() / name, keypoints, views, (edges, swaps)).folder)


def make_project(
    folder: Path, keypoints: Sequence[str], views: Sequence[str], typed: tuple[str, str]
) -> Project:
    """Make a project of what was typed: `typed` are lines and sides, each pair on a line of its own.

    Raises:
        DataError: when it cannot be made of that.
    """
    edges, swaps = (pairs_in(text, keypoints) or None for text in typed)
    return new_project(folder, keypoints, views, edges=edges, swaps=swaps)
