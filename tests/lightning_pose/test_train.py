"""Training end to end on coloured dots, and what an interrupted one leaves."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from lightning_pose.core.errors import ConfigError, DataError
from lightning_pose.core.tables import read_metric_table, read_poses
from lightning_pose.model_dir import ModelDir, load_network, members
from lightning_pose.train import train, train_ensemble

TINY = {
    "max_steps": 6,
    "train_batch_size": 2,
    "check_val_every_n_epoch": 1,
    "last_ckpt_every_seconds": 0,
    "precision": "fp32",
    "accelerator": "cpu",
}


def config_of(folder: Path, **training: object) -> dict:
    return {
        "data": {"data_dir": str(folder), "image_resize_dims": {"height": 64, "width": 64}},
        "training": {**TINY, **training},
    }


def weights(model: Path) -> dict[str, torch.Tensor]:
    return torch.load(ModelDir(model).last_checkpoint, weights_only=True)["state_dict"]


def test_a_model_folder_has_all_that_it_promises(toy_project, tmp_path):
    folder = toy_project()
    for view in ("left", "right"):  # labels of recordings unlike those trained on
        text = (folder / f"CollectedData_{view}.csv").read_text().splitlines(keepends=True)
        (folder / f"CollectedData_{view}_test.csv").write_text("".join(text[:6]))
    state = torch.random.get_rng_state(), np.random.get_state()[1].copy(), Path.cwd()  # noqa: NPY002
    result = train(config_of(folder), tmp_path / "model")
    assert torch.equal(state[0], torch.random.get_rng_state())
    assert (state[1] == np.random.get_state()[1]).all()  # noqa: NPY002
    assert state[2] == Path.cwd()
    model = tmp_path / "model"
    expected = {
        "config.yaml", "split.csv", "train_status.json", "loss_curves.png", "metrics.csv", "logs/metrics.csv",
        "calibration.csv", "calibration.png", "model_card.json", "model_card.md",
        "CollectedData_left.csv", "CollectedData_right.csv", "predictions_left.csv", "predictions_right.csv",
        "predictions_left_pixel_error.csv", "predictions_right_pixel_error.csv", "predictions_left_test.csv",
        "predictions_right_test_pixel_error.csv", "tb_logs/pose/version_0/checkpoints/last.ckpt",
    }  # fmt: skip
    found = {path.relative_to(model).as_posix() for path in model.rglob("*") if path.is_file()}
    assert expected <= found
    assert any("events.out" in name for name in found)
    assert re.fullmatch(r"epoch=\d+-step=\d+-best.ckpt", result.checkpoint.name)
    assert json.loads((model / "train_status.json").read_text())["status"] == "COMPLETED"
    assert set(result.errors) == {"train", "validation", "labels_test"}
    assert result.errors["train"]["labels"] == 11 * 2 * 3
    network = load_network(model)
    assert not network.training


def test_predictions_on_labels_carry_their_set_and_their_error(toy_project, tmp_path):
    folder = toy_project()
    train(config_of(folder, max_steps=2), tmp_path / "model")
    labels = read_poses(folder / "CollectedData_right.csv")
    found = read_poses(tmp_path / "model" / "predictions_right.csv")
    assert (found.frames == labels.frames).all()
    assert found.sets is not None
    assert sorted(set(found.sets)) == ["train", "validation"]
    assert found.likelihood is not None
    assert ((found.likelihood >= 0) & (found.likelihood <= 1)).all()
    table = read_metric_table(tmp_path / "model" / "predictions_right_pixel_error.csv")
    distance = np.linalg.norm(found.points - labels.points, axis=-1)
    np.testing.assert_allclose(table.values, distance, atol=1e-3)


@pytest.mark.slow
def test_dots_are_learned_to_a_pixel_with_confidence(toy_project, tmp_path):
    folder = toy_project(views=(), n=40)
    data = config_of(
        folder, max_steps=150, train_batch_size=8, check_val_every_n_epoch=5, split="random", imgaug="none"
    )
    data["training"]["augment"] = {"shift": 0.1, "rotation": 10}
    result = train(data, tmp_path / "model")
    assert result.errors["validation"]["median_px"] < 1.5
    assert result.errors["validation"]["confidence"] > 0.5


def test_one_keypoint_without_any_label_does_not_spoil_the_others(toy_project, tmp_path):
    folder = toy_project(views=())
    path = folder / "CollectedData.csv"
    lines = [line.split(",") for line in path.read_text().splitlines()]
    for cells in lines[3:]:
        cells[1] = cells[2] = ""
    path.write_text("\n".join(",".join(cells) for cells in lines) + "\n")
    result = train(config_of(folder, max_steps=3), tmp_path / "model")
    assert all(torch.isfinite(value).all() for value in weights(tmp_path / "model").values())
    assert result.errors["train"]["labels"] == 11 * 2
    assert np.isfinite(result.errors["train"]["mean_px"])


def without_labels(path: Path, keep: int) -> None:
    """Leave only the first labels of a file, of a keypoint each."""
    lines = [line.split(",") for line in path.read_text().splitlines()]
    for row, cells in enumerate(lines[3:]):
        cells[1:] = [c if row < keep and at < 2 else "" for at, c in enumerate(cells[1:])]
    path.write_text("\n".join(",".join(cells) for cells in lines) + "\n")


@pytest.mark.parametrize("keep", [1, 3])
def test_batches_without_a_label_and_a_single_label_train_to_finite_weights(toy_project, tmp_path, keep):
    folder = toy_project(views=())
    without_labels(folder / "CollectedData.csv", keep)
    (folder / "split.csv").write_text(
        "frame,set\n" + "".join(f"{row},{'validation' if row == 11 else 'train'}\n" for row in range(12))
    )
    settings = {"max_steps": 12, "train_batch_size": 1, "split_file": str(folder / "split.csv")}
    result = train(config_of(folder, **settings), tmp_path / "model")
    assert all(torch.isfinite(value).all() for value in weights(tmp_path / "model").values())
    assert result.errors["train"]["labels"] == keep
    assert result.checkpoint.name == "last.ckpt"  # nothing validates
    history = (tmp_path / "model" / "logs" / "metrics.csv").read_text()
    assert "nan" not in history


def test_labels_that_are_all_missing_and_a_single_instant_are_refused(toy_project, tmp_path):
    folder = toy_project(views=())
    path = folder / "CollectedData.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:4]))
    with pytest.raises(DataError, match="two labeled instants at least are needed"):
        train(config_of(folder), tmp_path / "one")
    path.write_text("".join(lines))
    without_labels(path, keep=1)
    with pytest.raises(DataError, match="no label to train on"):
        train(config_of(folder, val_frames="0"), tmp_path / "held_out")
    without_labels(path, keep=0)
    with pytest.raises(DataError, match="no keypoint has a label"):
        train(config_of(folder), tmp_path / "none")


def test_ensemble_members_differ_and_share_their_split(toy_project, tmp_path):
    folder, out = toy_project(), tmp_path / "ensemble"
    results = train_ensemble(config_of(folder, max_steps=2), out, [3, 1])
    assert yaml.safe_load((out / "ensemble.yaml").read_text()) == {"members": ["rng=3", "rng=1"]}
    assert list(members(out)) == ["rng=3", "rng=1"]
    one, two = (weights(result.model_dir) for result in results)
    assert any(not torch.equal(one[key], two[key]) for key in one)
    splits = [(result.model_dir / "split.csv").read_text() for result in results]
    assert splits[0] == splits[1]
    stamp = results[0].checkpoint.stat().st_mtime_ns
    again = train_ensemble(config_of(folder, max_steps=2), out, [3, 1], resume=True)
    assert again[0].checkpoint.stat().st_mtime_ns == stamp
    assert again[0].errors == results[0].errors


def test_a_folder_in_use_is_not_written_into(toy_project, tmp_path):
    folder, model = toy_project(), tmp_path / "model"
    model.mkdir()
    (model / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"not empty. --resume continues .* --overwrite"):
        train(config_of(folder), model)
    with pytest.raises(ConfigError, match="no model, so --overwrite does not remove it"):
        train(config_of(folder), model, overwrite=True)
    assert (model / "notes.txt").read_text() == "mine"


def test_resuming_with_other_settings_or_labels_is_refused(toy_project, tmp_path):
    folder, model = toy_project(views=()), tmp_path / "model"
    train(config_of(folder, max_steps=2), model)
    with pytest.raises(ConfigError, match=r"training.max_steps was 2 and is now 4"):
        train(config_of(folder, max_steps=4), model, resume=True)
    (model / "train_status.json").unlink()
    path = folder / "CollectedData.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-3]) + "\n")
    with pytest.raises(DataError, match="start anew"):
        train(config_of(folder, max_steps=2), model, resume=True)


def start(config: Path, out: Path) -> subprocess.Popen:
    command = [
        sys.executable,
        "-m",
        "lightning_pose.cli.main",
        "train",
        str(config),
        "--output_dir",
        str(out),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    if out.exists():
        command.append("--resume")
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_until(condition: Callable[[], bool], process: subprocess.Popen, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "too slow"
        time.sleep(0.02)


@pytest.fixture
def config_file(toy_project, tmp_path) -> Path:
    folder = toy_project(views=())
    path = tmp_path / "config.yaml"
    training = {"max_steps": 36, "accumulate_grad_batches": 2, "augment": {"blur": 0.5}}
    path.write_text(yaml.safe_dump(config_of(folder, **training)))
    return path


@pytest.mark.slow
def test_a_killed_training_resumes_to_the_weights_of_an_uninterrupted_one(config_file, tmp_path):
    """SIGKILL twice, wherever it hits; the weights agree to 1e-6."""
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    assert start(config_file, straight).wait() == 0
    for n_epochs in (2, 5):
        process = start(config_file, killed)
        log = killed / "logs" / "metrics.csv"
        wait_until(lambda n=n_epochs, f=log: f.is_file() and f.read_text().count("\n") > n, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert not (killed / "metrics.csv").exists()
    process = start(config_file, killed)
    output = process.communicate()
    assert process.returncode == 0, output
    one, two = weights(straight), weights(killed)
    assert max((one[key].double() - two[key].double()).abs().max().item() for key in one) < 1e-6
    assert (straight / "logs" / "metrics.csv").read_text() == (killed / "logs" / "metrics.csv").read_text()
    assert ModelDir(straight).checkpoint().name == ModelDir(killed).checkpoint().name
    assert (straight / "predictions.csv").read_text() == (killed / "predictions.csv").read_text()


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on_and_exits_with_130(config_file, tmp_path):
    out = tmp_path / "model"
    process = start(config_file, out)
    last = out / "tb_logs" / "pose" / "version_0" / "checkpoints" / "last.ckpt"
    wait_until(last.is_file, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"litpose train {config_file} --output_dir {out} --resume" in errors
    assert "Traceback" not in errors
    assert json.loads((out / "train_status.json").read_text())["status"] == "INTERRUPTED"
    assert last.is_file()
