"""Labels are counted as the store has them, without opening it, and else as the files have them."""

import sqlite3

from apps.labels import LabelStore
from apps.labels.counts import labels_of
from lightning_pose.core.project import open_project
from lightning_pose.projects.labeled import NO_LABELS, count_labels

from .conftest import save


def test_files_and_store_say_the_same(make_project):
    project = open_project(make_project("top", "side"))
    before = labels_of(project)
    assert before == count_labels(project)
    assert (before.frames, before.labeled) == ({"s1": 4}, {"s1": 3})
    assert before.keypoints == {"nose": 2, "paw": 4, "tail": 6}  # the sheet of conftest, counted by hand
    LabelStore.open(project).close()
    assert (project.folder / ".litpose" / "labels.db").is_file()
    assert labels_of(project) == before


def test_an_edit_counts_at_once_and_a_proposal_does_not(store, change):
    before = labels_of(store.project)
    save(store, change(1, "cam1", "nose", 3.0, 4.0))
    save(store, change(1, "cam1", "paw", 3.0, 4.0, origin="prediction"))
    after = labels_of(store.project)
    assert after.labeled == {"s1": before.labeled["s1"] + 1}
    assert after.keypoints == before.keypoints | {"nose": before.keypoints["nose"] + 1}


def test_a_store_that_cannot_be_read_leaves_the_files(make_project):
    project = open_project(make_project("top"))
    LabelStore.open(project).close()
    (project.folder / ".litpose" / "labels.db").write_text("no database")
    assert labels_of(project) == count_labels(project)


def test_nothing_can_be_read_and_nothing_is_said(make_project):
    project = open_project(make_project("top"))
    (project.folder / "CollectedData_top.csv").write_text("nonsense\n")
    assert labels_of(project) == NO_LABELS


def test_the_queue_counts_frames_that_are_not_labeled_whole(make_project):
    project = open_project(make_project("top"))
    LabelStore.open(project).close()
    database = project.folder / ".litpose" / "labels.db"
    with sqlite3.connect(database) as link:
        columns = [row[1] for row in link.execute("PRAGMA table_info(frames)")]
        if "queued" not in columns:
            link.execute("ALTER TABLE frames ADD COLUMN queued INTEGER NOT NULL DEFAULT 0")
        link.execute("UPDATE frames SET queued = 1 WHERE number IN (0, 10)")
        link.execute("UPDATE frames SET labeled = 3 WHERE number = 0")
    assert labels_of(project).queued == 1
