"""The process is killed between any two steps of a save and an export; what was acknowledged is there."""

import itertools
import json
import os
import random
import shutil
import signal
import time
from pathlib import Path
from typing import Any, TextIO

import pytest

from apps.labels import LabelStore, Operation
from apps.labels.durable import write_durably
from lightning_pose.core.label_manifest import unfinished_views
from lightning_pose.core.project import open_project
from lightning_pose.core.tables import read_labels

VIEWS = ("cam1", "cam2")
STEPS = {
    "before the commit", "committed", "prepared cam1", "plan noted", "backed up", "replaced cam1",
    "replaced cam2", "names on the disk", "exported revision noted", "manifest written",
}  # fmt: skip


def edits(ids: list[str], step: int) -> list[Operation]:
    """The same point moves in both views; each view's file then says which step it is of."""
    return [
        Operation(
            f"{step}-{view}", ids[2], view, "nose", float(step), 1.0, "visible", "manual", 0, 2 * step + v + 1
        )
        for v, view in enumerate(VIEWS)
    ]


def label(folder: Path, acknowledge, step=None, *, rounds: int = 2) -> None:
    """Label and export a few times, add a frame, and acknowledge what was saved."""
    with LabelStore.open(folder, on_step=step) as store:
        ids = store.frames().id
        for number in range(1, rounds + 1):
            for result in store.apply(edits(ids, number), who="anna", client="tab"):
                assert result.status in ("applied", "duplicate")
                acknowledge(result.id)
            if number == 2:
                (frame,) = store.add_frames(
                    [{view: f"labeled-data/s2_{view}/img00000001.png" for view in VIEWS}]
                )
                acknowledge(frame)
                store.apply(
                    [Operation("new", frame, "cam1", "tail", 1.0, 1.0, "visible", "manual", 0)],
                    who="anna",
                    client="tab",
                )
            store.materialise()


def forked(folder: Path, **options: Any) -> tuple[int, TextIO]:
    """Label in a process of its own; return its id, and what it acknowledges line by line."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            label(folder, lambda text: os.write(writer, f"{text}\n".encode()), **options)
        finally:
            os._exit(0)
    os.close(writer)
    return child, os.fdopen(reader)


def killed_at(folder: Path, which: int) -> tuple[list[str], bool]:
    """Label in a process that ends itself at a step; return what it acknowledged, and if it was killed."""
    count = itertools.count(1)

    def step(name: str) -> None:
        if next(count) == which:
            os.kill(os.getpid(), signal.SIGKILL)

    child, answers = forked(folder, step=step)
    with answers:
        acknowledged = answers.read().split()
    _, status = os.waitpid(child, 0)
    return acknowledged, os.WIFSIGNALED(status)


def steps_of_files(folder: Path) -> list[float]:
    """Which step the file of each view is of; 20.5 is the value before the first."""
    return [read_labels(folder / f"CollectedData_{view}.csv").points[2, 0, 0] for view in VIEWS]


def is_complete(folder: Path) -> bool:
    """What a reader finds out from the manifest alone."""
    return not unfinished_views(folder)


def check_after(folder: Path, acknowledged: list[str]) -> None:
    """Nothing acknowledged is lost, and after reopening the files say what the store says."""
    before = steps_of_files(folder)
    assert before[0] == before[1] or not is_complete(folder)  # never mixed without a sign
    with LabelStore.open(folder) as store:
        assert not store.read_only
        assert store.incoming() is None  # our own half is not taken for another program's
        recorded = {change.id for change in store.changes(0)}
        ids = store.frames().id
        for text in acknowledged:
            view = text.partition("-")[2]
            history = [e.id for e in store.history(ids[2], view, "nose")] if view else ids
            assert text in history
        store.materialise()
        last = {view: store.cells(ids[2])[view]["nose"].x for view in VIEWS}
        assert len(set(last.values())) == 1  # a batch is whole or absent
        assert steps_of_files(folder) == list(last.values())
        assert len(recorded - {"new"}) in (0, 2)
        n_rows = 4 + ("new" in recorded)
    assert is_complete(folder)
    poses = open_project(folder).read_labels()
    assert {len(view) for view in poses.values()} == {n_rows}
    assert not list(folder.glob(".*.new"))


def test_a_kill_between_any_two_steps_loses_nothing_and_mixes_nothing(two_views, tmp_path):
    names: list[str] = []
    trial = tmp_path / "trial"
    shutil.copytree(two_views, trial)
    label(trial, lambda text: None, names.append)
    assert set(names) >= STEPS
    mixed = 0
    for which in range(1, len(names) + 2):
        shutil.rmtree(trial)
        shutil.copytree(two_views, trial)
        acknowledged, killed = killed_at(trial, which)
        assert killed == (which <= len(names))
        files = steps_of_files(trial)
        mixed += files[0] != files[1]
        check_after(trial, acknowledged)
        label(trial, lambda text: None)  # the browser sends again what was not acknowledged, and more
        assert steps_of_files(trial) == [2.0, 2.0]
    assert mixed == 2  # once in each export, and seen by the manifest


@pytest.mark.slow
def test_a_kill_at_any_moment_loses_nothing(two_views, tmp_path):
    rng = random.Random(4)
    for trial in range(15):
        folder = tmp_path / f"trial{trial}"
        shutil.copytree(two_views, folder)
        child, answers = forked(folder, rounds=1000)
        with answers:
            first = answers.readline()
            time.sleep(rng.uniform(0, 0.1))
            os.kill(child, signal.SIGKILL)
            acknowledged = (first + answers.read()).split()
        os.waitpid(child, 0)
        check_after(folder, acknowledged)


def test_two_processes_on_one_project_lose_nothing(two_views):
    child, answers = forked(two_views, rounds=1000)
    with answers:
        acknowledged = [answers.readline().strip() for _ in range(6)]
        with LabelStore.open(two_views) as second:
            assert second.read_only and second.holder is not None and second.holder.pid == child
            frame = second.frames().id[2]
            seen = [{entry.id for entry in second.history(frame, view, "nose")} for view in VIEWS]
            assert set(acknowledged) <= seen[0] | seen[1] | set(second.frames().id)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            assert second.rev > 0  # rolls back what the other left half done
    with LabelStore.open(two_views) as third:
        assert not third.read_only


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "record.json"
    for value in ({"a": 1}, {"b": [2]}):
        write_durably(path, json.dumps(value).encode())
        assert json.loads(path.read_bytes()) == value
    assert list(tmp_path.iterdir()) == [path]
