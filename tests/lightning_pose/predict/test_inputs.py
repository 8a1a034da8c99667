"""What files and folders stand for, and what is said of those that stand for nothing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses
from lightning_pose.predict.inputs import find_inputs

VIEWS = ("cam1", "cam2", "cam3")


@pytest.fixture
def label_file(tmp_path: Path) -> Callable[[str], Path]:
    def write(name: str) -> Path:
        frames = np.array(["labeled-data/s/img00000001.png"])
        path = tmp_path / "project" / name
        write_poses(path, Poses(("red", "green"), np.ones((1, 2, 2)), frames))
        return path

    return write


def test_files_and_folders_become_sessions_each_video_once(
    film_session: Callable[..., dict[str, Path]],
) -> None:
    counts = dict.fromkeys(VIEWS, 2)
    first, second = film_session("a", counts=counts), film_session("b", counts=counts)
    folder = first["cam1"].parent
    (folder / "notes.txt").write_text("no video")
    found = find_inputs([folder, first["cam1"], *second.values()], VIEWS)
    assert [session.name for session in found.sessions] == ["a", "b"]
    assert list(found.sessions[0].videos) == list(VIEWS)
    assert found.sessions[0].n_frames == 2
    assert not found.failures and not found.label_sets


def test_of_a_folder_only_the_sessions_that_are_asked_for_are_opened(
    film_session: Callable[..., dict[str, Path]],
) -> None:
    counts = dict.fromkeys(VIEWS, 2)
    folder = film_session("a", counts=counts)["cam1"].parent
    film_session("b", counts=counts)
    (folder / "c_cam1.mp4").write_bytes(b"no video")
    (folder / "holiday.mp4").write_bytes(b"no video")
    found = find_inputs([folder], VIEWS, only=["b"])
    assert [session.name for session in found.sessions] == ["b"]
    assert not found.failures
    with pytest.raises(DataError, match=r"(?s)no videos of these sessions.*'x'.*'y'"):
        find_inputs([folder], VIEWS, only=["x", "b", "y"])


def test_videos_of_a_single_view_are_sessions_of_their_own(
    film_session: Callable[..., dict[str, Path]],
) -> None:
    videos = film_session("a", counts={"cam1": 2, "cam2": 3})
    found = find_inputs(videos.values(), ("",))
    assert [(s.name, s.n_frames) for s in found.sessions] == [("a_cam1", 2), ("a_cam2", 3)]


def test_inputs_that_are_none_are_listed_together(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "project" / "videos").mkdir(parents=True)
    (tmp_path / "image.png").touch()
    wrong = [tmp_path / name for name in ("empty", "project", "image.png", "absent.mp4")]
    with pytest.raises(DataError) as caught:
        find_inputs(wrong, VIEWS)
    message = str(caught.value)
    assert "4 faults" in message
    assert f"did you mean its videos, {tmp_path / 'project' / 'videos'}" in message
    assert "image.png: expected a video" in message and "absent.mp4: there is no such file" in message


def test_two_videos_of_the_same_view_are_not_chosen_between(
    tmp_path: Path, film_session: Callable[..., dict[str, Path]]
) -> None:
    videos = film_session("a", counts={"cam1": 2})
    other = tmp_path / "other" / "a_cam1.mp4"
    other.parent.mkdir()
    other.write_bytes(videos["cam1"].read_bytes())
    with pytest.raises(DataError, match="are both session 'a', view 'cam1'"):
        find_inputs([videos["cam1"], other], VIEWS)


def test_labels_of_all_views_are_one_set(label_file: Callable[[str], Path]) -> None:
    usual = [label_file(f"CollectedData_{view}.csv") for view in VIEWS]
    new = [label_file(f"CollectedData_{view}_new.csv") for view in VIEWS]
    found = find_inputs([*usual[::-1], *new], VIEWS)
    assert [part.name for part in found.label_sets] == ["CollectedData", "CollectedData_new"]
    assert list(found.label_sets[0].files.values()) == usual
    assert list(found.label_sets[1].files.values()) == new


def test_a_project_folder_stands_for_its_labels(label_file: Callable[[str], Path], tmp_path: Path) -> None:
    files = [label_file(f"CollectedData_{view}.csv") for view in VIEWS]
    found = find_inputs([tmp_path / "project"], VIEWS)
    assert list(found.label_sets[0].files.values()) == files


def test_labels_that_lack_a_view_are_named(label_file: Callable[[str], Path]) -> None:
    files = [label_file(f"CollectedData_{view}.csv") for view in ("cam1", "cam3")]
    other = label_file("CollectedData.csv")
    found = find_inputs([*files, other], VIEWS)
    assert not found.label_sets
    reasons = [failure.reason for failure in found.failures]
    assert "belongs to no view of the model" in reasons[0]
    assert "no label file of view cam2: give those of all views" in reasons[1]
