"""How far a program is, shown where a terminal reads it and written where another program does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lightning_pose.core.progress_file import ProgressFile


@contextmanager
def counted(what: str, total: int | None, file: Path | None = None) -> Iterator[Callable[[int], None]]:
    """Show progress while the block lasts; yield what is to be told how much was done since the last time.

    Args:
        what: is being done.
        total: of what is counted; None where it is not known.
        file: also write it there; see `ProgressFile`.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    kept, done, console = ProgressFile(file), 0, Console()
    kept.tell(0, total or 0, what)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)

        def tell(count: int) -> None:
            nonlocal done
            done += count
            bar.advance(task, count)
            kept.tell(done, total or 0, what)

        yield tell
