"""A calibration beside recordings is looked at, and taken once it fits; none in the project is replaced."""

import numpy as np
import pytest

from lightning_pose.core.calibration import Rig, find_calibration
from lightning_pose.core.errors import DataError
from lightning_pose.core.project import create_project
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.projects.calibrations import calibrations_among, take_calibration
from lightning_pose.synthetic.rig import make_rig


@pytest.fixture
def project(tmp_path):
    return create_project(tmp_path / "mice", ("cam0", "cam1"), Skeleton(("nose", "tail")))


@pytest.fixture
def rig() -> Rig:
    return make_rig(3, (64, 48), np.random.default_rng(2))


def test_the_only_one_is_for_all_sessions_and_works_for_a_part_of_its_cameras(project, rig, tmp_path):
    rig.save(tmp_path / "films" / "rig of may.toml")
    (offered,) = calibrations_among(project, tmp_path / "films")
    assert (str(offered.place), offered.is_taken, offered.fault) == ("calibration.toml", False, "")
    path = take_calibration(project, offered)
    assert find_calibration(project.folder, "any") == path
    assert Rig.load(path).names == rig.names
    (again,) = calibrations_among(project, tmp_path / "films")
    assert again.is_taken and not again.fault


def test_those_of_sessions_keep_their_names(project, rig, tmp_path):
    for name in ("calibration", "calibrations/s1", "calibrations/s2"):
        rig.save(tmp_path / "films" / f"{name}.toml")
    found = calibrations_among(project, tmp_path / "films")
    assert [one.place.as_posix() for one in found] == [
        "calibration.toml", "calibrations/s1.toml", "calibrations/s2.toml",
    ]  # fmt: skip
    for one in found:
        take_calibration(project, one)
    assert find_calibration(project.folder, "s2") == project.folder / "calibrations" / "s2.toml"


def test_what_does_not_fit_says_why_and_nothing_is_replaced(project, rig, tmp_path):
    rig.select(("cam0", "cam2")).save(tmp_path / "other" / "calibration.toml")
    (offered,) = calibrations_among(project, tmp_path / "other")
    assert "cam1" in offered.fault
    with pytest.raises(DataError, match="cam1"):
        take_calibration(project, offered)
    rig.save(project.folder / "calibration.toml")
    before = (project.folder / "calibration.toml").read_bytes()
    make_rig(3, (64, 48), np.random.default_rng(3)).save(tmp_path / "third" / "calibration.toml")
    (offered,) = calibrations_among(project, tmp_path / "third")
    with pytest.raises(DataError, match=r"another calibration\.toml"):
        take_calibration(project, offered)
    assert (project.folder / "calibration.toml").read_bytes() == before


def test_one_camera_needs_none_and_the_projects_own_is_not_offered(project, rig, tmp_path):
    rig.save(project.folder / "calibration.toml")
    assert calibrations_among(project, project.folder) == []
    single = create_project(tmp_path / "single", (), Skeleton(("nose",)))
    rig.save(tmp_path / "films" / "calibration.toml")
    assert calibrations_among(single, tmp_path / "films") == []
