"""Trainings that must come to the same: in two processes, in smaller batches, after an interruption."""

import csv
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from lightning_pose.core.errors import ModelError
from lightning_pose.fit import _meet, company_of
from lightning_pose.model_dir import ModelDir
from lightning_pose.train import train

# layer normalisation only: what a batch comes to does not depend on how it is divided
NETWORK = {"backbone": "vitt", "head": "heatmap_cnn"}


def config_of(folder: Path, **training: Any) -> dict[str, Any]:
    settings = {
        "max_steps": 4,
        "train_batch_size": 4,
        "check_val_every_n_epoch": 1,
        "last_ckpt_every_seconds": 0,
        "precision": "fp32",
        "accelerator": "cpu",
        "imgaug": "none",
        "optimizer_params": {"learning_rate": 1e-4},
    }
    return {
        "data": {"data_dir": str(folder), "image_resize_dims": {"height": 32, "width": 32}},
        "model": NETWORK,
        "training": {**settings, **training},
    }


def weights(model: Path) -> dict[str, torch.Tensor]:
    return torch.load(ModelDir(model).last_checkpoint, weights_only=True)["state_dict"]


def farthest(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> float:
    return max((one[key] - two[key]).abs().max().item() for key in one)


@pytest.mark.slow
def test_two_processes_come_to_the_weights_of_one(toy_project, tmp_path):
    folder = toy_project(views=())
    train(config_of(folder), tmp_path / "one")
    result = train(config_of(folder, num_devices=2, ema_decay=0.9), tmp_path / "two")
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert farthest(one, two) < 2e-5  # of steps of 1e-4
    assert not torch.distributed.is_initialized()
    with (tmp_path / "two" / "logs" / "metrics.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["3", "4"]
    assert len(list(ModelDir(tmp_path / "two").checkpoints.glob("*-best.ckpt"))) == 1
    assert result.errors["validation"]["labels"] == 3


@pytest.mark.slow
def test_two_processes_that_are_killed_resume_to_the_weights_and_the_mean_of_uninterrupted_ones(
    toy_project, tmp_path
):
    config = config_of(toy_project(views=()), num_devices=2, ema_decay=0.9, max_steps=24)
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    train(config, straight)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "lightning_pose.cli.main", "train", str(tmp_path / "config.yaml")]
    process = subprocess.Popen([*command, "--output_dir", str(killed)], stdout=subprocess.DEVNULL)
    log, end = killed / "logs" / "metrics.csv", time.monotonic() + 240
    while not (log.is_file() and log.read_text().count("\n") > 3):
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert not (killed / "metrics.csv").exists()
    train(config, killed, resume=True)
    one, two = (torch.load(ModelDir(path).last_checkpoint, weights_only=True) for path in (straight, killed))
    assert farthest(one["state_dict"], two["state_dict"]) < 1e-6
    means = [checkpoint["callbacks"]["Averaging"]["mean"] for checkpoint in (one, two)]
    assert farthest(*means) < 1e-6
    assert farthest({k.removeprefix("network."): v for k, v in one["state_dict"].items()}, means[0]) > 0
    assert ModelDir(straight).checkpoint().name == ModelDir(killed).checkpoint().name


def test_a_process_that_cannot_begin_is_named_with_its_last_words(monkeypatch, tmp_path):
    monkeypatch.setattr("lightning_pose.fit.JOIN", "raise SystemExit('out of memory')")
    with (
        pytest.raises(ModelError, match=r"process 1 of 2 ended before training: out of memory; see .*_1.log"),
        company_of(tmp_path, 2) as company,
    ):
        _meet(company, tmp_path)


def test_the_other_processes_end_with_an_interrupted_first_one(monkeypatch, tmp_path):
    monkeypatch.setattr("lightning_pose.fit.JOIN", "import time; time.sleep(600)")
    with pytest.raises(KeyboardInterrupt), company_of(tmp_path, 3) as company:
        raise KeyboardInterrupt
    assert [other.poll() is not None for other in company.others] == [True, True]


def test_two_small_batches_make_the_step_of_a_large_one(toy_project, tmp_path):
    folder = toy_project(views=())
    train(config_of(folder, max_steps=2), tmp_path / "large")
    train(config_of(folder, max_steps=2, train_batch_size=2, accumulate_grad_batches=2), tmp_path / "small")
    assert farthest(weights(tmp_path / "large"), weights(tmp_path / "small")) < 1e-6
