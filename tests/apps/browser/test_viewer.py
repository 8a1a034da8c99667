"""The viewer shows the frame that it says, in every view, in all containers that the browser plays."""

import random
from fractions import Fraction

import pytest
from playwright.sync_api import expect

from .barcodes import make_films, write_film, write_timed

pytestmark = pytest.mark.browser
WALK = """async (moves) => {
  for (const [kind, amount] of moves) {
    const before = viewer.player.target;
    await (kind === 'seek' ? viewer.seek(amount) : viewer.player.step(amount));
    await posed();
    const found = wrong();
    if (found.length) return { move: [kind, amount], before, found };
  }
  return null;
}"""


STEADY = """async (frames) => {
  const found = [];
  for (const frame of frames) {
    await viewer.seek(frame);
    await posed();
    const lost = new Set(viewer.films.filter((film) => !film.isLive).map((film) => film.view.name));
    found.push(...wrong().filter((one) => !lost.has(one.name)));
  }
  return found;
}"""


def walk(frames: int, count: int, seed: int) -> list[tuple[str, int]]:
    """Return seeks anywhere, and steps both ways."""
    rng = random.Random(seed)
    moves = [("seek", 0), ("step", 1), ("seek", frames - 1), ("step", -1)]
    while len(moves) < count:
        moves.append(("seek", rng.randrange(frames)))
        moves += [("step", rng.choice((1, 1, 1, -1, -1, -1, 10, -10))) for _ in range(4)]
    return moves[:count]


def test_the_frame_shown_is_the_one_reported_and_drawn_in_every_view_and_container(films, look):
    page = look(films)
    faults = page.evaluate("() => viewer.films.map((film) => film.fault)")
    assert faults == [""] * 6
    assert page.evaluate(WALK, walk(150, 40, 1)) is None


def test_of_many_wishes_the_newest_wins_with_one_seek_at_a_time(films, look):
    page = look(films)
    most = page.evaluate(
        """async () => {
          let most = 0;
          const under = new Map();
          for (const film of viewer.films) {
            under.set(film, 0);
            const asked = film.ask.bind(film);
            film.ask = async (...how) => {
              under.set(film, under.get(film) + 1);
              most = Math.max(most, ...under.values());
              await asked(...how);
              under.set(film, under.get(film) - 1);
            };
          }
          for (let frame = 0; frame < 120; frame += 3) {
            viewer.seek(frame, { settle: false });
            await painted();
          }
          await viewer.seek(77);
          await posed();
          return most;
        }"""
    )
    assert most == 1
    assert page.evaluate("() => wrong()") == []
    assert page.evaluate("() => viewer.frame") == 77


def test_films_play_together_and_stop_on_one_frame(films, look):
    page = look(films)
    log = page.evaluate(
        """async () => {
          const log = [];
          for (const film of viewer.films) {
            const watch = () => {
              log.push([film.v, film.shown, film.drawn]);
              film.video.requestVideoFrameCallback(watch);
            };
            film.video.requestVideoFrameCallback(watch);
          }
          viewer.player.play();
          await new Promise((done) => setTimeout(done, 2500));
          viewer.player.pause();
          while (!viewer.player.isSettled) await painted();
          await posed();
          return log;
        }"""
    )
    assert {view for view, _, _ in log} == set(range(6))
    assert all(shown == drawn for _, shown, drawn in log)  # what is drawn is of the frame on the screen
    assert max(shown for _, shown, _ in log) > 20
    assert page.evaluate("() => wrong()") == []


def test_films_without_a_constant_rate_are_as_exact(tmp_path, open_server, look):
    folder = make_films(tmp_path / "films", 60, ("h264", "mov", "mkv"))
    stamps = [3 * frame + (frame * frame) % 3 + 40 for frame in range(60)]  # uneven, and not from 0
    for view, kind in enumerate(("h264", "mov", "mkv")):
        name = {"h264": "coded_h264.mp4", "mov": "coded_mov.mov", "mkv": "coded_mkv.mkv"}[kind]
        write_timed(folder / "videos" / name, "h264", view, stamps, Fraction(1, 90))
    page = look(open_server(folder))
    assert page.evaluate("() => viewer.films.every((film) => film.times.table)")
    assert page.evaluate(WALK, walk(60, 24, 3)) is None


def test_a_shorter_film_waits_at_its_end_and_says_so(tmp_path, open_server, look):
    folder = make_films(tmp_path / "films", 40, ("h264", "mov"))
    write_film(folder / "videos" / "coded_h264.mp4", "h264", 0, 25)
    page = look(open_server(folder))
    assert page.evaluate(WALK, [["seek", 39], ["step", -1], ["seek", 24], ["step", 1]]) is None
    expect(page.locator(".tile[data-view='h264'] .remark")).to_have_text("ends at frame 24")
    page.evaluate("() => { viewer.seek(15); viewer.player.play(); }")
    page.wait_for_function("() => !viewer.player.isPlaying && viewer.player.isSettled && viewer.frame === 39")
    assert page.evaluate("() => posed().then(wrong)") == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_thousand_seeks_and_steps_show_what_they_say(tmp_path, open_server, look):
    page = look(open_server(make_films(tmp_path / "films", 900)))
    page.set_default_timeout(600_000)
    assert page.evaluate(WALK, walk(900, 1000, 5)) is None


def test_a_film_that_is_missing_or_unreadable_says_so_and_the_others_go_on(tmp_path, open_server, look):
    folder = make_films(tmp_path / "films", 30, ("h264", "mov", "mkv"))
    (folder / "videos" / "coded_h264.mp4").write_bytes(b"no video at all" * 99)
    server = open_server(folder)
    page = look(server)
    assert page.evaluate("() => viewer.films.map((film) => film.isLive)") == [False, True, True]
    assert page.locator(".tile[data-view='h264'] .gap p").inner_text()
    assert page.evaluate(STEADY, [5, 17, 16]) == []
    # Moved while it is open; so short a film would be in the browser's memory, under the same address.
    moved = (folder / "videos" / "coded_mov.mov").rename(folder / "coded_mov.mov")
    page.evaluate("() => { viewer.films[1].address += '?moved'; viewer.films[1].load(); }")
    page.wait_for_function("() => viewer.films[1].fault")
    assert page.evaluate(STEADY, [3, 4]) == []
    moved.rename(folder / "videos" / "coded_mov.mov")
    page.locator(".tile[data-view='mov']").get_by_role("button", name="Try again").click()
    page.wait_for_function("() => viewer.films[1].isLive && viewer.player.isSettled")
    assert page.evaluate(STEADY, [9]) == []
