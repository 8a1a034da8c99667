"""The panels around the films: space, sources, export; what they say without data, and in both themes."""

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from .recordings import (
    FRAMES,
    JUMP,
    NAMES,
    QUIET,
    SESSION,
    SIZE,
    choose,
    make_recording,
    open_tab,
    pinholes,
    settled,
    table,
    track,
)
from .test_viewer_lists import pretend, ready

pytestmark = pytest.mark.browser


EMPTY = [
    ("Traces", ".panel.traces .nothing", "Nothing has been predicted"),
    ("Space", ".panel.space .nothing", "no calibration"),
    ("Sources", ".panel.sources .nothing", "Train a model"),
    ("Difficult", ".panel.difficult .nothing", "Once a model has predicted"),
]


WEAK = """() => {
  const rgb = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = color.map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0.99) return color.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const says = (one) => one.checkVisibility() && !one.disabled && !one.matches('option')
    && [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  return [...document.querySelectorAll('.panel *')].filter(says).flatMap((one) => {
    const color = light(rgb(getComputedStyle(one).color).slice(0, 3));
    const [a, b] = [color, light(ground(one))].sort((x, y) => x - y);
    const ratio = (b + 0.05) / (a + 0.05);
    return ratio < 4.5 ? [`${one.className} "${one.textContent.slice(0, 30)}" ${ratio.toFixed(2)}`] : [];
  });
}"""
UNNAMED = """() => [...document.querySelectorAll('.panel :is(button, input, select, [tabindex])')]
  .filter((one) => !one.hidden && !(one.ariaLabel || one.textContent.trim() || one.closest('label')))
  .map((one) => one.outerHTML)"""


def test_the_scene_through_a_camera_is_its_image(panels):
    page = panels()
    frame = 77
    page.evaluate("(frame) => viewer.seek(frame)", frame)
    page.evaluate("() => posed()")
    truth = pinholes(("left", "right", "top")).project(track(FRAMES))[:, frame]
    for v, view in enumerate(("left", "right", "top")):
        page.get_by_label("seen from").select_option(view)
        spots = page.evaluate(
            """(size) => {
              const { scene } = viewer.screen.panels.space;
              const { clientWidth: width, clientHeight: height } = scene.canvas;
              const content = scene.content();
              const sight = scene.sightOf(content, width, height);
              const [[left, top], , [right]] = sight.corners;
              const scale = (right - left) / size[0];
              return content.figures[0].points.map((point) => {
                const [x, y] = sight.screen(sight.eye(point));
                return [(x - left) / scale - 0.5, (y - top) / scale - 0.5];
              });
            }""",
            list(SIZE),
        )
        np.testing.assert_allclose(spots, truth[v], atol=1e-3)


def test_the_scene_turns_moves_zooms_and_comes_back(panels):
    page = panels()
    canvas = page.locator(".panel.space canvas")
    picture = lambda: canvas.evaluate("(c) => c.toDataURL()")  # noqa: E731
    page.evaluate("() => posed()")
    first = picture()
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    seen = {first}
    for buttons in ("left", "right"):
        page.mouse.move(x, y)
        page.mouse.down(button=buttons)
        page.mouse.move(x + 30, y + 10)
        page.mouse.up(button=buttons)
        seen.add(picture())
    page.mouse.wheel(0, -200)
    page.wait_for_timeout(60)
    seen.add(picture())
    canvas.focus()
    page.keyboard.press("ArrowLeft")
    seen.add(picture())
    assert len(seen) == 5
    page.keyboard.press("0")
    assert settled(page) == 0
    scene = page.evaluate(
        "() => { const { scene } = viewer.screen.panels.space; return [scene.zoom, ...scene.shift]; }"
    )
    assert scene == [1, 0, 0, 0]


def test_a_source_whose_files_went_away_says_so_and_the_others_go_on(own, look):
    page = look(own, f"session={SESSION}")
    page.evaluate(QUIET)
    for path in (own.folder / "models" / "second" / "video_preds").iterdir():
        path.unlink()
    page.evaluate("() => viewer.poses.kept.clear()")
    page.locator(".source", has_text="models/second").get_by_role("checkbox").check()
    fault = page.locator(".source", has_text="models/second").locator(".fault")
    page.wait_for_function("() => document.querySelector('.source .fault:not(:empty)')")
    assert "Traceback" not in fault.inner_text()
    choose(page, "models/first")
    page.evaluate("() => posed()")
    first = page.locator(".source").filter(has=page.get_by_text("models/first", exact=True))
    expect(first.locator(".fault")).to_have_text("")
    again = page.get_by_role("button", name="look for new predictions")
    gone = "() => viewer.session.sources.every(({ name }) => name !== 'models/second')"
    own.soon(lambda: again.click() or page.evaluate(gone))
    expect(page.locator(".foot .fault")).to_have_text("")


def test_colours_can_be_chosen_and_stay(panels):
    page = panels()
    choose(page, "models/first")
    page.get_by_label("colour of models/first", exact=True).fill("#00ff7f")
    assert page.evaluate("() => viewer.chosen[0].color") == "#00ff7f"
    page.reload()
    expect(page.get_by_label("colour of models/first", exact=True)).to_have_value("#00ff7f")


def test_a_picture_has_all_views_at_the_size_of_the_videos(panels, tmp_path):
    page = panels()
    page.evaluate("() => viewer.seek(60)")
    page.evaluate("() => posed()")
    with page.expect_download() as saved:
        page.keyboard.press("p")
    assert saved.value.suggested_filename == f"{SESSION}_frame000060.png"
    saved.value.save_as(tmp_path / "picture.png")
    picture = cv2.imread(str(tmp_path / "picture.png"))
    columns, rows = picture.shape[1] // SIZE[0], picture.shape[0] // SIZE[1]
    assert picture.shape[:2] == (rows * SIZE[1], columns * SIZE[0]) and columns * rows >= 3
    grey = 40 + 60 * 150 // FRAMES
    assert np.abs(picture[SIZE[1] - 4, 4].astype(int) - grey).max() < 8  # the film under what is drawn
    truth = pinholes(("left", "right", "top")).project(track(FRAMES))[0, 60, 0]
    x, y = np.round(truth).astype(int)
    around = picture[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).astype(int)
    assert (around.max(axis=1) - around.min(axis=1)).max() > 40  # colour where the nose is


def test_numbers_are_saved_as_they_are(recorded, panels, tmp_path):
    page = panels()
    choose(page, "models/first")
    page.evaluate("() => viewer.setRange([100, 140])")
    open_tab(page, "Export")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the numbers").click()
    saved.value.save_as(tmp_path / "numbers.csv")
    text = (tmp_path / "numbers.csv").read_text()
    assert f"{table(recorded, 'first', 'left')[(NAMES[0], 'x')][JUMP]:.3f}" in text


def test_a_recording_without_anything_says_what_to_do(tmp_path, open_server, look):
    folder = make_recording(tmp_path / "mice", ("only",), 30)
    for path in folder.glob("models/**/*.csv"):
        path.unlink()
    page = look(open_server(folder), f"session={SESSION}")
    page.wait_for_timeout(300)
    for _, place, words in EMPTY:
        expect(page.locator(place).first).to_contain_text(words)
    open_tab(page, "Marks")
    expect(page.locator(".panel.marks .nothing")).to_contain_text("No marks yet")
    open_tab(page, "Export")
    expect(page.get_by_role("button", name="Make the clip")).to_be_disabled()


def test_one_view_without_cameras_has_traces_and_no_space(tmp_path, open_server, look):
    page = look(open_server(make_recording(tmp_path / "mice", ("only",), 30)), f"session={SESSION}")
    page.evaluate(QUIET)
    titles = page.evaluate("() => viewer.screen.panels.traces.rows.map(({ title }) => title)")
    assert titles == ["x", "y", "confidence"]
    expect(page.locator(".panel.space canvas")).to_be_hidden()


def test_twelve_views_fit(tmp_path, open_server, look):
    views = tuple(f"cam{v}" for v in range(12))
    page = look(open_server(make_recording(tmp_path / "mice", views, 12)), f"session={SESSION}")
    page.evaluate(QUIET)
    expect(page.locator(".tile")).to_have_count(12)
    expect(page.get_by_label("seen from").locator("option")).to_have_count(13)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_of_the_panels_has_enough_contrast_and_every_control_a_name(own, look, scheme):
    page = look(own, f"session={SESSION}", color_scheme=scheme)
    page.evaluate("() => { viewer.screen.panels.marks.add(3); }")
    pretend(page, ready(5))
    for tab in ("Marks", "Export", "Difficult"):
        open_tab(page, tab)
        assert page.evaluate(WEAK) == [] and page.evaluate(UNNAMED) == []
