"""The page of the viewer: links, keys, ranges, sessions, and what is asked of the server."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from .barcodes import KINDS, SESSION, make_films, predict, write_film

pytestmark = pytest.mark.browser
STATE = """() => ({
  session: viewer.session.name, frame: viewer.frame, keypoint: viewer.keypoint, range: viewer.range,
  sources: viewer.chosen.map((source) => source.name),
})"""


@pytest.fixture(scope="session")
def pair(tmp_path_factory):
    """A project of two sessions in two views, predicted by two networks."""
    folder = make_films(tmp_path_factory.mktemp("pair") / "pair", 90, ("h264", "mov"))
    for view, kind in enumerate(("h264", "mov")):
        write_film(folder / "videos" / f"second_{kind}{KINDS[kind][0]}", kind, view, 30)
    predict(folder, ("h264", "mov"), 90, model="other")
    predict(folder, ("h264", "mov"), 30, session="second")
    return folder


def settled(page) -> None:
    page.wait_for_function("() => viewer.player.isSettled")


def test_a_link_opens_what_was_shown(pair, open_server, look):
    server = open_server(pair)
    page = look(server)
    page.evaluate("() => viewer.choose([viewer.session.sources[1].id])")
    page.evaluate("() => { viewer.select(1, 1); viewer.setRange([10, 40]); return viewer.seek(33); }")
    page.wait_for_function("() => location.search.includes('frame=33') && location.search.includes('range')")
    query = urlsplit(page.url).query
    assert parse_qs(query)["session"] == [SESSION]
    again = look(server, query)
    assert again.evaluate(STATE) == page.evaluate(STATE)
    assert again.evaluate("() => viewer.frame") == 33
    assert again.evaluate("() => posed().then(wrong)") == []


def test_everything_goes_by_keys(pair, open_server, look):
    page = look(open_server(pair))

    def after(*keys: str) -> int:
        for key in keys:
            page.keyboard.press(key)
        settled(page)
        return page.evaluate("() => viewer.frame")

    assert after("ArrowRight", "ArrowRight", ".", ",") == 2
    assert after("Shift+ArrowRight", "ArrowLeft") == 11
    assert after("End") == 89
    assert after("Home") == 0
    assert after("5") == 45
    assert after("g", "7", "7", "Enter") == 77
    assert after("Home", "PageDown") == 30
    after("[", "Shift+ArrowRight", "]")
    assert page.evaluate("() => viewer.range") == [30, 40]
    after("Backspace", "ArrowDown", "w")
    assert page.evaluate("() => [viewer.range, viewer.keypoint, viewer.view]") == [None, 1, 1]
    page.keyboard.press("Space")
    page.wait_for_function("() => viewer.player.isPlaying && viewer.frame > 45")
    page.keyboard.press("k")
    settled(page)
    assert page.evaluate("() => posed().then(wrong)") == []
    page.keyboard.press("j")
    start = page.evaluate("() => viewer.frame")
    page.wait_for_function("(start) => viewer.frame < start - 5", arg=start)
    page.keyboard.press("Space")
    for key, window in (("?", "dialog.help"), ("/", "dialog.chooser")):
        page.keyboard.press(key)
        expect(page.locator(window)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(window)).to_be_hidden()


def test_a_range_is_played_again_and_again_and_nothing_beside_it(pair, open_server, look):
    page = look(open_server(pair))
    page.evaluate(
        "() => { viewer.setRange([20, 32]); if (!viewer.settings.loop) viewer.look.toggle('loop', ''); }"
    )
    page.evaluate("() => viewer.seek(20)")
    shown = page.evaluate(
        """async () => {
          const shown = [];
          for (const { video } of viewer.films) {
            const watch = () => {
              shown.push(...viewer.films.map((film) => film.shown));
              video.requestVideoFrameCallback(watch);
            };
            video.requestVideoFrameCallback(watch);
          }
          viewer.player.play();
          let rounds = 0;
          let last = 20;
          while (rounds < 3) {
            await painted();
            if (viewer.frame < last) rounds++;
            last = viewer.frame;
          }
          viewer.player.pause();
          return shown;
        }"""
    )
    assert min(shown) == 20
    assert 32 <= max(shown) <= 35  # on a busy machine a picture may come before the films are halted


def test_no_poses_are_asked_for_twice(pair, open_server, look):
    page = look(open_server(pair))
    asked: list[str] = []
    page.on("request", lambda request: "/poses/" in request.url and asked.append(request.url))
    page.evaluate("() => { viewer.choose(viewer.session.sources.map((source) => source.id)); }")
    page.evaluate(
        "async () => { for (let f = 0; f < 90; f += 7) await viewer.seek(f); await viewer.seek(3); }"
    )
    page.evaluate("() => viewer.player.play()")
    page.wait_for_function("() => !viewer.player.isPlaying && viewer.player.isSettled")
    assert asked and len(set(asked)) == len(asked)


def test_a_session_is_found_among_a_thousand(pair, open_server, look):
    page = look(open_server(pair))
    rows = [
        {"name": f"mouse{number:03}", "views": ["a"], "predicted": 0, "smoothed": False, "calibrated": False}
        for number in range(998)
    ]
    real = [dict(rows[0], name=name) for name in (SESSION, "second")]
    body = json.dumps({"sessions": rows + real})
    page.route(
        re.compile(r"/recordings$"), lambda route: route.fulfill(body=body, content_type="application/json")
    )
    page.keyboard.press("/")
    page.wait_for_function("() => document.querySelectorAll('.sessions .option').length === 200")
    page.keyboard.type("sec")
    expect(page.locator(".sessions .option")).to_have_text(["second 1 view"], use_inner_text=True)
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => document.querySelector('.litpose-canvas').viewer?.session.name === 'second'"
    )
    page.wait_for_function("() => location.search.includes('session=second')")
    page.wait_for_function("() => document.querySelector('.litpose-canvas').viewer.player.isSettled")
    assert page.evaluate("() => document.querySelectorAll('.tile').length") == 2


def test_films_that_nobody_recorded_still_have_their_keypoints(tmp_path, open_server, look):
    folder = make_films(tmp_path / "films", 20, ("h264", "mov"))
    for film in (folder / "videos").iterdir():
        film.unlink()
    page = look(open_server(folder))
    expect(page.locator(".gap p")).to_have_count(2)
    page.evaluate("() => viewer.seek(7)")
    settled(page)
    page.wait_for_function("() => viewer.films.every((film) => film.drawn === 7)")
    page.evaluate("() => viewer.player.play()")
    page.wait_for_function("() => viewer.frame === 19 && !viewer.player.isPlaying")
