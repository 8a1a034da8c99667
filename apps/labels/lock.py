"""One writer per project: a lock that the system drops when its process ends, and a note on who holds it."""

import json
import os
import socket
import time
from pathlib import Path
from typing import NamedTuple

from lightning_pose.core.errors import DataError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


class ReadOnlyError(DataError):
    """The store was opened for reading, or another process is its writer."""


class Holder(NamedTuple):
    """The process that may write."""

    host: str
    pid: int
    since: float

    def __str__(self) -> str:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.since))
        return f"process {self.pid} on {self.host}, since {when}"


class Lock:
    """Held from `acquire` until `release`, or until the process ends however it ends.

    Between processes of one machine the kernel's lock on the file decides. A note of another machine counts
    as held, since nothing can be known of its processes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    def acquire(self, *, take_over: bool = False) -> Holder | None:
        """Take the lock; return None, or who else holds it.

        Args:
            take_over: take it also from another machine whose process is known to be gone.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        holder, free = _read(handle), _lock(handle)
        if free is False or (holder is not None and not take_over and _may_live(holder, free)):
            os.close(handle)
            return holder or Holder("this machine", 0, time.time())
        note = json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "since": time.time()})
        os.ftruncate(handle, 0)
        os.pwrite(handle, note.encode(), 0)
        self._handle = handle
        return None

    def release(self) -> None:
        """Give the lock back; harmless where it is not held."""
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None


def _read(handle: int) -> Holder | None:
    try:
        note = json.loads(os.pread(handle, 4096, 0))
        return Holder(str(note["host"]), int(note["pid"]), float(note["since"]))
    except (ValueError, KeyError, TypeError):  # released, or cut off by a full disk
        return None


def _lock(handle: int) -> bool | None:
    """Return whether the kernel's lock could be had; None where there are no such locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return None
    return True


def _may_live(holder: Holder, free: bool | None) -> bool:
    """Return whether the process that wrote the note may still be there."""
    if holder.host != socket.gethostname() or fcntl is None:
        return True
    if free:  # the kernel would have kept the lock for it
        return False
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, and is somebody else's
        pass
    return True
