"""`litpose add`: looks, says, and puts in place."""

import av
import numpy as np
import pytest

from lightning_pose.cli.main import main
from lightning_pose.core.progress_file import read_progress
from lightning_pose.core.project import open_project
from lightning_pose.core.video import VideoWriter
from lightning_pose.projects.create import new_project


@pytest.fixture
def folder(tmp_path):
    """A project, with recordings beside it."""
    new_project(tmp_path / "p", ["nose"], ["top", "side"])
    (tmp_path / "r").mkdir()
    for view in ("top", "side"):
        with VideoWriter(tmp_path / "r" / f"m_{view}.mp4", 32, 32, fps=30) as writer:
            for _ in range(3):
                writer.write(np.zeros((32, 32, 3), dtype=np.uint8))
    return tmp_path


def test_recordings_are_put_in_place(folder, capsys):
    assert main(["add", str(folder / "p"), str(folder / "r")]) == 0
    said = capsys.readouterr().out
    assert "m: 2 of 2 views, 3 frames at 30/s, 32 x 32" in said
    assert "in place: 2 videos, 0 of them copied" in said
    assert list(open_project(folder / "p").videos()) == ["m"]


def test_a_look_changes_nothing(folder, capsys):
    assert main(["add", str(folder / "p"), str(folder / "r"), "--dry_run"]) == 0
    assert "m: 2 of 2 views" in capsys.readouterr().out
    assert open_project(folder / "p").videos() == {}


def test_copies_when_asked(folder, capsys):
    assert main(["add", str(folder / "p"), str(folder / "r"), "--copy", "--no_proxies"]) == 0
    assert "2 of them copied" in capsys.readouterr().out


def test_a_session_with_faults_is_a_message(folder, capsys):
    (folder / "r" / "m_top.mp4").unlink()
    assert main(["add", str(folder / "p"), str(folder / "r")]) == 2
    assert "no video of view top" in capsys.readouterr().err


def test_programs_that_wait_are_told_how_far_copies_for_the_browser_are(folder, tmp_path):
    for path in (folder / "r").iterdir():
        path.unlink()
    for view in ("top", "side"):
        with av.open(str(folder / "r" / f"m_{view}.avi"), "w") as container:
            stream = container.add_stream("mpeg4", rate=30)
            stream.width = stream.height = 32
            stream.pix_fmt = "yuv420p"
            for _ in range(5):
                picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
                container.mux(stream.encode(picture))
            container.mux(stream.encode())
    file = tmp_path / "progress.json"
    assert main(["add", str(folder / "p"), str(folder / "r"), "--progress_file", str(file)]) == 0
    progress = read_progress(file)
    assert progress is not None and progress.completed == progress.total == 10
