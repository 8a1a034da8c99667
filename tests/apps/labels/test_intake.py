from pathlib import Path

import numpy as np
import pytest
import yaml

from apps.labels import LabelStore, Operation
from lightning_pose.core.errors import DataError
from lightning_pose.core.project import open_project

HEAD = "scorer,a,a,a,a,a,a\nbodyparts,nose,nose,nose,tail,tail,tail\ncoords,x,y,visible,x,y,visible\n"


def states(store: LabelStore, row: int, view: str = "") -> list[tuple]:
    return [cell[:3] for cell in store.cells(store.frames().id[row])[view].values()]


def test_visible_becomes_a_state_and_what_is_ignored_is_left_in_the_file(tmp_path):
    text = HEAD + (
        "img1.png,1,2,2,3,4,1\n"
        "img2.png,1,2,0,,,1\n"  # numbers that training ignores; occluded without a place
        "img3.png,,,2,5,6,\n"  # said to be visible without a place; nothing said of it
        "img4.png,,,,7,,2\n"
    )
    (tmp_path / "CollectedData.csv").write_text(text)
    with LabelStore.open(tmp_path) as store:
        assert states(store, 0) == [(1.0, 2.0, "visible"), (3.0, 4.0, "occluded")]
        assert states(store, 1) == [(None, None, "unlabeled"), (None, None, "occluded")]
        assert states(store, 2) == [(None, None, "unlabeled"), (5.0, 6.0, "visible")]
        assert states(store, 3) == [(None, None, "unlabeled")] * 2
        assert store.frames().n_labeled == [2, 1, 1, 0]
        assert store.materialise().written == ()
        assert store.incoming() is None
    assert (tmp_path / "CollectedData.csv").read_text() == text


def test_deeplabcut_indices_are_read_and_extended(tmp_path):
    text = (
        "scorer,,,a,a\nindividuals,,,m,m\nbodyparts,,,nose,nose\ncoords,,,x,y\n"
        "labeled-data,s1,img1.png,,\nlabeled-data,s1,img2.png,3,4\n"
    )
    (tmp_path / "CollectedData.csv").write_text(text)
    with LabelStore.open(tmp_path) as store:
        assert store.frames().session == ["s1", "s1"]
        (frame,) = store.add_frames([{"": "labeled-data/s2/img7.png"}])
        assert store.materialise().written == ()
        not_there = Operation("a", frame, "", "nose", None, None, "absent", "manual", 0)
        store.apply([not_there], who="anna", client="tab")
        store.materialise()
    assert (tmp_path / "CollectedData.csv").read_text() == text + "labeled-data,s2,img7.png,,\n"


def test_a_file_without_rows_is_an_empty_project(tmp_path):
    (tmp_path / "CollectedData.csv").write_text(HEAD)
    (tmp_path / "project.yaml").write_text("keypoint_names: [nose, tail]\nview_names: []\n")
    with LabelStore.open(tmp_path) as store:
        assert store.frames().id == []
        (frame,) = store.add_frames([{"": "labeled-data/s2/img7.png"}])
        store.apply(
            [Operation("a", frame, "", "tail", 1.5, 2.0, "occluded", "manual", 0)], who="a", client="t"
        )
        store.materialise()
    assert (tmp_path / "CollectedData.csv").read_text() == HEAD + "labeled-data/s2/img7.png,,,0,1.5,2.0,1\n"


def test_views_that_do_not_belong_together_are_refused_and_leave_nothing(two_views):
    path = two_views / "CollectedData_cam2.csv"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    for _ in range(2):
        with pytest.raises(DataError, match="3 rows against 4"):
            LabelStore.open(two_views)


def test_a_view_that_came_later_gets_its_frames_and_its_file(two_views):
    before = open_project(two_views).read_labels()
    with LabelStore.open(two_views):
        pass
    record = yaml.safe_load((two_views / "project.yaml").read_text())
    record["view_names"].append("cam3")
    (two_views / "project.yaml").write_text(yaml.safe_dump(record))
    with LabelStore.open(two_views) as store:
        assert store.images(store.frames().id[1])["cam3"] == "labeled-data/s1_cam3/img00000010.png"
        assert store.materialise().written == ("cam3",)
    after = open_project(two_views).read_labels()
    assert not after["cam3"].present.any() and len(after["cam3"]) == 4
    assert np.array_equal(after["cam1"].points, before["cam1"].points, equal_nan=True)


def test_a_view_without_a_file_is_named_after_the_others(two_views):
    (two_views / "CollectedData_cam2.csv").unlink()
    with LabelStore.open(two_views) as store:
        assert store.frames().n_labeled == [2, 0, 2, 2]
        assert store.materialise().written == ("cam2",)
    assert len(open_project(two_views).read_labels()["cam2"]) == 4


def test_further_labels_of_other_recordings_are_left_alone(two_views):
    for end in ("_new", "_test"):
        path = two_views / f"CollectedData_cam1{end}.csv"
        path.write_bytes((two_views / "CollectedData_cam1.csv").read_bytes().replace(b"s1_cam1", b"s7_cam1"))
    before = {path: path.read_bytes() for path in Path(two_views).glob("*.csv")}
    with LabelStore.open(two_views) as store:
        assert set(store.frames().session) == {"s1"}
        store.materialise()
    assert {path: path.read_bytes() for path in Path(two_views).glob("*.csv")} == before


@pytest.mark.realdata
def test_real_labels_are_read_to_the_last_bit(real_data, tmp_path):
    for view in ("cam1", "cam2", "cam3", "cam4"):
        (tmp_path / f"{view}.csv").write_bytes((real_data / "human-4cam" / f"{view}.csv").read_bytes())
    labels = open_project(tmp_path).read_labels()
    with LabelStore.open(tmp_path) as store:
        for row, frame in enumerate(store.frames().id):
            for view, cells in store.cells(frame).items():
                points = np.array([cell[:2] for cell in cells.values()], dtype=float)
                assert np.array_equal(points, labels[view].points[row], equal_nan=True)
