"""What a project holds, against projects whose content is known."""

import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_labels, write_poses
from lightning_pose.recommend.facts import inspect_project


def test_a_project_is_counted(toy_project):
    facts = inspect_project(toy_project(n=12, sessions=3))
    assert facts.view_names == ("left", "right") and facts.n_views == 2
    assert facts.label_files == ("CollectedData_left.csv", "CollectedData_right.csv")
    assert facts.instants == {"s0": 4, "s1": 4, "s2": 4} and facts.n_instants == 12
    assert facts.sizes == {"left": ((80, 64),), "right": ((96, 72),)} and facts.size == (80, 64)
    assert facts.swaps == (("paw_left", "paw_right"),)
    assert set(facts.missing.values()) == {0.0} and facts.occluded is None
    assert facts.videos == () and facts.calibrated == () and not facts.is_calibrated
    assert facts.notes == ()


def test_missing_and_occluded_labels_are_shares_over_all_views(toy_project):
    folder = toy_project(views=(), n=10)
    labels = read_labels(folder / "CollectedData.csv")
    points = labels.points.copy()
    points[:4, 1] = np.nan
    points[:, 2] = np.nan
    visible = np.where(np.isfinite(points[..., 0]), 2, 0)
    visible[5:, 0] = 1
    write_poses(folder / "CollectedData.csv", Poses(labels.names, points, labels.frames, visible=visible))
    facts = inspect_project(folder)
    assert facts.view_names == () and facts.n_views == 1
    assert facts.missing == pytest.approx({"nose": 0, "paw_left": 0.4, "paw_right": 1})
    assert facts.occluded == pytest.approx(5 / 30)
    assert facts.notes == ("never labeled: paw_right; nothing will be learned of them",)


def test_the_extent_is_the_box_of_the_labels_beside_the_image(toy_project):
    folder = toy_project(views=(), n=3)
    labels = read_labels(folder / "CollectedData.csv")
    corners = np.array([[10, 10], [10 + 20, 10], [10, 10 + 16]], dtype=float)  # a quarter of 80 x 64 each way
    points = np.repeat(corners[None], 3, axis=0)
    write_poses(folder / "CollectedData.csv", Poses(labels.names, points, labels.frames))
    assert inspect_project(folder).extent == pytest.approx(0.25)


def test_videos_and_calibrations_that_cannot_be_used_are_noted(toy_project):
    folder = toy_project(sessions=2)
    (folder / "videos").mkdir()
    for name in ("s0_left.mp4", "s0_right.mp4", "s1_left.mp4"):
        (folder / "videos" / name).write_bytes(b"")
    (folder / "calibrations").mkdir()
    (folder / "calibrations" / "s0.toml").write_text("nothing")
    facts = inspect_project(folder)
    assert facts.videos == ("s0",)
    assert any("session 's1' lack right" in note for note in facts.notes)
    assert any("s0.toml" in note for note in facts.notes)
    assert not facts.is_calibrated


def test_a_folder_without_labels_or_with_images_missing_is_refused(toy_project, tmp_path):
    with pytest.raises(DataError, match="is not a project"):
        inspect_project(tmp_path)
    folder = toy_project()
    image = folder / "labeled-data" / "s0_left" / "img00000000.png"
    content = image.read_bytes()
    image.unlink()
    with pytest.raises(DataError, match=image.name):
        inspect_project(folder)
    image.write_bytes(content[:20])
    with pytest.raises(DataError, match="cannot be read as an image"):
        inspect_project(folder)


@pytest.mark.realdata
def test_the_real_recordings_are_counted(real_data):
    mouse = inspect_project(real_data / "mirror-mouse")
    assert (mouse.n_instants, mouse.n_views, len(mouse.keypoint_names)) == (70, 1, 17)
    assert mouse.size == (396, 406) and not mouse.swaps
    human = inspect_project(real_data / "human-4cam")
    assert (human.n_instants, human.n_views, len(human.swaps)) == (70, 4, 11)
    assert human.is_calibrated
    assert {size for sizes in human.sizes.values() for size in sizes} == {(540, 960), (544, 960)}
