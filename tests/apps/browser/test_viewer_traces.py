"""Traces say what the files say, and are linked to the films both ways."""

from typing import Any

import pytest
from playwright.sync_api import Page

from .recordings import FRAMES, JUMP, NAMES, QUIET, choose, settled, table

pytestmark = pytest.mark.browser
VALUES = """([title, frame]) => {
  const row = viewer.screen.panels.traces.rows.find((one) => one.title.startsWith(title));
  return row.lines.map(({ trace, name }) => {
    const bin = Math.floor((frame - trace.start) / trace.step);
    return [name, trace.step, trace.low[bin], trace.high[bin]];
  });
}"""  # name, frames of a bin, lowest and highest value of every line of a plot


def spot(page: Page, frame: float, row: int = 0) -> tuple[float, float]:
    """Return where on the screen a frame is in a plot."""
    box = page.locator(".plots").bounding_box()
    assert box is not None
    x, height = page.evaluate(
        """(frame) => {
          const { span, width, height } = viewer.screen.panels.traces;
          return [54 + (frame + 0.5 - span[0]) / (span[1] - span[0]) * width, height];
        }""",
        frame,
    )
    return box["x"] + x, box["y"] + (row + 0.5) * height


def test_traces_hold_the_numbers_of_the_files(recorded, panels):
    page = panels()
    choose(page, "models/first", "models/second")
    page.evaluate("() => viewer.screen.panels.traces.look([100, 180])")
    page.evaluate(QUIET)
    for frame in (100, JUMP, 179):
        for title, column in (("x", "x"), ("y", "y"), ("confidence", "likelihood")):
            shown = page.evaluate(VALUES, [f"{title} · left", frame])
            assert [name for name, *_ in shown] == ["models/first", "models/second"]
            for (_, step, low, high), model in zip(shown, ("first", "second"), strict=True):
                truth = table(recorded, model, "left")[(NAMES[0], column)][frame]
                assert step == 1 and low == high == pytest.approx(truth, abs=1e-4)


def test_a_spike_of_one_frame_is_seen_from_far_away(recorded, panels):
    page = panels()
    page.set_viewport_size({"width": 600, "height": 700})
    choose(page, "models/first")
    (found,) = page.evaluate(VALUES, ["x · left", JUMP])
    _, step, _, high = found
    assert step > 1 and high == pytest.approx(
        table(recorded, "first", "left")[(NAMES[0], "x")][JUMP], abs=1e-4
    )


def test_a_click_goes_to_the_frame_under_the_pointer_and_the_line_follows_the_films(panels):
    page = panels()
    page.mouse.click(*spot(page, 200))
    assert settled(page) == 200
    page.mouse.move(*spot(page, 200))
    page.mouse.down()
    for frame in (190, 150, 90):
        page.mouse.move(*spot(page, frame))
    page.mouse.up()
    assert settled(page) == 90
    assert page.evaluate("() => viewer.screen.panels.traces.span") == [0, FRAMES]  # the line was grabbed
    page.evaluate("() => viewer.screen.panels.traces.look([50, 110])")
    page.evaluate("() => viewer.seek(250)")
    settled(page)
    low, high = page.evaluate("() => viewer.screen.panels.traces.span")
    assert low <= 250 < high and high - low == pytest.approx(60)


def test_the_wheel_zooms_at_the_pointer_dragging_pans_and_a_double_click_shows_all(panels):
    page = panels()
    page.mouse.move(*spot(page, 200))
    for _ in range(5):
        page.mouse.wheel(0, -120)
    page.evaluate(QUIET)
    low, high = page.evaluate("() => viewer.screen.panels.traces.span")
    assert high - low < 60
    x, y = spot(page, 200)
    assert (
        page.evaluate("() => viewer.screen.panels.traces.hovered") == 200 or abs(x - spot(page, 200)[0]) < 1
    )
    page.mouse.down()
    page.mouse.move(x + 40, y)
    page.mouse.move(x + 80, y)
    page.mouse.up()
    moved = page.evaluate("() => viewer.screen.panels.traces.span")
    width = page.evaluate("() => viewer.screen.panels.traces.width")
    assert moved[0] == pytest.approx(low - 80 / width * (high - low), abs=0.2)
    assert settled(page) == 0  # a drag goes nowhere
    page.mouse.dblclick(*spot(page, moved[0] + 5))
    assert page.evaluate("() => viewer.screen.panels.traces.span") == [0, FRAMES]


def test_traces_are_zoomed_and_moved_with_keys(panels):
    page = panels()
    page.evaluate("() => viewer.seek(150)")
    settled(page)
    page.locator(".plots").focus()
    for key in ("+", "+", "Shift+ArrowRight"):
        page.keyboard.press(key)
    span = page.evaluate("() => viewer.screen.panels.traces.span")
    assert span == pytest.approx([112.875 + 18.75, 187.875 + 18.75])
    page.keyboard.press("ArrowRight")
    assert settled(page) == 151
    page.keyboard.press("0")
    assert page.evaluate("() => viewer.screen.panels.traces.span") == [0, FRAMES]


INK = """() => {
  const { base } = viewer.screen.panels.traces;
  const { data } = base.getContext('2d').getImageData(60, 0, base.width - 60, base.height);
  return data.reduce((sum, value, at) => sum + (at % 4 === 3 && value > 200), 0);
}"""  # pixels of a curve


def test_the_old_picture_stays_until_the_new_one_is_there(recorded, panels):
    page = panels()
    page.set_viewport_size({"width": 600, "height": 700})
    choose(page, "models/first")
    assert page.evaluate(VALUES, ["x · left", 110])[0][1] > 1
    held: list[Any] = []
    page.route("**/traces/**", lambda route: held.append(route))
    page.evaluate("() => viewer.screen.panels.traces.look([100, 130])")
    page.wait_for_function("() => viewer.screen.panels.traces.store.isBusy")
    page.wait_for_timeout(200)
    asked = len(held)
    assert page.evaluate(VALUES, ["x · left", 110])[0][1] > 1 and page.evaluate(INK) > 100
    for start in (60, 30, 10):  # while the answer is on its way only the last of these is remembered
        page.evaluate("(start) => viewer.screen.panels.traces.look([start, start + 30])", start)
    page.wait_for_timeout(200)
    assert len(held) == asked
    for route in held:
        route.continue_()
    page.unroute("**/traces/**")
    page.evaluate(QUIET)
    ((_, step, low, _),) = page.evaluate(VALUES, ["x · left", 20])
    assert step == 1 and low == pytest.approx(table(recorded, "first", "left")[(NAMES[0], "x")][20], abs=1e-4)


def test_several_keypoints_are_plotted_at_once(panels):
    page = panels()
    choose(page, "models/first", "models/second")
    page.get_by_label("plot another keypoint too").select_option("3")
    page.evaluate(QUIET)
    names = [name for name, *_ in page.evaluate(VALUES, ["x", 5])]
    assert names == ["nose, models/first", "tail, models/first", "nose, models/second", "tail, models/second"]
    page.get_by_role("button", name="no longer plot tail").click()
    page.evaluate(QUIET)
    assert len(page.evaluate(VALUES, ["x", 5])) == 2


def test_what_is_plotted_is_chosen_and_remembered(panels):
    page = panels()
    choose(page, "models/first", "models/first · smoothed")
    quantities = page.get_by_role("group", name="what is plotted")
    quantities.get_by_role("button", name="Z", exact=True).click()
    quantities.get_by_role("button", name="confidence").click()
    page.evaluate(QUIET)
    titles = page.evaluate("() => viewer.screen.panels.traces.rows.map(({ title }) => title)")
    page.reload()
    rows = "document.querySelector('.litpose-canvas')?.viewer?.screen.panels.traces.rows"
    page.wait_for_function(f"() => {rows}?.length")
    page.evaluate("() => { window.viewer = document.querySelector('.litpose-canvas').viewer; }")
    again = page.evaluate("() => viewer.screen.panels.traces.rows.map(({ title }) => title)")
    assert again == titles and any(title == "Z" for title in titles)
