"""Which session a folder is of, and what is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.project import open_project
from lightning_pose.core.tables import read_poses, write_poses
from lightning_pose.pseudolabels.smoothed import read_smoothed

from .conftest import NAMES, SIZES


@pytest.fixture
def source(recording):
    return recording()


def read(source, *sources: str):
    project = open_project(source.project)
    return read_smoothed(sources or source.smoothed, project.videos(), project.views, NAMES)


def test_tables_and_videos_of_every_session_come_together(source):
    for item in read(source):
        assert list(item.views) == ["left", "right"]
        for view, poses in item.views.items():
            assert poses.equals(source.truth[item.session.name][view])
        assert item.world is not None and item.world.dims == 3
        assert item.sizes.tolist() == [list(SIZES["left"]), list(SIZES["right"])]
        assert item.points.shape == (80, 2, 3, 2) and item.frames.tolist() == list(range(80))


def test_keypoints_are_put_into_the_projects_order(source):
    path = Path(source.smoothed[0]) / "multicam_left_results.csv"
    write_poses(path, read_poses(path).select(NAMES[::-1]))
    assert read(source)[0].views["left"].equals(source.truth["s0"]["left"])


def test_the_session_is_told_by_the_argument_the_record_or_the_folder(source, tmp_path):
    other = tmp_path / "result"
    shutil.copytree(source.smoothed[1], other)
    assert read(source, f"wild={other}")[0].session.name == "wild"
    with pytest.raises(
        DataError, match=r"which session is it of\? Say SESSION=.*Sessions with videos: s0, wild"
    ):
        read(source, str(other))
    record = {"files": {"left": ["preds/wild_left_rng=0.csv"], "right": ["preds/wild_right_rng=0.csv"]}}
    (other / "multicam_results.json").write_text(json.dumps(record))
    assert read(source, str(other))[0].session.name == "wild"


def test_faults_of_all_sources_are_said_together(source, tmp_path):
    first, second = map(Path, source.smoothed)
    (first / "multicam_right_results.csv").unlink()
    path = second / "multicam_left_results.csv"
    poses = read_poses(path)
    write_poses(path, type(poses)(poses.names, poses.points, poses.frames, likelihood=poses.likelihood))
    with pytest.raises(DataError) as error:
        read(source, str(first), str(second), str(tmp_path / "none"))
    message = str(error.value)
    assert "view 'right': expected one smoothed table, found none" in message
    assert "is no smoothed table: expected frame numbers and the columns x, x_posterior_var" in message
    assert "there is no folder" in message


def test_frames_beyond_the_videos_and_sessions_given_twice_are_refused(source):
    path = Path(source.smoothed[0])
    for file in path.glob("*.csv"):
        poses = read_poses(file)
        write_poses(file, type(poses)(poses.names, poses.points, poses.frames + 1, variance=poses.variance))
    with pytest.raises(DataError, match="frames 1 to 80; the videos of session 's0' have 80"):
        read(source)
    with pytest.raises(DataError, match="session 'wild' is given twice"):
        read(source, source.smoothed[1], source.smoothed[1])


def test_keypoints_that_are_lacking_are_named(source):
    path = Path(source.smoothed[0]) / "multicam_left_results.csv"
    write_poses(path, read_poses(path).select(NAMES[:2]))
    with pytest.raises(DataError, match="lacks the keypoints paw_right"):
        read(source)


def test_the_world_may_be_missing(recording):
    source = recording(world=False)
    assert [item.world for item in read(source)] == [None, None]


def test_one_view_is_one_table(recording):
    source = recording(views=())
    items = read(source)
    np.testing.assert_array_equal(items[0].points[:, 0], source.truth["s0"][""].points)
