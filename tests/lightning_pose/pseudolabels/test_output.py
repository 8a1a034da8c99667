"""Parts of the new project that the program's tests do not reach: calibrations, weights, neighbours."""

import cv2
import numpy as np

from lightning_pose.core.label_weights import read_label_weights, write_label_weights
from lightning_pose.core.naming import frame_index
from lightning_pose.core.project import open_project
from lightning_pose.core.tables import read_labels
from lightning_pose.pseudolabels.output import write_images, write_labels
from lightning_pose.pseudolabels.selection import Options, choose_frames
from lightning_pose.pseudolabels.smoothed import read_smoothed

from .conftest import FRAMES, grey


def test_each_session_takes_its_calibration_along(recording, tmp_path):
    source = recording()
    (source.project / "calibrations").mkdir()
    (source.project / "calibrations" / "s0.toml").write_text("of s0")
    (source.project / "calibration.toml").write_text("of all others")
    write(source, tmp_path / "out")
    assert (tmp_path / "out" / "calibrations" / "s0.toml").read_text() == "of s0"
    assert (tmp_path / "out" / "calibrations" / "wild.toml").read_text() == "of all others"


def test_weights_that_people_gave_are_kept(recording, tmp_path):
    source = recording()
    file = source.project / "CollectedData_left.csv"
    human = read_labels(file)
    write_label_weights(file, np.full((1, 3), 0.25), human.names, human.frames[4:5])
    write(source, tmp_path / "out")
    for view, expected in (("left", 0.25), ("right", 1.0)):
        merged = tmp_path / "out" / f"CollectedData_{view}.csv"
        weights = read_label_weights(merged, read_labels(merged))
        assert weights is not None and (weights[4] == expected).all() and (weights[5] == 1).all()


def test_frames_beside_the_labeled_ones_come_along_where_they_are_asked_for(recording, tmp_path):
    source = recording(views=())
    project, labels, chosen = choose(source, 3)
    write_images(tmp_path / "out", project, labels, chosen, context=2)
    for item in chosen:
        folder = tmp_path / "out" / "labeled-data" / item.smoothed.session.name
        expected = {
            near for row in item.rows.tolist() for near in range(row - 2, row + 3) if 0 <= near < FRAMES
        }
        human = set(range(12)) if item.smoothed.session.name == "s0" else set()
        assert {frame_index(path.name) for path in folder.iterdir()} == expected | human
        for number in expected - human:
            pixels = cv2.imread(str(folder / f"img{number:08d}.png"))
            assert pixels is not None and abs(pixels.mean() - grey(number)) < 1.4


def choose(source, count):
    """Return the project, its labels, and the chosen frames."""
    project = open_project(source.project)
    labels = project.read_labels()
    smoothed = read_smoothed(source.smoothed, project.videos(), project.views, project.keypoint_names)
    return project, labels, choose_frames(smoothed, labels, ["train"] * 12, Options(frames=count))[0]


def write(source, out):
    """Choose and write the tables."""
    project, labels, chosen = choose(source, 10)
    write_labels(out, project, labels, ["train"] * 12, chosen)
