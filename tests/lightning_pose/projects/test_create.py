"""New projects, and those around the labels of DeepLabCut."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import yaml

from lightning_pose.core.errors import DataError
from lightning_pose.core.project import open_project
from lightning_pose.core.tables import read_labels
from lightning_pose.projects.create import (
    adopt_deeplabcut,
    is_deeplabcut,
    known_skeleton,
    name_faults,
    new_project,
)

VIEWS = ("top", "side")
NAMES = ["nose", "ear_left", "ear_right", "tail"]


def test_a_new_project_says_what_it_was_told(tmp_path):
    new_project(
        tmp_path / "p", NAMES, ["top", "side"], edges=[("nose", "tail")], swaps=[("ear_left", "ear_right")]
    )
    project = open_project(tmp_path / "p")
    assert project.views == VIEWS
    assert project.keypoint_names == tuple(NAMES)
    assert project.skeleton.edges == ((0, 3),)
    assert project.skeleton.swaps == ((1, 2),)


def test_sides_are_read_off_the_names_and_lines_taken_from_a_skeleton_that_fits(tmp_path):
    assert new_project(tmp_path / "p", NAMES).skeleton.swaps == ((1, 2),)
    human = known_skeleton("coco17")
    assert new_project(tmp_path / "q", human.names).skeleton.edges == human.edges
    with pytest.raises(DataError, match="coco17"):
        known_skeleton("unicorn")


@pytest.mark.parametrize(
    ("keypoints", "views", "said"),
    [
        ([], [], "at least one"),
        (["nose", "nose"], [], "named twice"),
        (["a,b"], [], "comma"),
        ([" nose"], [], "space"),
        ([""], [], "space"),
        (["no\nse"], [], "line break"),
        (NAMES, ["top", "top"], "named twice"),
        (NAMES, ["to/p"], "file name"),
    ],
)
def test_names_that_cannot_be_used_are_refused(tmp_path, keypoints, views, said):
    with pytest.raises(DataError, match=said):
        new_project(tmp_path / "p", keypoints, views)
    assert not (tmp_path / "p" / "project.yaml").exists()


def test_all_faults_are_said_together():
    assert len(name_faults("keypoint", ["a,b", " c", "d", "d"])) == 3


def test_a_project_that_is_there_is_not_written_over(tmp_path):
    (tmp_path / "CollectedData_top.csv").write_text("labels of years")
    with pytest.raises(DataError, match="already"):
        new_project(tmp_path, NAMES)
    assert not (tmp_path / "project.yaml").exists()


def deeplabcut(folder: Path, **more) -> Path:
    """Write what DeepLabCut leaves: a configuration, and a label file for each video."""
    folder.mkdir()
    record = {
        "Task": "mice",
        "scorer": "Ada",
        "bodyparts": NAMES[:3],
        "skeleton": [["nose", "ear_left"]],
        **more,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(record))
    for video, order, rows in (("vid1", [0, 1, 2], [(5, 1.5), (9, 2.5)]), ("vid2", [2, 0], [(3, 3.5)])):
        names = [NAMES[k] for k in order]
        lines = [
            ",,," + ",".join("Ada" for _ in names for _ in "xy"),
            "bodyparts,,," + ",".join(name for name in names for _ in "xy"),
            "coords,,," + ",".join("x,y" for _ in names),
        ]
        lines[0] = "scorer" + lines[0]
        for frame, x in rows:
            cells = ",".join(f"{x + k},{k}" for k in order)
            lines.append(f"labeled-data,{video},img{frame:04d}.png,{cells}")
        place = folder / "labeled-data" / video
        place.mkdir(parents=True)
        (place / "CollectedData_Ada.csv").write_text("\n".join(lines) + "\n")
    return folder


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_deeplabcut_project_is_opened_with_all_of_its_labels_by_name(tmp_path):
    folder = deeplabcut(tmp_path / "dlc")
    before = hashes(folder)
    assert is_deeplabcut(folder)
    adopted = adopt_deeplabcut(folder)
    assert [path.name for path in adopted.written] == ["project.yaml", "CollectedData.csv"]
    assert adopted.project.keypoint_names == tuple(NAMES[:3])
    assert adopted.project.skeleton.edges == ((0, 1),)
    labels = read_labels(folder / "CollectedData.csv")
    assert labels.frames.tolist() == [
        "labeled-data/vid1/img0005.png", "labeled-data/vid1/img0009.png", "labeled-data/vid2/img0003.png",
    ]  # fmt: skip
    expected = [
        [(1.5, 0), (2.5, 1), (3.5, 2)],
        [(2.5, 0), (3.5, 1), (4.5, 2)],
        [(3.5, 0), (np.nan,) * 2, (5.5, 2)],
    ]
    np.testing.assert_allclose(labels.points, expected)
    assert {name: value for name, value in hashes(folder).items() if name in before} == before


def test_it_is_a_project_like_any_other_afterwards(tmp_path):
    folder = deeplabcut(tmp_path / "dlc")
    adopt_deeplabcut(folder)
    assert not is_deeplabcut(folder)
    assert open_project(folder).read_labels()[""].names == tuple(NAMES[:3])
    with pytest.raises(DataError, match="no project of DeepLabCut"):
        adopt_deeplabcut(folder)


def test_what_cannot_be_opened_is_refused_and_nothing_is_written(tmp_path):
    several = deeplabcut(tmp_path / "several", multianimalproject=True)
    fewer = deeplabcut(tmp_path / "fewer", bodyparts=["nose"])
    for folder, said in ((several, "several animals"), (fewer, "ear_left, ear_right")):
        before = hashes(folder)
        with pytest.raises(DataError, match=said):
            adopt_deeplabcut(folder)
        assert hashes(folder) == before
    with pytest.raises(DataError, match="no project of DeepLabCut"):
        adopt_deeplabcut(tmp_path)
