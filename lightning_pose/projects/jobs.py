"""Programs that are started for a project and outlive whoever started them.

A job is a few files in `.litpose/jobs` of the project: what was started (`.json`), what it printed (`.log`),
when its turn came (`.began`), how far it is (`.progress.json`), who asked it to stop (`.stop`), and how it
ended (`.exit`). The log is locked by the process for as long as it lives, so whether it does is asked of the
kernel, and neither a page that is closed nor an app that is started anew loses sight of it.

A job that wants a device waits until no earlier one has it, as `queue` says.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from lightning_pose.core.errors import DataError
from lightning_pose.core.files import write_json
from lightning_pose.core.progress_file import Progress, read_progress
from lightning_pose.projects import queue

try:
    import fcntl
except ImportError:  # Windows: a job whose process was killed seems to run for ever
    fcntl = None

FOLDER = Path(".litpose") / "jobs"
KEPT = 40
ATTEND = "lightning_pose.projects.attend"
GRACE = 60.0  # seconds from being asked to stop until being killed
LITPOSE = (sys.executable, "-m", "lightning_pose.cli.main")
_CHANGED = ("MPLBACKEND", "QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR", "LD_LIBRARY_PATH")

State = Literal["waiting", "running", "done", "failed", "lost"]


class Job(NamedTuple):
    """Something that was started.

    Attributes:
        folder: of the files of all jobs.
        id: theirs; later jobs have later ones.
        kind: what sort of job, such as `extract`.
        title: what it does, for people.
        command: program and arguments.
        started: when, in seconds of Unix time.
        pid: of the process group.
        device: that it waits for, such as `cpu` or `cuda:0`; empty where it waits for none.
    """

    folder: Path
    id: str
    kind: str
    title: str
    command: tuple[str, ...]
    started: float
    pid: int
    device: str = ""

    def file(self, ending: str) -> Path:
        """Return one of the job's files, which need not be there."""
        return self.folder / f"{self.id}.{ending}"

    @property
    def code(self) -> int | None:
        """Exit status; None while it runs, and where it was killed."""
        try:
            return int(self.file("exit").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    @property
    def state(self) -> State:
        """Whether it waits, runs, or how it ended; `lost` is one that was killed, or whose machine was."""
        if queue.is_locked(self.file("log")):
            return "waiting" if self.device and self.began is None else "running"
        code = self.code  # after the lock: it is written before that is let go
        if code is None:
            return "lost" if fcntl is not None else "running"
        return "failed" if code else "done"

    @property
    def is_alive(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ("waiting", "running")

    @property
    def is_stopped(self) -> bool:
        """Whether somebody has asked it to stop."""
        return self.file("stop").exists()

    @property
    def began(self) -> float | None:
        """When its turn came, in seconds of Unix time; None while it waits."""
        return self._time("began") if self.device else self.started

    @property
    def ended(self) -> float | None:
        """When it ended, in seconds of Unix time; None while it lives, and where it was killed."""
        return self._time("exit")

    @property
    def before(self) -> list[str]:
        """Titles of those that have the device or are to have it before, in any project; the first first."""
        if not self.device:
            return []
        return [one.title for one in queue.tickets_before(queue.ticket_path(self.device, self.file("log")))]

    @property
    def progress(self) -> Progress | None:
        """How far it is, where it says so."""
        return read_progress(self.file("progress.json"))

    def tail(self, lines: int = 12) -> str:
        """Return the end of what it printed."""
        try:
            text = self.file("log").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.rstrip().splitlines()[-lines:])

    def _time(self, ending: str) -> float | None:
        try:
            return self.file(ending).stat().st_mtime
        except OSError:
            return None


def new_id(folder: Path) -> str:
    """Return an id for a job of a project, later than all others; files may be prepared under it."""
    others = [path.name.split(".")[0] for path in (folder / FOLDER).glob("*.*")]
    now = f"{time.time_ns() // 1000:016d}"
    return max([now, *(f"{int(other) + 1:016d}" for other in others if other.isdigit())])


def start_job(
    folder: Path, kind: str, title: str, command: Sequence[str], job: str = "", *,
    device: str = "", grace: float = GRACE,
) -> Job:  # fmt: skip
    """Start a program in a session of its own, and return at once.

    Args:
        folder: of the project.
        kind: what sort of job.
        title: what it does, for people.
        command: program and arguments; `{progress}` in one becomes the path of the progress file.
        job: from `new_id`, where files were prepared.
        device: that only one job may use at a time, in all projects of this user: `cpu`, `cuda:0`. The job
            waits for those before it, and sees no other GPU. Empty starts at once.
        grace: seconds that it has to end once it is asked to.

    Raises:
        DataError: when nothing can be written there.
    """
    place = folder / FOLDER
    name = job or new_id(folder)
    words = tuple(word.replace("{progress}", str(place / f"{name}.progress.json")) for word in command)
    process = None
    try:
        place.mkdir(parents=True, exist_ok=True)
        with (place / f"{name}.log").open("wb") as log:
            if fcntl is not None:
                fcntl.flock(log, fcntl.LOCK_EX)  # the process inherits it with the file, and keeps it
            if device:
                queue.take_ticket(device, place / f"{name}.log", title)
            process = subprocess.Popen(
                [sys.executable, "-m", ATTEND, str(place / f"{name}.log"), device, str(grace), *words],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                env=environment_of(device),
            )  # fmt: skip
        started = Job(place, name, kind, title, words, time.time(), process.pid, device)
        record = started._asdict()
        del record["folder"], record["id"]
        write_json(started.file("json"), record)
    except OSError as error:
        if process is not None:  # without a record nobody would see it
            os.killpg(process.pid, signal.SIGKILL)
        raise DataError(f"{title}: cannot be started, nothing can be written in {place} ({error})") from error
    _reap(process)
    for old in jobs(folder)[KEPT:]:
        if not old.is_alive:
            for path in place.glob(f"{old.id}.*"):
                path.unlink(missing_ok=True)
    return started


def environment_of(device: str) -> dict[str, str]:
    """Return what a job is to find around it: what the user set, not what libraries did to this process.

    Streamlit chooses a backend for plots, and OpenCV says where its own copies of other libraries lie.
    """
    found = {**os.environ, "PYTHONUNBUFFERED": "1"}
    first = _first_environment()
    for name in _CHANGED:
        found.pop(name, None)
        if name in first:
            found[name] = first[name]
    if device == "cpu":
        found["CUDA_VISIBLE_DEVICES"] = ""
    elif device.startswith("cuda:"):
        number = int(device.removeprefix("cuda:"))
        seen = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
        found["CUDA_VISIBLE_DEVICES"] = seen[number] if number < len(seen) else str(number)
    return found


def jobs(folder: Path, kind: str | None = None) -> list[Job]:
    """Return the jobs of a project, or those of one kind, the last one first."""
    found = []
    for path in sorted((folder / FOLDER).glob("*.json"), reverse=True):
        if path.name.count(".") > 1:
            continue
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            job = Job(
                path.parent, path.stem, str(record["kind"]), str(record["title"]),
                tuple(map(str, record["command"])), float(record["started"]), int(record["pid"]),
                str(record.get("device", "")),
            )  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        if kind in (None, job.kind):
            found.append(job)
    return found


def stop_job(job: Job, *, now: bool = False) -> None:
    """Ask a job to end, as Ctrl-C does; what it has done so far stays, as the program says.

    One that has not ended after its grace is killed; so is it at once where `now` is asked for.
    """
    if not job.is_alive:
        return
    with contextlib.suppress(OSError):  # a full disk does not keep anyone from stopping it
        job.file("stop").touch()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(job.pid, signal.SIGKILL if now else signal.SIGINT)


def _first_environment() -> dict[str, str]:
    """Return the environment that this process was started with, where the system tells."""
    try:
        raw = Path("/proc/self/environ").read_bytes()
    except OSError:
        return {}
    pairs = (os.fsdecode(pair).partition("=") for pair in raw.split(b"\0") if pair)
    return {name: value for name, _, value in pairs}


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Let the system forget the process once it has ended."""
    threading.Thread(target=process.wait, daemon=True).start()
