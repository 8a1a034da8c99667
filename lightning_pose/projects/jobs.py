"""Programs that are started for a project and outlive whoever started them.

A job is a few files in `.litpose/jobs` of the project: what was started (`.json`), what it printed (`.log`),
how far it is (`.progress.json`) and how it ended (`.exit`). The log is locked by the process for as long as
it lives, so whether it does is asked of the kernel, and neither a page that is closed nor an app that is
started anew loses sight of it.
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
from lightning_pose.core.files import write_json, write_text
from lightning_pose.core.progress_file import Progress, read_progress

try:
    import fcntl
except ImportError:  # Windows: a job whose process was killed seems to run for ever
    fcntl = None

FOLDER = Path(".litpose") / "jobs"
KEPT = 40
LITPOSE = (sys.executable, "-m", "lightning_pose.cli.main")

State = Literal["running", "done", "failed", "lost"]


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
    """

    folder: Path
    id: str
    kind: str
    title: str
    command: tuple[str, ...]
    started: float
    pid: int

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
        """Whether it runs, or how it ended; `lost` is one that was killed, or whose machine was."""
        if _is_locked(self.file("log")):
            return "running"
        code = self.code  # after the lock: it is written before that is let go
        if code is None:
            return "lost" if fcntl is not None else "running"
        return "failed" if code else "done"

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


def new_id(folder: Path) -> str:
    """Return an id for a job of a project, later than all others; files may be prepared under it."""
    others = [path.name.split(".")[0] for path in (folder / FOLDER).glob("*.*")]
    now = f"{time.time_ns() // 1000:016d}"
    return max([now, *(f"{int(other) + 1:016d}" for other in others if other.isdigit())])


def start_job(folder: Path, kind: str, title: str, command: Sequence[str], job: str = "") -> Job:
    """Start a program in a session of its own, and return at once.

    Args:
        folder: of the project.
        kind: what sort of job.
        title: what it does, for people.
        command: program and arguments; `{progress}` in one becomes the path of the progress file.
        job: from `new_id`, where files were prepared.

    Raises:
        DataError: when nothing can be written there.
    """
    place = folder / FOLDER
    name = job or new_id(folder)
    words = tuple(word.replace("{progress}", str(place / f"{name}.progress.json")) for word in command)
    try:
        place.mkdir(parents=True, exist_ok=True)
        with (place / f"{name}.log").open("wb") as log:
            if fcntl is not None:
                fcntl.flock(log, fcntl.LOCK_EX)  # the process inherits it with the file, and keeps it
            process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(place / f"{name}.exit"), *words],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        started = Job(place, name, kind, title, words, time.time(), process.pid)
        record = started._asdict()
        del record["folder"], record["id"]
        write_json(started.file("json"), record)
    except OSError as error:
        raise DataError(f"{title}: cannot be started, nothing can be written in {place} ({error})") from error
    _reap(process)
    for old in jobs(folder)[KEPT:]:
        if old.state != "running":
            for path in place.glob(f"{old.id}.*"):
                path.unlink(missing_ok=True)
    return started


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
            )  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if kind in (None, job.kind):
            found.append(job)
    return found


def stop_job(job: Job) -> None:
    """Ask a job to end, as Ctrl-C does; what it has done so far stays, as the program says."""
    if job.state == "running":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(job.pid, signal.SIGINT)


def _is_locked(path: Path) -> bool:
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


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Let the system forget the process once it has ended."""
    threading.Thread(target=process.wait, daemon=True).start()


def main(exit_file: Path, command: Sequence[str]) -> int:
    """Run a program and write down how it ended; a Ctrl-C goes to the program, which ends by itself."""
    signal.signal(signal.SIGINT, lambda number, frame: None)
    code = subprocess.run(command, check=False).returncode
    write_text(exit_file, f"{code}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
