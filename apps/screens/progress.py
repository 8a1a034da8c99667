"""What is done in the project of a visit, remembered between its pages and people."""

from pathlib import Path

import streamlit as st

from lightning_pose.projects.status import Survey


@st.cache_resource(show_spinner=False, max_entries=8)
def survey_of(root: Path) -> Survey:
    """Return the one survey of a folder in this process; looking again is quick, since it remembers."""
    return Survey(root)
