"""`litpose status`: what is done in a project, and the next thing to do."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from lightning_pose.projects.labeled import Labels
    from lightning_pose.projects.status import Done, Status

HELP = "say what is labeled, predicted and smoothed in a project, and what to do next"
EPILOG = """\
examples:
  litpose status path/to/project
  litpose status path/to/project --sessions        a line for every session
  litpose status demo                              what `litpose demo` has left

Nothing is written, and no video or table of predictions is opened: a project of 1000 sessions takes a second.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = EPILOG
    parser.add_argument("project", type=Path, metavar="PROJECT", help="folder of the project")
    parser.add_argument(
        "--sessions", action="store_true", help="say of every session what each model has made of it"
    )


def run(args: argparse.Namespace) -> int:
    """Print what is done."""
    from rich.console import Console

    from lightning_pose.projects.jobs import jobs
    from lightning_pose.projects.next_step import next_step, unseen_labels
    from lightning_pose.projects.status import Survey

    status = Survey(args.project).look()
    labels = _labels(status)
    console = Console(soft_wrap=True, markup=False, highlight=False)
    views = len(status.project.view_names) or 1
    console.print(f"{len(status.sessions)} sessions, {views} view{'s' * (views > 1)}")
    console.print(f"{labels.total} frames labeled, {labels.waiting} waiting")
    if labels.total:
        console.print(_labels_table(labels))
    if status.models:
        console.print(_models_table(status))
    if args.sessions and status.models:
        console.print(_sessions_table(status))
    for note in status.notes:
        console.print(f"left out: {note}")
    busy = {job.kind for job in jobs(status.project.folder) if job.state == "running"}
    console.print(f"next: {next_step(status, labels, unseen_labels(status, labels), busy).sentence}")
    return 0


def _labels(status: "Status") -> "Labels":
    """Return what the label files hold, and the frames that were extracted and have no label yet."""
    from lightning_pose.frames.extraction import extracted_frames
    from lightning_pose.projects.labeled import count_labels

    labels = count_labels(status.project)
    frames = dict(labels.frames)
    for session in status.sessions:
        there = max(frames.get(session, 0), len(extracted_frames(status.project, session)))
        frames |= {session: there} if there else {}
    return labels._replace(frames=frames)


def _labels_table(labels: "Labels") -> "Table":
    table = _table("keypoint", "labels")
    for name, count in labels.keypoints.items():
        table.add_row(name, str(count))
    return table


def _models_table(status: "Status") -> "Table":
    """Return how many sessions every model has predicted, and how many of these are smoothed."""
    table = _table("model", "predicted", "in part", "older", "smoothed")
    for model in status.models:
        cells = list(status.done[model.name].values())
        states = [cell.predicted for cell in cells]
        older = sum(state.startswith("older") for state in states)
        smoothed = sum(cell.smoothed == "done" for cell in cells)
        counts = (f"{states.count('done')}/{len(cells)}", states.count("partial"), older, smoothed)
        table.add_row(model.name, *(str(count or "") for count in counts))
    return table


def _sessions_table(status: "Status") -> "Table":
    """Return in words what every model has made of every session."""
    table = _table("session", *(model.name for model in status.models))
    for name in status.sessions:
        cells = [status.done[model.name].get(name) for model in status.models]
        table.add_row(name, *("other views" if cell is None else in_words(cell) for cell in cells))
    return table


def in_words(done: "Done") -> str:
    """Return what is done of a session."""
    predicted = {
        "missing": "-",
        "partial": f"{done.views} of {done.expected} views" if done.expected > 1 else "in part",
        "done": "predicted",
    }.get(done.predicted, done.predicted)
    smoothed = {"missing": "", "older": ", smoothed before that", "done": ", smoothed"}[done.smoothed]
    return predicted + smoothed


def _table(first: str, *others: str) -> "Table":
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table(box=SIMPLE)
    table.add_column(first, overflow="fold")
    for name in others:
        table.add_column(name, justify="right", overflow="fold")
    return table
