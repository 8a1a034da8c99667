"""Labels are counted as they were written, and held against the copies in a model folder."""

import os

import numpy as np
import pytest

from lightning_pose.core.poses import Poses
from lightning_pose.core.project import create_project, open_project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.core.tables import write_poses
from lightning_pose.projects.labeled import (
    NO_LABELS,
    count_labels,
    known_labels,
    labels_changed,
    trained_instants,
)

NAMES = ("nose", "tail")
ROWS = (("s1", 3), ("s1", 8), ("s2", 0), ("s2", 4))


@pytest.fixture
def labeled(tmp_path):
    """Two views of four instants: the last one without labels, one labeled in one view only."""
    create_project(tmp_path / "p", ("top", "side"), skeleton_from_names(NAMES, []))
    points = {view: np.full((4, 2, 2), np.nan) for view in ("top", "side")}
    points["top"][:3, 0] = 5.0  # the nose, three times
    points["side"][0, 0] = points["side"][0, 1] = 6.0
    for view, xy in points.items():
        images = np.array([f"labeled-data/{session}_{view}/img{frame:08d}.png" for session, frame in ROWS])
        write_poses(tmp_path / "p" / f"CollectedData_{view}.csv", Poses(NAMES, xy, images))
    return open_project(tmp_path / "p")


def test_labels_are_counted_by_session_and_by_keypoint(labeled):
    labels = count_labels(labeled)
    assert labels.frames == {"s1": 2, "s2": 2}
    assert labels.labeled == {"s1": 2, "s2": 1}
    assert labels.keypoints == {"nose": 4, "tail": 1}
    assert (labels.total, labels.waiting) == (3, 1)


def test_a_project_without_label_files_has_every_keypoint_without_labels(tmp_path):
    project = create_project(tmp_path / "p", (), skeleton_from_names(NAMES, []))
    assert count_labels(project).keypoints == {"nose": 0, "tail": 0}


def test_label_files_that_cannot_be_read_are_no_labels_here(labeled):
    labeled.label_files["top"].write_text("nonsense\n")
    assert known_labels(labeled) == NO_LABELS


def copies(project, folder):
    folder.mkdir()
    for file in project.label_files.values():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_labels_are_those_of_the_copies_also_when_written_again(labeled, tmp_path):
    model = copies(labeled, tmp_path / "model")
    for file in labeled.label_files.values():
        os.utime(file, (file.stat().st_mtime + 100,) * 2)  # written again as they were
    assert not labels_changed(labeled, model, trained=0.0)


@pytest.mark.parametrize("text", ["7.0", "7.25"])
def test_a_moved_label_is_a_change(labeled, tmp_path, text):
    model = copies(labeled, tmp_path / "model")
    file = labeled.label_files["top"]
    then = file.stat().st_mtime
    changed = file.read_text().replace("5.0", text, 1)
    assert changed != file.read_text()
    file.write_text(changed)
    os.utime(file, (then + 100, then + 100))
    assert labels_changed(labeled, model, trained=then + 200)


def test_without_copies_the_time_of_the_training_decides(labeled, tmp_path):
    written = max(file.stat().st_mtime for file in labeled.label_files.values())
    assert not labels_changed(labeled, tmp_path / "model", trained=written + 1)
    assert labels_changed(labeled, tmp_path / "model", trained=written - 1)


def test_the_split_tells_how_many_instants_a_training_knew(tmp_path):
    assert trained_instants(tmp_path) is None
    (tmp_path / "split.csv").write_text('frame,set\n"a,b.png",train\nc.png,validation\n')
    assert trained_instants(tmp_path) == 2
