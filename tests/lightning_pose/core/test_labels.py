import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.labels import missing_images, outside_image, read_label_views
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses


def labels(points, view="cam1"):
    points = np.asarray(points, dtype=float)
    names = tuple(f"k{index}" for index in range(points.shape[1]))
    images = [f"labeled-data/s_{view}/img{row:08d}.png" for row in range(len(points))]
    return Poses(names, points, np.array(images))


def test_a_label_is_inside_up_to_the_edge_of_its_outermost_pixels():
    poses = labels([[[-0.5, -0.5], [639.5, 479.5], [np.nan, np.nan]]])
    assert outside_image(poses, (640, 480)) == []


@pytest.mark.parametrize("point", [(-0.6, 5), (639.6, 5), (5, -0.6), (5, 479.6)])
def test_a_label_outside_its_image_is_named_with_row_image_and_keypoint(point):
    poses = labels([[[1, 1], [2, 2]], [[3, 3], point]])
    (fault,) = outside_image(poses, (640, 480))
    assert fault.startswith("row 2 (labeled-data/s_cam1/img00000001.png), k1: (")
    assert fault.endswith("is outside its image of 640 x 480 px")
    assert outside_image(poses, (640, 480), tolerance=0.2) == []


def test_every_image_may_have_its_own_size():
    poses = labels([[[50, 50]], [[50, 50]]])
    (fault,) = outside_image(poses, np.array([[100, 100], [40, 100]]))
    assert fault.startswith("row 2")


def test_images_that_are_missing_are_named(tmp_path):
    poses = labels([[[1, 1]], [[2, 2]]])
    first = tmp_path / str(poses.frames[0])
    first.parent.mkdir(parents=True)
    first.write_bytes(b"")
    (fault,) = missing_images(poses, tmp_path)
    assert "row 2: image labeled-data/s_cam1/img00000001.png is not in" in fault


def test_the_label_files_of_all_views_are_read_together(tmp_path):
    for view in ("a", "b"):
        write_poses(tmp_path / f"{view}.csv", labels([[[1, 2]]], view))
    views = read_label_views({view: tmp_path / f"{view}.csv" for view in ("b", "a")})
    assert list(views) == ["b", "a"]
    assert views["a"].frames[0] == "labeled-data/s_a/img00000000.png"


def test_the_faults_of_all_label_files_are_said_together(tmp_path):
    (tmp_path / "a.csv").write_text("")
    write_poses(tmp_path / "b.csv", labels([[[1, 2]]]))
    with pytest.raises(DataError) as caught:
        read_label_views({view: tmp_path / f"{view}.csv" for view in ("a", "b", "c")})
    assert "a.csv is empty" in str(caught.value)
    assert "c.csv does not exist" in str(caught.value)


def test_label_files_that_do_not_belong_together_are_named(tmp_path):
    write_poses(tmp_path / "a.csv", labels([[[1, 2]], [[1, 2]]], "a"))
    write_poses(tmp_path / "b.csv", labels([[[1, 2], [3, 4]]], "b"))
    with pytest.raises(DataError) as caught:
        read_label_views({view: tmp_path / f"{view}.csv" for view in ("a", "b")})
    for text in ("a.csv", "b.csv", "1 rows against 2", "has keypoints k1 in addition"):
        assert text in str(caught.value)


@pytest.mark.realdata
def test_real_labels_lie_in_their_images_and_the_images_are_there(real_data):
    folder = real_data / "human-4cam"
    views = read_label_views({f"cam{index}": folder / f"cam{index}.csv" for index in range(1, 5)})
    for poses in views.values():
        assert missing_images(poses, folder) == []
        assert outside_image(poses, (544, 960)) == []
