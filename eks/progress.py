"""What a person sees while a recording is smoothed: a bar, if it takes long, or every stage by name."""

import sys
import time
from collections.abc import Callable
from typing import Any

Progress = Callable[[str, float], None]
LONG = 2.0  # seconds; what is done before needs no bar


def ignore(stage: str, share: float) -> None:
    """Show nothing."""


def tell_stages() -> Progress:
    """Return a progress that names every stage and round once, on stderr."""
    told: list[str] = []

    def tell(stage: str, share: float) -> None:
        if stage not in told[-1:]:
            told.append(stage)
            print(stage, file=sys.stderr)

    return tell


class Bar:
    """A bar on a terminal's stderr that fills within every stage and is gone at the end."""

    def __init__(self) -> None:
        self._begin = time.perf_counter()
        self._shown: Any = None

    def __call__(self, stage: str, share: float) -> None:
        """Show a stage, and how much of the recording it has been through."""
        if self._shown is None:
            if not sys.stderr.isatty() or time.perf_counter() - self._begin < LONG:
                return
            from rich.console import Console
            from rich.progress import Progress as Shown

            self._shown = Shown(console=Console(stderr=True), transient=True)
            self._shown.add_task(stage, total=1.0)
            self._shown.start()
        self._shown.update(self._shown.task_ids[0], description=stage, completed=share)

    def close(self) -> None:
        """Give the terminal back."""
        if self._shown is not None:
            self._shown.stop()
