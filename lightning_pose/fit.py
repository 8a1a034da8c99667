"""One call of Lightning's trainer: resumed where there is a checkpoint, quiet, and interruptible."""

import logging
import signal
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.loggers import TensorBoardLogger

from lightning_pose.data.module import LabeledData
from lightning_pose.model_dir import ModelDir
from lightning_pose.tasks.pose2d import Pose2DTask

EXPECTED_WARNINGS = (
    ".*does not have many workers.*",
    ".*log_every_n_steps.*",
    ".*validation_step.*",
    ".*isinstance.treespec.*",
)


def fit(
    task: Pose2DTask,
    data: LabeledData,
    model: ModelDir,
    *,
    callbacks: Sequence[pl.Callback],
    options: dict[str, Any],
) -> pl.Trainer:
    """Train until the end that the options set, from the last checkpoint in the model folder if there is one.

    Raises:
        KeyboardInterrupt: after Ctrl-C.
    """
    logger = TensorBoardLogger(model.path, name=str(model.log_dir.parent.relative_to(model.path)), version=0)
    last = model.last_checkpoint
    with _quiet():
        trainer = pl.Trainer(
            **options,
            callbacks=list(callbacks),
            logger=logger,
            default_root_dir=model.path,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        resumed = str(last) if last.is_file() else None
        handler = signal.getsignal(signal.SIGINT)
        try:
            trainer.fit(task, datamodule=data, ckpt_path=resumed, weights_only=True)
        except SystemExit:
            if not trainer.interrupted:
                raise
            # what Lightning makes of Ctrl-C: exit code 1, and the next one ignored
            signal.signal(signal.SIGINT, handler)
            raise KeyboardInterrupt from None
    return trainer


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning from announcing devices and from advising loader processes for data in memory."""
    names = ("pytorch_lightning", "lightning_fabric", "lightning.pytorch", "lightning.fabric")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for text in EXPECTED_WARNINGS:
                warnings.filterwarnings("ignore", message=text)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
