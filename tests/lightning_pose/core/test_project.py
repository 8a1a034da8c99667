import numpy as np
import pytest
import yaml

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import Project, create_project, is_project, open_project, save_project
from lightning_pose.core.skeletons import Skeleton, skeleton_from_names
from lightning_pose.core.tables import write_poses

NAMES = ("nose", "ear_left", "ear_right")


def write_labels(path, view="", names=NAMES, rows=2):
    folder = f"s_{view}" if view else "s"
    frames = np.array([f"labeled-data/{folder}/img{row:08d}.png" for row in range(rows)])
    write_poses(path, Poses(tuple(names), np.ones((rows, len(names), 2)), frames))


def write_yaml(folder, **record):
    (folder / "project.yaml").write_text(yaml.safe_dump(record))


def touch_videos(folder, *names):
    (folder / "videos").mkdir()
    for name in names:
        (folder / "videos" / name).write_bytes(b"")


def refuses(folder, *texts):
    with pytest.raises(DataError) as caught:
        open_project(folder)
    for text in texts:
        assert text in str(caught.value)


def test_a_project_that_was_created_is_opened_as_it_was(tmp_path):
    skeleton = skeleton_from_names(NAMES, [("nose", "ear_left"), ("nose", "ear_right")])
    made = create_project(tmp_path / "p", ["side", "top-left"], skeleton)
    opened = open_project(tmp_path / "p")
    assert opened == made
    assert (opened.view_names, opened.skeleton) == (("side", "top-left"), skeleton)
    assert opened.keypoint_names == NAMES
    assert opened.label_file("side") == tmp_path / "p" / "CollectedData_side.csv"
    assert {path.name for path in (tmp_path / "p").iterdir()} == {"project.yaml", "videos", "labeled-data"}


def test_a_project_is_not_created_over_another(tmp_path):
    create_project(tmp_path, [], Skeleton(NAMES))
    with pytest.raises(DataError, match="exists already"):
        create_project(tmp_path, [], Skeleton(NAMES))


def test_a_view_that_cannot_be_part_of_a_file_name_is_refused(tmp_path):
    with pytest.raises(DataError, match="'a/b' cannot be part"):
        create_project(tmp_path / "p", ["a/b"], Skeleton(NAMES))
    assert not (tmp_path / "p" / "project.yaml").exists()


def test_keys_of_other_programs_are_kept(tmp_path):
    write_yaml(tmp_path, view_names=["a"], keypoint_names=["k", "m"], schema_version=1)
    project = open_project(tmp_path)
    save_project(Project(tmp_path, ("a", "b"), project.skeleton, {}, project.other))
    assert yaml.safe_load((tmp_path / "project.yaml").read_text()) == {
        "view_names": ["a", "b"],
        "keypoint_names": ["k", "m"],
        "skeleton": [],
        "swaps": [],
        "schema_version": 1,
    }


def test_skeleton_and_swaps_are_the_projects_own_or_read_off_the_names(tmp_path):
    write_yaml(tmp_path, view_names=[], keypoint_names=list(NAMES))
    assert open_project(tmp_path).skeleton == Skeleton(NAMES, (), ((1, 2),))
    write_yaml(
        tmp_path, view_names=[], keypoint_names=list(NAMES), skeleton=[["nose", "ear_right"]], swaps=[]
    )
    assert open_project(tmp_path).skeleton == Skeleton(NAMES, ((0, 2),), ())


def test_everything_wrong_in_the_project_file_is_said_at_once(tmp_path):
    write_yaml(tmp_path, view_names="cam1", keypoint_names=["a", "a", 3], skeleton=["ab"], swaps=[["a"]])
    refuses(
        tmp_path,
        "project.yaml",
        "view_names: expected a list",
        "keypoint_names: expected",
        "skeleton:",
        "swaps:",
    )
    write_yaml(tmp_path, view_names=["c 1", "c2", "c2"], keypoint_names=["a", "a"])
    refuses(tmp_path, "view_names: c2 occurs twice", "keypoint_names: a occurs twice")
    write_yaml(tmp_path, view_names=[], keypoint_names=["a"], skeleton=[["a", "b"]])
    refuses(tmp_path, "project.yaml", "edge a - b: no keypoint b")
    (tmp_path / "project.yaml").write_text("view_names: [a\n")
    refuses(tmp_path, "is not YAML")
    (tmp_path / "project.yaml").write_text("- a\n")
    refuses(tmp_path, "got a list")


def test_a_folder_that_is_no_project_is_said_to_be_none(tmp_path):
    refuses(tmp_path / "none", "is not a folder")
    refuses(tmp_path, "is not a project", "CollectedData_<view>.csv")
    (tmp_path / "project.yaml").write_text("")
    refuses(tmp_path, "is not a project")


def test_views_and_keypoints_are_read_off_the_label_files(tmp_path):
    for view in ("cam10", "cam2"):
        write_labels(tmp_path / f"CollectedData_{view}.csv", view)
        write_labels(tmp_path / f"CollectedData_{view}_new.csv", view)
    (tmp_path / "notes.csv").write_text("")
    project = open_project(tmp_path)
    assert project.view_names == project.views == ("cam2", "cam10")
    assert project.keypoint_names == NAMES
    assert list(project.read_labels()) == ["cam2", "cam10"]


def test_a_single_view_is_read_off_its_label_file(tmp_path):
    write_labels(tmp_path / "CollectedData.csv")
    write_labels(tmp_path / "CollectedData_new.csv")
    project = open_project(tmp_path)
    assert (project.view_names, project.views) == ((), ("",))
    assert project.label_file() == tmp_path / "CollectedData.csv"
    assert len(project.read_labels()[""]) == 2


def test_label_files_named_after_their_views_are_told_from_other_tables(tmp_path):
    write_labels(tmp_path / "cam1.csv", "cam1")
    write_labels(tmp_path / "cam2.csv", "cam2")
    frames = np.arange(2)
    write_poses(tmp_path / "truth_3d.csv", Poses(NAMES, np.ones((2, 3, 3)), frames))
    write_poses(
        tmp_path / "prediction.csv", Poses(NAMES, np.ones((2, 3, 2)), frames, likelihood=np.ones((2, 3)))
    )
    (tmp_path / "calibrations.csv").write_text(",file\nimg0.png,a.toml\n")
    assert open_project(tmp_path).view_names == ("cam1", "cam2")


def test_a_broken_label_file_does_not_make_a_view_vanish(tmp_path):
    write_labels(tmp_path / "cam1.csv", "cam1")
    (tmp_path / "cam2.csv").write_text("")
    refuses(tmp_path, "cam2.csv is empty")
    (tmp_path / "cam2.csv").write_text("scorer,me,me\nbodyparts,a\n")
    refuses(tmp_path, "cam2.csv ends after 2 lines")


def test_labels_of_one_view_and_of_many_at_once_are_not_guessed(tmp_path):
    write_labels(tmp_path / "CollectedData.csv")
    write_labels(tmp_path / "CollectedData_cam1.csv", "cam1")
    refuses(tmp_path, "CollectedData_cam1.csv", "say in project.yaml")
    write_yaml(tmp_path, view_names=["cam1"])
    assert list(open_project(tmp_path).read_labels()) == ["cam1"]


def test_a_view_without_labels_is_named(tmp_path):
    write_yaml(tmp_path, view_names=["cam1", "cam2"], keypoint_names=list(NAMES))
    write_labels(tmp_path / "CollectedData_cam1.csv", "cam1")
    with pytest.raises(DataError, match=r"expected: .*CollectedData_cam2\.csv or .*cam2\.csv"):
        open_project(tmp_path).read_labels()


def test_labels_of_other_keypoints_than_the_projects_are_refused(tmp_path):
    write_yaml(tmp_path, view_names=[], keypoint_names=["nose"])
    write_labels(tmp_path / "CollectedData.csv")
    with pytest.raises(DataError, match=r"CollectedData\.csv has the keypoints nose, ear_left.*names nose$"):
        open_project(tmp_path).read_labels()


def test_labels_whose_views_differ_are_refused(tmp_path):
    write_labels(tmp_path / "CollectedData_a.csv", "a")
    write_labels(tmp_path / "CollectedData_b.csv", "b", names=("nose", "ear_left", "tail"), rows=3)
    with pytest.raises(DataError, match="3 rows against 2") as caught:
        open_project(tmp_path).read_labels()
    assert "lacks keypoints ear_right and has keypoints tail in addition" in str(caught.value)


def test_sessions_are_found_by_their_videos_and_incomplete_ones_named(tmp_path):
    write_yaml(tmp_path, view_names=["cam1", "cam10"], keypoint_names=["a"])
    touch_videos(tmp_path, "x_cam1.mp4", "x_cam10.MP4", "y_cam10.avi", ".x_cam1-tmp.mp4", "notes.txt")
    project = open_project(tmp_path)
    videos = project.videos()
    assert {session: list(views) for session, views in videos.items()} == {
        "x": ["cam1", "cam10"],
        "y": ["cam10"],
    }
    assert project.incomplete() == {"y": ("cam1",)}


def test_a_video_of_no_view_is_named(tmp_path):
    write_yaml(tmp_path, view_names=["cam1"], keypoint_names=["a"])
    touch_videos(tmp_path, "x_cam1.mp4", "stray.mp4")
    with pytest.raises(DataError, match=r"stray\.mp4"):
        open_project(tmp_path).videos()


def test_a_project_without_videos_has_no_sessions(tmp_path):
    write_yaml(tmp_path, view_names=["cam1"], keypoint_names=["a"])
    assert open_project(tmp_path).videos() == {}


@pytest.mark.realdata
def test_a_recording_of_four_cameras_is_a_project(real_data):
    project = open_project(real_data / "human-4cam")
    views = ("cam1", "cam2", "cam3", "cam4")
    assert project.view_names == views
    assert list(project.videos()) == ["balancing"]
    assert project.incomplete() == {}
    assert [len(poses) for poses in project.read_labels().values()] == [70] * 4
    named = {(project.keypoint_names[a], project.keypoint_names[b]) for a, b in project.skeleton.swaps}
    assert len(named) == 11
    assert ("LSmallToe", "RSmallToe") in named
    assert len(project.skeleton.edges) >= 20


@pytest.mark.realdata
def test_a_recording_of_one_camera_is_a_project(real_data):
    project = open_project(real_data / "mirror-mouse")
    assert project.view_names == ()
    assert list(project.videos()) == ["test_vid"]
    assert len(project.keypoint_names) == 17
    assert len(project.read_labels()[""]) == 70


@pytest.mark.parametrize("name", ["project.yaml", "CollectedData.csv", "CollectedData_top.csv"])
def test_a_folder_looks_like_a_project_by_the_names_of_its_files(tmp_path, name):
    assert not is_project(tmp_path)
    (tmp_path / name).write_text("")
    assert is_project(tmp_path)
