"""A person who uses the whole app, as `litpose app` serves it, with nothing but a browser."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Locator, Page, expect

from apps.api.places import project_id

ROOT = Path(__file__).parents[3]
MINUTE = 60_000  # ms
PATIENCE = 3 * MINUTE  # for what takes a second on a machine that does nothing else
FIND = """() => {
  const find = (root) => {
    for (const one of root.querySelectorAll('*')) {
      if (one.classList.contains('litpose-canvas')) return one;
      const found = one.shadowRoot && find(one.shadowRoot);
      if (found) return found;
    }
    return null;
  };
  return find(document);
}"""


@contextmanager
def serve_app(home: Path, *arguments: str) -> Iterator[str]:
    """Run `litpose app`, and give its address.

    Args:
        home: folder for what programs remember of their user.
        arguments: of the command: a project, or none.
    """
    home.mkdir(exist_ok=True)
    (home / "empty").mkdir(exist_ok=True)  # begun in a folder that is no project, it offers a choice of one
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "XDG_CACHE_HOME": str(home / "cache")}
    own["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "lightning_pose.cli.main", "app", *arguments, "--port", "0"]
    with subprocess.Popen(
        [*command, "--no-browser"], cwd=home / "empty", env={**os.environ, **own}, stdout=subprocess.PIPE,
        text=True,
    ) as app:  # fmt: skip
        assert app.stdout is not None
        found = re.search(r"http://\S+", app.stdout.readline())
        assert found
        try:
            yield found[0].rstrip("/")
        finally:
            app.send_signal(signal.SIGINT)


class Program(NamedTuple):
    """The app on a project, as a process of its own."""

    process: subprocess.Popen
    port: int
    folder: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/canvas/{project_id(self.folder)}"


@contextmanager
def program(folder: Path, port: int = 0) -> Iterator[Program]:
    """Run the app on a project, and end it."""
    environment = {**os.environ, "XDG_CONFIG_HOME": str(folder.parent / "config")}
    command = [sys.executable, "-m", "apps.server", str(folder), "--port", str(port), "--no-browser"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as app:
        assert app.stdout is not None
        found = re.search(r"http://\S+:(\d+)/", app.stdout.readline())
        assert found
        yield Program(app, int(found[1]), folder)
        app.terminate()


class Person:
    """Somebody at a browser window of their own."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.set_default_timeout(PATIENCE)

    def arrive(self, at: str = "") -> None:
        """Type the address of a page."""
        self.page.goto(f"{self.address}/{at}")
        self.settled()

    def settled(self) -> None:
        """Wait until a page of Streamlit has been drawn."""
        self.page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")

    def go(self, title: str) -> None:
        """Choose a page in the list on the left."""
        self.page.get_by_test_id("stSidebarNavLink").filter(has_text=re.compile(f"{title}$")).click()
        self.settled()

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """Return a button by its name."""
        return self.page.get_by_test_id("stMain").get_by_role("button", name=name)

    def press(self, name: str | re.Pattern[str]) -> None:
        """Press a button of the page."""
        expect(self.button(name)).to_be_enabled(timeout=PATIENCE)
        self.button(name).click()

    def type(self, label: str, text: str) -> None:
        """Write into a field, and leave it."""
        field = self.page.get_by_label(label, exact=True)
        field.fill(text)
        field.press("Tab")
        self.settled()

    def reads(self, text: str | re.Pattern[str]) -> None:
        """Wait until a text can be read on the page."""
        expect(self.page.get_by_test_id("stMain").get_by_text(text).first).to_be_visible(timeout=PATIENCE)

    def no_traceback(self) -> None:
        """Check that the page shows no fault of a program to a person."""
        text = self.page.locator("body").inner_text()
        assert "Traceback" not in text and "This page failed" not in text, text
        assert not self.faults, self.faults

    def canvas(self, code: str, argument: Any = None) -> Any:
        """Evaluate `(page, argument) => code` in the labeling page, which Streamlit has put somewhere."""
        return self.page.evaluate(
            f"(argument) => {{ const page = ({FIND})()?.page; return {code}; }}", argument
        )

    def until(self, condition: str) -> None:
        """Wait until something is so in the labeling page."""
        self.page.wait_for_function(
            f"() => {{ const page = ({FIND})()?.page; return page && ({condition}); }}"
        )

    def viewer(self, condition: str) -> None:
        """Wait until something is so in the viewer: `viewer.` and the condition."""
        self.page.wait_for_function(
            f"() => {{ const viewer = ({FIND})()?.viewer; return viewer && (viewer.{condition}); }}"
        )

    def at_a_frame(self) -> None:
        """Wait until the labeling page shows its frame."""
        self.until("page.frame && page.tiles.every((tile) => tile.shown === page.target && tile.bitmap)")

    def place(self, view: int, keypoint: int, xy: Sequence[float]) -> None:
        """Click where a keypoint is (px of the image)."""
        self.canvas("page.select(...argument)", [view, keypoint])
        zoom = self.canvas("page.tiles[argument].zoom", view)
        box = self.page.locator(".tile .marks").nth(view).bounding_box()
        assert box is not None
        spot = [
            box[side] + zoom[side] + (value + 0.5) * zoom["scale"]
            for side, value in zip("xy", xy, strict=True)
        ]
        self.page.mouse.click(*spot)
