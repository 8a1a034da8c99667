"""Where the calibration of a session is looked for, in which order, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lightning_pose.core.errors import CalibrationError
from lightning_pose.predict.cameras import find_rig
from lightning_pose.predict.inputs import Session, check_session

VIEWS = ("cam1", "cam2", "cam3")


@pytest.fixture
def session(film_session: Callable[..., dict[str, Path]]) -> Session:
    return check_session("s1", film_session("s1", counts=dict.fromkeys(VIEWS, 1)), VIEWS)


def test_the_nearest_calibration_is_taken(session: Session, world, tmp_path: Path) -> None:
    videos = session.videos["cam1"].parent
    data_dir = tmp_path / "elsewhere"
    places = [
        data_dir / "calibration.toml",
        videos.parent / "calibrations" / "s1.toml",
        videos / "calibration.toml",
    ]
    for unit, path in zip(("m", "cm", "mm"), places, strict=True):
        path.parent.mkdir(exist_ok=True)
        type(world.rig)(world.rig.names, world.rig.sizes, world.rig.camera, unit=unit).save(path)
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


def test_one_view_needs_none(session: Session, world, tmp_path: Path) -> None:
    world.rig.save(tmp_path / "rig.toml")
    alone = Session("s1", {"": session.videos["cam1"]}, {"": session.infos["cam1"]})
    assert find_rig(alone, tmp_path / "rig.toml", None).rig is None


def test_cameras_of_other_views_or_sizes_are_refused(session: Session, world, tmp_path: Path) -> None:
    world.rig.select(["cam1", "cam2"]).save(tmp_path / "two.toml")
    with pytest.raises(CalibrationError, match="view 'cam3' has no camera"):
        find_rig(session, tmp_path / "two.toml", None)
    world.rig.scaled_to(world.rig.sizes * 2).save(tmp_path / "large.toml")
    with pytest.raises(CalibrationError, match="its video is 160 x 120 px"):
        find_rig(session, tmp_path / "large.toml", None)
    with pytest.raises(CalibrationError, match="absent"):
        find_rig(session, tmp_path / "absent.toml", None)
