"""The labeling page: our own component, in the place where Streamlit shows a page."""

import streamlit as st

from apps.api.places import project_id
from apps.screens.canvas import show_component
from apps.state import Contents

FRAME = "frame"  # in the address: which one to open


def show_label(contents: Contents) -> None:
    """Draw the page; labels go from the component to our routes, and no click runs this again."""
    data = {"project": project_id(contents.project.folder)}
    if FRAME in st.query_params:
        data[FRAME] = st.query_params[FRAME]
    show_component("canvas", "index.js", data)
