"""Our own components, in the place where Streamlit shows a page."""

from typing import Any

import streamlit as st
from streamlit.components.v2 import component

HEIGHT = "calc(100dvh - 1rem)"
LOADER = """
export default async function (component) {
  const { default: mount } = await import(new URL('/assets/canvas/SCRIPT', window.location.origin).href);
  return mount(component);
}
"""  # inline code stands at an address of its own, from where no path leads to our routes
ROOM = """<style>
[data-testid="stHeader"] {height: 0; min-height: 0; background: none}
[data-testid="stToolbar"] {min-height: 0}
[data-testid="stExpandSidebarButton"] {position: fixed; top: 0.8rem; left: 0.1rem}
[data-testid="stSidebar"][data-collapsed="false"] {width: 12rem !important; min-width: 12rem !important}
[data-testid="stMainBlockContainer"] {padding: 0.5rem 0.5rem 0; max-width: none}
body:has([data-collapsed="true"]) [data-testid="stMainBlockContainer"] {padding-left: 2rem}
[data-testid="stMainBlockContainer"] [data-testid="stVerticalBlock"] {gap: 0}
</style>"""  # the views take the whole window


def show_component(name: str, script: str, data: dict[str, Any]) -> None:
    """Draw a component; it talks to our routes by itself, and no click in it runs the page again."""
    st.html(ROOM)
    loader = LOADER.replace("SCRIPT", script)
    style = f":host {{ display: block; --litpose-height: {HEIGHT}; }}"
    component(f"litpose_{name}", js=loader, css=style)(key=name, data=data)
