"""`litpose predict` at the prompt: exit codes and messages."""

import numpy as np
import pytest
import torch

from lightning_pose.cli.main import SHELL, main
from lightning_pose.config import Config, save_config
from lightning_pose.core.video import VideoWriter
from lightning_pose.model_dir import ModelDir


@pytest.fixture
def model(tmp_path):
    """A network of random weights for one view."""
    from lightning_pose.build.network import build_network

    config = Config()
    config.data.data_dir = str(tmp_path)
    config.data.view_names, config.data.keypoint_names = ["a", "b"], ["nose", "tail"]
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
    assert (out / "video_preds" / "s1_a.csv").is_file()
    assert (out / "video_preds" / "labeled_videos" / "s1_mosaic.mp4").is_file()
    whole = ["predict", str(model), str(videos / "s1_a.mp4"), str(videos / "s1_b.mp4"), "--out_dir", str(out)]
    assert main(whole) == 0
    assert "predicted 0, kept 1, failed 0" in capsys.readouterr().out


def test_what_is_no_model_or_no_input_is_a_message(model, videos, tmp_path, capsys):
    assert main(["predict", str(videos), str(videos)]) == 2
    assert "is not a trained model" in capsys.readouterr().err
    assert main(["predict", str(model), str(tmp_path / "absent.mp4")]) == 2
    assert "there is no such file" in capsys.readouterr().err
    assert main(["predict", str(model), str(videos), "--overrides", "data.data_dri=x"]) == 2
    assert "data.data_dir" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--batch_size", "0"], ["--precision", "fp8"], []])
def test_words_that_make_no_sense_are_refused(wrong, capsys):
    with pytest.raises(SystemExit) as caught:
        SHELL.verb_parser("predict").parse_args(["model", *(["in.mp4", *wrong] if wrong else [])])
    assert caught.value.code == 2
    assert (wrong or ["INPUT"])[0] in capsys.readouterr().err
