"""The labeling page inside Streamlit, as `litpose app` serves it."""

from collections.abc import Iterator

import pytest

from .conftest import make_project
from .person import FIND, program

pytestmark = [pytest.mark.browser, pytest.mark.slow]
READY = f"""() => {{
  window.canvas = ({FIND})();
  return Boolean(window.canvas?.page?.frame && window.canvas.page.tiles.every((tile) => tile.bitmap));
}}"""


@pytest.fixture
def address(tmp_path) -> Iterator[str]:
    """The address of the app on a project."""
    with program(make_project(tmp_path / "mice")) as app:
        yield f"http://127.0.0.1:{app.port}/"


def test_200_edits_cause_no_rerun_and_the_page_outlives_one(context, address):
    page = context().new_page()
    sent: list[object] = []
    faults: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{address}label")
    page.wait_for_function(READY, timeout=60_000)
    page.wait_for_timeout(1000)
    before = len(sent)
    page.evaluate("() => window.canvas.page.room.focusTile()")
    for _ in range(50):
        for key in ("Enter", "ArrowLeft", "Shift+ArrowDown", "x"):
            page.keyboard.press(key)
    page.wait_for_function("() => window.canvas.page.outbox.size === 0")
    assert page.evaluate("() => window.canvas.page.editor.history.past.length") >= 100
    assert len(sent) == before
    page.get_by_role("button", name="Look again").click()
    page.wait_for_timeout(2000)
    assert len(sent) > before
    assert page.evaluate("() => window.canvas.isConnected && !window.canvas.page.signal.aborted")
    assert not faults
