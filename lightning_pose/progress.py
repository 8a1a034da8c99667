"""How far reading and training are: bars on a terminal, a line for every tenth elsewhere."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytorch_lightning as pl
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from lightning_pose.callbacks import Validation
from lightning_pose.core.progress_file import ProgressFile

LINES = 10  # of a training whose output is not read on a terminal


class ProgressBar(pl.Callback):
    """All steps of a training, with the time that is left and the last validation error."""

    def __init__(
        self, total_steps: int, validation: Validation, title: str, console: Console | None = None
    ) -> None:
        self.total, self.validation, self.title = total_steps, validation, title
        self.console = console or Console()
        self.bar = Progress(*_columns("steps"), console=self.console, refresh_per_second=4)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show the bar."""
        self._first, self._start = trainer.global_step, time.monotonic()
        if self.console.is_terminal:
            self.bar.start()
        self.task = self.bar.add_task(self.title, total=self.total, completed=trainer.global_step, note="")

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Move it on, or write a line when another tenth is done."""
        step, error, best = trainer.global_step, self.validation.error, self.validation.best_error
        note = "" if math.isnan(error) else f"validation {error:.2f} px (best {best:.2f})"
        self.bar.update(self.task, completed=step, note=note)
        if not self.console.is_terminal and step * LINES // self.total > (step - 1) * LINES // self.total:
            left = (time.monotonic() - self._start) / max(1, step - self._first) * (self.total - step)
            self.console.print(f"{self.title}: {step}/{self.total} steps, {left:.0f} s left {note}".rstrip())

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Leave it as it ended."""
        self._end()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Leave the terminal in order."""
        self._end()

    def _end(self) -> None:
        if self.console.is_terminal:  # where no bar was drawn, stopping it would leave an empty line
            self.bar.stop()


class ProgressTold(pl.Callback):
    """Tells another program, by a file, how many steps are done."""

    def __init__(self, file: ProgressFile, total_steps: int, title: str) -> None:
        self.file, self.total, self.title = file, total_steps, title

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say where it begins, which is later when it is resumed."""
        self.file.tell(trainer.global_step, self.total, self.title)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Say how far it is, now and then."""
        self.file.tell(trainer.global_step, self.total, self.title)


@contextmanager
def reading(
    title: str, show: bool, file: ProgressFile | None = None
) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a function that is told (done, total), or None where nobody wants to know."""
    console, file = Console(), file or ProgressFile(None)
    if not (show and console.is_terminal):
        yield None if file.path is None else lambda done, total: file.tell(done, total, title)
        return
    with Progress(*_columns(""), console=console, transient=True) as bar:
        task = bar.add_task(title, total=None, note="")

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            file.tell(done, total, title)

        yield tell


def _columns(unit: str) -> list[ProgressColumn]:
    """Return what stands in a bar's line."""
    counts = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit)]
    times = [TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()]
    return [*counts, *times, TextColumn("{task.fields[note]}")]
