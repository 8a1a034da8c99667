import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import yaml

from apps.labels import LabelStore, difference
from lightning_pose.core.errors import DataError
from lightning_pose.core.label_manifest import read_manifest
from lightning_pose.core.project import create_project, open_project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.core.tables import read_labels
from tests.apps.labels.conftest import contents, edit, save


def name_of(handle: int) -> str:
    return Path(f"/proc/self/fd/{handle}").readlink().name


def test_opening_and_writing_without_an_edit_changes_no_byte(make_project):
    folder = make_project("cam1", "cam2", visible=True, end="\r\n")
    before = contents(folder)
    with LabelStore.open(folder) as store:
        assert store.materialise().written == ()
        assert store.incoming() is None
    assert contents(folder) == before
    assert not [path.name for path in folder.iterdir() if path.name.endswith(".new")]


def test_one_edited_cell_changes_one_cell_of_one_file(store, change, two_views):
    before = contents(two_views)
    save(store, change(2, "cam2", "nose", 0.1, 1e-7))
    assert store.materialise().written == ("cam2",)
    after = contents(two_views)
    assert after["CollectedData_cam1.csv"] == before["CollectedData_cam1.csv"]
    expected = before["CollectedData_cam2.csv"].replace(
        b"img00000020.png,20.50,01,", b"img00000020.png,0.1,1e-07,"
    )
    assert after["CollectedData_cam2.csv"] == expected != before["CollectedData_cam2.csv"]
    assert store.materialise().written == ()


def test_the_manifest_names_the_revision_and_hash_of_every_view(store, change, two_views):
    save(store, change(2, "cam2", "nose", 1.0, 1.0), change(0, "cam1", "paw", 1.0, 1.0))
    store.materialise()
    record = json.loads((two_views / ".litpose" / "labels.json").read_text())
    assert record["revision"] == 2
    manifest = read_manifest(two_views)
    assert {view: entry[:2] for view, entry in manifest.items()} == {
        "cam1": ("CollectedData_cam1.csv", 2),
        "cam2": ("CollectedData_cam2.csv", 2),
    }


def test_what_was_deleted_stays_deleted(store, change, two_views):
    save(store, change(2, "cam1", "nose"))
    store.materialise()
    store.close()
    with LabelStore.open(two_views) as again:
        assert again.cells(again.frames().id[2])["cam1"]["nose"].state == "unlabeled"
        assert again.materialise().written == ()
    assert np.isnan(read_labels(two_views / "CollectedData_cam1.csv").points[2, 0]).all()


def test_rows_without_labels_shift_nothing(store, change, two_views):
    before = read_labels(two_views / "CollectedData_cam1.csv")
    save(store, change(1, "cam1", "tail", 5.0, 6.0))
    store.materialise()
    after = read_labels(two_views / "CollectedData_cam1.csv")
    expected = before.points.copy()
    expected[1, 2] = 5.0, 6.0
    assert np.array_equal(after.points, expected, equal_nan=True)
    assert after.frames.tolist() == before.frames.tolist()


def test_an_occluded_point_is_told_to_training_in_all_views(store, change, two_views):
    before = {view: read_labels(two_views / f"CollectedData_{view}.csv") for view in ("cam1", "cam2")}
    save(store, change(2, "cam1", "nose", 7.0, 8.0, state="occluded"))
    assert store.materialise().written == ("cam1", "cam2")
    poses = open_project(two_views).read_labels()
    assert poses["cam1"].visible is not None and poses["cam2"].visible is not None
    assert poses["cam1"].visible[2].tolist() == [1, 0, 2]
    assert poses["cam1"].points[2, 0].tolist() == [7.0, 8.0]
    assert np.array_equal(poses["cam2"].points, before["cam2"].points, equal_nan=True)
    assert np.array_equal(poses["cam2"].visible == 2, before["cam2"].present)


def test_what_is_not_in_view_and_what_nobody_confirmed_is_written_as_missing(store, change, two_views):
    save(
        store,
        change(2, "cam1", "nose", 7.0, 8.0, state="absent"),
        change(1, "cam1", "nose", 7.0, 8.0, origin="prediction"),
    )
    store.materialise()
    points = read_labels(two_views / "CollectedData_cam1.csv").points
    assert np.isnan(points[[1, 2], 0]).all()
    assert store.cells(store.frames().id[2])["cam1"]["nose"][:3] == (7.0, 8.0, "absent")


def test_new_frames_are_appended_to_all_views(store, change, two_views, make_operations):
    before = contents(two_views)
    store.add_frames([{view: f"labeled-data/s2_{view}/img00000005.png" for view in ("cam1", "cam2")}])
    save(store, make_operations(store)(4, "cam2", "tail", 1.5, 2.5, id="new"))
    store.materialise()
    after = contents(two_views)
    assert after["CollectedData_cam1.csv"] == (
        before["CollectedData_cam1.csv"] + b"labeled-data/s2_cam1/img00000005.png,,,,,,\n"
    )
    assert after["CollectedData_cam2.csv"] == (
        before["CollectedData_cam2.csv"] + b"labeled-data/s2_cam2/img00000005.png,,,,,1.5,2.5\n"
    )


def test_a_project_without_label_files_gets_them_with_its_first_frames(tmp_path, make_operations):
    create_project(tmp_path / "new", ("top", "side"), skeleton_from_names(("nose", "tail"), []))
    with LabelStore.open(tmp_path / "new") as store:
        assert store.materialise().written == ()
        store.add_frames([{view: f"labeled-data/s_{view}/img00000001.png" for view in ("top", "side")}])
        save(store, make_operations(store)(0, "side", "tail", 1.5, 2.5))
        assert store.materialise().written == ("top", "side")
        assert store.incoming() is None
    poses = open_project(tmp_path / "new").read_labels()
    assert poses["side"].points[0, 1].tolist() == [1.5, 2.5]
    assert poses["side"].visible is not None
    with LabelStore.open(tmp_path / "new") as again:
        assert again.frames().n_labeled == [1]


def test_old_labels_are_kept_when_a_keypoint_is_added(two_views, make_operations):
    before = open_project(two_views).read_labels()
    with LabelStore.open(two_views):
        pass
    record = yaml.safe_load((two_views / "project.yaml").read_text())
    record["keypoint_names"].insert(1, "ear")
    (two_views / "project.yaml").write_text(yaml.safe_dump(record))
    with LabelStore.open(two_views) as store:
        assert store.frames().n_labeled == [4, 0, 4, 4]
        save(store, make_operations(store)(0, "cam1", "ear", 1.5, 2.5))
        store.materialise()
    after = open_project(two_views).read_labels()
    assert after["cam1"].names == ("nose", "ear", "paw", "tail")
    assert after["cam1"].points[0, 1].tolist() == [1.5, 2.5]
    for view, poses in before.items():
        assert np.array_equal(after[view].select(poses.names).points, poses.points, equal_nan=True)


def test_a_removed_label_file_is_made_anew(store, change, two_views):
    before = read_labels(two_views / "CollectedData_cam1.csv")
    (two_views / "CollectedData_cam1.csv").unlink()
    assert store.materialise().written == ("cam1",)
    after = read_labels(two_views / "CollectedData_cam1.csv")
    assert np.array_equal(after.points, before.points, equal_nan=True)


def test_backups_keep_the_first_and_the_latest(store, change, two_views, monkeypatch):
    monkeypatch.setattr("apps.labels.export.BACKUP_SECONDS", 0.0)
    monkeypatch.setattr("apps.labels.export.KEPT_BACKUPS", 3)
    original = contents(two_views)
    versions = []
    for step in range(6):
        versions.append(contents(two_views))
        save(store, change(0, "cam1", "paw", float(step), 1.0, seq=step + 1))
        store.materialise()
    folders = sorted((two_views / ".litpose" / "backups").iterdir())
    assert [contents(folder) for folder in folders] == [original, versions[4], versions[5]]


def test_a_label_file_that_leads_out_of_the_project_is_refused(two_views, tmp_path):
    outside = tmp_path / "elsewhere.csv"
    (two_views / "CollectedData_cam1.csv").rename(outside)
    (two_views / "CollectedData_cam1.csv").symlink_to(outside)
    with pytest.raises(DataError, match="leads out of the project"):
        LabelStore.open(two_views)
    with pytest.raises(DataError, match="leads out of the project"):  # and the lock was given back
        LabelStore.open(two_views)


def test_label_files_that_cannot_be_written_are_said_and_come_the_next_time(
    store, change, two_views, monkeypatch
):
    save(store, change(0, "cam1", "paw", 1.0, 1.0))

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    before = contents(two_views)
    with (
        monkeypatch.context() as patch,
        pytest.raises(DataError, match=r"No space left.*store has all labels"),
    ):
        patch.setattr(os, "fsync", full)
        store.materialise()
    assert contents(two_views) == before
    assert store.materialise().written == ("cam1",)


def test_the_mode_of_a_label_file_stays(store, change, two_views):
    path = two_views / "CollectedData_cam1.csv"
    path.chmod(0o640)
    save(store, change(0, "cam1", "paw", 1.0, 1.0))
    store.materialise()
    assert path.stat().st_mode & 0o777 == 0o640


def test_edits_during_an_export_are_written_by_the_next(two_views, make_operations):
    pending = []

    def step(name: str) -> None:
        if name.startswith("prepared") and pending:
            save(store, *pending.pop())

    with LabelStore.open(two_views, on_step=step) as store:
        change = make_operations(store)
        save(store, change(0, "cam1", "paw", 1.0, 1.0, seq=1))
        pending.append([change(0, "cam1", "paw", 2.0, 1.0, seq=2), change(3, "cam2", "paw", 3.0, 1.0, seq=3)])
        assert store.materialise().written == ("cam1",)
        assert read_labels(two_views / "CollectedData_cam1.csv").points[0, 1].tolist() == [1.0, 1.0]
        edit(two_views / "CollectedData_cam1.csv", "1.0,1.0", "8.0,8.0")
        difference = store.incoming()
        assert difference is not None
        assert difference.cells[0].base == (1.0, 1.0, 2)  # what was exported, not what came since
        store.reject(difference, who="anna")
        assert read_labels(two_views / "CollectedData_cam1.csv").points[0, 1].tolist() == [2.0, 1.0]
        assert read_labels(two_views / "CollectedData_cam2.csv").points[3, 1].tolist() == [3.0, 1.0]


def test_files_reach_the_disk_before_their_names_and_the_manifest_comes_last(
    store, change, two_views, monkeypatch
):
    calls = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (calls.append(name_of(handle)), fsync(handle))[1])
    monkeypatch.setattr(
        Path, "replace", lambda self, to: (calls.append(f"-> {to.name}"), replace(self, to))[1]
    )
    save(store, change(2, "cam1", "nose", 1.0, 1.0), change(2, "cam2", "nose", 1.0, 1.0))
    store.materialise()
    assert calls == [
        ".CollectedData_cam1.csv.new", ".CollectedData_cam2.csv.new", "-> CollectedData_cam1.csv",
        "-> CollectedData_cam2.csv", "project", ".labels.json.new", "-> labels.json", ".litpose",
    ]  # fmt: skip


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["mirror-mouse", "human-4cam"])
def test_real_projects_round_trip(real_data, tmp_path, name, make_operations):
    for path in (real_data / name).glob("*.csv"):
        if not path.stem.endswith("_3d"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    before = contents(tmp_path)
    with LabelStore.open(tmp_path) as store:
        view, keypoint = store.project.views[-1], store.project.keypoint_names[1]
        frame = store.frames().id[33]
        old = store.cells(frame)[view][keypoint]
        change = make_operations(store)
        save(store, change(33, view, keypoint, 1.25, 2.5))
        store.materialise()
        assert contents(tmp_path) != before
        save(store, change(33, view, keypoint, old.x, old.y, id="back"))
        store.materialise()
    assert contents(tmp_path) == before
    with LabelStore.open(tmp_path) as store:
        assert store.incoming() is None


def test_edits_do_not_wait_while_files_that_another_program_changed_are_read(
    store, change, two_views, monkeypatch
):
    edit(two_views / "CollectedData_cam1.csv", "20.50", "77.50")
    read = difference.read_files

    def slow(paths, hashes):
        with ThreadPoolExecutor() as pool:  # another person labels meanwhile
            pool.submit(save, store, change(1, "cam1", "nose", 1.0, 2.0)).result(timeout=20)
        return read(paths, hashes)

    monkeypatch.setattr("apps.labels.exchange.read_files", slow)
    found = store.incoming()
    assert [cell.theirs[0] for cell in found.cells] == [77.5]
    assert store.cells(store.frames().id[1])["cam1"]["nose"].x == 1.0
