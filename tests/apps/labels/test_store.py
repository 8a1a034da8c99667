import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from apps.labels import Cell, LabelStore, ReadOnlyError
from apps.labels.cells import EMPTY
from lightning_pose.core.errors import DataError


def test_a_project_opens_with_the_labels_of_its_files(store):
    table = store.frames()
    assert table.session == ["s1"] * 4
    assert table.index == [0, 10, 20, 30]
    assert table.n_labeled == [4, 0, 4, 4]  # two views of: row + keypoint no multiple of 3
    assert store.images(table.id[2]) == {
        view: f"labeled-data/s1_{view}/img00000020.png" for view in ("cam1", "cam2")
    }
    cells = store.cells(table.id[2])["cam2"]
    assert cells["nose"] == Cell(20.5, 1.0, "visible", "imported", 0)
    assert cells["paw"] == EMPTY


def test_an_edit_is_there_after_the_store_was_opened_again(store, change, two_views):
    operation = change(1, "cam1", "nose", 3.25, 4.5)
    (result,) = store.apply([operation], who="anna", client="tab")
    assert (result.status, result.cell) == ("applied", Cell(3.25, 4.5, "visible", "manual", store.rev))
    store.close()
    with LabelStore.open(two_views) as again:
        assert again.cells(operation.frame)["cam1"]["nose"] == result.cell
        assert again.frames().n_labeled[1] == 1


def test_a_batch_is_answered_one_by_one(store, change):
    fine, unknown, again = change(0, "cam1", "nose", 1.0, 2.0), change(0, "cam1", "ear", 1.0, 2.0), None
    again = fine._replace(x=9.0)
    results = store.apply([fine, unknown, again], who="anna", client="tab")
    assert [result.status for result in results] == ["applied", "refused", "duplicate"]
    assert results[1].reason == "the project has no keypoint 'ear'"
    assert results[2].cell == results[0].cell


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"x": float("nan")}, "finite"),
        ({"x": float("inf")}, "finite"),
        ({"x": True}, "finite"),
        ({"x": "1"}, "finite"),
        ({"y": None}, "x and y, or neither"),
        ({"x": None, "y": None}, "needs coordinates"),
        ({"state": "hidden"}, "no state 'hidden'"),
        ({"origin": "luck"}, "or origin 'luck'"),
        ({"base": -1}, "from 0"),
        ({"base": 2**70}, "from 0"),
        ({"base": 1.5}, "from 0"),
        ({"id": ""}, "1 to 200 characters"),
        ({"id": "x" * 201}, "1 to 200 characters"),
        ({"view": "cam9"}, "no view 'cam9'"),
        ({"frame": "'; DROP TABLE cells; --"}, "no frame"),
    ],
)
def test_what_can_never_be_applied_is_refused_and_leaves_nothing(store, change, values, reason):
    before = store.rev
    (result,) = store.apply(
        [change(0, "cam1", "nose", 1.0, 2.0)._replace(**values)], who="anna", client="tab"
    )
    assert result.status == "refused"
    assert reason in result.reason
    assert store.rev == before


def test_the_same_cell_changed_by_two_is_a_conflict_that_keeps_both_values(store, change):
    mine = change(0, "cam1", "nose", 1.0, 1.0)
    yours = change(0, "cam1", "nose", 2.0, 2.0)
    store.apply([mine], who="anna", client="a")
    (lost,) = store.apply([yours], who="ben", client="b")
    assert (lost.status, lost.cell.x) == ("conflict", 1.0)
    assert store.apply([yours], who="ben", client="b")[0].status == "conflict"  # the answer was lost
    history = store.history(mine.frame, "cam1", "nose")
    assert [(entry.who, entry.cell.x, entry.status) for entry in history] == [
        ("anna", 1.0, "applied"),
        ("ben", 2.0, "conflict"),
    ]
    mended = change(0, "cam1", "nose", 2.0, 2.0, base=lost.cell.rev)
    assert store.apply([mended], who="ben", client="b")[0].status == "applied"
    assert store.cells(mine.frame)["cam1"]["nose"].x == 2.0


def test_other_cells_of_the_same_frame_merge(store, change):
    store.apply([change(0, "cam1", "nose", 1.0, 1.0)], who="anna", client="a")
    others = [change(0, "cam2", "nose", 2.0, 2.0), change(0, "cam1", "paw", 2.0, 2.0)]
    assert {r.status for r in store.apply(others, who="ben", client="b")} == {"applied"}


def test_the_same_value_twice_is_no_conflict(store, change):
    store.apply([change(0, "cam1", "nose", 1.0, 1.0)], who="anna", client="a")
    (result,) = store.apply([change(0, "cam1", "nose", 1.0, 1.0)], who="ben", client="b")
    assert result.status == "applied"


def test_operations_of_one_client_follow_each_other_without_waiting_for_answers(store, change):
    drag = [change(0, "cam1", "nose", float(step), 1.0, seq=step + 1) for step in range(5)]
    assert {r.status for r in store.apply(drag, who="anna", client="a")} == {"applied"}
    assert store.cells(drag[0].frame)["cam1"]["nose"].x == 4.0


def test_an_operation_that_was_overtaken_on_its_way_does_not_win(store, change):
    first, second = (change(0, "cam1", "nose", float(n), 1.0, seq=n) for n in (1, 2))
    store.apply([second], who="anna", client="a")
    (late,) = store.apply([first], who="anna", client="a")
    assert (late.status, late.cell.x) == ("duplicate", 2.0)
    assert [entry.status for entry in store.history(first.frame, "cam1", "nose")] == ["applied", "superseded"]


def test_changes_since_a_revision_are_the_last_of_every_cell(store, change):
    store.apply([change(0, "cam1", "nose", 1.0, 1.0)], who="anna", client="a")
    since = store.rev
    drag = [change(2, "cam2", "paw", float(step), 1.0) for step in range(3)]
    store.apply(drag, who="anna", client="a")
    (only,) = store.changes(since)
    assert (only.frame, only.view, only.keypoint, only.cell.x) == (drag[0].frame, "cam2", "paw", 2.0)
    assert len(store.changes(0)) == 2
    assert store.changes(store.rev) == []


def test_the_history_begins_with_what_the_files_said(store, change):
    operation = change(2, "cam1", "nose")
    store.apply([operation], who="anna", client="a")
    (entry,) = store.history(operation.frame, "cam1", "nose")
    assert entry.was == Cell(20.5, 1.0, "visible", "imported", 0)
    assert abs(entry.at - time.time()) < 60


def undo(store, change, entry):
    now = store.cells(entry.frame)[entry.view][entry.keypoint]
    row = store.frames().id.index(entry.frame)
    back = change(row, entry.view, entry.keypoint, entry.was.x, entry.was.y, base=now.rev, undoes=entry.id)
    store.apply([back._replace(state=entry.was.state, origin=entry.was.origin)], who="anna", client="a")


def test_undo_and_redo_survive_the_browser(store, change):
    store.apply([change(0, "cam1", "paw", 1.0, 1.0)], who="anna", client="a")
    store.apply([change(2, "cam2", "tail", 2.0, 2.0)], who="anna", client="a")
    store.apply([change(2, "cam2", "nose", 7.0, 7.0)], who="ben", client="b")
    done, _ = store.undoable("a")
    assert [entry.keypoint for entry in done] == ["tail", "paw"]
    undo(store, change, done[0])
    undo(store, change, done[1])
    done, undone = store.undoable("a")
    assert [entry.keypoint for entry in done] == []
    assert [entry.keypoint for entry in undone] == ["paw", "tail"]
    assert store.cells(undone[0].frame)["cam1"]["paw"].x == 1.5  # as the file had it
    undoing = store.history(undone[0].frame, "cam1", "paw")[-1]
    undo(store, change, undoing)  # redo
    assert store.cells(undoing.frame)["cam1"]["paw"].x == 1.0
    done, undone = store.undoable("a")
    assert ([e.keypoint for e in done], [e.keypoint for e in undone]) == (["paw"], ["tail"])
    store.apply([change(0, "cam1", "nose", 5.0, 5.0)], who="anna", client="a")
    assert store.undoable("a")[1] == []  # something new ends what can be redone


def test_notes_and_flags_are_kept_and_raise_the_revision(store, change, two_views):
    frame = store.frames().id[3]
    before = store.rev
    store.annotate(frame, flagged=True, who="anna")
    store.annotate(frame, note="<img onerror=alert(1)>", who="anna")
    assert store.rev == before + 2
    store.close()
    with LabelStore.open(two_views) as again:
        table = again.frames()
        assert (table.flagged[3], table.note[3]) == (True, "<img onerror=alert(1)>")
        with pytest.raises(DataError, match="no frame"):
            again.annotate("nowhere", note="x", who="anna")


def test_measured_errors_are_forgotten_when_a_cell_of_the_frame_changes(store, change):
    ids = store.frames().id
    store.measure({ids[0]: 3.5, ids[2]: 1.25})
    assert store.frames().worst_px == [3.5, None, 1.25, None]
    store.apply(
        [change(0, "cam1", "nose", 1.0, 1.0), change(2, "cam1", "nose", 1.0, 1.0)], who="a", client="a"
    )
    assert store.frames().worst_px == [None] * 4


def test_a_measurement_of_what_has_changed_since_is_passed_over(store, change):
    ids = store.frames().id
    rev = store.rev
    store.apply([change(0, "cam1", "nose", 1.0, 1.0)], who="a", client="a")
    store.measure({ids[0]: 3.5, ids[2]: 1.25}, rev=rev)
    assert store.frames().worst_px == [None, None, 1.25, None]


def test_half_a_surrogate_pair_is_refused_and_not_an_error(store, change):
    for field in ("id", "frame", "view", "keypoint", "undoes"):
        (result,) = store.apply(
            [change(0, "cam1", "nose", 1.0, 1.0)._replace(**{field: "\ud83d"})], who="a", client="a"
        )
        assert result.status == "refused"
    with pytest.raises(DataError, match="no text"):
        store.annotate(store.frames().id[0], note="\ud83d", who="a")


def test_a_folder_that_cannot_be_written_is_said(two_views):
    (two_views / ".litpose").write_text("a file in the way")
    with pytest.raises(DataError, match="nothing can be written"):
        LabelStore.open(two_views)


def test_predictions_do_not_count_as_labels(store, change):
    store.apply([change(1, "cam1", "nose", 1.0, 1.0, origin="prediction")], who="anna", client="a")
    assert store.frames().n_labeled[1] == 0
    rev = store.rev
    store.apply([change(1, "cam1", "nose", 1.0, 1.0, origin="confirmed", base=rev)], who="anna", client="a")
    assert store.frames().n_labeled[1] == 1
    store.apply([change(1, "cam1", "nose", base=store.rev)], who="anna", client="a")
    assert store.frames().n_labeled[1] == 0


def test_threads_share_a_store(store, change):
    operations = [change(row, view, "nose", row + 0.5, 1.0) for row in range(4) for view in ("cam1", "cam2")]
    with ThreadPoolExecutor(8) as pool:
        results = list(
            pool.map(lambda operation: store.apply([operation], who="anna", client="a")[0], operations)
        )
    assert sorted(result.cell.rev for result in results) == list(range(1, 9))


def test_a_full_disk_is_said_and_nothing_is_half_applied(store, change):
    pages = store._link.execute("PRAGMA page_count").fetchone()[0]
    store._link.execute(f"PRAGMA max_page_count = {pages}")
    before = store.rev
    many = [change(row % 4, "cam1", "nose", 1.0, 1.0, seq=row + 1) for row in range(1000)]
    with pytest.raises(DataError, match=r"could not be saved.*full"):
        store.apply(many, who="anna", client="a")
    assert (store.rev, store.changes(0)) == (before, [])
    store._link.execute("PRAGMA max_page_count = 1000000")
    assert len(store.apply(many, who="anna", client="a")) == 1000


def test_a_second_store_reads_and_says_who_writes(store, change, two_views):
    with LabelStore.open(two_views) as second:
        assert second.read_only
        assert str(multiprocessing.current_process().pid) in str(second.holder)
        operation = change(0, "cam1", "nose", 1.0, 1.0)
        store.apply([operation], who="anna", client="a")
        assert second.cells(operation.frame)["cam1"]["nose"].x == 1.0
        for write in (
            lambda: second.apply([operation], who="ben", client="b"),
            lambda: second.annotate(operation.frame, note="x", who="ben"),
            lambda: second.materialise(),
            lambda: second.add_frames([]),
            lambda: second.measure({}),
        ):
            with pytest.raises(ReadOnlyError, match="open for reading only: process"):
                write()


def test_frames_are_added_once_and_after_the_others(store, two_views):
    rows = [{view: f"labeled-data/s2_{view}/img00000005.png" for view in ("cam1", "cam2")}]
    before = store.rev
    (frame,) = store.add_frames(rows)
    assert store.rev > before  # who keeps the table of frames sees that it is old
    assert store.add_frames(rows) == [frame]
    table = store.frames()
    assert (table.id[-1], table.session[-1], table.index[-1], len(table.id)) == (frame, "s2", 5, 5)
    for wrong in ("../x.png", "/etc/passwd", "C:\\x.png", "a\nb.png", ""):
        with pytest.raises(DataError, match="no path below the project"):
            store.add_frames([{"cam1": wrong, "cam2": "labeled-data/s3_cam2/img00000005.png"}])
    with pytest.raises(DataError, match="each of the views cam1, cam2"):
        store.add_frames([{"cam1": "labeled-data/s3_cam1/img00000005.png"}])
    with pytest.raises(DataError, match="another frame"):
        store.add_frames([{"cam1": "labeled-data/new_cam1/img00000005.png", "cam2": rows[0]["cam2"]}])
    assert len(store.frames().id) == 5


def test_closing_waits_for_nobody_and_can_be_done_twice(store):
    closing = threading.Thread(target=store.close)
    closing.start()
    closing.join(5)
    store.close()
    assert not closing.is_alive()
