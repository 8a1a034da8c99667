"""Recordings put into a project: sorted, compared, linked, and never changed."""

import os
from pathlib import Path

import av
import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.project import open_project
from lightning_pose.core.video import VideoWriter, probe
from lightning_pose.projects import sessions
from lightning_pose.projects.create import new_project
from lightning_pose.projects.sessions import add_sessions, plan_sessions, proxy_file, videos_among

SIZE = (64, 48)


@pytest.fixture
def project(tmp_path):
    return new_project(tmp_path / "project", ["nose", "tail"], ["top", "side"])


def film(path: Path, frames: int = 6, fps: float = 30) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path, *SIZE, fps=fps) as writer:
        for number in range(frames):
            writer.write(np.full((SIZE[1], SIZE[0], 3), 30 * number, dtype=np.uint8))
    return path


def film_avi(path: Path, frames: int = 6) -> Path:
    """Write a video that no browser plays."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(frames):
            frame = np.full((SIZE[1], SIZE[0], 3), 30 * number, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def recordings(tmp_path):
    """Two whole sessions."""
    folder = tmp_path / "recordings"
    for name in ("m1", "m2"):
        for view in ("top", "side"):
            film(folder / f"{name}_{view}.mp4")
    return folder


def test_videos_are_sorted_by_session_and_view_and_looked_at(project, recordings):
    first, second = plan_sessions(project, [recordings])
    assert (first.name, second.name) == ("m1", "m2")
    assert list(first.videos) == ["top", "side"]
    assert first.infos["top"].n_frames == 6
    assert first.faults == first.notes == ()


def test_added_sessions_are_videos_of_the_project(project, recordings):
    added = add_sessions(project, plan_sessions(project, [recordings]))
    assert {one.how for one in added} == {"link"}
    assert not any(one.proxy for one in added)
    found = open_project(project.folder).videos()
    assert list(found) == ["m1", "m2"]
    assert found["m1"]["top"].samefile(recordings / "m1_top.mp4")
    assert not found["m1"]["top"].is_symlink()  # inside the project whatever else happens
    assert added[0].path == found["m1"]["top"]


def test_a_copy_shares_nothing_with_the_recording(project, recordings):
    add_sessions(
        project, plan_sessions(project, [recordings / "m1_top.mp4", recordings / "m1_side.mp4"]), how="copy"
    )
    copy = project.videos()["m1"]["top"]
    assert copy.read_bytes() == (recordings / "m1_top.mp4").read_bytes()
    assert not copy.samefile(recordings / "m1_top.mp4")


def test_where_no_link_can_be_made_the_file_is_copied(project, recordings, monkeypatch):
    def across(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", across)
    added = add_sessions(project, plan_sessions(project, [recordings]))
    assert {one.how for one in added} == {"copy"}
    assert len(project.videos()) == 2


def test_adding_once_more_changes_nothing(project, recordings):
    for how in ("link", "copy"):
        add_sessions(project, plan_sessions(project, [recordings]), how=how)
    before = {path: path.stat().st_mtime_ns for path in (project.folder / "videos").iterdir()}
    add_sessions(project, plan_sessions(project, [recordings]))
    assert {path: path.stat().st_mtime_ns for path in (project.folder / "videos").iterdir()} == before


def test_what_is_wrong_is_said_of_every_session_and_nothing_is_added(project, recordings):
    (recordings / "m1_side.mp4").unlink()
    film(recordings / "m2_side.mp4", frames=5)
    (recordings / "m3_top.mp4").write_bytes(b"no video")
    film(recordings / "m3_side.mp4")
    planned = plan_sessions(project, [recordings])
    assert "no video of view side" in planned[0].faults[0]
    assert "top 6, side 5" in planned[1].faults[0]
    assert "m3_top.mp4" in planned[2].faults[0]
    with pytest.raises(DataError, match="3 faults"):
        add_sessions(project, planned)
    assert project.videos() == {}


def test_another_recording_of_a_name_that_is_taken_is_refused(project, recordings, tmp_path):
    add_sessions(project, plan_sessions(project, [recordings]))
    other = film(tmp_path / "again" / "m1_top.mp4", frames=9)
    film(tmp_path / "again" / "m1_side.mp4", frames=9)
    [planned] = plan_sessions(project, [other.parent])
    assert "is another file" in planned.faults[0]


def test_rates_that_differ_are_worth_a_note(project, tmp_path):
    film(tmp_path / "r" / "m_top.mp4", fps=30)
    film(tmp_path / "r" / "m_side.mp4", fps=60)
    [planned] = plan_sessions(project, [tmp_path / "r"])
    assert planned.faults == ()
    assert "top 30.0, side 60.0" in planned.notes[0]


@pytest.mark.parametrize("names", [[], ["notes.txt"], [".m_top.mp4"]])
def test_a_folder_without_videos_is_a_message(project, tmp_path, names):
    (tmp_path / "r").mkdir()
    for name in names:
        (tmp_path / "r" / name).write_text("")
    assert videos_among([tmp_path / "r"]) == []
    with pytest.raises(DataError, match="found none"):
        plan_sessions(project, [tmp_path / "r"])


def test_names_that_end_in_no_view_are_refused(project, tmp_path):
    film(tmp_path / "r" / "m_front.mp4")
    with pytest.raises(DataError, match="m_front"):
        plan_sessions(project, [tmp_path / "r"])


def test_what_the_browser_does_not_play_gets_a_copy_that_it_does_and_stays_itself(tmp_path):
    project = new_project(tmp_path / "single", ["nose"])
    source = film_avi(tmp_path / "m.avi")
    [planned] = plan_sessions(project, [source])
    assert "mpeg4" in planned.notes[0]
    told = []
    [added] = add_sessions(project, [planned], report=lambda *news: told.append(news))
    assert added.path.suffix == ".avi"
    assert added.path.samefile(source)
    assert added.proxy == proxy_file(project.folder, added.path)
    assert probe(added.proxy).n_frames == 6
    assert told[-1] == ("m.avi", 6, 6)


def test_a_copy_for_the_browser_is_made_once_and_anew_when_the_video_changes(tmp_path, monkeypatch):
    project = new_project(tmp_path / "single", ["nose"])
    planned = plan_sessions(project, [film_avi(tmp_path / "m.avi")])
    add_sessions(project, planned)
    made = []
    monkeypatch.setattr(sessions, "make_playable", lambda *arguments: made.append(arguments))
    add_sessions(project, planned)
    assert made == []
    [video] = (project.folder / "videos").iterdir()
    os.utime(video, ns=(2**62, 2**62))
    add_sessions(project, planned)
    assert len(made) == 1
