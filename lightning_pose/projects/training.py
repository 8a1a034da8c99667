"""Trainings that are started for a project: what is recommended, what is wrong with a wish, and the jobs.

What knows torch or reads configurations runs in processes of its own; here are only their words and answers.
"""

import contextlib
import csv
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from lightning_pose.core.errors import DataError
from lightning_pose.core.files import atomic_path, write_text
from lightning_pose.core.naming import image_session
from lightning_pose.projects.jobs import LITPOSE, Job, environment_of, jobs, start_job
from lightning_pose.projects.models import ASKED, CONFIG, ENSEMBLE

KIND = "train"
HELD_OUT = "held_out.csv"
PATIENCE = 120.0  # seconds for an answer
ROOM_GIB = 1.0  # on the disk, less than which is worth a word: checkpoints need it


class Wish(NamedTuple):
    """A training that somebody wants.

    Attributes:
        folder: of the model, new or of an interrupted training.
        text: of the configuration, YAML.
        seeds: one per network; one alone makes a single model, several an ensemble.
        device: that the networks wait for: `cpu`, `cuda:0`.
        held_out: sessions that validate; none leaves that to the configuration.
    """

    folder: Path
    text: str
    seeds: tuple[int, ...] = (0,)
    device: str = "cpu"
    held_out: tuple[str, ...] = ()


def recommendation(project: Path) -> dict[str, Any]:
    """Return what `litpose recommend --json` says of a project, which takes seconds.

    Raises:
        DataError: with what the labels, images or videos lack.
    """
    done = _ask("recommend", str(project), "--json")
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise DataError(_message(done)) from None


def faults_of(text: str, project: Path) -> list[str]:
    """Return everything that is wrong with a configuration, as `litpose train` says it; none if nothing is.

    Raises:
        DataError: when the project's folder cannot be written, or nothing answers.
    """
    path = project / ".litpose" / ASKED
    _write(path, text)
    done = _ask("train", str(path), "--dry_run")
    path.unlink(missing_ok=True)
    if done.returncode == 0:
        return []
    first, *lines = _message(done).replace(f'in "{path}", ', "").splitlines()
    faults = [line.removeprefix("  - ") for line in lines if line.startswith("  - ")]
    return faults or ["\n".join([first.removeprefix(f"{path}: "), *lines])]


def start_training(project: Path, wish: Wish) -> list[Job]:
    """Start to train what is wished for, a job per seed, and return the jobs.

    Raises:
        DataError: when the folder is taken, or nothing can be written.
    """
    try:
        wish.folder.mkdir(parents=True)
    except FileExistsError:
        raise DataError(f"{wish.folder.name}: there is a model of this name; choose another") from None
    except OSError as error:
        raise DataError(f"{wish.folder}: cannot be made ({error})") from error
    try:
        text = wish.text
        if wish.held_out:
            table = wish.folder / HELD_OUT
            write_held_out(table, project, wish.held_out)
            text = with_keys(text, {"training.split_file": str(table)})
        _write(wish.folder / ASKED, text)
        if len(wish.seeds) > 1:
            members = [f"rng={seed}" for seed in wish.seeds]
            _write(wish.folder / ENSEMBLE, yaml.safe_dump({"members": members}, sort_keys=False))
        several = len(wish.seeds) > 1
        return [
            _start(project, wish.folder, seed if several else None, seed, wish.device) for seed in wish.seeds
        ]
    except BaseException:
        if not any(output_of(job) for job in jobs(project, KIND) if _is_of(job, wish.folder)):
            shutil.rmtree(wish.folder, ignore_errors=True)
        raise


def resume_training(project: Path, folder: Path, device: str) -> Job:
    """Continue an interrupted training, to the result that it would have had; a member of an ensemble too.

    Raises:
        DataError: when it goes on already, or has no configuration.
    """
    live = {output_of(job) for job in jobs(project, KIND) if job.is_alive}
    if folder in live:
        raise DataError(f"{folder.name}: is being trained, or waits to be")
    place, _, seed = folder.name.partition("rng=")
    member = not place and seed.isdigit() and (folder.parent / ENSEMBLE).is_file()
    if member and (folder.parent / ASKED).is_file():
        return _start(project, folder.parent, int(seed), int(seed), device)
    if (folder / ASKED).is_file():
        before = next((job for job in jobs(project, KIND) if output_of(job) == folder), None)
        return _start(project, folder, None, _seed_of(before), device)
    if not (folder / CONFIG).is_file():
        raise DataError(f"{folder.name}: there is no {CONFIG} in it to go on with")
    return _job(project, folder / CONFIG, folder, [], device)


def output_of(job: Job) -> Path | None:
    """Return the folder that a job of training writes its network into."""
    words = job.command
    with contextlib.suppress(ValueError, IndexError):
        return Path(words[words.index("--output_dir") + 1])
    return None


def line_of(text: str, fault: str) -> int | None:
    """Return the line of a configuration that a fault is about, from 1; None where it is not in there."""
    try:
        node = yaml.compose(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return None if mark is None else mark.line + 1
    line = None
    for name in re.split(r"[.:\s]", fault):
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = next((pair for pair in pairs if pair[0].value == name), None)
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


def with_keys(text: str, changes: dict[str, Any]) -> str:
    """Return YAML with further keys, by dotted name; comments are lost where there is something to change.

    Raises:
        DataError: when it is no YAML.
    """
    if not changes:
        return text
    try:
        record = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise DataError(f"the configuration is no YAML: {error}") from error
    for key, value in changes.items():
        *sections, last = key.split(".")
        place = record
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
    return yaml.safe_dump(record, sort_keys=False, allow_unicode=True)


def write_held_out(path: Path, project: Path, sessions: Sequence[str]) -> None:
    """Write which labeled instants validate, those of some sessions, and which train.

    Raises:
        DataError: when the labels cannot be read, or nothing is left to train on.
    """
    from lightning_pose.core.project import open_project

    opened = open_project(project)
    view = opened.views[0]
    images = [str(image) for image in opened.read_labels()[view].frames.tolist()]
    sets = ["validation" if image_session(image, view) in sessions else "train" for image in images]
    if "train" not in sets:
        raise DataError("every labeled session is held out: nothing is left to train on")
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("frame", "set"), *zip(images, sets, strict=True)])


def little_room(folder: Path) -> str:
    """Return a warning where the disk of a folder is almost full, else nothing."""
    try:
        free = shutil.disk_usage(next(p for p in (folder, *folder.parents) if p.is_dir())).free / 2**30
    except (OSError, StopIteration):
        return ""
    return "" if free >= ROOM_GIB else f"Only {free * 1024:.0f} MiB are free on the disk of {folder}."


def _start(project: Path, folder: Path, member: int | None, seed: int, device: str) -> Job:
    """Start the job of one network; asked again, it goes on."""
    output = folder if member is None else folder / f"rng={member}"
    changes = [f"training.rng_seed_model_pt={seed}"] if member is not None or seed else []
    return _job(project, folder / ASKED, output, changes, device)


def _job(project: Path, config: Path, output: Path, changes: list[str], device: str) -> Job:
    name = output.parent.name + ", seed " + output.name[4:] if output.name.startswith("rng=") else output.name
    command = [
        *LITPOSE, "train", str(config), *changes, "--output_dir", str(output), "--resume",
        "--progress_file", "{progress}",
    ]  # fmt: skip
    return start_job(project, KIND, f"train {name}", command, device=device)


def _seed_of(job: Job | None) -> int:
    words = () if job is None else job.command
    found = [word.partition("=")[2] for word in words if word.startswith("training.rng_seed_model_pt=")]
    return int(found[0]) if found and found[0].isdigit() else 0


def _is_of(job: Job, folder: Path) -> bool:
    output = output_of(job)
    return output is not None and folder in (output, output.parent)


def _ask(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command that answers soon.

    Raises:
        DataError: when it does not.
    """
    try:
        return subprocess.run(
            [*LITPOSE, *words], capture_output=True, text=True, timeout=PATIENCE, env=environment_of(""),
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataError(f"litpose {words[0]} does not answer ({error})") from error


def _message(done: "subprocess.CompletedProcess[str]") -> str:
    """Return what a command said was wrong, in its own words."""
    said = done.stderr.strip() or done.stdout.strip()
    return said.removeprefix("error: ") or f"it ended with {done.returncode} and said nothing"


def _write(path: Path, text: str) -> None:
    try:
        write_text(path, text)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error})") from error
