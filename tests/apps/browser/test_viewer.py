"""The viewer shows the frame that it says, in every view, in all containers that the browser plays."""

import random

import pytest

from .barcodes import READ, SESSION, make_films
from .conftest import Server

pytestmark = pytest.mark.browser
READY = """() => {
  const viewer = document.querySelector('.litpose-canvas')?.viewer;
  return viewer?.player.isSettled && viewer.films.every((film) => film.shown >= 0 || film.fault);
}"""
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


@pytest.fixture(scope="session")
def coded(tmp_path_factory):
    """A project of six views in as many containers, 150 frames."""
    return make_films(tmp_path_factory.mktemp("films") / "films", 150)


@pytest.fixture
def films(coded, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    running = Server(coded)
    yield running
    running.stop()


@pytest.fixture
def look(context):
    """Return a function that opens the viewer of a server."""

    def opened(server: Server, query: str = f"session={SESSION}", **options):
        page = context(**options).new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.goto(f"http://127.0.0.1:{server.port}/view/{server.id}?{query}")
        page.wait_for_function(READY)
        page.evaluate(READ)
        return page

    return opened


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
    assert not page.faults


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
