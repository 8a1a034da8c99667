"""Sessions by models: what is done, in words, with what jobs that run or have failed say of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from lightning_pose.projects.runs import PREDICT, SMOOTH, Run
from lightning_pose.projects.status import Done, Model, Status

Kind = Literal["none", "to do", "in part", "older", "predicted", "smoothed", "waiting", "running", "failed"]

LEGEND = "✓ done · ◐ in part · ↻ older than what it is made of · – not there · ▶ in work · … waits · ✗ failed"
FILTERS = ("all", "to do", "in work", "failed", "done")
TAIL = 12  # lines of a log that explain a job which failed as a whole


class Cell(NamedTuple):
    """What a model has made of a session.

    Attributes:
        text: for people.
        kind: what to sort it under.
        fault: why it failed.
        run: the job that is about it, where one runs, waits or has failed.
    """

    text: str
    kind: Kind
    fault: str = ""
    run: Run | None = None


Matrix = dict[str, dict[str, Cell]]  # session, model


def make_matrix(status: Status, models: Sequence[Model], runs: Sequence[Run]) -> Matrix:
    """Return the cells of all sessions.

    Args:
        status: what is done.
        models: the columns.
        runs: jobs, the last one first.
    """
    of_model = {model.name: [run for run in runs if run.model == model.folder] for model in models}
    return {
        session: {
            model.name: make_cell(session, status.done[model.name].get(session), of_model[model.name])
            for model in models
        }
        for session in status.sessions
    }


def make_cell(session: str, done: Done | None, runs: Sequence[Run]) -> Cell:
    """Return a cell: what lies on the disk, and what the last jobs about it say.

    Args:
        session: its name.
        done: what is there; None where the model sees none of the session's views.
        runs: jobs with the model, the last one first.
    """
    if done is None:
        return Cell("other views", "none")
    about = [run for run in runs if session in run.sessions]
    for kind in (PREDICT, SMOOTH):
        last = next((run for run in about if run.job.kind == kind), None)
        cell = None if last is None else _of_run(session, done, last)
        if cell is not None:
            return cell
    return Cell(in_words(done), _kind(done))


def in_words(done: Done) -> str:
    """Return what is there, with a sign before it."""
    predicted = {
        "missing": "–",
        "partial": f"◐ {done.views} of {done.expected} views" if done.views else "◐ in part",
        "done": "✓ predicted",
    }.get(done.predicted, f"↻ {done.predicted}")
    if done.predicted == "done" and done.smoothed == "done":
        return "✓ predicted, smoothed"
    return predicted + {"missing": "", "older": ", ↻ smoothed before", "done": ", smoothed"}[done.smoothed]


def filtered(matrix: Mapping[str, Mapping[str, Cell]], search: str, which: str) -> list[str]:
    """Return the sessions whose names hold all words of a search, and of which any cell is of some kind."""
    words = search.lower().split()
    kinds = {
        "to do": {"to do", "in part", "older"},
        "in work": {"waiting", "running"},
        "failed": {"failed"},
    }.get(which)
    found = []
    for session, cells in matrix.items():
        if not all(word in session.lower() for word in words):
            continue
        present = {cell.kind for cell in cells.values()}
        is_done = which == "done" and bool(present) and present <= {"predicted", "smoothed", "none"}
        if which == "all" or is_done or (kinds is not None and present & kinds):
            found.append(session)
    return found


def faults(matrix: Mapping[str, Mapping[str, Cell]]) -> list[tuple[str, str, Cell]]:
    """Return session, model and cell of everything that failed."""
    return [
        (session, model, cell)
        for session, cells in matrix.items()
        for model, cell in cells.items()
        if cell.kind == "failed"
    ]


def under_way(runs: Sequence[Run], model: Path, kind: str) -> set[str]:
    """Return the sessions that jobs of a kind with a model are about to do."""
    alive = [run for run in runs if run.state in ("waiting", "running")]
    return {name for run in alive if (run.model, run.job.kind) == (model, kind) for name in run.sessions}


def _of_run(session: str, done: Done, run: Run) -> Cell | None:
    """Return what a job makes of a cell; None where what lies on the disk says it all."""
    kind = run.job.kind
    doing = "predicting" if kind == PREDICT else "smoothing"
    is_whole = (done.predicted if kind == PREDICT else done.smoothed) == "done"
    fault = run.faults.get(session, "")
    if fault:
        is_smoother = kind == SMOOTH or "the smoother failed" in fault
        is_mended = done.smoothed == "done" if is_smoother else is_whole
        if is_mended:
            return None
        before = "✓ predicted, " if is_smoother and done.predicted == "done" else ""
        return Cell(f"{before}✗ {'smoothing' if is_smoother else doing} failed", "failed", fault, run)
    if run.state == "waiting":
        return Cell(f"… {doing} waits", "waiting", run=run)
    if run.state == "running":
        began = run.job.began or run.job.started
        if is_whole and (kind == SMOOTH or (done.made or 0.0) >= began):
            return None
        return _in_work(session, done, run, doing)
    if run.state == "failed" and not run.faults and not is_whole:
        return Cell(f"✗ {doing} failed", "failed", run.job.tail(TAIL) or "It printed nothing.", run)
    return None


def _in_work(session: str, done: Done, run: Run, doing: str) -> Cell:
    """Return a cell of a job that runs: how far it is with the session, where it says so."""
    progress = run.job.progress
    share = {} if progress is None else dict(progress.parts)
    name = session or "session"
    if share.get(name):
        return Cell(f"▶ {doing} {100 * share[name]:.0f} %", "running", run=run)
    is_begun = name in share or done.predicted == "partial"
    return Cell(f"▶ {doing}" if is_begun else f"… {doing} next", "running", run=run)


def _kind(done: Done) -> Kind:
    if done.predicted == "missing":
        return "to do"
    if done.predicted == "partial":
        return "in part"
    if done.predicted != "done" or done.smoothed == "older":
        return "older"
    return "smoothed" if done.smoothed == "done" else "predicted"
