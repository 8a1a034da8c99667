"""The script of the pages: `litpose app FOLDER` has Streamlit serve it."""

import sys
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from apps.screens.label import show_label
from apps.screens.overview import show_overview
from apps.screens.recent import choose_project
from apps.screens.session import show_session
from apps.state import Contents, read_folder
from lightning_pose.core.errors import PoseError
from lightning_pose.core.overlay import draw_skeleton
from lightning_pose.core.skeletons import Skeleton


@st.cache_resource(show_spinner="Looking through the folder")
def contents_of(folder: Path) -> Contents:
    """Return what the folder holds; kept until someone asks to look again."""
    return read_folder(folder)


def icon() -> Image.Image:
    """Return the browser tab's picture. Drawn here: a named icon would be fetched from a server far away."""
    limb = Skeleton(("hip", "knee", "foot"), edges=((0, 1), (1, 2)), colors=("#0f766e", "#d55e00", "#0072b2"))
    points = np.array([[14.0, 10.0], [48.0, 30.0], [20.0, 54.0]])
    return Image.fromarray(draw_skeleton(np.full((64, 64, 3), 255, np.uint8), points, limb, radius=8))


def main() -> None:
    """Draw the page that was asked for."""
    given = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
    st.set_page_config(
        page_title="litpose" if given is None else f"{given.name} · litpose", page_icon=icon(), layout="wide"
    )
    folder = given or choose_project()
    if folder is None:
        return
    try:
        contents = contents_of(folder)
    except PoseError as error:
        st.header(folder.name)
        st.error(str(error))
        st.stop()
    overview = st.Page(
        lambda: show_overview(contents),
        title="Overview",
        url_path="overview",
        icon=":material/folder_open:",
        default=True,
    )
    session = st.Page(
        lambda: show_session(contents), title="Session", url_path="session", icon=":material/polyline:"
    )
    label = st.Page(
        lambda: show_label(contents), title="Label", url_path="label", icon=":material/ads_click:"
    )
    page = st.navigation([overview, label, session], position="sidebar")
    if st.sidebar.button("Look again", icon=":material/refresh:", help="for new files in the folder"):
        contents_of.clear()
        st.rerun()
    page.run()


if __name__ == "__main__":
    main()
