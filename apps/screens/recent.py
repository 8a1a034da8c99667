"""Which project to open, where the app was started on none."""

from pathlib import Path

import streamlit as st

from apps.screens.faults import faults_as_messages
from lightning_pose.core.project import is_project
from lightning_pose.projects.create import adopt_deeplabcut, is_deeplabcut
from lightning_pose.projects.recent import recent_projects, remember_project

CHOSEN = "folder"


def choose_project() -> Path | None:
    """Return the folder that this visitor has chosen; until then, draw the choice and return None."""
    if CHOSEN in st.session_state:
        return st.session_state[CHOSEN]
    st.header("Projects")
    recent = recent_projects()
    for place, folder in enumerate(recent):
        if st.button(folder.name, key=f"recent {place}", help=str(folder), icon=":material/folder_open:"):
            _choose(folder)
    if not recent:
        st.info("No project has been opened yet. `litpose create` makes one.")
    with st.form("another"):
        typed = st.text_input("Another folder on this machine", placeholder="~/mice")
        if st.form_submit_button("Open") and typed:
            folder = Path(typed).expanduser()
            with faults_as_messages():
                if is_deeplabcut(folder):
                    adopt_deeplabcut(folder)
            if folder.is_dir() and (is_project(folder) or is_project(folder / "project")):
                _choose(folder)
            st.error(f"{folder} is no project: expected a folder with project.yaml or CollectedData.csv")
    return None


def _choose(folder: Path) -> None:
    remember_project(folder)
    st.session_state[CHOSEN] = folder.resolve()
    st.rerun()
