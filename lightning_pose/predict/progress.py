"""A progress bar for work that is counted in frames, and a line for what is finished."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Rate(ProgressColumn):
    """Frames a second."""

    def render(self, task: Task) -> Text:
        """Return the rate, once there is one."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.0f} frames/s", style="progress.data.speed")


@contextmanager
def counted(console: Console, what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar with frames a second and the time left; yield what is to be told how many frames were done.

    Where no terminal reads it there is no bar. A line with the rate stays when the work has finished.
    """
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn(),
    )  # fmt: skip
    start = time.monotonic()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda frames: progress.advance(task, frames)
    seconds = time.monotonic() - start
    rate = total / max(seconds, 1e-9)
    console.print(f"{what}: {total} frames in {seconds:.1f} s ({rate:.0f} frames/s)", highlight=False)
