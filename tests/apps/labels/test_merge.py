import numpy as np
import pytest

from apps.labels import LabelStore, Operation
from lightning_pose.core.errors import DataError
from lightning_pose.core.project import open_project
from lightning_pose.core.tables import read_labels
from tests.apps.labels.conftest import contents, edit, save


@pytest.mark.parametrize("theirs", [False, True])
def test_a_cell_changed_on_both_sides_keeps_both_values(store, change, two_views, theirs):
    path = two_views / "CollectedData_cam1.csv"
    operation = change(2, "cam1", "nose", 5.0, 6.0)
    save(store, operation)
    edit(path, "img00000020.png,20.50,01", "img00000020.png,99.0,98.0")
    difference = store.incoming()
    assert difference is not None
    (cell,) = difference.cells
    assert cell.conflict and cell.ours == (5.0, 6.0, 2)
    store.accept(difference, who="anna", theirs=[cell[:3]] if theirs else [])
    expected = [99.0, 98.0] if theirs else [5.0, 6.0]
    assert read_labels(path).points[2, 0].tolist() == expected
    history = store.history(operation.frame, "cam1", "nose")
    assert [entry.cell.x for entry in history] == [5.0, 99.0]
    assert [entry.status for entry in history] == ["applied", "applied" if theirs else "conflict"]


def test_rejected_edits_are_written_over_and_kept_in_history_and_backups(store, two_views):
    path = two_views / "CollectedData_cam1.csv"
    before = contents(two_views)
    edit(path, "img00000020.png,20.50,01", "img00000020.png,20.50,98.0")
    path.write_bytes(path.read_bytes() + b"labeled-data/s1_cam1/img00000099.png,1,2,,,,\n")
    edited = path.read_bytes()
    difference = store.incoming()
    assert difference is not None and difference.faults  # the new row is in one view only
    with pytest.raises(DataError, match="but not to the labels of cam2"):
        store.accept(difference, who="anna")
    store.reject(difference, who="anna")
    now = contents(two_views)
    assert now["CollectedData_cam1.csv"] == before["CollectedData_cam1.csv"].replace(
        b",20.50,01,", b",20.50,1.0,"
    )
    assert now["CollectedData_cam2.csv"] == before["CollectedData_cam2.csv"]
    assert store.history(store.frames().id[2], "cam1", "nose")[-1].cell.y == 98.0
    backups = (two_views / ".litpose" / "backups").glob("*/CollectedData_cam1.csv")
    assert edited in [backup.read_bytes() for backup in backups]
    assert store.incoming() is None


def test_frames_that_another_program_added_are_taken_over_when_the_project_opens(two_views):
    with LabelStore.open(two_views):
        pass
    for view in ("cam1", "cam2"):
        path = two_views / f"CollectedData_{view}.csv"
        path.write_bytes(path.read_bytes() + f"labeled-data/s9_{view}/img00000007.png,1,2,,,3,4\n".encode())
    before = contents(two_views)
    with LabelStore.open(two_views) as store:
        table = store.frames()
        assert (table.session[-1], table.index[-1], table.n_labeled[-1]) == ("s9", 7, 4)
        assert store.cells(table.id[-1])["cam2"]["tail"][:2] == (3.0, 4.0)
        assert store.incoming() is None
    assert contents(two_views) == before


def test_rows_that_another_program_removed_are_hidden_when_accepted_and_start_anew(store, two_views):
    for view in ("cam1", "cam2"):
        path = two_views / f"CollectedData_{view}.csv"
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:5] + lines[6:]))
    frame = store.frames().id[2]
    images = store.images(frame)
    difference = store.incoming()
    assert difference is not None and difference.gone == [frame] and not difference.faults
    store.accept(difference, who="anna")
    assert frame not in store.frames().id
    assert store.add_frames([images]) == [frame]
    assert store.cells(frame)["cam1"]["nose"].state == "unlabeled"
    assert store.history(frame, "cam1", "nose")[0].was.x == 20.5
    store.materialise()
    assert len(open_project(two_views).read_labels()["cam1"]) == 3  # its row comes with its first label
    save(store, Operation("new", frame, "cam2", "tail", 1.5, 2.5, "visible", "manual", store.rev))
    store.materialise()
    poses = open_project(two_views).read_labels()
    assert [str(name) for name in poses["cam1"].frames][-1] == images["cam1"]
    assert np.isnan(poses["cam1"].points[-1]).all()
    assert np.isnan(poses["cam2"].points[-1, :2]).all()
