"""Predicting and smoothing as jobs: what is run for which sessions, and what became of each of them."""

import platform
import re
import subprocess
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from lightning_pose.core.project import Project
from lightning_pose.projects.jobs import LITPOSE, Job, jobs, start_job
from lightning_pose.projects.next_step import unsmoothed
from lightning_pose.projects.smoothing import PLAIN, Smoothing
from lightning_pose.projects.status import Done, Model, Recording

PREDICT, SMOOTH = "predict", "smooth"

Precision = Literal["auto", "fp32", "bf16", "fp16"]
RunState = Literal["waiting", "running", "done", "failed", "stopped"]


@dataclass(frozen=True)
class Prediction:
    """How to predict; see `litpose predict`.

    Attributes:
        precision: of the networks.
        batch_size: images at a time; None for what suits the device.
        eks: smooth the sessions of an ensemble at the end.
        pictures: also labeled videos and a report of every session.
        unequal: also sessions whose views differ in length.
        missing_views: also sessions that lack a view, with networks that look at all views together.
    """

    precision: Precision = "auto"
    batch_size: int | None = None
    eks: bool = True
    pictures: bool = False
    unequal: bool = False
    missing_views: bool = False

    def words(self, model: Model) -> list[str]:
        """Return it as arguments of `litpose predict`; only what differs from its defaults."""
        words = [] if self.precision == "auto" else ["--precision", self.precision]
        words += [] if self.batch_size is None else ["--batch_size", str(self.batch_size)]
        given = {
            "--skip_viz": not self.pictures,
            "--eks": self.eks and len(model.members) > 1,
            "--allow_unequal": self.unequal,
            "--allow_missing_views": self.missing_views,
        }
        return [*words, *(word for word, there in given.items() if there)]


def list_devices(ask: Callable[[], str] | None = None) -> list[str]:
    """Return what networks can run on here, the fastest first: `cuda:0`, ..., `mps`, `cpu`.

    Args:
        ask: returns what `nvidia-smi -L` prints, a line for each GPU.
    """
    try:
        said = (ask or _nvidia)()
    except (OSError, subprocess.SubprocessError):
        said = ""
    cards = [line for line in said.splitlines() if line.startswith("GPU ")]
    apple = ["mps"] if (platform.system(), platform.machine()) == ("Darwin", "arm64") else []
    return [*(f"cuda:{number}" for number in range(len(cards))), *apple, "cpu"]


def _nvidia() -> str:
    words = ("nvidia-smi", "-L")
    return subprocess.run(words, capture_output=True, text=True, timeout=10, check=True).stdout


class Work(NamedTuple):
    """What there is to do of some sessions with a model.

    Attributes:
        new: sessions that are not predicted, or not to the end.
        again: those whose predictions are older than the model or the video.
        smooth: those that are predicted, and not smoothed since.
    """

    new: list[str]
    again: list[str]
    smooth: list[str]


def work_of(model: Model, done: dict[str, Done], sessions: Iterable[str]) -> Work:
    """Sort sessions by what is to be done; what a model without weights has not predicted, nobody can."""
    chosen = {name: done[name] for name in sessions if name in done}
    states = {name: one.predicted for name, one in chosen.items()} if model.trained is not None else {}
    return Work(
        [name for name, state in states.items() if state in ("missing", "partial")],
        [name for name, state in states.items() if state.startswith("older")],
        unsmoothed(chosen),
    )


def start_predicting(
    project: Project, model: Model, sessions: Sequence[Recording], how: Prediction, device: str = "", *,
    anew: bool = False,
) -> Job:  # fmt: skip
    """Start `litpose predict` for sessions; on a device it waits for its turn.

    Args:
        project: of the sessions.
        model: with weights.
        sessions: of the project.
        how: to predict.
        device: as `start_job` names it.
        anew: also what has been predicted.

    Raises:
        DataError: when nothing can be started.
    """
    folders = dict.fromkeys(str(video.parent) for session in sessions for video in session.videos.values())
    kind = "cuda" if device.startswith("cuda") else device
    words = [
        *LITPOSE, "predict", str(model.folder), *folders, "--sessions", *(one.name for one in sessions),
        *how.words(model), *(["--device", kind] if kind else []), *(["--overwrite"] if anew else []),
        "--progress_file", "{progress}",
    ]  # fmt: skip
    title = f"predict {_listed(sessions)} with {model.name}"
    return start_job(project.folder, PREDICT, title, words, device=device)


def start_smoothing(
    project: Project, model: Model, sessions: Sequence[Recording], how: Smoothing = PLAIN,
    device: str = "", *, anew: bool = False,
) -> Job:  # fmt: skip
    """Start `litpose smooth` for sessions that are predicted; the arguments are those above.

    Raises:
        DataError: when nothing can be started.
    """
    words = [
        *LITPOSE, "smooth", str(model.folder), "--project", str(project.folder),
        "--sessions", *(one.name for one in sessions), "--how", how.how, *how.words(calibrated=True),
        *(["--overwrite"] if anew else []), "--progress_file", "{progress}",
    ]  # fmt: skip
    title = f"smooth {_listed(sessions)} of {model.name}"
    return start_job(project.folder, SMOOTH, title, words, device=device)


class Run(NamedTuple):
    """A job that predicts or smooths.

    Attributes:
        job: itself.
        model: folder.
        sessions: that it is about.
        state: of the job now.
        faults: session to why it failed.
    """

    job: Job
    model: Path
    sessions: frozenset[str]
    state: RunState
    faults: dict[str, str]


def runs_of(project: Path) -> list[Run]:
    """Return the jobs that predict or smooth, the last one first."""
    return [run for job in jobs(project) if (run := read_run(job)) is not None]


def read_run(job: Job) -> Run | None:
    """Return what a job is about and what became of it; None of one that neither predicts nor smooths."""
    words = job.command
    if job.kind not in (PREDICT, SMOOTH) or job.kind not in words or "--sessions" not in words:
        return None
    model = Path(words[words.index(job.kind) + 1])
    after = words[words.index("--sessions") + 1 :]
    end = next((place for place, word in enumerate(after) if word.startswith("--")), len(after))
    sessions = after[:end]
    state = job.state
    if state in ("waiting", "running", "done"):
        known: RunState = state
    else:
        known = "stopped" if job.is_stopped else "failed"
    text = job.tail(100_000) if state != "waiting" else ""
    return Run(job, model, frozenset(sessions), known, faults_in(text, sessions))


def faults_in(log: str, sessions: Collection[str]) -> dict[str, str]:
    """Return session to what a log says of why it failed; lines that are set in belong to the one before.

    Args:
        log: of `litpose predict` or `litpose smooth`: `error: <session>: <reason>`.
        sessions: that it is about.
    """
    known = {name: name for name in sessions if name} | (
        {"session": "", "the session": ""} if "" in sessions else {}
    )
    names = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
    start = re.compile(rf"error: (?:session ')?(?P<name>{names})(?:'|, smoothed)?: (?P<reason>.*)")
    found: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for line in log.splitlines():
        match = start.fullmatch(line)
        if match:
            lines = found.setdefault(known[match["name"]], [])
            lines.append(match["reason"])
        elif lines is not None and line.startswith((" ", "\t", "-")):
            lines.append(line.strip())
        else:
            lines = None
    return {name: "\n".join(said) for name, said in found.items()}


def _listed(sessions: Sequence[Recording]) -> str:
    """Return a session by name, several as their number."""
    return (sessions[0].name or "the session") if len(sessions) == 1 else f"{len(sessions)} sessions"
