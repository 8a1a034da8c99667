"""The labeling page: our own component, in the place where Streamlit shows a page."""

import streamlit as st
from streamlit.components.v2 import component

from apps.api.places import project_id
from apps.state import Contents

FRAME = "frame"  # in the address: which one to open
HEIGHT = "calc(100dvh - 1rem)"
LOADER = """
export default async function (component) {
  const { default: mount } = await import(new URL('/assets/canvas/index.js', window.location.origin).href);
  return mount(component);
}
"""  # inline code stands at an address of its own, from where no path leads to our routes
ROOM = """<style>
[data-testid="stHeader"] {height: 0; min-height: 0; background: none}
[data-testid="stToolbar"] {min-height: 0}
[data-testid="stExpandSidebarButton"] {position: fixed; top: 0.8rem; left: 0.1rem}
[data-testid="stSidebar"][data-collapsed="false"] {width: 12rem !important; min-width: 12rem !important}
[data-testid="stMainBlockContainer"] {padding: 0.5rem 0.5rem 0}
body:has([data-collapsed="true"]) [data-testid="stMainBlockContainer"] {padding-left: 2rem}
[data-testid="stMainBlockContainer"] [data-testid="stVerticalBlock"] {gap: 0}
</style>"""  # the views take the whole window


def show_label(contents: Contents) -> None:
    """Draw the page; labels go from the component to our routes, and no click runs this again."""
    st.html(ROOM)
    canvas = component(
        "litpose_canvas", js=LOADER, css=f":host {{ display: block; --litpose-height: {HEIGHT}; }}"
    )
    data = {"project": project_id(contents.project.folder)}
    if FRAME in st.query_params:
        data[FRAME] = st.query_params[FRAME]
    canvas(key="canvas", data=data)
