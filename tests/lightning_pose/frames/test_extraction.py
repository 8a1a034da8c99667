"""Images are the frames they are named after, in all views; nothing is replaced or left half done."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import open_project
from lightning_pose.core.sessions import check_session
from lightning_pose.core.tables import read_labels, write_poses
from lightning_pose.core.video import VideoReader
from lightning_pose.frames.extraction import (
    Pick,
    Plan,
    append_rows,
    extract,
    extracted_frames,
    labeled_frames,
    record_file,
)

from .conftest import number_in


@pytest.fixture
def project(filmed):
    return filmed()


def plan(project, *frames, context=2):
    session = check_session("s1", project.videos()["s1"], project.views)
    return Plan(session, tuple(Pick(frame, "list", ("why",)) for frame in frames), context)


def test_every_image_is_the_frame_that_its_name_says(project):
    rows = extract(project, plan(project, 0, 20, 59))
    assert rows[1] == {view: f"labeled-data/s1_{view}/img00000020.png" for view in ("left", "right")}
    for view in project.views:
        images = sorted((project.folder / "labeled-data" / f"s1_{view}").iterdir())
        numbers = [int(path.stem[3:]) for path in images]
        assert numbers == [0, 1, 2, 18, 19, 20, 21, 22, 57, 58, 59]
        assert [number_in(path) for path in images] == numbers


def test_the_record_says_what_was_chosen_and_why(project):
    extract(project, plan(project, 20, context=1))
    extract(project, plan(project, 7, context=1))
    record = json.loads(record_file(project, "s1").read_text())
    assert [entry["frame"] for entry in record["frames"]] == [7, 20] and record["context"] == 1
    assert record["frames"][0]["images"]["right"] == "labeled-data/s1_right/img00000007.png"
    assert record["frames"][0]["method"] == "list" and record["frames"][0]["reasons"] == ["why"]
    assert extracted_frames(project, "s1") == {7, 20} and extracted_frames(project, "s2") == set()


def test_an_image_that_is_there_is_not_replaced(project):
    there = project.folder / "labeled-data" / "s1_left" / "img00000020.png"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"labeled by hand")
    extract(project, plan(project, 20))
    assert there.read_bytes() == b"labeled by hand"
    assert number_in(there.with_name("img00000021.png")) == 21


@pytest.mark.parametrize("stop", [0, 3, 8, 13])
def test_an_interrupted_extraction_leaves_no_half_session_and_goes_on(project, monkeypatch, stop):
    reads = []
    read = VideoReader.__getitem__

    def interrupted(self, number):
        reads.append(number)
        if len(reads) > stop:
            raise KeyboardInterrupt
        return read(self, number)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(VideoReader, "__getitem__", interrupted)
        extract(project, plan(project, 10, 30, 50))
    assert not list(project.folder.glob("labeled-data/*/*")) and not record_file(project, "s1").exists()
    reads.clear()
    monkeypatch.setattr(VideoReader, "__getitem__", lambda self, n: reads.append(n) or read(self, n))
    extract(project, plan(project, 10, 30, 50))
    assert len(reads) == 30 - stop
    images = sorted(project.folder.glob("labeled-data/*/*.png"))
    assert len(images) == 30 and all(number_in(path) == int(path.stem[3:]) for path in images)
    assert sorted(path.name for path in (project.folder / "extracted").iterdir()) == ["s1.json"]


def test_rows_are_appended_to_all_views_and_labels_stay(project):
    for view in project.views:
        points = np.array([[[1.5, 2.0], [3.0, 4.0]]])
        frames = np.array([f"labeled-data/s1_{view}/img00000005.png"])
        file = project.folder / f"CollectedData_{view}.csv"
        write_poses(file, Poses(("nose", "tail"), points, frames, visible=np.array([[2, 1]])), scorer="anna")
    project = open_project(project.folder)
    assert labeled_frames(project, "s1") == {5} and labeled_frames(project, "s2") == set()
    rows = extract(project, plan(project, 20, 40))
    append_rows(project, rows)
    append_rows(project, rows)  # a second time adds nothing
    labels = project.read_labels()["right"]
    assert labels.frames.tolist() == [f"labeled-data/s1_right/img000000{n}.png" for n in ("05", "20", "40")]
    assert labels.points[0].tolist() == [[1.5, 2.0], [3.0, 4.0]] and np.isnan(labels.points[1:]).all()
    assert (
        labels.visible is not None
        and labels.visible.tolist() == [[2, 1], [0, 0], [0, 0]]
        and labels.scorer == "anna"
    )
    assert labeled_frames(project, "s1") == {5, 20, 40}


def test_rows_of_a_project_without_labels_make_its_files(project):
    append_rows(project, extract(project, plan(project, 3)), scorer="me")
    labels = read_labels(project.folder / "CollectedData_left.csv")
    assert labels.names == ("nose", "tail") and labels.frames.tolist() == [
        "labeled-data/s1_left/img00000003.png"
    ]


def test_a_record_that_is_none_is_refused(project):
    record_file(project, "s1").parent.mkdir()
    record_file(project, "s1").write_text('{"frames": [{"frame": "x"}]}')
    with pytest.raises(DataError, match="no record of extracted frames"):
        extract(project, plan(project, 3))
    assert not list(project.folder.glob("labeled-data/*/*"))


def test_two_programs_at_once_write_each_image_and_each_line_of_the_record_once(project):
    plans = [plan(project, frame, 30) for frame in (10, 12, 50)]
    with ThreadPoolExecutor() as pool:  # every call opens the folder for itself, as a process would
        list(pool.map(lambda own: extract(project, own), plans))
    record = json.loads(record_file(project, "s1").read_text())
    assert [entry["frame"] for entry in record["frames"]] == [10, 12, 30, 50]
    images = sorted(project.folder.glob("labeled-data/*/*.png"))
    numbers = {*range(8, 15), *range(28, 33), *range(48, 53)}
    assert len(images) == 2 * len(numbers)
    assert all(number_in(path) == int(path.stem[3:]) for path in images)


def test_what_another_interrupted_run_left_aside_does_not_become_an_image(project):
    aside = project.folder / "extracted" / ".s1" / "labeled-data" / "s1_left" / "img00000005.png"
    aside.parent.mkdir(parents=True)
    aside.write_bytes(b"of another plan")
    extract(project, plan(project, 40))
    assert not (project.folder / "labeled-data" / "s1_left" / "img00000005.png").exists()
    assert not aside.exists()
