"""The viewer: films in step with what was found in them, a component of our own."""

import streamlit as st

from apps.api.places import project_id
from apps.screens.canvas import show_component
from apps.state import Contents


def show_viewer(contents: Contents) -> None:
    """Draw the page; what the address says of session, frame and sources is the component's to read."""
    address = {name: st.query_params[name] for name in st.query_params}
    show_component(
        "viewer", "viewer/index.js", {"project": project_id(contents.project.folder), "address": address}
    )
