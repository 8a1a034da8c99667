"""`litpose predict` at the prompt: exit codes and messages."""

import json
import re
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from lightning_pose.cli.main import SHELL, main
from lightning_pose.config import Config, save_config
from lightning_pose.core.tables import read_poses
from lightning_pose.core.video import VideoWriter
from lightning_pose.model_dir import ModelDir


@pytest.fixture
def model(tmp_path):
    """A network of random weights for one view."""
    from lightning_pose.build.network import build_network

    config = Config()
    config.data.data_dir = str(tmp_path)
    config.data.view_names, config.data.keypoint_names = ["a", "b"], ["nose", "tail"]
    config.model.backbone = "resnet18"
    config.data.image_resize_dims.height = config.data.image_resize_dims.width = 64
    path = tmp_path / "model"
    checkpoints = path / "tb_logs" / "pose" / "version_0" / "checkpoints"
    checkpoints.mkdir(parents=True)
    save_config(path / "config.yaml", config)
    network = build_network(ModelDir(path).config)
    state = {f"network.{key}": value for key, value in network.state_dict().items()}
    torch.save({"state_dict": state}, checkpoints / "epoch=0-step=1-best.ckpt")
    return path


@pytest.fixture
def videos(tmp_path):
    folder = tmp_path / "videos"
    for name, count in {"s1_a": 3, "s1_b": 3, "s2_a": 3, "s2_b": 2}.items():
        with VideoWriter(folder / f"{name}.mp4", 64, 64, 30) as writer:
            for _ in range(count):
                writer.write(np.zeros((64, 64, 3), np.uint8))
    return folder


def test_what_can_be_predicted_is_and_the_exit_code_tells_of_the_rest(model, videos, capsys):
    out = model.parent / "out"
    words = ["--out_dir", str(out), "--device", "cpu", "--batch_size", "4"]
    assert main(["predict", str(model), str(videos), *words]) == 2
    shown = capsys.readouterr()
    assert "the views differ in their number of frames: a 3, b 2" in shown.err
    assert "not predicted: session 's2'" in shown.err
    assert "predicted 1, kept 0, failed 1" in shown.out
    assert re.search(r"^\d+\.\d s: .*network \d+ %", shown.out, re.MULTILINE)
    assert (out / "video_preds" / "s1_a.csv").is_file()
    assert (out / "video_preds" / "labeled_videos" / "s1_mosaic.mp4").is_file()
    whole = ["predict", str(model), str(videos / "s1_a.mp4"), str(videos / "s1_b.mp4"), "--out_dir", str(out)]
    assert main(whole) == 0
    shown = capsys.readouterr().out
    assert "predicted 0, kept 1, failed 0" in shown and "network" not in shown


def test_flags_of_lightning_pose_are_taken(model, videos, tmp_path, capsys):
    out, progress = tmp_path / "out", tmp_path / "progress.json"
    words = ["--reader", "opencv", "--progress_file", str(progress), "--batch_size", "auto", "--skip_viz"]
    words += ["--runtime", "eager", "--precision", "fp32", "--out_dir", str(out), "--device", "cpu"]
    files = [str(videos / f"s1_{view}.mp4") for view in "ab"]
    assert main(["predict", str(model), *files, *words]) == 0
    assert "one reader here" in capsys.readouterr().err
    record = json.loads(progress.read_text())
    assert (record["completed"], record["total"]) == (6, 6)
    assert not (out / "reports").exists() and not (out / "video_preds" / "labeled_videos").exists()


def test_what_is_no_model_or_no_input_is_a_message(model, videos, tmp_path, capsys):
    assert main(["predict", str(videos), str(videos)]) == 2
    assert "is not a trained model" in capsys.readouterr().err
    assert main(["predict", str(model), str(tmp_path / "absent.mp4")]) == 2
    assert "there is no such file" in capsys.readouterr().err
    assert main(["predict", str(model), str(videos), "--overrides", "data.data_dri=x"]) == 2
    assert "data.data_dir" in capsys.readouterr().err


def sound(path: Path) -> Path:
    """Write a file with sound and no pictures."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        samples.rate = 8000
        for frame in (samples, None):
            container.mux(stream.encode(frame))
    return path


def film(path: Path, count: int) -> Path:
    """Write frames of noise, so that packets are large."""
    rng = np.random.default_rng(count)
    with VideoWriter(path, 64, 64, 30, key_every=5) as writer:
        for _ in range(count):
            writer.write(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8))
    return path


def test_every_bad_input_is_named_and_the_good_ones_are_predicted(model, tmp_path, capsys):
    folder = tmp_path / "bad"
    folder.mkdir()
    for name in ("zero_a", "cut_a", "cut_b", "loud_b", "alone_a", "good_a", "good_b", "zero_b", "loud_a"):
        film(folder / f"{name}.mp4", 8)
    (folder / "zero_a.mp4").write_bytes(b"")
    for name in ("cut_a", "cut_b"):  # the index is at the front, so what is there can be read
        data = (folder / f"{name}.mp4").read_bytes()
        (folder / f"{name}.mp4").write_bytes(data[: len(data) - len(data) // 4])
    sound(folder / "loud_b.mp4")
    film(folder / "overview.mp4", 2)
    (tmp_path / "CollectedData_a.csv").write_bytes(bytes(range(256)))
    (tmp_path / "CollectedData_b.csv").write_text("hello")
    labels = [str(tmp_path / f"CollectedData_{view}.csv") for view in "ab"]
    out = tmp_path / "out"
    words = ["--out_dir", str(out), "--device", "cpu", "--skip_viz", "--precision", "fp32"]
    assert main(["predict", str(model), str(folder), *labels, *words]) == 2
    shown = capsys.readouterr()
    for text in (
        "the file is empty (0 bytes)",
        "the file holds no pictures, only: audio",
        "overview.mp4: this video belongs to no view of the model",
        "CollectedData: ",
        "predicted 3, kept 0, failed 4",
    ):
        assert text in shown.out + shown.err
    assert "alone: predicted, 8 frames" in shown.err and "without view b" in shown.err
    assert "Traceback" not in shown.err
    for view in "ab":
        whole = read_poses(out / "video_preds" / f"good_{view}.csv")
        assert np.isfinite(whole.points).all()
        cut = read_poses(out / "video_preds" / f"cut_{view}.csv")
        assert cut.frames.tolist() == list(range(8))  # rows are the frames that the container announces
        there = np.isfinite(cut.points).all(axis=(1, 2))
        assert there[:4].all() and not there[-1]
        assert f"{view} lacks {(~there).sum()} of 8 frames" in shown.err


@pytest.mark.parametrize("wrong", [["--batch_size", "0"], ["--precision", "fp8"], []])
def test_words_that_make_no_sense_are_refused(wrong, capsys):
    with pytest.raises(SystemExit) as caught:
        SHELL.verb_parser("predict").parse_args(["model", *(["in.mp4", *wrong] if wrong else [])])
    assert caught.value.code == 2
    assert (wrong or ["INPUT"])[0] in capsys.readouterr().err
