"""Who may use a device next: a line of tickets, in which everyone looks after themselves.

There is no scheduler that could die. Every job that wants a device puts a ticket into a folder of the user's
cache, one for all projects, and its own process looks every second whether it is first. A ticket names the
log of its job, which the job keeps locked for as long as it lives; so whoever was killed, or whose machine
was, holds up nobody. Whoever is first takes the lock of the device, which its program inherits.
"""

import hashlib
import json
import os
import platform
import re
from pathlib import Path
from typing import NamedTuple

from lightning_pose.core.files import write_json

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None

LOCK = "device.lock"


class Ticket(NamedTuple):
    """A place in the line of a device.

    Attributes:
        path: of the ticket; names are in the order of the line.
        log: of the job, which it locks.
        title: what the job does, for people.
    """

    path: Path
    log: Path
    title: str


def line_folder(device: str) -> Path:
    """Return where the tickets of a device of this machine are, by the XDG base directory specification."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    cache = given if given.is_absolute() else Path.home() / ".cache"
    names = (re.sub(r"[^A-Za-z0-9.]+", "-", name) for name in (platform.node() or "this", device))
    return cache.joinpath("litpose", "queue", *names)


def ticket_path(device: str, log: Path) -> Path:
    """Return where the ticket of a job is, or would be."""
    project = hashlib.sha256(str(log.parent.resolve()).encode()).hexdigest()[:12]
    return line_folder(device) / f"{log.stem}-{project}.json"


def take_ticket(device: str, log: Path, title: str) -> Path:
    """Line up behind all others; the log must be locked already, else the ticket counts as left behind.

    Raises:
        OSError: when the cache cannot be written.
    """
    path = ticket_path(device, log)
    write_json(path, {"log": str(log.resolve()), "title": title})
    return path


def tickets_before(path: Path) -> list[Ticket]:
    """Return those in front of a ticket whose jobs live, the first one first."""
    found = []
    for other in sorted(path.parent.glob("[0-9]*.json")):
        ticket = _read(other) if other.name < path.name else None
        if ticket is not None and is_locked(ticket.log):
            found.append(ticket)
    return found


def take_turn(path: Path) -> int | None:
    """Return the descriptor of the device's lock if a ticket is first and nobody has it, else None.

    Tickets of jobs that live no longer are cleared away.

    Raises:
        OSError: when the cache cannot be written.
    """
    if tickets_before(path):
        return None
    for other in path.parent.glob("[0-9]*.json"):
        ticket = _read(other)
        if other != path and (ticket is None or not is_locked(ticket.log)):
            other.unlink(missing_ok=True)
    return lock_now(path.parent / LOCK)


def lock_now(path: Path) -> int | None:
    """Return the descriptor of a file that this process has locked; None where another one has it.

    Raises:
        OSError: when it cannot be opened.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_locked(path: Path) -> bool:
    """Return whether a process that lives holds a file locked; the kernel knows."""
    if fcntl is None:
        return False
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _read(path: Path) -> Ticket | None:
    """Return a ticket; None where another process has cleared it away or it cannot be read."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return Ticket(path, Path(record["log"]), str(record["title"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
