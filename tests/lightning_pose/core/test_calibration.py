import numpy as np
import pytest
from aniposelib.cameras import CameraGroup

from lightning_pose.core.calibration import Rig, find_calibration, has_calibration, require_calibration
from lightning_pose.core.camera import make_camera
from lightning_pose.core.errors import CalibrationError
from lightning_pose.core.rotations import look_at


def rig(names: tuple[str, ...] = ("left", "right", "top"), **fields: object) -> Rig:
    """Cameras around the origin, each with an image size of its own."""
    count = len(names)
    angle = 1.9 * np.arange(count)
    rotation, translation = look_at(
        np.stack([4 * np.cos(angle), 4 * np.sin(angle), 2 + 0.3 * angle], -1), np.zeros(3)
    )
    matrix = np.tile([[600.0, 0, 320], [0, 600, 240], [0, 0, 1]], (count, 1, 1))
    camera = make_camera(matrix, np.tile([-0.1, 0.02, 0, 0, 0], (count, 1)), rotation, translation)
    sizes = np.array([[640 + 64 * i, 480 + 48 * i] for i in range(count)])
    return Rig(names, sizes, camera, **fields)


def test_unit_and_metadata_survive_saving_and_anipose_reads_them(tmp_path):
    rig(unit="mm", metadata={"error": 0.5}).save(tmp_path / "a.toml")
    back = Rig.load(tmp_path / "a.toml")
    assert back.unit == "mm" and back.metadata == {"error": 0.5}
    assert CameraGroup.load(str(tmp_path / "a.toml")).metadata == {"error": 0.5, "unit": "mm"}
    rig().save(tmp_path / "b.toml")
    assert Rig.load(tmp_path / "b.toml").unit is None


def test_points_come_back_from_the_views_of_a_rig(rng):
    points = rng.normal(size=(6, 5, 3)) * 0.4
    ours = rig()
    np.testing.assert_allclose(ours.triangulate(ours.project(points)), points, atol=1e-11)
    xy = ours.project(points)
    xy[1, 2, 3] += 200
    robust = ours.triangulate_robust(xy)
    assert robust.rejected.sum() == 1 and robust.rejected[1, 2, 3]


def test_views_in_another_order_get_their_own_cameras(rng):
    points, ours = rng.normal(size=(5, 3)) * 0.4, rig()
    checked = ours.check(["top", "left", "right"], [(768, 576), (640, 480), (704, 528)])
    assert checked.names == ("top", "left", "right")
    np.testing.assert_array_equal(checked.project(points), ours.project(points)[[2, 0, 1]])
    np.testing.assert_array_equal(checked.sizes, ours.sizes[[2, 0, 1]])


def test_a_project_may_use_some_cameras_of_a_rig():
    assert rig().check(["right"], {"right": (704, 528)}).names == ("right",)
    assert len(rig().check(["right", "left"])) == 2


def test_views_and_videos_that_do_not_fit_are_all_named():
    videos = {"left": (320, 240), "right": (528, 704), "top": (640, 480), "botom": (10, 10)}
    ours = rig(("left", "right", "top", "bottom"))
    videos["top"] = (700, 576)
    with pytest.raises(CalibrationError) as caught:
        ours.check(["left", "right", "top", "botom"], videos, "proj/calibration.toml")
    text = str(caught.value)
    assert text.startswith("proj/calibration.toml: 4 faults")
    assert (
        "'left' was calibrated at 640 x 480 px, but its video is 320 x 240 px: if the video was resized"
        in text
    )
    assert "'right' was calibrated at 704 x 528 px, but its video is 528 x 704 px: width and height" in text
    assert "'top' was calibrated at 768 x 576 px, but its video is 700 x 576 px: another shape" in text
    assert (
        "view 'botom' has no camera in it: the cameras are left, right, top, bottom; did you mean 'bottom'?"
        in text
    )


def test_cam1_is_not_taken_for_cam10():
    with pytest.raises(CalibrationError, match="view 'cam1' has no camera"):
        rig(("cam10", "cam2")).check(["cam1", "cam2"])


def test_selecting_an_unknown_camera_is_refused():
    with pytest.raises(
        CalibrationError, match="view 'front' has no camera in it: the cameras are left, right, top"
    ):
        rig().select(["left", "front"])


def test_a_scaled_rig_sees_the_resized_images(rng):
    points, ours = rng.normal(size=(5, 3)) * 0.4, rig()
    half = ours.scaled_to(ours.sizes // 2)
    np.testing.assert_allclose(half.project(points), (ours.project(points) + 0.5) / 2 - 0.5, atol=1e-10)
    np.testing.assert_array_equal(half.sizes, ours.sizes // 2)


def test_cameras_named_alike_or_entered_twice_are_refused_together(tmp_path):
    good = rig()
    good.save(tmp_path / "a.toml")
    text = (tmp_path / "a.toml").read_text()
    (tmp_path / "twice.toml").write_text(text + text[: text.index("[cam_1]")].replace("cam_0", "cam_3"))
    with pytest.raises(CalibrationError) as caught:
        Rig.load(tmp_path / "twice.toml")
    text = str(caught.value)
    assert "twice.toml: 2 faults" in text
    assert "two cameras are named 'left'" in text
    assert "cameras 'left' and 'left' have the same pose" in text


def test_parts_that_do_not_belong_together_are_refused():
    good = rig()
    with pytest.raises(CalibrationError, match="one size and one camera for each name"):
        Rig(("left", "right"), good.sizes, good.camera)


@pytest.fixture
def project(tmp_path):
    (tmp_path / "calibrations").mkdir()
    return tmp_path


def test_a_session_is_calibrated_by_its_own_file_first(project):
    rig(unit="mm").save(project / "calibrations" / "day1.toml")
    rig(unit="m").save(project / "calibration.toml")
    (project / "calibrations.csv").write_text(",file\nlabeled-data/day2/img1.png,calibrations/day1.toml\n")
    assert find_calibration(project, "day1") == project / "calibrations" / "day1.toml"
    assert find_calibration(project, "day2") == project / "calibration.toml"


def test_the_index_names_the_file_of_a_session(project):
    rig(unit="mm").save(project / "calibrations" / "old.toml")
    rows = [f"labeled-data/day1/img{i}.png,calibrations/old.toml" for i in (1, 2)]
    (project / "calibrations.csv").write_text("\n".join([",file", *rows]))
    assert find_calibration(project, "day1") == project / "calibrations" / "old.toml"
    assert find_calibration(project, "day") is None
    assert require_calibration(project, ["day1"], "3D")["day1"].unit == "mm"


@pytest.mark.parametrize("name", ["calibrations/day1.toml", "calibration.toml", "calibrations.csv"])
def test_a_calibration_of_any_session_is_one(tmp_path, name):
    (tmp_path / "calibrations").mkdir()
    (tmp_path / "calibrations" / "board.png").touch()
    assert not has_calibration(tmp_path)
    (tmp_path / name).touch()
    assert has_calibration(tmp_path)


def test_sessions_that_share_a_file_share_a_rig(project):
    rig().save(project / "calibration.toml")
    rigs = require_calibration(project, ["a", "b"], "the smoother in 3D")
    assert rigs["a"] is rigs["b"]


def test_sessions_without_calibration_are_named_with_every_place_looked_at(project):
    rig().save(project / "calibrations" / "day1.toml")
    with pytest.raises(CalibrationError) as caught:
        require_calibration(project, ["day1", "day2", "day3"], "the smoother in 3D")
    text = str(caught.value)
    assert text.startswith("the smoother in 3D needs a calibration: 2 faults")
    for session in ("day2", "day3"):
        places = [f"calibrations/{session}.toml", "calibration.toml", "calibrations.csv"]
        line = next(line for line in text.splitlines() if f"'{session}'" in line)
        assert all(str(project / place) in line for place in places)
    assert "'day1'" not in text


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (",toml\nlabeled-data/day1/img1.png,a.toml\n", "no column 'file'"),
        (",file\nlabeled-data/day1/img1.png,gone.toml\n", "calibrated by .*gone.toml, which does not exist"),
        (
            ",file\nlabeled-data/day1/a.png,a.toml\nlabeled-data/day1/b.png,b.toml\n",
            "several calibrations: a.toml, b.toml",
        ),
    ],
)
def test_an_index_that_leads_nowhere_is_refused(project, index, message):
    (project / "calibrations.csv").write_text(index)
    with pytest.raises(CalibrationError, match=message):
        find_calibration(project, "day1")


@pytest.mark.realdata
@pytest.mark.parametrize("path", ["eks/fly/calibration.toml", "human-4cam/calibrations/balancing.toml"])
def test_recorded_calibrations_project_as_in_anipose(real_data, path, rng):
    ours, group = Rig.load(real_data / path), CameraGroup.load(str(real_data / path))
    assert list(ours.names) == [camera.name for camera in group.cameras]
    middle = [-1.6, -0.4, 3.4] if "fly" in path else [0.0, 0.0, 1.0]
    points = middle + 0.3 * rng.normal(size=(50, 3))
    xy = ours.project(points)
    np.testing.assert_allclose(group.project(points).reshape(xy.shape), xy, rtol=0, atol=1e-9)
    np.testing.assert_allclose(ours.triangulate(xy), points, rtol=1e-9, atol=1e-9)
