"""Whole processes, watched: the seconds and the memory that they and their descendants take (Linux only)."""

import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from peer import environment

SAMPLE_SECONDS = 0.2


class Cost(NamedTuple):
    """What one process and its children took."""

    wall: float  # seconds
    peak_mb: float  # largest sum over the processes; shared pages count once


def run_watched(words: Sequence[str], log_file: Path) -> Cost:
    """Run a command to its end, watching the memory of all its processes; stop when it fails.

    Args:
        words: the command.
        log_file: what it prints.
    """
    begin = time.perf_counter()
    with log_file.open("w+") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, env=environment(words[0]))
        peak, ended = [0.0], threading.Event()
        watch = threading.Thread(target=_watch, args=(process.pid, peak, ended))
        watch.start()
        code = process.wait()
        wall = time.perf_counter() - begin
        ended.set()
        watch.join()
        if code:
            log.seek(0)
            raise SystemExit(f"{' '.join(words)} failed:\n{log.read()[-3000:]}")
    return Cost(wall, peak[0])


def _watch(pid: int, peak: list[float], ended: threading.Event) -> None:
    """Keep the largest memory of a process and its descendants, MB, until it has ended."""
    while not ended.wait(SAMPLE_SECONDS):
        peak[0] = max(peak[0], sum(_proportional_mb(member) for member in _family(pid)))


def _family(pid: int) -> Iterator[int]:
    """Yield a process and its descendants."""
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = path.read_text().split()
        except OSError:  # it has just ended
            continue
        for child in children:
            yield from _family(int(child))


def _proportional_mb(pid: int) -> float:
    """Return a process's memory, its share of what it has in common with others counted."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
