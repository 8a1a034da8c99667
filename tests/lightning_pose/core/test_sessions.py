"""Which videos are a session, where its calibration is looked for, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera, make_camera
from lightning_pose.core.errors import CalibrationError, DataError, VideoError
from lightning_pose.core.sessions import Session, check_session, find_rig, read_sessions, videos_in
from lightning_pose.core.video import VideoInfo

VIEWS = ("cam1", "cam2", "cam3")


@pytest.fixture
def film(tmp_path: Path, make_video: Callable[..., Path]) -> Callable[..., dict[str, Path]]:
    """Write the videos of a session, each view of its own length."""

    def write(name: str, **counts: int) -> dict[str, Path]:
        (tmp_path / "videos").mkdir(exist_ok=True)
        return {v: make_video(tmp_path / "videos" / f"{name}_{v}.mp4", n) for v, n in counts.items()}

    return write


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A session of which only the places of its videos count."""
    folder = tmp_path / "project" / "videos"
    folder.mkdir(parents=True)
    info = VideoInfo(160, 120, 1, 30.0, "h264", 1 / 30)
    return Session("s1", {view: folder / f"s1_{view}.mp4" for view in VIEWS}, dict.fromkeys(VIEWS, info))


def rig(unit: str = "mm") -> Rig:
    cameras = [make_camera(np.diag([200.0, 200, 1]), [], np.eye(3), [shift, 0, 5]) for shift in range(3)]
    camera = Camera(*(np.stack(field) for field in zip(*cameras, strict=True)))
    return Rig(VIEWS, np.tile([160, 120], (3, 1)), camera, unit=unit)


def test_a_session_needs_every_view(film: Callable[..., dict[str, Path]]) -> None:
    videos = film("a", cam1=2, cam3=2)
    with pytest.raises(DataError, match=r"no video of view cam2.*found a_cam1\.mp4, a_cam3\.mp4"):
        check_session("a", videos, VIEWS)
    assert list(check_session("a", videos, ("cam3", "cam1")).videos) == ["cam3", "cam1"]


def test_of_a_partial_session_what_is_there_is_taken(film: Callable[..., dict[str, Path]]) -> None:
    videos = film("a", cam1=90, cam3=4)
    data = videos["cam1"].read_bytes()
    videos["cam1"].write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(VideoError, match="stops half way"):
        check_session("a", videos, ("cam1", "cam3"))
    session = check_session("a", videos, VIEWS, partial=True)
    assert list(session.videos) == list(session.infos) == ["cam1", "cam3"]
    assert (session.n_frames, session.n_images) == (90, 94)
    assert session.infos["cam3"].missing == 0 < session.infos["cam1"].missing < 90
    with pytest.raises(DataError, match="no video of view cam1, cam2, cam3"):
        check_session("a", {}, VIEWS, partial=True)


def test_a_folder_is_read_as_sessions_in_the_order_of_the_views(
    film: Callable[..., dict[str, Path]], tmp_path: Path
) -> None:
    film("b", cam1=3, cam2=3)
    film("a", cam2=2, cam1=2)
    (tmp_path / "videos" / ".hidden.mp4").touch()
    found = read_sessions(tmp_path / "videos", ("cam2", "cam1"))
    assert [(part.name, part.n_frames, list(part.videos)) for part in found] == [
        ("a", 2, ["cam2", "cam1"]),
        ("b", 3, ["cam2", "cam1"]),
    ]


def test_every_session_that_is_not_whole_is_named(
    film: Callable[..., dict[str, Path]], tmp_path: Path
) -> None:
    film("long", cam1=3, cam2=2)
    film("lone", cam1=3)
    film("whole", cam1=2, cam2=2)
    with pytest.raises(DataError) as caught:
        read_sessions(tmp_path / "videos", ("cam1", "cam2"))
    message = str(caught.value)
    assert "session 'lone': no video of view cam2" in message
    assert "session 'long': the views differ in their number of frames: cam1 3, cam2 2" in message
    assert "whole" not in message


def test_videos_are_told_by_their_ending_and_hidden_files_are_none(tmp_path: Path) -> None:
    for name in ("b.MP4", "a.avi", ".c.mp4", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "folder.mp4").mkdir()
    assert [path.name for path in videos_in(tmp_path)] == ["a.avi", "b.MP4"]


def test_a_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "s1_cam1.mp4").symlink_to(tmp_path / "unplugged" / "s1_cam1.mp4")
    (path,) = videos_in(tmp_path)
    with pytest.raises(VideoError, match=r"s1_cam1\.mp4"):
        check_session("s1", {"cam1": path}, ("cam1",))
    with pytest.raises(DataError, match=r"session 's1':.*s1_cam1\.mp4"):
        read_sessions(tmp_path, ("cam1",))


@pytest.mark.parametrize("folder", ["empty", "absent"])
def test_a_folder_without_videos_is_refused(folder: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=rf"{folder}: expected videos \(.mp4.*found none"):
        read_sessions(tmp_path / folder, ("",))


def test_the_nearest_calibration_is_taken(session: Session, tmp_path: Path) -> None:
    videos = session.videos["cam1"].parent
    data_dir = tmp_path / "elsewhere"
    places = [
        data_dir / "calibration.toml",
        videos.parent / "calibrations" / "s1.toml",
        videos / "calibration.toml",
    ]
    for unit, path in zip(("m", "cm", "mm"), places, strict=True):
        path.parent.mkdir(exist_ok=True)
        rig(unit).save(path)
        found = find_rig(session, None, data_dir)
        assert found.rig is not None and found.rig.unit == unit
    given = find_rig(session, places[0], data_dir)
    assert given.rig is not None and given.rig.unit == "m"


def test_where_there_is_none_the_places_are_told(session: Session, tmp_path: Path) -> None:
    found = find_rig(session, None, tmp_path / "elsewhere")
    assert found.rig is None
    videos = session.videos["cam1"].parent
    assert found.looked == (videos, videos.parent, tmp_path / "elsewhere")
    assert find_rig(session, "none", tmp_path) == (None, ())


def test_one_view_needs_none(session: Session, tmp_path: Path) -> None:
    rig().save(tmp_path / "rig.toml")
    alone = Session("s1", {"": session.videos["cam1"]}, {"": session.infos["cam1"]})
    assert find_rig(alone, tmp_path / "rig.toml", None).rig is None


def test_cameras_of_other_views_or_sizes_are_refused(session: Session, tmp_path: Path) -> None:
    rig().select(["cam1", "cam2"]).save(tmp_path / "two.toml")
    with pytest.raises(CalibrationError, match="view 'cam3' has no camera"):
        find_rig(session, tmp_path / "two.toml", None)
    rig().scaled_to(rig().sizes * 2).save(tmp_path / "large.toml")
    with pytest.raises(CalibrationError, match="its video is 160 x 120 px"):
        find_rig(session, tmp_path / "large.toml", None)
    with pytest.raises(CalibrationError, match="absent"):
        find_rig(session, tmp_path / "absent.toml", None)


def test_a_video_that_may_not_be_read_is_named_as_others_are(
    film: Callable[..., dict[str, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    videos = film("a", cam1=2)

    def forbid(path: Path, *, partial: bool) -> VideoInfo:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("lightning_pose.core.sessions.probe", forbid)
    with pytest.raises(VideoError, match=r"a_cam1\.mp4: permission denied"):
        check_session("a", videos, ("cam1",))
