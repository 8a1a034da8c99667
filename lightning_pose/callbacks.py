"""What happens beside the training: validation, checkpoints, records, progress."""

import csv
import math
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TypeVar

import pytorch_lightning as pl
import torch

from lightning_pose.core.files import atomic_path, write_json
from lightning_pose.tasks.averaging import WeightAverage
from lightning_pose.tasks.pose2d import Pose2DTask

# pixel_error (mean, in pixels) and further numbers of validation, all of them the smaller the better
Validate = Callable[[Pose2DTask], Mapping[str, float]]
PIXEL_ERROR, LOSS = "pixel_error", "loss"
STATUS_SECONDS = 1.0
Value = TypeVar("Value")


class StopAt(pl.Callback):
    """End the training after a number of steps, also within an epoch.

    Lightning's own `max_steps` miscounts what is left of an epoch when it resumes, so it is told epochs only.
    """

    def __init__(self, total_steps: int) -> None:
        self.total = total_steps

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Stop where it is time to."""
        if trainer.global_step >= self.total:
            trainer.should_stop = True


class Averaging(pl.Callback):
    """Keep a running mean of the weights; the checkpoint holds it, so that a resumed run goes on with it."""

    def __init__(self, average: WeightAverage) -> None:
        self.average = average

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Take in the weights where the optimiser made a step."""
        assert isinstance(pl_module, Pose2DTask)
        if trainer.global_step > self.average.n_steps:
            self.average.update(pl_module.network)

    def state_dict(self) -> dict[str, Any]:
        """Return the mean."""
        return self.average.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the mean."""
        self.average.load_state_dict(state_dict)


class Validation(pl.Callback):
    """Validate every few epochs and at the end, and keep the weights that are best in one number.

    The weights alone go to `epoch=E-step=S-best.ckpt`; the number before it is in `best`, the pixel error of
    these weights in `best_error`, that of the last validation in `error`. Where weights are averaged, the
    mean is validated and kept; where nothing validates either, the mean at the end. Of several processes the
    first one validates, and tells the others.
    """

    def __init__(
        self,
        validate: Validate,
        folder: Path,
        *,
        every_epochs: int,
        patience: int | None,
        min_steps: int,
        metric: str = PIXEL_ERROR,
        average: WeightAverage | None = None,
    ) -> None:
        """Keep the settings.

        Args:
            validate: returns numbers by name, NaN where nothing validates.
            folder: for the checkpoint.
            every_epochs: how often.
            patience: stop after as many validations without a better one; None never stops.
            min_steps: steps before which nothing stops.
            metric: which of the numbers is to be small.
            average: of the weights.
        """
        self.validate, self.folder, self.metric, self.average = validate, folder, metric, average
        self.every_epochs, self.patience, self.min_steps = every_epochs, patience, min_steps
        self.best, self.best_name, self.worse = math.inf, "", 0
        self.last_step, self.error, self.best_error = -1, math.nan, math.nan
        self.loss = math.nan  # of the last validation, where it is among the numbers

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Validate where it is time to."""
        if (trainer.current_epoch + 1) % self.every_epochs == 0 or is_last_epoch(trainer):
            assert isinstance(pl_module, Pose2DTask)
            with self.average.applied(pl_module.network) if self.average else nullcontext():
                self._run(trainer, pl_module)

    def _run(self, trainer: pl.Trainer, task: Pose2DTask) -> None:
        """Validate, log, and keep what is best so far."""
        self.last_step = trainer.global_step
        numbers = told_by_first(trainer, lambda: dict(self.validate(task)))
        self.error, score = numbers[PIXEL_ERROR], numbers[self.metric]
        self.loss = numbers.get(LOSS, math.nan)
        if math.isnan(score):
            if self.average is not None and is_last_epoch(trainer):
                self._keep(trainer, task)  # `last.ckpt` predicts with the weights, not their mean
            return
        for name, number in numbers.items():
            task.log(f"val_{name}", number)
        if score >= self.best:
            self.worse += 1
            late = trainer.global_step >= self.min_steps
            if self.patience is not None and self.worse >= self.patience and late:
                trainer.should_stop = True
            return
        self.best, self.best_error, self.worse = score, self.error, 0
        self._keep(trainer, task)

    def _keep(self, trainer: pl.Trainer, task: Pose2DTask) -> None:
        """Write the network's weights as the best, in place of the former."""
        former = self.best_name
        self.best_name = f"epoch={trainer.current_epoch}-step={trainer.global_step}-best.ckpt"
        if not trainer.is_global_zero:
            return
        save_weights(self.folder / self.best_name, task, trainer, self.error)
        if former and former != self.best_name:
            (self.folder / former).unlink(missing_ok=True)

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run needs."""
        names = ("best", "best_name", "best_error", "worse", "error")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up where the interrupted run was; a best checkpoint it wrote later goes with its steps."""
        for name, value in state_dict.items():
            setattr(self, name, value)
        for path in self.folder.glob("*-best.ckpt"):
            if path.name != self.best_name:
                path.unlink()


class LastCheckpoint(pl.Callback):
    """Write `last.ckpt` at ends of epochs, a set time apart, and at the end: what a resumed run starts from.

    It is written beside and renamed, so a kill at any moment leaves the former one whole. Periodic copies are
    kept where they are asked for.
    """

    def __init__(self, folder: Path, *, every_seconds: float, keep_every_epochs: int | None) -> None:
        self.folder, self.every_seconds, self.keep_every_epochs = folder, every_seconds, keep_every_epochs
        self._written = time.monotonic()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write when it is time."""
        epoch = trainer.current_epoch
        due = told_by_first(trainer, lambda: time.monotonic() - self._written >= self.every_seconds)
        if is_last_epoch(trainer) or due:
            self._save(trainer, "last.ckpt")
            self._written = time.monotonic()
        if self.keep_every_epochs is not None and (epoch + 1) % self.keep_every_epochs == 0:
            self._save(trainer, f"epoch={epoch}-step={trainer.global_step}.ckpt")

    def _save(self, trainer: pl.Trainer, name: str) -> None:
        if not trainer.is_global_zero:
            trainer.save_checkpoint(self.folder / name)  # takes part, and writes nothing
            return
        with atomic_path(self.folder / name) as temporary:
            trainer.save_checkpoint(temporary)


class History(pl.Callback):
    """Collect losses, learning rate and validation; the table is in the checkpoint, so it resumes too.

    The loss of the validation follows, and the parts of the training loss where it is a sum.
    """

    COLUMNS = ("epoch", "step", "train_loss", "learning_rate", "val_pixel_error")

    def __init__(self, path: Path, validation: Validation) -> None:
        self.path, self.validation = path, validation
        self.rows: list[list[float]] = []
        self.further: list[dict[str, float]] = []  # columns of each row beyond those
        self._losses: dict[str, list[torch.Tensor]] = {}

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Remember the losses without waiting for the device."""
        assert isinstance(pl_module, Pose2DTask)
        for name, value in {"loss": outputs["loss"], **pl_module.parts}.items():
            self._losses.setdefault(name, []).append(value.detach())

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add a row and rewrite the table."""
        losses = {f"train_{name}": float(torch.stack(each).mean()) for name, each in self._losses.items()}
        self._losses.clear()
        step, now = trainer.global_step, self.validation.last_step == trainer.global_step
        rate = trainer.optimizers[0].param_groups[-1]["lr"]
        error, loss = (self.validation.error, self.validation.loss) if now else (math.nan, math.nan)
        self.rows.append([trainer.current_epoch, step, losses.pop("train_loss", math.nan), rate, error])
        self.further.append(losses if math.isnan(loss) else {"val_loss": loss, **losses})
        self._write()

    def _write(self) -> None:
        more = list(dict.fromkeys(name for row in self.further for name in row))
        with atomic_path(self.path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([*self.COLUMNS, *more])
            for row, further in zip(self.rows, self.further, strict=True):
                numbers = [*row, *(further.get(name, math.nan) for name in more)]
                writer.writerow(["" if math.isnan(number) else f"{number:.6g}" for number in numbers])

    def state_dict(self) -> dict[str, Any]:
        """Return the table."""
        return {"rows": self.rows, "further": self.further}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the table; former versions had no further columns."""
        self.rows = state_dict["rows"]
        self.further = state_dict.get("further", [{} for _ in self.rows])


class Status(pl.Callback):
    """Keep `train_status.json` current, for programs that wait: what is going on, and how far it is."""

    def __init__(self, path: Path, total_steps: int) -> None:
        self.path, self.total = path, total_steps
        self._written = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say that training has begun."""
        write_status(self.path, "TRAINING", trainer.global_step, self.total)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Say how far it is, about once a second."""
        if time.monotonic() - self._written >= STATUS_SECONDS:
            self._written = time.monotonic()
            write_status(self.path, "TRAINING", trainer.global_step, self.total)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Say that it ended early."""
        word = "INTERRUPTED" if isinstance(exception, KeyboardInterrupt) else "FAILED"
        write_status(self.path, word, trainer.global_step, self.total)


def told_by_first(trainer: pl.Trainer, ask: Callable[[], Value]) -> Value:
    """Return what the first of the processes finds, in all of them."""
    if trainer.world_size == 1:
        return ask()
    found = ask() if trainer.is_global_zero else None
    return trainer.strategy.broadcast(found)  # type: ignore[return-value]


def is_last_epoch(trainer: pl.Trainer) -> bool:
    """Return whether no epoch follows this one."""
    return trainer.should_stop or trainer.current_epoch + 1 >= (trainer.max_epochs or 0)


def save_weights(path: Path, task: pl.LightningModule, trainer: pl.Trainer, error: float) -> None:
    """Write a checkpoint that holds the weights and where they are from, atomically."""
    state = {key: value.cpu() for key, value in task.state_dict().items()}
    content = {
        "state_dict": state,
        "epoch": trainer.current_epoch,
        "global_step": trainer.global_step,
        "val_pixel_error": error,
    }
    with atomic_path(path) as temporary:
        torch.save(content, temporary)


def write_status(path: Path, status: str, completed: int, total: int) -> None:
    """Write how far a training is, atomically."""
    progress = {"completed": completed, "total": total, "timestamp": time.time()}
    write_json(path, {"status": status, "progress": progress})
