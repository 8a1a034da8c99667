from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from lightning_pose.core.sessions import check_session
from lightning_pose.core.video import VideoWriter
from lightning_pose.data.clips import ClipOptions, Clips, Source
from lightning_pose.data.labels import LabeledFrames, read_labeled_frames
from lightning_pose.data.module import EpochSampler, LabeledData


def epochs(sampler: EpochSampler, n: int) -> list[list[list[int]]]:
    found = []
    for epoch in range(n):
        sampler.set_epoch(epoch)
        found.append(list(sampler))
    return found


def test_every_instant_is_drawn_equally_often_in_full_batches():
    rows = list(range(100, 110))
    course = epochs(EpochSampler(rows, 4, seed=0), 10)
    batches = [batch for epoch in course for batch in epoch]
    assert {len(batch) for batch in batches} == {4}
    assert Counter(row for batch in batches for row in batch) == dict.fromkeys(rows, 12)


def test_an_epoch_depends_on_seed_and_number_alone():
    rows = list(range(10))
    straight = epochs(EpochSampler(rows, 4, seed=0), 6)
    late = EpochSampler(rows, 4, seed=0)
    late.set_epoch(4)
    assert list(late) == straight[4]
    assert epochs(EpochSampler(rows, 4, seed=1), 6) != straight


def test_a_batch_may_be_larger_than_the_data():
    batches = list(EpochSampler([5, 6, 7], 8, seed=0))
    assert len(batches) == 1
    assert len(batches[0]) == 8
    assert set(batches[0]) == {5, 6, 7}


def test_processes_that_train_together_share_every_batch():
    rows = list(range(10))
    whole = epochs(EpochSampler(rows, 4, seed=0), 3)
    shares = []
    for rank in range(2):
        sampler = EpochSampler(rows, 4, seed=0)
        sampler.rank, sampler.world = rank, 2
        shares.append(epochs(sampler, 3))
    for epoch, parts in zip(whole, zip(*shares, strict=True), strict=True):
        for batch, one, other in zip(epoch, *parts, strict=True):
            assert (one, other) == (batch[::2], batch[1::2])


class Recorder(pl.LightningModule):
    """Keeps what each step sees."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen: list[tuple] = []

    def training_step(self, batch: Any) -> torch.Tensor:
        video = batch["unlabeled"]["images"].double().mean() if "unlabeled" in batch else torch.zeros(())
        self.seen.append((batch["labeled"]["index"].tolist(), round(float(video), 6)))
        return self.weight

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


@pytest.fixture
def frames(toy_project) -> LabeledFrames:
    folder = toy_project(views=(), n=10)
    return read_labeled_frames({"": folder / "CollectedData.csv"}, folder, (16, 16))


@pytest.fixture
def clips(tmp_path: Path) -> Clips:
    with VideoWriter(tmp_path / "walk.mp4", 32, 32, 30, key_every=4) as video:
        for number in range(40):
            video.write(np.full((32, 32, 3), 5 * number, np.uint8))
    session = check_session("walk", {"": tmp_path / "walk.mp4"}, ("",))
    return Clips([Source(session)], (16, 16), ClipOptions(length=3))


def record(
    frames: LabeledFrames, clips: Clips | None, folder: Path, n_epochs: int, *, resume: bool = False
) -> list[tuple]:
    """Train for some epochs, keep a checkpoint, and return what each step saw."""
    data = LabeledData(
        frames,
        ["train"] * 10,
        train_batch_size=4,
        val_batch_size=4,
        seed=1,
        clips=clips,
        num_workers=1,
    )
    module, last = Recorder(), folder / "last.ckpt"
    trainer = pl.Trainer(
        max_epochs=n_epochs, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, default_root_dir=folder,
    )  # fmt: skip
    trainer.fit(module, datamodule=data, ckpt_path=last if resume else None, weights_only=True)
    trainer.save_checkpoint(last)
    return module.seen


def test_a_resumed_run_sees_the_labels_and_the_video_of_the_uninterrupted_one(frames, clips, tmp_path):
    whole = record(frames, clips, tmp_path, 4)
    assert len(whole) == 4 * 3
    assert len({video for _, video in whole}) > 6
    first = record(frames, clips, tmp_path, 2)
    assert first + record(frames, clips, tmp_path, 4, resume=True) == whole


def test_labels_come_in_the_same_order_with_video_and_without(frames, clips, tmp_path):
    alone, beside = record(frames, None, tmp_path, 2), record(frames, clips, tmp_path, 2)
    assert [rows for rows, _ in alone] == [rows for rows, _ in beside]
