"""The script of the pages: `litpose app FOLDER` has Streamlit serve it."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from apps.api.desk import Desk, Served, desk_of
from apps.api.places import project_home, project_id
from apps.screens.extract import show_extract
from apps.screens.health import show_health
from apps.screens.label import FRAME, show_label
from apps.screens.models import show_models
from apps.screens.overview import show_overview
from apps.screens.predict import show_predict
from apps.screens.projects import show_projects
from apps.screens.quality import show_quality
from apps.screens.recordings import show_recordings
from apps.screens.style import dress, plain
from apps.screens.train import show_train
from apps.screens.viewer import show_viewer
from apps.screens.visit import Visit
from apps.state import read_folder
from lightning_pose.core.errors import PoseError
from lightning_pose.core.overlay import draw_skeleton
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.projects.recent import remember_project

CHOSEN, ARRIVED, LABEL, PAGES = "folder", "arrived", "label page", "pages"  # in the state of a visit
PROJECT = "project"  # in the address


def icon() -> Image.Image:
    """Return the browser tab's picture. Drawn here: a named icon would be fetched from a server far away."""
    limb = Skeleton(("hip", "knee", "foot"), edges=((0, 1), (1, 2)), colors=("#0f766e", "#d55e00", "#0072b2"))
    points = np.array([[14.0, 10.0], [48.0, 30.0], [20.0, 54.0]])
    return Image.fromarray(draw_skeleton(np.full((64, 64, 3), 255, np.uint8), points, limb, radius=8))


def folder_of(given: Path | None, desk: Desk) -> Path | None:
    """Return the folder of this visit: the one chosen in it, that of the address, or the app's own."""
    if CHOSEN not in st.session_state:
        named = st.query_params.get(PROJECT)
        known = given is not None and named == project_id(project_home(given))
        st.session_state[CHOSEN] = given if known else desk.folders().get(named or "", given)
    return st.session_state[CHOSEN]


def choose(desk: Desk, folder: Path) -> None:
    """Go on with another project."""
    desk.allow(folder)
    remember_project(project_home(folder))
    st.session_state[CHOSEN] = folder.resolve()
    st.session_state[ARRIVED] = True
    st.rerun()


def page_of(draw: Callable[[Visit], None], folder: Path, desk: Desk) -> None:
    """Draw a page of a project, or say why the folder is none that can be shown."""
    try:
        contents = read_folder(folder)
    except PoseError as error:
        st.header(plain(folder.name), anchor=False)
        st.error(plain(str(error)))
        return
    home = contents.project.folder

    def served() -> Served:
        pid = desk.allow(home)
        if any(one.id == pid for one in desk.opened()):
            return desk.served(pid)
        with st.spinner("Opening the labels. The first time, in a large project, this takes a minute."):
            return desk.served(pid)

    draw(Visit(contents, served, open_frame, open_page))


def open_frame(frame: str) -> None:
    """Lead to the labeling page, at a frame where one is named."""
    st.switch_page(st.session_state[LABEL], query_params={FRAME: frame} if frame else None)


def open_page(path: str) -> None:
    """Lead to the page that has this path in its address."""
    st.switch_page(st.session_state[PAGES][path])


def pages_of(folder: Path | None, desk: Desk) -> dict[str, list]:
    """Return the pages by group; without a project, only the choice of one."""
    projects = st.Page(
        lambda: show_projects(partial(choose, desk), folder), title="Projects", url_path="projects",
        icon=":material/folder_open:", default=folder is None,
    )  # fmt: skip
    if folder is None:
        return {"": [projects]}

    def page(draw: Callable[[Visit], None], title: str, path: str, icon: str, *, default: bool = False):
        return st.Page(
            lambda: page_of(draw, folder, desk), title=title, url_path=path, icon=f":material/{icon}:",
            default=default,
        )  # fmt: skip

    overview = page(show_overview, "Overview", "overview", "home", default=True)
    label = page(lambda visit: show_label(visit.contents), "Label", "label", "ads_click")
    st.session_state[LABEL] = label
    return {
        "": [overview],
        "Prepare": [
            page(show_recordings, "Recordings", "recordings", "video_library"),
            page(show_extract, "Extract", "extract", "filter_frames"),
        ],
        "Label": [label, page(show_quality, "Quality", "quality", "rule")],
        "Train": [
            page(show_train, "Train", "train", "model_training"),
            page(show_models, "Models", "models", "network_node"),
        ],
        "Results": [
            page(show_predict, "Predict", "predict", "play_circle"),
            page(lambda visit: show_viewer(visit.contents), "Viewer", "viewer", "movie"),
        ],
        "Project": [page(show_health, "Health", "health", "stethoscope"), projects],
    }


def main() -> None:
    """Draw the page that was asked for."""
    given = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
    desk = desk_of(given)
    folder = folder_of(given, desk)
    st.set_page_config(
        page_title="litpose" if folder is None else f"{folder.name} · litpose",
        page_icon=icon(),
        layout="wide",
    )
    pages = pages_of(folder, desk)
    page = st.navigation(pages, position="sidebar")
    st.session_state[PAGES] = {one.url_path or "overview": one for group in pages.values() for one in group}
    if st.session_state.pop(ARRIVED, False):
        st.switch_page(pages[""][0])
    if folder is not None:
        if folder != given:
            st.query_params[PROJECT] = project_id(project_home(folder))
        st.sidebar.caption(plain(folder.name))
        st.sidebar.button("Look again", icon=":material/refresh:", help="for new files in the folder")
    dress()
    page.run()


if __name__ == "__main__":
    main()
