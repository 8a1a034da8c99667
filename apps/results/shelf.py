"""The copies of a project's tables: which are there, which are being made, and how much room they take."""

import contextlib
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
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
LEFT = 3600.0  # seconds after which nobody writes to an unfinished copy any more
TOUCHED = 60.0  # seconds between notes that a copy is in use
PACKAGES = Path(__file__).parents[2]


class Making(NamedTuple):
    """A copy that is wanted.

    Attributes:
        command: program and arguments that make it.
        table: that it is a copy of, if it is small enough for this process; else None.
        share: that is done.
        fault: what went wrong.
    """

    command: tuple[str, ...]
    table: Path | None = None
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
        self.home = home
        self.folder = home / FOLDER
        self._room = room
        self._lock = threading.Lock()
        self._one = threading.Lock()
        self._wanted: dict[Path, Making] = {}  # by copy; the last one is made first
        self._touched: dict[Path, float] = {}
        self._worker: threading.Thread | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False

    def open(self, table: Path) -> Copy | None:
        """Return the copy of a table as the table is now; None where there is none yet.

        Raises:
            DataError: when the table cannot be read.
        """
        return self.open_copy(self.place([table]))

    def open_copy(self, path: Path) -> Copy | None:
        """Return a copy; None where there is none yet."""
        try:
            copy = Copy(path)
        except OSError:
            return None
        except DataError:  # damaged: it is made again
            path.unlink(missing_ok=True)
            return None
        self._touch(path)
        return copy

    def place(self, tables: Sequence[Path], what: str = "") -> Path:
        """Return where the copy of a table as it is now belongs, or what is made of several.

        Raises:
            DataError: when a table cannot be read.
        """
        version = "-".join(state_of(table).version for table in tables)
        if len(tables) > 1:
            version = hashlib.sha256(version.encode()).hexdigest()[:16]
        return self.folder / f"{_key([*map(str, tables), what])}-{version}{SUFFIX}"

    def want(self, tables: Iterable[Path]) -> float:
        """Have copies made of tables that have none, small ones at once; return the share that is done.

        Raises:
            DataError: when a table is faulty, or no copy can be written.
        """
        shares = []
        for table in tables:
            path = self.place([table])
            if not path.is_file() and table.stat().st_size <= AT_ONCE:
                with self._one:
                    if not path.is_file():
                        make_copy(table, path)
                        self._tidy(path)
            shares.append(self.ask(path, _program(table, path)))
        return sum(shares) / len(shares) if shares else 1.0

    def prepare(self, tables: Iterable[Path]) -> None:
        """Have copies made when nothing else is waited for; of faulty tables there will be none."""
        for table in tables:
            with contextlib.suppress(DataError):
                path = self.place([table])
                small = table if table.stat().st_size <= AT_ONCE else None
                self.ask(path, _program(table, path), later=True, small=small)

    def ask(
        self, path: Path, command: Sequence[str], *, later: bool = False, small: Path | None = None
    ) -> float:
        """Have a program write a copy, unless it is there; return the share that is done.

        Args:
            path: of the copy.
            command: program and arguments; it prints how many are done and of how many, line after line.
            later: whether everything else comes first.
            small: the table, if a process of its own would take longer than copying it.

        Raises:
            DataError: when the program has failed.
        """
        if path.is_file():
            return 1.0
        with self._lock:
            known = self._wanted.get(path)
            if known is not None and known.fault and not later:
                raise DataError(known.fault)
            if known is None:
                one = {path: Making(tuple(command), small)}
                self._wanted = {**one, **self._wanted} if later else {**self._wanted, **one}
                if not self._closed and self._worker is None:
                    self._worker = threading.Thread(target=self._work, name="copies of tables", daemon=True)
                    self._worker.start()
            elif not later:
                self._wanted[path] = self._wanted.pop(path)
            return self._wanted[path].share

    def close(self) -> None:
        """Stop making copies."""
        with self._lock:
            self._closed = True
            self._wanted.clear()
            if self._child is not None:
                self._child.terminate()

    def _work(self) -> None:
        """Make the copies that are wanted, one at a time, the last one asked for first."""
        while True:
            with self._lock:
                waiting = [path for path, one in self._wanted.items() if not one.fault]
                if self._closed or not waiting:
                    self._worker = None
                    return
                path = waiting[-1]
                one = self._wanted[path]
            fault = self._run(path, one.command) if one.table is None else self._copy(path, one.table)
            with self._lock:
                if fault:
                    self._wanted[path] = Making((), fault=fault)
                else:
                    self._wanted.pop(path, None)

    def _copy(self, path: Path, table: Path) -> str:
        """Make the copy of a small table, unless somebody who waits has; return what went wrong."""
        try:
            with self._one:
                if not path.is_file() and not self._closed:
                    make_copy(table, path)
                    self._tidy(path)
        except DataError as error:
            return str(error)
        return ""

    def _run(self, path: Path, command: Sequence[str]) -> str:
        """Have a process make one copy; return what went wrong."""
        try:
            with self._lock:
                if self._closed:
                    return "the app ends"
                child = self._child = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    cwd=PACKAGES,
                )  # fmt: skip
            assert child.stdout is not None
            for line in child.stdout:
                done, total = map(int, line.split())
                with self._lock:
                    if path in self._wanted:
                        self._wanted[path] = self._wanted[path]._replace(share=0.99 * done / max(1, total))
            said = child.communicate()[1].decode(errors="replace").strip()
        except (OSError, ValueError) as error:
            return f"{path.name}: no process can be started to make it ({error})"
        if child.returncode == 0:
            self._tidy(path)
            return ""
        return said.removeprefix("error: ") or f"{path.name}: making it was stopped"

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
        for path in self.folder.glob(f"[!.]*{SUFFIX}"):
            if path != made and path.name.startswith(f"{key}-"):
                path.unlink(missing_ok=True)
                continue
            with contextlib.suppress(OSError):
                stat = path.stat()
                found.append((path != made, -stat.st_mtime, stat.st_size, path))
        for path in self.folder.glob(f".*{SUFFIX}"):  # of a process that was killed
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > LEFT:
                    path.unlink()
        total = 0
        for other, _, size, path in sorted(found):
            total += size
            if total > self._room and other:
                path.unlink(missing_ok=True)


def _program(table: Path, copy: Path) -> tuple[str, ...]:
    """Return the program that makes the copy of a table."""
    return (sys.executable, "-m", "apps.results.build", str(table), str(copy))


def _key(parts: Sequence[str]) -> str:
    """Return what stands for paths in the name of a copy."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
