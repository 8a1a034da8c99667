"""Chosen frames kept in a file."""

import json

import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.project import open_project
from lightning_pose.core.sessions import check_session
from lightning_pose.core.video import VideoWriter
from lightning_pose.frames.extraction import Pick, Plan, extract
from lightning_pose.frames.plan_file import read_plans, write_plans


@pytest.fixture
def plan(toy_project):
    """A project of two views, and two of the frames of a session in it."""
    folder = toy_project()
    (folder / "videos").mkdir(exist_ok=True)
    videos = {view: folder / "videos" / f"new_{view}.mp4" for view in ("left", "right")}
    for path in videos.values():
        with VideoWriter(path, 32, 32, 30) as writer:
            for _ in range(12):
                writer.write(np.zeros((32, 32, 3), np.uint8))
    project = open_project(folder)
    session = check_session("new", videos, project.views)
    picks = (Pick(3, "difficult", ("elbow in left: 9 px off",)), Pick(8, "kmeans"))
    return project, Plan(session, picks, context=1)


def test_what_was_written_is_read(plan, tmp_path):
    project, chosen = plan
    write_plans(tmp_path / "plan.json", [chosen])
    (read,) = read_plans(tmp_path / "plan.json", project)
    assert (read.picks, read.context, read.session.name) == (chosen.picks, 1, "new")
    assert list(read.session.videos) == ["left", "right"]


def test_frames_that_were_extracted_meanwhile_are_left_out(plan, tmp_path):
    project, chosen = plan
    write_plans(tmp_path / "plan.json", [chosen])
    extract(project, chosen._replace(picks=chosen.picks[:1]))
    assert [pick.frame for pick in read_plans(tmp_path / "plan.json", project)[0].picks] == [8]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sessions": [{"session": "new"}]}'])
def test_another_file_is_refused(plan, tmp_path, text):
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(DataError, match="expected chosen frames"):
        read_plans(tmp_path / "plan.json", plan[0])


@pytest.mark.parametrize("frame", [-1, 12])
def test_a_frame_that_the_video_has_not_is_refused(plan, tmp_path, frame):
    project, chosen = plan
    path = tmp_path / "plan.json"
    write_plans(path, [chosen])
    record = json.loads(path.read_text())
    record["sessions"][0]["frames"][0]["frame"] = frame
    path.write_text(json.dumps(record))
    with pytest.raises(DataError, match=f"session 'new' has no frame {frame}"):
        read_plans(path, project)
