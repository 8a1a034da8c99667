"""The page of the component, as Streamlit runs it."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from apps.api.places import project_id


def show(contents):
    from apps.screens.label import show_label

    show_label(contents)


@pytest.fixture
def page(demo_folder) -> AppTest:
    """The page of a demo's project."""
    from apps.state import read_folder

    return AppTest.from_function(show, args=(read_folder(demo_folder),), default_timeout=30).run()


def test_it_tells_the_component_which_project_and_nothing_else(page, demo_folder):
    assert not page.exception
    (component,) = page.get("bidi_component")
    assert json.loads(component.proto.json) == {"project": project_id(demo_folder / "project")}


def test_the_frame_of_the_address_is_opened(demo_folder):
    from apps.state import read_folder

    page = AppTest.from_function(show, args=(read_folder(demo_folder),), default_timeout=30)
    page.query_params["frame"] = "f3"
    (component,) = page.run().get("bidi_component")
    assert json.loads(component.proto.json)["frame"] == "f3"
