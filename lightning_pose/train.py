"""Train a network, or an ensemble of them, from a configuration to a model folder."""

import shutil
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytorch_lightning as pl

from lightning_pose.build.data import build_clips, build_data, build_frames, build_split_rule
from lightning_pose.build.losses import build_losses, training_labels
from lightning_pose.build.machine import least_steps, steps_per_epoch, total_steps, trainer_options
from lightning_pose.build.network import build_network
from lightning_pose.build.task import build_task
from lightning_pose.callbacks import (
    Averaging,
    History,
    LastCheckpoint,
    Status,
    StopAt,
    Validation,
    write_status,
)
from lightning_pose.card import write_card
from lightning_pose.claim import claim_config, claim_folder, is_complete
from lightning_pose.confidence import Calibration, calibrate_model, read_calibration
from lightning_pose.config import Config, Source, csv_paths, load_config
from lightning_pose.core.errors import ConfigError, DataError
from lightning_pose.core.files import atomic_path
from lightning_pose.core.poses import VISIBLE
from lightning_pose.core.progress_file import ProgressFile
from lightning_pose.data.labels import LabeledFrames
from lightning_pose.data.module import LabeledData
from lightning_pose.data.split import read_split, split, write_split
from lightning_pose.evaluate import evaluate_model, plot_history, read_summary, validate
from lightning_pose.fit import Company, company_of, fit, follow_parent
from lightning_pose.model_dir import SPLIT_FILE, STATUS_FILE, SUMMARY_FILE, ModelDir, write_ensemble
from lightning_pose.progress import ProgressBar, ProgressTold, reading
from lightning_pose.tasks.averaging import WeightAverage
from lightning_pose.tasks.pose2d import Pose2DTask

Errors = dict[str, dict[str, float]]  # set -> labels, mean_px, median_px, p90_px, confidence


class TrainResult(NamedTuple):
    """What came of one training.

    Attributes:
        model_dir: its folder.
        errors: per set (train, validation, ...): labels, mean_px, median_px, p90_px, confidence.
        checkpoint: the weights that prediction uses.
        seconds: that this call took; near 0 for a training that was finished already.
        calibration: of its confidences; None without validation labels.
    """

    model_dir: Path
    errors: Errors
    checkpoint: Path
    seconds: float
    calibration: Calibration | None = None


def train(
    config: Source,
    output_dir: Path | str,
    *,
    overrides: Sequence[str] = (),
    resume: bool = False,
    overwrite: bool = False,
    show_progress: bool = False,
    progress_file: Path | None = None,
) -> TrainResult:
    """Train one network.

    Args:
        config: a YAML file, nested data, or a record.
        output_dir: the model folder to make.
        overrides: `key=value`, in hydra's grammar.
        resume: continue an interrupted training in this folder; a finished one is left as it is.
        overwrite: remove what is in the folder before.
        show_progress: show how far it is.
        progress_file: JSON with how far it is, for programs that wait.

    Raises:
        ConfigError: with every fault of the configuration; when the folder is not empty; when a resumed
            training would not be the same.
        DataError: with everything about labels and images that does not fit.
        ModelError: when the weights to start from cannot be had.
        KeyboardInterrupt: after Ctrl-C; what was trained until then can be resumed.
    """
    checked = load_config(config, overrides).config
    folder = Path(output_dir)
    claim_folder(folder, resume=resume, overwrite=overwrite)
    claim_config(folder, checked)
    return _train_all([(folder, checked)], show_progress, ProgressFile(progress_file))[0]


def train_ensemble(
    config: Source,
    output_dir: Path | str,
    seeds: Sequence[int],
    *,
    overrides: Sequence[str] = (),
    resume: bool = False,
    overwrite: bool = False,
    show_progress: bool = False,
    progress_file: Path | None = None,
) -> list[TrainResult]:
    """Train networks that differ in their random numbers, not in their split, into `output_dir/rng=<seed>/`.

    A seed sets initial weights, order and augmentation (`training.rng_seed_model_pt`). Images are read once
    for all.

    Args:
        config: as in `train`.
        output_dir: the ensemble's folder, which gets an `ensemble.yaml`.
        seeds: one per member.
        overrides: as in `train`.
        resume: continue; members that are finished are left as they are.
        overwrite: remove what is in the folder before.
        show_progress: show how far it is.
        progress_file: as in `train`.

    Raises:
        ConfigError, DataError, ModelError, KeyboardInterrupt: as `train`.
    """
    if len(set(seeds)) < len(seeds) or not seeds:
        raise ConfigError(f"seeds: expected different ones, got {' '.join(map(str, seeds)) or 'none'}")
    folder = Path(output_dir)
    runs = []
    for seed in seeds:
        member = load_config(config, [*overrides, f"training.rng_seed_model_pt={seed}"]).config
        runs.append((folder / f"rng={seed}", member))
    claim_folder(folder, resume=resume, overwrite=overwrite)
    for path, member in runs:
        path.mkdir(exist_ok=True)
        claim_config(path, member)
    write_ensemble(folder, [path.name for path, _ in runs])
    results = _train_all(runs, show_progress, ProgressFile(progress_file))
    write_card(folder)
    return results


def _train_all(
    runs: Sequence[tuple[Path, Config]], show_progress: bool, told: ProgressFile
) -> list[TrainResult]:
    """Train, or leave as they are, several networks on the same labels."""
    frames: LabeledFrames | None = None
    results = []
    for folder, config in runs:
        start = time.monotonic()
        model = ModelDir(folder)
        if not is_complete(folder):
            if frames is None:
                with reading("reading images", show_progress, told) as progress:
                    frames = build_frames(config, progress)
            _train_one(model, config, frames, show_progress, told, alone=len(runs) == 1)
        errors = read_summary(folder / SUMMARY_FILE)
        seconds = time.monotonic() - start
        calibration = read_calibration(folder)
        results.append(TrainResult(folder, errors, model.checkpoint(), seconds, calibration))
    return results


class _Run(NamedTuple):
    """One training, as it is in every process that takes part.

    Attributes:
        task: what is trained.
        data: what it sees.
        options: of the trainer.
        total: steps.
        averaging: of the weights, where it is asked for.
        validation: keeps the best weights.
        last: keeps the last ones.
    """

    task: Pose2DTask
    data: LabeledData
    options: dict[str, Any]
    total: int
    averaging: Averaging | None
    validation: Validation
    last: LastCheckpoint

    def callbacks(self, *before_last: pl.Callback) -> list[pl.Callback]:
        """Return what happens in every process, and what else before the last weights are written."""
        averaging = [] if self.averaging is None else [self.averaging]
        return [StopAt(self.total), *averaging, self.validation, *before_last, self.last]


def _train_one(
    model: ModelDir, config: Config, frames: LabeledFrames, show_progress: bool, told: ProgressFile, *,
    alone: bool,
) -> None:  # fmt: skip
    """Train into a claimed folder, evaluate, and say that it is complete."""
    sets, status = _write_inputs(model.path, config, frames), model.path / STATUS_FILE
    name = "" if alone else f"{model.path.name}: "
    with company_of(model.path, config.training.num_devices) as company:
        run = _prepared(model, config, frames, sets)
        history = History(model.path / "logs" / "metrics.csv", run.validation)
        callbacks = run.callbacks(history, Status(status, run.total))
        if show_progress:
            callbacks.append(ProgressBar(run.total, run.validation, model.path.name))
        if told.path is not None:
            callbacks.append(ProgressTold(told, run.total, f"{name}steps"))
        trainer = fit(run.task, run.data, model, callbacks=callbacks, options=run.options, company=company)
    write_status(status, "EVALUATING", trainer.global_step, run.total)
    told.tell(0, 0, f"{name}predicting the labeled frames")
    plot_history(model.path / "loss_curves.png", history.rows)
    device = str(trainer.strategy.root_device)
    calibrate_model(model, frames, sets, device=device)
    evaluate_model(model, frames, sets, device=device)
    write_card(model.path)
    write_status(status, "COMPLETED", trainer.global_step, run.total)


def join(folder: str, rank: str, size: str, port: str) -> None:
    """Train together with the process that started this one; arguments are those of its command line."""
    follow_parent()
    model = ModelDir(Path(folder))
    frames = build_frames(model.config)
    sets = read_split(model.path / SPLIT_FILE)
    run = _prepared(model, model.config, frames, [sets[frame] for frame in frames.frames[0]])
    company = Company(int(rank), int(size), int(port))
    fit(run.task, run.data, model, callbacks=run.callbacks(), options=run.options, company=company)


def _prepared(model: ModelDir, config: Config, frames: LabeledFrames, sets: Sequence[str]) -> _Run:
    """Return the training of a model, up to its first step."""
    training = config.training
    losses = build_losses(config, training_labels(frames, sets))
    clips = build_clips(config) if any(entry.unlabeled for entry in losses) else None
    data = build_data(config, frames, sets, clips)
    batches = steps_per_epoch(config, data)
    total = total_steps(config, batches)
    network = build_network(config, weights=True).channels_last()
    task = build_task(config, network, batches, losses)
    options = trainer_options(config, batches)
    average = None if training.ema_decay is None else WeightAverage(training.ema_decay)
    validation = Validation(
        partial(
            validate,
            frames=frames,
            rows=data.rows.get("validation", []),
            metric=training.checkpoint_metric,
            batch_size=training.val_batch_size,
            autocast=options["precision"] == "bf16-mixed",
        ),
        model.checkpoints,
        every_epochs=training.check_val_every_n_epoch,
        patience=training.early_stop_patience if training.early_stopping else None,
        min_steps=least_steps(config, batches),
        metric=training.checkpoint_metric,
        average=average,
    )
    last = LastCheckpoint(
        model.checkpoints,
        every_seconds=training.last_ckpt_every_seconds,
        keep_every_epochs=training.ckpt_every_n_epochs,
    )
    averaging = None if average is None else Averaging(average)
    return _Run(task, data, options, total, averaging, validation, last)


def _write_inputs(folder: Path, config: Config, frames: LabeledFrames) -> list[str]:
    """Write the split and copies of the labels into the model folder; return the set of every instant.

    Raises:
        DataError: when no label is left to train on, or a resumed training has other labels or another split.
    """
    sets = split(frames.frames, frames.view_names, build_split_rule(config)).tolist()
    if not (frames.visible[[name == "train" for name in sets]] == VISIBLE).any():
        raise DataError("the split leaves no label to train on: all are of instants that it holds out")
    path = folder / SPLIT_FILE
    if not path.is_file():
        write_split(path, frames.frames[0], sets)
    elif read_split(path) != dict(zip(frames.frames[0], sets, strict=True)):
        raise DataError(
            f"{path} is not the split that the labels give now: they have changed since, so start anew"
        )
    for source in csv_paths(config).values():
        with atomic_path(folder / source.name) as temporary:
            shutil.copyfile(source, temporary)
    return sets
