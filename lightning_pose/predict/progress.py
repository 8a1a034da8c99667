"""One display for all that is predicted: how far, how fast, how long still; lines without a terminal."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from lightning_pose.core.progress_file import ProgressFile

LINE_EVERY = 30.0  # seconds between lines, where there is no terminal


class HaltedError(Exception):
    """Raised in a thread whose work is no longer wanted, since another one failed or Ctrl-C was pressed."""


class Board:
    """What all sessions of a call show; used by several threads.

    The first bar counts frames of all views of all sessions; below it are those of what is being done.
    """

    def __init__(self, console: Console, progress_file: Path | None = None) -> None:
        """Describe the display; it is shown by `with`.

        Args:
            console: where.
            progress_file: how far it is, for programs that wait.
        """
        self.console, self.halt = console, threading.Event()
        columns = (
            TextColumn("{task.description}"), BarColumn(), _Count(), _Rate(), TimeRemainingColumn(),
        )  # fmt: skip
        self._bars = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._all = self._bars.add_task("all", total=0, visible=False)
        self._file = ProgressFile(progress_file)
        self._total = self._done = 0
        self._parts: dict[str, tuple[int, int]] = {}  # sessions in work: frames that are done, of how many
        self._first: tuple[float, int] | None = None  # when the first frames were done, and how many
        self._line = time.monotonic()
        self._lock = threading.Lock()

    def __enter__(self) -> "Board":
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.console.is_terminal:
            self._bars.stop()

    def expect(self, images: int, jobs: int) -> None:
        """Tell how many frames all jobs have; with one job there is no bar for all of them."""
        self._total += images
        self._bars.update(self._all, total=self._total, visible=jobs > 1)

    @contextmanager
    def counted(self, what: str, total: int, *, main: bool = True) -> Iterator[Callable[..., None]]:
        """Show a bar; yield what is to be told how many frames were done, and whether they are old.

        Args:
            what: is done.
            total: number of frames.
            main: counts for the bar of all sessions.

        Raises:
            HaltedError: out of what is yielded, when the work is no longer wanted.
        """
        task = self._bars.add_task(what, total=total)
        if main:
            self._parts[what] = (0, total)

        def advance(images: int, *, old: bool = False) -> None:
            if self.halt.is_set():
                raise HaltedError
            if old:  # frames of an earlier call say nothing about the speed of this one: fewer are to do
                self._bars.update(task, total=total - images)
            else:
                self._bars.update(task, advance=images)
            if main:
                self._parts[what] = (self._parts[what][0] + images, total)
                self._advance(images, old)

        try:
            yield advance
        finally:
            self._bars.remove_task(task)
            self._parts.pop(what, None)

    @contextmanager
    def busy(self, what: str) -> Iterator[None]:
        """Show that something takes a while."""
        task = self._bars.add_task(what, total=None)
        try:
            yield
        finally:
            self._bars.remove_task(task)

    def say(self, text: str) -> None:
        """Print a line."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _advance(self, images: int, old: bool) -> None:
        """Move the bar of all sessions on, or print a line now and then."""
        with self._lock:
            self._total -= images if old else 0
            self._done += 0 if old else images
            now = time.monotonic()
            if self._first is None and not old:  # loading the networks says nothing about their speed
                self._first = (now, self._done)
            line = not self.console.is_terminal and now - self._line >= LINE_EVERY
            self._line = now if line else self._line
            parts = {name: done / max(total, 1) for name, (done, total) in list(self._parts.items())}
            self._file.tell(self._done, self._total, "frames", parts)
            self._bars.update(self._all, total=self._total, completed=self._done)
            text = self._state(now) if line else ""
        if text:
            self.say(text)

    def _state(self, now: float) -> str:
        """Return how far it is, in words."""
        begin, already = self._first or (now, self._done)
        rate = (self._done - already) / max(now - begin, 1e-9)
        left = (self._total - self._done) / rate if rate else float("inf")
        share = 100 * self._done / max(self._total, 1)
        done = f"{share:.0f} % ({self._done} of {self._total} frames)"
        return f"{done}, {rate:.0f} frames/s, {duration(left)} left"


def duration(seconds: float) -> str:
    """Return seconds as people say them: 42 s, 3 min 10 s, 2 h 5 min."""
    if seconds == float("inf"):
        return "unknown time"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class _Count(ProgressColumn):
    """Frames that are done, of how many."""

    def render(self, task: Task) -> Text:
        """Return them; nothing where it is not known how many there are."""
        return Text("" if task.total is None else f"{task.completed:.0f}/{task.total:.0f}")


class _Rate(ProgressColumn):
    """Frames a second."""

    def render(self, task: Task) -> Text:
        """Return the rate, once there is one."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.0f} frames/s", style="progress.data.speed")
