"""A small browser of folders of the machine that the app runs on; nothing is uploaded."""

from pathlib import Path

import streamlit as st

from apps.screens.style import plain
from lightning_pose.core.project import is_project
from lightning_pose.projects.create import is_deeplabcut

MOST = 300  # folders that are listed
HEIGHT = 260  # px


def pick_folder(key: str, start: Path, label: str = "Folder") -> Path | None:
    """Draw the browser and return the folder that it is in; None where what was typed is none.

    Args:
        key: tells several browsers apart.
        start: where it begins.
        label: of the line that can be typed into.
    """
    place = f"{key} place"
    if place not in st.session_state:
        st.session_state[place] = str(start)
    st.text_input(label, key=place)
    folder = Path(st.session_state[place]).expanduser()
    if not folder.is_absolute() or not folder.is_dir():
        st.error(f"{plain(str(folder))} is not a folder of this machine: expected a whole path.")
        return None
    with st.container(border=True, height=HEIGHT, key=f"places {key}" if key else "places"):
        _list(key, place, folder)
    return folder


def _list(key: str, place: str, folder: Path) -> None:
    """Draw a line for the folder above, and for each that lies inside."""

    def go(target: Path) -> None:
        st.session_state[place] = str(target)

    if folder.parent != folder:
        st.button(
            "..", key=f"{key} up", type="tertiary", icon=":material/arrow_upward:", on_click=go,
            args=(folder.parent,), width="stretch",
        )  # fmt: skip
    inside = folders_in(folder)
    for number, path in enumerate(inside[:MOST]):
        name, icon = kind_of(path)
        st.button(
            f"{plain(path.name)}{name}", key=f"{key} {number} {path}", type="tertiary", icon=icon,
            on_click=go, args=(path,), width="stretch",
        )  # fmt: skip
    if len(inside) > MOST:
        st.caption(f"and {len(inside) - MOST} more: type the path")
    if not inside:
        st.caption("No folder in here.")


def folders_in(folder: Path) -> list[Path]:
    """Return the folders in a folder, hidden ones left out; none where it may not be read."""
    try:
        found = [path for path in folder.iterdir() if not path.name.startswith(".") and path.is_dir()]
    except OSError:
        return []
    return sorted(found, key=lambda path: path.name.lower())


def kind_of(folder: Path) -> tuple[str, str]:
    """Return what is added to the name of a folder, and its icon."""
    try:
        if is_project(folder):
            return "  ·  project", ":material/ads_click:"
        if is_deeplabcut(folder):
            return "  ·  DeepLabCut project", ":material/pets:"
    except OSError:
        pass
    return "", ":material/folder:"
