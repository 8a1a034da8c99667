"""The session page: what follows the source, the keypoint and the frame."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest


def session(folder: str) -> None:
    from pathlib import Path

    from apps.screens.session import show_session
    from apps.state import read_folder

    show_session(read_folder(Path(folder)))


def draw(folder: Path) -> AppTest:
    page = AppTest.from_function(session, args=(str(folder),), default_timeout=60).run()
    assert not page.exception
    return page


def box(page: AppTest, label: str):
    """Return the select box of this label."""
    return next(element for element in page.selectbox if element.label == label)


def figures(page: AppTest) -> list[dict]:
    """Return the plotly figures of the page."""
    return [json.loads(element.proto.spec) for element in page.get("plotly_chart")]


def traces(figure: dict, name: str) -> list[dict]:
    return [trace for trace in figure["data"] if trace.get("name") == name]


@pytest.fixture(scope="module")
def page(demo_folder) -> AppTest:
    return draw(demo_folder)


def test_it_opens_on_the_session_with_most_to_see(page):
    assert page.header[0].value == "mouse7"
    assert box(page, "Keypoints from").value.name == "smoothed"


def test_the_smoother_is_drawn_with_its_band_and_the_truth(page):
    world = figures(page)[1]
    assert traces(world, "truth")
    assert len(traces(world, "smoothed")) == 3
    filled = [trace for trace in world["data"] if trace.get("fill") == "toself"]
    assert len(filled) == 3


def test_the_pixels_of_every_source_are_drawn_with_their_likelihood(page):
    pixels = figures(page)[2]
    assert len(traces(pixels, "models/demo · seed 0")) == 3  # x, y, likelihood
    assert len(traces(pixels, "smoothed")) == 2
    titles = [pixels["layout"][axis]["title"]["text"] for axis in ("yaxis", "yaxis2", "yaxis3")]
    assert titles == ["x (px)", "y (px)", "likelihood"]


def test_the_slider_moves_the_cursor(demo_folder):
    page = draw(demo_folder)
    page.slider[0].set_value(25).run()
    assert not page.exception
    assert figures(page)[1]["layout"]["shapes"][0]["x0"] == 25


def test_another_keypoint_is_drawn_when_chosen(demo_folder):
    page = draw(demo_folder)
    first = traces(figures(page)[1], "truth")[0]["y"]
    box(page, "Keypoint").set_value("tail").run()
    assert not page.exception
    assert traces(figures(page)[1], "truth")[0]["y"] != first


def test_a_session_without_predictions_says_how_to_make_them(demo_folder):
    page = draw(demo_folder)
    box(page, "Session").set_value("mouse1").run()
    assert not page.exception
    assert "litpose predict" in page.info[0].value


def test_a_table_that_cannot_be_read_is_a_message(demo_folder, tmp_path):
    folder = Path(shutil.copytree(demo_folder, tmp_path / "demo"))
    (folder / "smoothed" / "multicam_top_results.csv").write_text("not a table\n")
    page = draw(folder)
    assert "multicam_top_results.csv" in page.error[0].value


def test_a_video_shorter_than_its_table_is_a_message(demo_folder, tmp_path):
    from lightning_pose.core.video import VideoWriter

    folder = Path(shutil.copytree(demo_folder, tmp_path / "demo"))
    with VideoWriter(folder / "project" / "videos" / "mouse7_top.mp4", 160, 120, fps=30) as writer:
        for _ in range(5):
            writer.write(np.zeros((120, 160, 3), np.uint8))
    page = draw(folder)
    page.slider[0].set_value(20).run()
    assert "has 5 frames" in page.error[0].value
