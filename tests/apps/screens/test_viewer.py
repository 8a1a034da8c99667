"""The page of the viewer, as Streamlit runs it."""

import json

from streamlit.testing.v1 import AppTest

from apps.api.places import project_id
from apps.state import read_folder


def show(contents):
    from apps.screens.viewer import show_viewer

    show_viewer(contents)


def test_the_component_is_told_the_project_and_what_the_address_says(demo_folder):
    page = AppTest.from_function(show, args=(read_folder(demo_folder),), default_timeout=30)
    page.query_params["session"] = "mouse7"
    page.query_params["frame"] = "12"
    (component,) = page.run().get("bidi_component")
    assert not page.exception
    said = json.loads(component.proto.json)
    assert said["project"] == project_id(demo_folder / "project")
    assert said["address"] == {"session": "mouse7", "frame": "12"}
