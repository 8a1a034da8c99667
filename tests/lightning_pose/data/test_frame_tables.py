import numpy as np
import pytest

from lightning_pose.core.errors import CalibrationError, DataError
from lightning_pose.core.files import write_text
from lightning_pose.data.frame_tables import camera_files, read_boxes

SESSIONS = ["walk"] * 6


def table(first: str, rows: list[str]) -> str:
    return "\n".join([first, *rows]) + "\n"


def test_one_calibration_is_that_of_every_instant(project):
    project.rig.save(project.folder / "rig.toml")
    found = camera_files(project.folder / "rig.toml", project.folder, project.frames, SESSIONS)
    assert found == [project.folder / "rig.toml"] * 6


def test_tables_of_further_labels_are_read_along(project):
    for name in "ab":
        project.rig.save(project.folder / f"{name}.toml")
    rows = [f"labeled-data/walk/img{n:08d}.png,{'a' if n < 4 else 'b'}.toml" for n in range(6)]
    write_text(project.folder / "cameras.csv", table(",file", rows[:4]))
    write_text(project.folder / "cameras_new.csv", table(",file", rows[4:]))
    found = camera_files(project.folder / "cameras.csv", project.folder, project.frames, SESSIONS)
    assert [path.stem for path in found] == list("aaaabb")


def test_every_instant_without_a_calibration_is_named(project):
    write_text(project.folder / "cameras.csv", table(",file", ["labeled-data/walk/img00000000.png,no.toml"]))
    with pytest.raises(CalibrationError, match=r"img00000005\.png.*no row") as caught:
        camera_files(project.folder / "cameras.csv", project.folder, project.frames, SESSIONS)
    assert "no.toml" in str(caught.value)
    with pytest.raises(CalibrationError, match="there is no file"):
        camera_files(project.folder / "rig.csv", project.folder, project.frames, SESSIONS)


def test_boxes_are_read_by_name_and_in_any_order(project):
    files = []
    for view in project.rig.names:
        images = project.frames.frames[project.rig.names.index(view)]
        rows = [f"{image},{n},2,30,40" for n, image in enumerate(images)][::-1]
        files.append(project.folder / f"boxes_{view}.csv")
        write_text(files[-1], table(",x,y,h,w", rows))
    boxes = read_boxes(files, project.frames)
    np.testing.assert_array_equal(boxes[:, 1], [[n, 2, 40, 30] for n in range(6)])
    with pytest.raises(DataError, match="2 files for 3 views"):
        read_boxes(files[:2], project.frames)
    write_text(files[1], table(",x,y,h,w", rows[1:]))
    with pytest.raises(DataError, match=r"boxes_.*img00000000\.png has no box"):
        read_boxes(files, project.frames)
    write_text(files[1], table(",x,y,h", ["a.png,1,2,3"]))
    with pytest.raises(DataError, match="no column w"):
        read_boxes(files, project.frames)
