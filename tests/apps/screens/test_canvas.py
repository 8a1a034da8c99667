"""A component of our own on a page of Streamlit."""

import json

from streamlit.testing.v1 import AppTest


def show():
    from apps.screens.canvas import show_component

    show_component("viewer", "viewer/index.js", {"project": "0123"})


def test_the_script_is_loaded_from_our_routes_and_given_its_data():
    page = AppTest.from_function(show, default_timeout=30).run()
    assert not page.exception
    (component,) = page.get("bidi_component")
    assert json.loads(component.proto.json) == {"project": "0123"}
    assert "/assets/canvas/viewer/index.js" in component.proto.js_content
