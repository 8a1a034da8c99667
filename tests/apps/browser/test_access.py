"""Everyone can label: by keyboard alone, without eyes on the canvas, in both themes, without a network."""

import re
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

from .conftest import NAMES, PAGE, VIEWS, Labeler

pytestmark = pytest.mark.browser


def test_a_frame_is_labeled_with_the_keyboard_alone(labeler, server):
    labeler.page.locator(".tile[data-view='front']").focus()  # where the page puts the focus by itself
    for view in range(len(VIEWS)):
        while labeler.run("page.v") != view:
            labeler.press("w")
        labeler.press("1")
        for _ in NAMES:
            labeler.press("Enter", "ArrowLeft", "Shift+ArrowUp", "Enter")  # place, move, on to the next
    labeler.saved()
    assert labeler.run("page.labels.count(page.target)") == len(VIEWS) * len(NAMES)
    cells = server.store.cells(server.store.frames().id[0])
    assert all(cell.state == "visible" for row in cells.values() for cell in row.values())
    labeler.press("d")
    labeler.ready()
    labeler.press("k")
    server.soon(lambda: server.store.frames().flagged[1])


def test_tab_is_the_next_keypoint_in_the_views_and_escape_leads_out_of_them(labeler):
    labeler.press("Tab", "Tab")
    assert labeler.run("page.k") == 2
    labeler.press("Shift+Tab")
    assert labeler.run("page.k") == 1
    labeler.press("Escape")
    focused = "() => document.activeElement.closest('.bar, .tile, aside')?.className"
    assert "bar" in labeler.page.evaluate(focused)
    labeler.press("Tab")
    assert "bar" in labeler.page.evaluate(focused)
    assert labeler.run("page.k") == 1


def test_a_name_that_is_markup_is_shown_as_text(labeler):
    expect(labeler.page.locator(".keypoint .name").nth(1)).to_have_text(NAMES[1])
    labeler.choose("front", 1)
    labeler.click("front", 100, 100)
    labeler.press("?", "Escape", "i")
    expect(labeler.page.locator("dialog.cells th", has_text=NAMES[1])).to_be_visible()
    expect(labeler.page.locator("img")).to_have_count(0)
    assert not labeler.faults


def test_the_page_asks_nobody_but_its_server(context, server):
    page = context().new_page()
    asked, refused = [], []
    page.on("request", lambda request: asked.append(urlsplit(request.url)))
    page.on("response", lambda answer: answer.status >= 400 and refused.append(answer.url))
    labeler = Labeler(page, server)
    labeler.click("front", 100, 100)
    labeler.press("d", "?")
    labeler.saved()
    assert {url.netloc for url in asked if url.scheme in ("http", "https")} == {f"127.0.0.1:{server.port}"}
    assert not [url.scheme for url in asked if url.scheme not in ("http", "https", "data", "blob")]
    assert not refused


def test_everything_that_can_be_pressed_has_a_name_and_everything_shown_is_said(labeler):
    unnamed = labeler.page.evaluate(
        "() => [...document.querySelectorAll('button, input, select, textarea, dialog, .tile')]"
        ".filter((one) => !(one.ariaLabel || one.textContent.trim() || one.closest('label')))"
        ".map((one) => one.outerHTML)"
    )
    assert not unnamed
    labeler.choose("left", 3)
    labeler.click("left", 100, 80)
    labeler.choose("left", 3)
    expect(labeler.page.locator(".where[role=status]")).to_have_text(
        re.compile("^4 of 5 · spine · left · visible")
    )
    row = labeler.page.locator(".keypoint").nth(3)
    expect(row.locator(".unseen")).to_have_text("labeled in 1 of 4 views")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast_in_both_themes(enter, scheme):
    labeler = enter(color_scheme=scheme)
    pairs = labeler.page.evaluate(
        """() => {
          const root = document.querySelector('.litpose-canvas');
          const style = getComputedStyle(root);
          const rgb = (name) => {
            const probe = root.appendChild(document.createElement('i'));
            probe.style.color = style.getPropertyValue(name);
            const found = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
            probe.remove();
            return found;
          };
          return [['--text-color', '--panel'], ['--dim', '--panel'], ['--dim', '--ground'],
            ['--accent', '--panel'], ['--warn', '--warn-ground'], ['--bad', '--bad-ground'],
            ['--text-color', '--chosen'], ['--faint', '--panel'], ['--faint', '--chosen'],
            ['--dim', '--chosen']]
            .map((pair) => [pair.join(' on '), ...pair.map(rgb)]);
        }"""
    )
    weak = {name: round(contrast(text, ground), 2) for name, text, ground in pairs}
    assert not {name: ratio for name, ratio in weak.items() if ratio < 4.5}


def contrast(text: list[int], ground: list[int]) -> float:
    """Return the contrast of two colours. Source: WCAG 2.1, "contrast ratio"."""

    def luminance(color: list[int]) -> float:
        share = np.array(color) / 255
        linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    lighter, darker = sorted((luminance(text), luminance(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_a_key_can_be_given_to_another_command_and_stays_so(labeler):
    labeler.press("?")
    labeler.page.get_by_role("button", name="next frame: D. Change").click()
    labeler.press("j", "Escape")
    labeler.press("d")
    assert labeler.run("page.rows.placeOf(page.target)") == 0
    labeler.page.reload()
    labeler.ready()
    labeler.press("j")
    labeler.until("page.rows.placeOf(page.target) === 1")


def test_single_letters_can_be_switched_off(labeler):
    labeler.run("page.settings.letters = false")
    labeler.press("d")
    assert labeler.run("page.rows.placeOf(page.target)") == 0
    labeler.press("ArrowRight", "Control+z")  # those that are no letters still work
    assert labeler.run("page.editor.history.future.length") == 1


def test_memory_does_not_grow_with_frames_and_nothing_is_left_when_the_page_goes(labeler):
    labeler.run("page.images.budget = 4 * 320 * 256 * 8")
    for _ in range(12):
        labeler.press("d", "d", "a", "a")
    labeler.ready()
    assert labeler.run("page.images.bytes <= page.images.budget + 4 * 320 * 256 * 4")
    labeler.page.evaluate(f"() => {{ window.page = {PAGE}; window.page.close(); }}")
    assert labeler.page.evaluate("() => window.page.signal.aborted && window.page.others.source === null")
    expect(labeler.page.locator(".tile")).to_have_count(0)
