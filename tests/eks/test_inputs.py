"""Which files belong to which camera, and the messages about those that do not."""

import numpy as np
import pytest

from eks.inputs import SCORER, list_tables, load, sort_by_camera
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_metric_table, write_poses


def table(path, n_frames=5, dims=2, scorer="tracker", names=("nose", "tail"), first=0):
    points = np.arange(n_frames * len(names) * dims, dtype=float).reshape(n_frames, len(names), dims)
    poses = Poses(names, points, first + np.arange(n_frames), likelihood=np.ones((n_frames, len(names))))
    write_poses(path, poses, scorer=scorer)
    return path


def test_cam1_is_not_cam10_and_the_name_may_stand_anywhere(tmp_path):
    for name in (
        "s_cam1_rng=0",
        "s_cam10_rng=0",
        "s_cam1.rot-ccw-0.06_sec.rng=1",
        "s_cam10.rot-ccw-0.06_sec.rng=1",
    ):
        table(tmp_path / f"{name}.csv")
    found = sort_by_camera(list_tables(tmp_path, None), ("cam1", "cam10"))
    assert [path.stem for path in found.files["cam1"]] == ["s_cam1.rot-ccw-0.06_sec.rng=1", "s_cam1_rng=0"]
    assert len(found.files["cam10"]) == 2


def test_smoothed_3d_and_metric_tables_in_the_folder_are_left_out_and_named(tmp_path):
    table(tmp_path / "s_cam1_rng=0.csv")
    table(tmp_path / "s_cam2_rng=0.csv")
    table(tmp_path / "multicam_cam1_results.csv", scorer=SCORER)
    table(tmp_path / "s_3d.csv", dims=3)
    write_metric_table(tmp_path / "s_cam1_rng=0_pixel_error.csv", np.ones((3, 1)), ["nose"], np.arange(3))
    found = sort_by_camera(list_tables(tmp_path, None), ("cam1", "cam2"))
    assert {camera: len(paths) for camera, paths in found.files.items()} == {"cam1": 1, "cam2": 1}
    reasons = {path.name: reason for path, reason in found.left_out.items()}
    assert "smoothed already" in reasons["multicam_cam1_results.csv"]
    assert "3D" in reasons["s_3d.csv"]
    assert "no table of poses" in reasons["s_cam1_rng=0_pixel_error.csv"]


def test_a_camera_without_files_is_named_with_what_was_left_out(tmp_path):
    table(tmp_path / "s_cam1_rng=0.csv")
    table(tmp_path / "s_side_rng=0.csv")
    with pytest.raises(
        DataError, match=r"no file for camera cam2.*s_side_rng=0.csv \(names none of the cameras\)"
    ):
        sort_by_camera(list_tables(tmp_path, None), ("cam1", "cam2"))


def test_several_sessions_in_one_folder_are_refused(tmp_path):
    for session in ("a", "b"):
        for camera in ("cam1", "cam2"):
            table(tmp_path / f"{session}_{camera}_rng=0.csv")
    with pytest.raises(DataError, match="2 sessions: a, b"):
        sort_by_camera(list_tables(tmp_path, None), ("cam1", "cam2"))


def test_a_folder_and_a_list_of_files_exclude_each_other(tmp_path):
    with pytest.raises(DataError, match="--input-dir"):
        list_tables(tmp_path, [tmp_path / "a.csv"])
    with pytest.raises(DataError, match="--input-dir"):
        list_tables(None, None)


def test_members_without_a_common_frame_are_named(tmp_path):
    first, second = table(tmp_path / "a.csv"), table(tmp_path / "b.csv", first=100)
    with pytest.raises(DataError, match=r"b\.csv has no frame that another member has"):
        load({"cam1": [first], "cam2": [second]})


def test_a_keypoint_that_one_file_lacks_is_named(tmp_path):
    first, second = table(tmp_path / "a.csv"), table(tmp_path / "b.csv", names=("nose", "ear"))
    with pytest.raises(DataError, match=r"b\.csv lacks the keypoints tail"):
        load({"cam1": [first], "cam2": [second]})


def test_chosen_keypoints_come_in_the_order_asked_for(tmp_path):
    loaded = load({"cam1": [table(tmp_path / "a.csv")]}, ["tail", "nose"])
    assert loaded.names == ("tail", "nose")
    np.testing.assert_array_equal(loaded.members.points[0, 0, 0], [[2, 3], [0, 1]])
