from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.errors import DataError, ModelError
from lightning_pose.core.poses import Poses
from lightning_pose.crops.layout import CropLayout, find_files, is_table


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_files_are_where_lightning_pose_has_them(tmp_path):
    layout = CropLayout.open(tmp_path)
    video, labels = Path("somewhere/s1_cam2.avi"), Path("project/CollectedData_cam2.csv")
    assert layout.boxes(video) == tmp_path / "video_preds" / "s1_cam2_bbox.csv"
    assert layout.boxes(labels) == tmp_path / "image_preds" / "CollectedData_cam2.csv" / "bbox.csv"
    assert layout.cropped(video) == tmp_path / "cropped_videos" / "cropped_s1_cam2.mp4"
    folder = tmp_path / "image_preds" / "CollectedData_cam2.csv"
    assert layout.cropped(labels) == folder / "cropped_CollectedData_cam2.csv"
    assert layout.images == tmp_path / "cropped_images"
    assert is_table(labels) and not is_table(video)


def test_boxes_of_another_folder_belong_to_one_label_file_or_to_all(tmp_path):
    layout, labels = CropLayout(tmp_path), Path("CollectedData_a.csv")
    assert layout.boxes(labels, tmp_path / "b") == tmp_path / "b" / "bbox.csv"
    own = tmp_path / "b" / "CollectedData_a.csv" / "bbox.csv"
    touch(own)
    assert layout.boxes(labels, tmp_path / "b") == own
    assert layout.boxes(Path("s.mp4"), tmp_path / "b") == tmp_path / "b" / "s_bbox.csv"


def test_predictions_are_one_table_or_those_of_all_members(tmp_path):
    layout, folder = CropLayout(tmp_path), tmp_path / "video_preds"
    with pytest.raises(DataError, match="litpose predict"):
        layout.predictions(Path("s1.mp4"))
    members = [folder / f"s1_rng={seed}.csv" for seed in range(2)]
    touch(*members, folder / "s1_other_rng=0.csv", folder / "s1_bbox.csv")
    assert layout.predictions(Path("s1.mp4")) == members
    touch(folder / "s1.csv")
    assert layout.predictions(Path("s1.mp4")) == [folder / "s1.csv"]


def test_images_are_beside_their_labels_or_in_the_project_of_the_model(tmp_path):
    labels = Poses(("a",), np.ones((1, 1, 2)), np.array(["labeled-data/img1.png"]))
    project, model = tmp_path / "project", tmp_path / "model"
    touch(project / "labeled-data" / "img1.png", model / "rng=0" / "config.yaml")
    layout = CropLayout.open(model)
    assert layout.image_folder(project / "CollectedData.csv", labels) == project
    with pytest.raises(DataError, match="img1"):
        layout.image_folder(tmp_path / "x.csv", labels)
    (model / "rng=0" / "config.yaml").write_text(f"data: {{data_dir: {project}}}\n")
    assert layout.image_folder(tmp_path / "x.csv", labels) == project


def test_a_folder_stands_for_its_videos_and_faults_are_all_named(tmp_path):
    touch(
        tmp_path / "v" / "b.mp4", tmp_path / "v" / "a.avi", tmp_path / "v" / "notes.txt", tmp_path / "l.csv"
    )
    found = find_files([tmp_path / "v", tmp_path / "l.csv", tmp_path / "v" / "b.mp4"])
    assert [path.name for path in found] == ["a.avi", "b.mp4", "l.csv"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"(?s)3 faults.*notes.*nowhere.*empty"):
        find_files([tmp_path / "v" / "notes.txt", tmp_path / "nowhere.mp4", tmp_path / "empty"])
    with pytest.raises(ModelError, match="nowhere"):
        CropLayout.open(tmp_path / "nowhere")
