import argparse
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from lightning_pose.build.data import build_frames
from lightning_pose.cli import train
from lightning_pose.cli.main import main
from lightning_pose.config import load_config
from lightning_pose.core.camera import project
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_poses, write_poses
from lightning_pose.core.video import VideoWriter
from lightning_pose.synthetic.session import simulate_truth


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    train.register(parser)
    return parser.parse_args(words)


@pytest.fixture
def config_file(toy_project, tmp_path) -> Path:
    path = tmp_path / "a config.yaml"
    data = {
        "data": {"data_dir": str(toy_project()), "image_resize_dims": {"height": 64, "width": 64}},
        "training": {"max_steps": 2, "train_batch_size": 2, "num_gpus": 0},
        "model": {"backbone_weights": "none"},
        "dali": {"general": {"seed": 1}},
    }
    path.write_text(yaml.safe_dump(data))
    return path


def test_the_resume_command_repeats_all_that_matters():
    args = parsed("a config.yaml", "a.b=1", "--seeds", "0", "1", "--overrides", "c=[x, y]", "--overwrite")
    command = train.resume_command(args, Path("out"))
    assert command == "litpose train 'a config.yaml' a.b=1 'c=[x, y]' --output_dir out --seeds 0 1 --resume"


def test_training_prints_what_keys_became_and_errors_and_refuses_a_second_one(config_file, tmp_path, capsys):
    words = ["train", str(config_file), "training.max_steps=1", "--output_dir", str(tmp_path / "out")]
    assert main([*words, "--seeds", "4"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"dali.general .* no effect", printed)
    assert re.search(r"training.num_gpus .* training.accelerator: cpu", printed)
    assert "rng=4" in printed
    assert "validation" in printed
    assert main(words) == 2
    assert "not empty" in capsys.readouterr().err


def test_a_dry_run_checks_everything_and_writes_nothing(config_file, tmp_path, capsys):
    words = ["train", str(config_file), "--output_dir", str(tmp_path / "out"), "--dry_run"]
    assert main(words) == 0
    assert "nothing is wrong" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()
    assert main([*words, "--overrides", "training.max_stepz=1", "model.backbone=resnet1"]) == 2
    faults = capsys.readouterr().err
    assert "training.max_stepz" in faults and "model.backbone" in faults


def test_another_program_is_told_how_far_it_is(config_file, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(
        "lightning_pose.core.progress_file.write_json", lambda path, record: told.append((path, record))
    )
    file = tmp_path / "progress.json"
    words = ["train", str(config_file), "training.max_steps=2", "--output_dir", str(tmp_path / "out")]
    assert main([*words, "--progress_file", str(file)]) == 0
    assert {path for path, _ in told} == {file}
    states = [(record["what"], record["completed"], record["total"]) for _, record in told]
    assert states[0][0] == "reading images" and states[0][1] <= states[0][2]
    assert ("steps", 0, 2) in states and ("steps", 2, 2) in states
    assert states[-1][0] == "predicting the labeled frames"


def test_faults_are_messages_with_exit_code_2(config_file, tmp_path, capsys):
    words = ["train", str(config_file), "--overrides", "training.max_stepz=1", "model.backbone=resnet1"]
    assert main(words) == 2
    message = capsys.readouterr().err
    assert "did you mean `training.max_steps`" in message
    assert "resnet1" in message
    assert "Traceback" not in message
    assert main(["train", str(config_file), "--resume"]) == 2
    assert "--resume needs --output_dir" in capsys.readouterr().err


def test_videos_are_predicted_after_training_where_that_is_asked_for(config_file, tmp_path, capsys):
    videos = tmp_path / "project" / "videos"
    videos.mkdir()
    for view in ("left", "right"):
        with VideoWriter(videos / f"s0_{view}.mp4", 80, 64, 30) as writer:
            for shade in range(5):
                writer.write(np.full((64, 80, 3), 40 * shade, dtype=np.uint8))
    words = ["train", str(config_file), "eval.predict_vids_after_training=true", "--output_dir"]
    assert main([*words, str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    assert "predicted 1, kept 0, failed 0" in shown and "frames/s" in shown
    for view in ("left", "right"):
        assert len(read_poses(tmp_path / "out" / "video_preds" / f"s0_{view}.csv")) == 5
    assert not list((tmp_path / "out").rglob("*.mp4"))


@pytest.mark.slow
@pytest.mark.parametrize("views", [(), ("left", "right")])
def test_a_pose_network_is_trained_on_the_crops_of_a_detector(toy_project, tmp_path, views, capsys):
    project, detector, output = toy_project(views, n=8), tmp_path / "détector", tmp_path / "pose"
    detector.mkdir()
    tables = [project / f"{'_'.join(filter(None, ('CollectedData', view)))}.csv" for view in views or ("",)]
    config = tmp_path / "c.yaml"
    data = {
        "data": {"data_dir": str(project), "image_resize_dims": {"height": 64, "width": 64}},
        "training": {"max_steps": 1, "train_batch_size": 2},
        "model": {"backbone": "resnet18", "backbone_weights": "none"},
    }
    config.write_text(yaml.safe_dump(data))
    words = ["train", str(config), "--output_dir", str(output), "--detector_model", str(detector)]
    assert main(words) == 2
    assert "litpose crop" in capsys.readouterr().err
    assert main(["create_bbox", str(detector), *map(str, tables), "--from_labels"]) == 0
    assert main(["crop", str(detector), *map(str, tables)]) == 0
    assert main(words) == 0
    trained = yaml.safe_load((output / "config.yaml").read_text())["data"]
    assert trained["data_dir"] == str(detector / "cropped_images")
    assert trained["skeleton"] == [["nose", "paw_left"], ["nose", "paw_right"]]
    assert trained["view_names"] == list(views)
    boxes = [str(detector / "image_preds" / table.name / "bbox.csv") for table in tables]
    assert trained["bbox_file"] == (boxes if views else None)
    errors = [path for path in output.rglob("*pixel_error.csv")]
    assert len(errors) == len(tables)


def test_the_resume_command_names_the_detector():
    args = parsed("c.yaml", "--detector_model", "det")
    assert "--detector_model det" in train.resume_command(args, Path("out"))


def test_every_crop_of_several_views_has_the_camera_of_its_box(tmp_path):
    truth, detector = simulate_truth(views=3, frames=4, seed=3), tmp_path / "detector"
    (tmp_path / "calibrations").mkdir()
    truth.rig.save(tmp_path / "calibrations" / "walk.toml")
    for view in truth.rig.names:
        images = [f"labeled-data/walk_{view}/img{n:08d}.png" for n in range(4)]
        (tmp_path / images[0]).parent.mkdir(parents=True)
        for image in images:
            cv2.imwrite(str(tmp_path / image), np.zeros((256, 256, 3), np.uint8))
        labels = truth.view(view)
        table = tmp_path / f"CollectedData_{view}.csv"
        write_poses(table, Poses(labels.names, labels.points, np.array(images)), scorer="test")
    tables = [str(path) for path in sorted(tmp_path.glob("*.csv"))]
    detector.mkdir()
    assert main(["create_bbox", str(detector), *tables, "--from_labels", "--crop_ratio", "1.3"]) == 0
    assert main(["crop", str(detector), *tables]) == 0
    source = {"data": {"data_dir": str(tmp_path), "image_resize_dims": {"height": 64, "width": 96}}}
    config = load_config(source, train.crop_overrides(load_config(source).config, detector)).config
    frames = build_frames(config)
    assert frames.camera is not None
    image = project(truth.poses.points[:, None], frames.camera)
    known = np.isfinite(frames.xy).all(axis=-1)
    assert known.mean() > 0.8
    assert np.abs(image - frames.xy)[known].max() < 1e-6
