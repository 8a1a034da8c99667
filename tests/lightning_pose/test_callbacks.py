import errno
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import pytorch_lightning as pl
import torch

from lightning_pose.build.network import build_network
from lightning_pose.callbacks import (
    Averaging,
    History,
    LastCheckpoint,
    Validation,
    is_last_epoch,
    write_status,
)
from lightning_pose.config import Config
from lightning_pose.data.augment import Augmentation
from lightning_pose.losses.base import WeightedLoss
from lightning_pose.tasks.averaging import WeightAverage
from lightning_pose.tasks.pose2d import Optimisation, Pose2DTask


@pytest.fixture(scope="module")
def task() -> Pose2DTask:
    losses = [WeightedLoss("zero", lambda outputs, batch: torch.zeros(()))]
    optimisation = Optimisation("AdamW", 1e-3, None, lambda step: 1.0, steps_per_epoch=2)
    config = Config()
    config.data.keypoint_names = ["a", "b"]
    task = Pose2DTask(build_network(config), losses, Augmentation(), optimisation)
    task.log = lambda *args, **options: None  # logging needs a trainer
    return task


class TrainerAt(pl.Trainer):
    """A trainer that is at the end of an epoch of two steps, and can do nothing else."""

    current_epoch = global_step = 0
    max_epochs = 100
    should_stop = False
    world_size = 1
    is_global_zero = True
    optimizers: ClassVar[list[Any]] = []

    def __init__(self, epoch: int, **attributes: Any) -> None:
        self.current_epoch, self.global_step = epoch, 2 * (epoch + 1)
        for name, value in attributes.items():
            setattr(self, name, value)


def validation_of(errors: list[float], folder: Path, **options: Any) -> Validation:
    settings = {"every_epochs": 1, "patience": None, "min_steps": 0, **options}
    return Validation(lambda task: {"pixel_error": errors.pop(0)}, folder, **settings)


def test_the_smallest_error_is_kept_and_only_that(task, tmp_path):
    validation = validation_of([5.0, 3.0, 4.0, math.nan], tmp_path)
    for epoch in range(4):
        validation.on_train_epoch_end(TrainerAt(epoch), task)
    assert [path.name for path in tmp_path.iterdir()] == ["epoch=1-step=4-best.ckpt"]
    content = torch.load(tmp_path / validation.best_name, weights_only=True)
    assert content["val_pixel_error"] == 3.0
    assert content["state_dict"].keys() == task.state_dict().keys()


def test_the_best_is_chosen_by_the_number_that_is_asked_for(task, tmp_path):
    numbers = [{"pixel_error": 5.0, "loss": 0.5}, {"pixel_error": 3.0, "loss": 0.7}]
    validation = validation_of([], tmp_path, metric="loss")
    validation.validate = lambda task: numbers.pop(0)
    for epoch in range(2):
        validation.on_train_epoch_end(TrainerAt(epoch), task)
    assert (validation.best, validation.best_error, validation.error) == (0.5, 5.0, 3.0)
    assert [path.name for path in tmp_path.iterdir()] == ["epoch=0-step=2-best.ckpt"]


def test_the_mean_of_the_weights_is_validated_and_kept_while_training_goes_on_with_its_own(task, tmp_path):
    average = WeightAverage(0.5)
    averaging, weight = Averaging(average), task.network.head.logits.bias
    for step in (1, 2, 2):  # the last batch is accumulated, without a step
        torch.nn.init.constant_(weight, float(step))
        trainer = TrainerAt(0)
        trainer.global_step = step
        averaging.on_train_batch_end(trainer, task, None, None, 0)
    expected = 1 + (2 - 1) * (1 - 2 / 11)
    seen = []

    def validate(task: Pose2DTask) -> dict[str, float]:
        seen.append(weight.mean().item())
        return {"pixel_error": 1.0}

    validation = validation_of([], tmp_path, average=average)
    validation.validate = validate
    validation.on_train_epoch_end(TrainerAt(0), task)
    assert seen == [pytest.approx(expected)]
    assert weight.mean().item() == 2
    kept = torch.load(tmp_path / validation.best_name, weights_only=True)["state_dict"]
    assert kept["network.head.logits.bias"].mean().item() == pytest.approx(expected)
    resumed = Averaging(WeightAverage(0.5))
    resumed.load_state_dict(averaging.state_dict())
    assert resumed.average.n_steps == 2


def test_a_mean_that_nothing_validates_is_kept_at_the_end(task, tmp_path):
    average, weight = WeightAverage(0.5), task.network.head.logits.bias
    torch.nn.init.constant_(weight, 3.0)
    average.update(task.network)
    torch.nn.init.constant_(weight, 7.0)
    validation = validation_of([math.nan, math.nan], tmp_path, average=average)
    validation.on_train_epoch_end(TrainerAt(0, max_epochs=2), task)
    assert not list(tmp_path.iterdir())
    validation.on_train_epoch_end(TrainerAt(1, max_epochs=2), task)
    kept = torch.load(tmp_path / "epoch=1-step=4-best.ckpt", weights_only=True)["state_dict"]
    assert kept["network.head.logits.bias"].mean().item() == 3.0


def test_a_resumed_run_forgets_a_best_of_steps_that_it_has_yet_to_repeat(task, tmp_path):
    first = validation_of([5.0, 4.0], tmp_path)
    first.on_train_epoch_end(TrainerAt(0), task)
    saved = first.state_dict()
    first.on_train_epoch_end(TrainerAt(1), task)
    second = validation_of([4.0], tmp_path)
    second.load_state_dict(saved)
    assert second.best == 5.0
    assert not list(tmp_path.glob("*.ckpt"))
    second.on_train_epoch_end(TrainerAt(1), task)
    assert second.best_name == first.best_name


def test_it_validates_every_few_epochs_and_at_the_end(task, tmp_path):
    errors = [3.0, 2.0, 1.0]
    validation = validation_of(errors, tmp_path, every_epochs=3)
    for epoch in range(7):
        validation.on_train_epoch_end(TrainerAt(epoch, max_epochs=7), task)
    assert errors == []
    assert validation.last_step == 14


def test_early_stopping_waits_for_its_patience_and_for_the_least_steps(task, tmp_path):
    validation = validation_of([1.0, 2.0, 2.0, 2.0, 2.0], tmp_path, patience=2, min_steps=9)
    stops = []
    for epoch in range(5):
        trainer = TrainerAt(epoch)
        validation.on_train_epoch_end(trainer, task)
        stops.append(trainer.should_stop)
    assert stops == [False, False, False, False, True]
    assert is_last_epoch(trainer)


def test_a_full_disk_leaves_the_former_checkpoint_whole(task, tmp_path):
    last = LastCheckpoint(tmp_path, every_seconds=0, keep_every_epochs=None)
    last.on_train_epoch_end(TrainerAt(0, save_checkpoint=lambda path: path.write_bytes(b"whole")), task)

    def full(path: Path) -> None:
        path.write_bytes(b"ha")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        last.on_train_epoch_end(TrainerAt(1, save_checkpoint=full), task)
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]
    assert (tmp_path / "last.ckpt").read_bytes() == b"whole"


def test_checkpoints_keep_their_distance_in_time(task, tmp_path):
    saved: list[str] = []
    last = LastCheckpoint(tmp_path, every_seconds=1e6, keep_every_epochs=3)

    def save(path: Path) -> None:
        path.write_bytes(b"x")
        saved.append(path.suffix)

    for epoch in range(6):
        last.on_train_epoch_end(TrainerAt(epoch, max_epochs=6, save_checkpoint=save), task)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["epoch=2-step=6.ckpt", "epoch=5-step=12.ckpt", "last.ckpt"]
    assert len(saved) == 3


def test_the_history_is_continued_after_a_resume(task, tmp_path):
    validation = validation_of([7.0], tmp_path, every_epochs=2)
    optimizers = [SimpleNamespace(param_groups=[{"lr": 0.1}])]
    history = History(tmp_path / "metrics.csv", validation)
    for epoch in range(2):
        for loss in (1.0, 2.0):
            history.on_train_batch_end(TrainerAt(epoch), task, {"loss": torch.tensor(loss)}, None, 0)
        validation.on_train_epoch_end(TrainerAt(epoch), task)
        history.on_train_epoch_end(TrainerAt(epoch, optimizers=optimizers), task)
    resumed = History(tmp_path / "metrics.csv", validation)
    resumed.load_state_dict(history.state_dict())
    resumed.on_train_epoch_end(TrainerAt(2, optimizers=optimizers), task)
    lines = (tmp_path / "metrics.csv").read_text().splitlines()
    assert lines[0] == "epoch,step,train_loss,learning_rate,val_pixel_error"
    assert lines[1:] == ["0,2,1.5,0.1,", "1,4,1.5,0.1,7", "2,6,,0.1,"]


def test_the_history_has_the_parts_of_the_loss_and_that_of_the_validation(task, tmp_path):
    numbers = {"pixel_error": 7.0, "loss": 0.25}
    validation = Validation(lambda _: numbers, tmp_path, every_epochs=2, patience=None, min_steps=0)
    optimizers = [SimpleNamespace(param_groups=[{"lr": 0.1}])]
    history = History(tmp_path / "metrics.csv", validation)
    for epoch in range(2):
        for loss in (1.0, 2.0) if epoch else (3.0,):
            task.parts = (
                {"heatmap": torch.tensor(loss / 2), "temporal": torch.tensor(loss / 4)} if epoch else {}
            )
            history.on_train_batch_end(TrainerAt(epoch), task, {"loss": torch.tensor(loss)}, None, 0)
        validation.on_train_epoch_end(TrainerAt(epoch), task)
        history.on_train_epoch_end(TrainerAt(epoch, optimizers=optimizers), task)
    lines = (tmp_path / "metrics.csv").read_text().splitlines()
    assert lines[0].split(",")[5:] == ["val_loss", "train_heatmap", "train_temporal"]
    assert lines[1:] == ["0,2,3,0.1,,,,", "1,4,1.5,0.1,7,0.25,0.75,0.375"]


def test_the_status_has_the_form_that_waiting_programs_read(tmp_path):
    write_status(tmp_path / "train_status.json", "TRAINING", 3, 9)
    text = (tmp_path / "train_status.json").read_text()
    assert '"status": "TRAINING"' in text
    assert '"completed": 3' in text
    assert '"total": 9' in text
