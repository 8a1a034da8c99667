"""The copies of a project's tables: which are there, which are being made, and how much room they take."""

import contextlib
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from apps.results.build import make_copy
from apps.results.copies import Copy
from apps.results.rows import state_of
from lightning_pose.core.errors import DataError

FOLDER = Path(".litpose") / "cache"
SUFFIX = ".columns"
AT_ONCE = 20 * 2**20  # bytes of text that are copied while a person waits
ROOM = 8 * 2**30  # bytes that all copies may take
TOUCHED = 60.0  # seconds between notes that a copy is in use


class Making(NamedTuple):
    """A copy that is wanted: of which table, in which state, how much of it is done, and what went wrong."""

    table: Path
    copy: Path
    share: float = 0.0
    fault: str = ""


class Shelf:
    """The copies of one project's tables. Its methods may be called from any thread."""

    def __init__(self, home: Path, room: int = ROOM) -> None:
        """Remember the project's folder; nothing is read yet.

        Args:
            home: folder of the project.
            room: bytes that all copies may take.
        """
        self.folder = home / FOLDER
        self._room = room
        self._lock = threading.Lock()
        self._one = threading.Lock()
        self._wanted: dict[Path, Making] = {}  # by table; the last one is made first
        self._touched: dict[Path, float] = {}
        self._worker: threading.Thread | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False

    def open(self, table: Path) -> Copy | None:
        """Return the copy of a table as the table is now; None where there is none yet.

        Raises:
            DataError: when the table cannot be read.
        """
        path = self._path(table)
        try:
            copy = Copy(path)
        except OSError:
            return None
        except DataError:  # damaged: it is made again
            path.unlink(missing_ok=True)
            return None
        self._touch(path)
        return copy

    def want(self, tables: Iterable[Path]) -> float:
        """Have copies made of tables that have none, small ones at once; return the share that is done.

        Raises:
            DataError: when a table is faulty, or no copy can be written.
        """
        shares = [self._want(table) for table in tables]
        return sum(shares) / len(shares) if shares else 1.0

    def close(self) -> None:
        """Stop making copies."""
        with self._lock:
            self._closed = True
            self._wanted.clear()
            if self._child is not None:
                self._child.terminate()

    def _want(self, table: Path) -> float:
        copy = self._path(table)
        if copy.is_file():
            return 1.0
        with self._lock:
            made = self._wanted.get(table)
            if made is not None and made.copy == copy:
                if made.fault:
                    raise DataError(made.fault)
                return made.share
        if table.stat().st_size <= AT_ONCE:
            with self._one:
                if not copy.is_file():
                    make_copy(table, copy)
                    self._tidy(copy)
            return 1.0
        with self._lock:
            self._wanted[table] = Making(table, copy)
            if not self._closed and (self._worker is None or not self._worker.is_alive()):
                self._worker = threading.Thread(target=self._work, name="copies of tables", daemon=True)
                self._worker.start()
        return 0.0

    def _path(self, table: Path) -> Path:
        """Return where the copy of a table, as it is now, belongs."""
        return self.folder / f"{_key(table)}-{state_of(table).version}{SUFFIX}"

    def _work(self) -> None:
        """Make the copies that are wanted, one at a time, the last one asked for first."""
        while True:
            with self._lock:
                waiting = [one for one in self._wanted.values() if not one.fault]
                if self._closed or not waiting:
                    self._worker = None
                    return
            one = waiting[-1]
            fault = self._make(one)
            with self._lock:
                if self._wanted.get(one.table, one).copy != one.copy:
                    continue  # asked for again, in another state
                if fault:
                    self._wanted[one.table] = one._replace(fault=fault)
                else:
                    self._wanted.pop(one.table, None)

    def _make(self, one: Making) -> str:
        """Have a process make one copy; return what went wrong."""
        command = [sys.executable, "-m", "apps.results.build", str(one.table), str(one.copy)]
        try:
            with self._lock:
                if self._closed:
                    return "closed"
                child = self._child = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    cwd=Path(__file__).parents[2],
                )  # fmt: skip
            assert child.stdout is not None
            for line in child.stdout:
                done, total = map(int, line.split())
                with self._lock:
                    if one.table in self._wanted and self._wanted[one.table].copy == one.copy:
                        self._wanted[one.table] = one._replace(share=0.99 * done / max(1, total))
            said = child.communicate()[1].decode(errors="replace").strip()
        except OSError as error:
            return f"{one.table}: no process can be started to read it ({error.strerror})"
        if child.returncode == 0:
            self._tidy(one.copy)
            return ""
        return (
            said.removeprefix("error: ").splitlines()[0] if said else f"{one.table}: reading it was stopped"
        )

    def _touch(self, path: Path) -> None:
        """Note that a copy is in use: those that were not for the longest time go first."""
        now = time.monotonic()
        if now - self._touched.get(path, -TOUCHED) >= TOUCHED:
            self._touched[path] = now
            with contextlib.suppress(OSError):
                os.utime(path)

    def _tidy(self, made: Path) -> None:
        """Remove older states of the same table, and what was not used for long where there is too much."""
        key = made.name.partition("-")[0]
        found = []
        for path in self.folder.glob(f"*{SUFFIX}"):
            if path.name.startswith("."):
                continue
            if path != made and path.name.startswith(f"{key}-"):
                path.unlink(missing_ok=True)
                continue
            with contextlib.suppress(OSError):
                stat = path.stat()
                found.append((path != made, -stat.st_mtime, stat.st_size, path))
        total = 0
        for _, _, size, path in sorted(found):
            total += size
            if total > self._room and path != made:
                path.unlink(missing_ok=True)


def _key(table: Path) -> str:
    """Return what stands for the path of a table in the name of its copy."""
    return hashlib.sha256(str(table).encode()).hexdigest()[:16]
