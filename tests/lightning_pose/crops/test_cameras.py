import csv
from pathlib import Path

from lightning_pose.crops.cameras import write_camera_table

IMAGES = ["labeled-data/s1_left/img01.png", "labeled-data/s2_left/img07.png"]


def test_every_image_is_listed_with_the_calibration_of_its_session(tmp_path):
    project = tmp_path / "project"
    (project / "calibrations").mkdir(parents=True)
    (project / "calibrations" / "s1.toml").touch()
    assert not write_camera_table(tmp_path / "c.csv", IMAGES, "left", project)
    assert not (tmp_path / "c.csv").exists()
    (project / "calibration.toml").touch()
    assert write_camera_table(tmp_path / "c.csv", IMAGES, "left", project)
    with Path(tmp_path / "c.csv").open() as lines:
        rows = {row[""]: Path(row["file"]) for row in csv.DictReader(lines)}
    assert rows == {
        "labeled-data/s1/img01.png": project / "calibrations" / "s1.toml",
        "labeled-data/s2/img07.png": project / "calibration.toml",
    }


def test_no_image_has_no_calibration(tmp_path):
    assert not write_camera_table(tmp_path / "c.csv", [], "left", tmp_path)
