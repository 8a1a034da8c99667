import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.tables import read_labels
from tests.apps.labels.conftest import contents, edit, save


def test_an_edit_by_another_program_is_shown_and_nothing_is_written_over_it(store, change, two_views):
    path = two_views / "CollectedData_cam1.csv"
    edit(path, "img00000020.png,20.50,01", "img00000020.png,99.0,98.0")
    save(store, change(0, "cam1", "paw", 1.0, 1.0))
    edited = contents(two_views)
    held = store.materialise().held
    assert contents(two_views) == edited
    assert held is not None and held == store.incoming()
    (cell,) = held.cells
    assert (cell.view, cell.keypoint, cell.conflict) == ("cam1", "nose", False)
    assert (cell.base, cell.theirs) == ((20.5, 1.0, 2), (99.0, 98.0, 2))
    assert store.accept(held, who="anna").written == ("cam1",)
    now = store.cells(cell.frame)["cam1"]["nose"]
    assert (now.x, now.origin) == (99.0, "imported")
    assert store.history(cell.frame, "cam1", "nose")[-1].client == "label files"
    points = read_labels(path).points
    assert points[2, 0].tolist() == [99.0, 98.0]
    assert points[0, 1].tolist() == [1.0, 1.0]
    assert store.incoming() is None


def test_a_file_that_is_no_label_file_any_more_is_held_and_can_be_made_anew(store, two_views):
    path = two_views / "CollectedData_cam2.csv"
    labels = read_labels(path)
    path.write_bytes(path.read_bytes()[:-30])  # cut off in a row
    held = store.materialise().held
    assert held is not None and "cut off" in held.faults[0]
    store.reject(held, who="anna")
    assert np.array_equal(read_labels(path).points, labels.points, equal_nan=True)


def test_a_difference_that_waits_follows_what_is_labeled_meanwhile(store, change, two_views, monkeypatch):
    path = two_views / "CollectedData_cam1.csv"
    edit(path, "img00000020.png,20.50,01", "img00000020.png,99.0,98.0")
    first = store.incoming()
    assert first is not None and not first.cells[0].conflict
    save(store, change(2, "cam1", "nose", 5.0, 6.0), change(2, "cam2", "nose", 5.0, 6.0))
    with monkeypatch.context() as patch:  # the files are not read again
        patch.setattr("apps.labels.exchange.read_files", None)
        second = store.incoming()
    assert second is not None
    assert [(cell.ours, cell.conflict) for cell in second.cells] == [((5.0, 6.0, 2), True)]
    save(store, change(2, "cam1", "nose", 99.0, 98.0, seq=9))
    assert store.incoming() is None  # both say the same now
    save(store, change(1, "cam1", "nose", 3.0, 4.0))
    store.materialise()
    assert read_labels(path).points[[1, 2], 0].tolist() == [[3.0, 4.0], [99.0, 98.0]]


def test_a_difference_that_is_out_of_date_is_not_accepted(store, two_views):
    path = two_views / "CollectedData_cam1.csv"
    edit(path, "20.50,01", "99.0,98.0")
    difference = store.incoming()
    edit(path, "99.0,98.0", "97.0,98.0")
    with pytest.raises(DataError, match="changed again"):
        store.accept(difference, who="anna")


def test_the_same_labels_in_other_bytes_are_no_difference(store, change, two_views):
    path = two_views / "CollectedData_cam1.csv"
    rows = path.read_bytes().replace(b"20.50,01", b"20.5,1.0").splitlines(keepends=True)
    path.write_bytes(b"".join(rows[:3] + rows[:2:-1]))  # sorted otherwise
    assert store.incoming() is None
    save(store, change(0, "cam1", "paw", 1.0, 1.0))
    assert store.materialise().written == ("cam1",)
    assert path.read_bytes().splitlines()[3].startswith(b"labeled-data/s1_cam1/img00000030.png")


def test_a_file_whose_visible_column_was_dropped_by_another_program_loses_no_state(store, change, two_views):
    path = two_views / "CollectedData_cam1.csv"
    original = path.read_bytes()
    save(store, change(2, "cam1", "nose", 20.5, 1.0, state="occluded"))
    store.materialise()
    path.write_bytes(original)
    assert store.incoming() is None
    store.materialise()
    poses = read_labels(path)
    assert poses.visible is not None and poses.visible[2, 0] == 1
