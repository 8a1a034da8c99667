"""One call of Lightning's trainer: resumed where there is a checkpoint, quiet, and interruptible.

Several processes train together by a call in each. The first starts the others, which read what to do from
the model folder; so a training can be started from any program, not only from the command line.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.environments import LightningEnvironment
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.strategies import DDPStrategy

from lightning_pose.core.errors import ModelError
from lightning_pose.data.module import LabeledData
from lightning_pose.model_dir import ModelDir
from lightning_pose.tasks.pose2d import Pose2DTask

EXPECTED_WARNINGS = (
    ".*does not have many workers.*",
    ".*log_every_n_steps.*",
    ".*validation_step.*",
    ".*isinstance.treespec.*",
    ".*find_unused_parameters=True was specified.*",
    ".*sync_dist=True.*",  # the first process validates for all
)
READY = "ready"
JOIN = "import sys; from lightning_pose.train import join; join(*sys.argv[1:])"


class Company(NamedTuple):
    """Which of the processes that train together this is.

    Attributes:
        rank: 0 is the first, which writes all files.
        size: how many they are.
        port: where they meet, on this machine.
        others: that the first one has started.
    """

    rank: int = 0
    size: int = 1
    port: int = 0
    others: tuple[subprocess.Popen[str], ...] = ()


class _Meeting(LightningEnvironment):
    """Tells Lightning that all processes are there already."""

    def __init__(self, company: Company) -> None:
        super().__init__()
        self._place = company
        self._main_port = company.port

    @property
    def creates_processes_externally(self) -> bool:
        return True

    @property
    def main_address(self) -> str:
        return "127.0.0.1"

    def local_rank(self) -> int:
        return self._place.rank


@contextmanager
def company_of(folder: Path, size: int) -> Iterator[Company]:
    """Start the other processes of a training, and see that none outlives this one.

    Args:
        folder: of the model, with its configuration.
        size: processes in all.
    """
    port = _free_port() if size > 1 else 0
    threads = str(max(1, (os.cpu_count() or 1) // size))
    environment = {"OMP_NUM_THREADS": threads, **os.environ}
    with ExitStack() as stack:
        others = []
        for rank in range(1, size):
            log = stack.enter_context(_log_of(folder, rank).open("w", encoding="utf-8"))
            words = [sys.executable, "-c", JOIN, str(folder), str(rank), str(size), str(port)]
            others.append(
                subprocess.Popen(
                    words,
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    start_new_session=True,  # Ctrl-C is for the first one, which ends the others
                )
            )
        try:
            yield Company(0, size, port, tuple(others))
            for other in others:
                other.wait()
        finally:
            for other in others:
                other.kill()
                other.communicate()


def _free_port() -> int:
    """Return a port of this machine that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def follow_parent() -> None:
    """End this process when the one that started it is gone, however that ended."""

    def watch() -> None:
        sys.stdin.read()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _meet(company: Company, folder: Path) -> None:
    """Wait until every process is ready to train.

    Raises:
        ModelError: when one of them ended before; with where its messages are.
    """
    if company.rank > 0:
        print(READY, flush=True)
        sys.stdout = sys.stderr  # nobody reads on
    for rank, other in enumerate(company.others, start=1):
        assert other.stdout is not None
        if other.stdout.readline().strip() != READY:
            log = _log_of(folder, rank)
            last = log.read_text(encoding="utf-8").strip().splitlines()[-1:] or ["it said nothing"]
            raise ModelError(f"process {rank} of {company.size} ended before training: {last[0]}; see {log}")


def _log_of(folder: Path, rank: int) -> Path:
    """Return where the messages of a process go."""
    (folder / "logs").mkdir(exist_ok=True)
    return folder / "logs" / f"process_{rank}.log"


def fit(
    task: Pose2DTask,
    data: LabeledData,
    model: ModelDir,
    *,
    callbacks: Sequence[pl.Callback],
    options: dict[str, Any],
    company: Company | None = None,
) -> pl.Trainer:
    """Train until the end that the options set, from the last checkpoint in the model folder if there is one.

    Args:
        task: the training.
        data: what it sees.
        model: its folder.
        callbacks: what happens beside it.
        options: of the trainer.
        company: the processes that train together; None is this one alone.

    Raises:
        KeyboardInterrupt: after Ctrl-C.
        ModelError: when another process could not begin.
    """
    company = company or Company()
    logger = TensorBoardLogger(model.path, name=str(model.log_dir.parent.relative_to(model.path)), version=0)
    last = model.last_checkpoint
    with _quiet(), _together(company, model.path) as joint:
        trainer = pl.Trainer(
            **options,
            **joint,
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
def _together(company: Company, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the trainer's options for several processes, and dissolve their group in the end."""
    if company.size == 1:
        yield {}
        return
    _meet(company, folder)
    kept = {name: os.environ.get(name) for name in ("MASTER_ADDR", "MASTER_PORT")}
    try:
        yield {
            "strategy": DDPStrategy(find_unused_parameters=True),  # those that are frozen are unused
            "plugins": [_Meeting(company)],
            "sync_batchnorm": torch.cuda.is_available(),  # there is none for processors
            "use_distributed_sampler": False,
        }
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


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
