"""What every step sees: labeled frames, and unlabeled video where a loss looks at it.

Both depend on the seed and the step's place in the training alone, so a resumed run sees the same.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities import CombinedLoader
from torch.utils.data import DataLoader, Dataset, Sampler

from lightning_pose.data.batch import LabeledBatch
from lightning_pose.data.clips import ClipLoader, Clips
from lightning_pose.data.labels import LabeledFrames


class EpochSampler(Sampler[list[int]]):
    """Full batches from an endless stream of shuffled passes; epoch e is the e-th stretch of it.

    Every instant is drawn equally often in the long run, and every batch has the same shape, which
    convolution libraries like. `set_epoch` is called by the trainer. Of several processes that train
    together, each draws its share of every batch.
    """

    def __init__(self, rows: Sequence[int], batch_size: int, seed: int) -> None:
        self.rows = list(rows)
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0
        self.rank, self.world = 0, 1

    def __len__(self) -> int:
        return -(-len(self.rows) // self.batch_size)

    def set_epoch(self, epoch: int) -> None:
        """Choose the stretch of the stream."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        start = self.epoch * len(self) * self.batch_size
        for first in range(start, start + len(self) * self.batch_size, self.batch_size):
            yield [self._at(place) for place in range(first + self.rank, first + self.batch_size, self.world)]

    def _at(self, place: int) -> int:
        """Return the instant at a place in the stream."""
        turn, within = divmod(place, len(self.rows))
        return self.rows[self._pass(turn)[within]]

    def _pass(self, turn: int) -> list[int]:
        """Return the order of one pass; the last one is kept, since neighbours ask for the same."""
        if getattr(self, "_turn", None) != turn:
            # mixing by a large prime keeps the streams of neighbouring seeds apart
            generator = torch.Generator().manual_seed((self.seed + 1) * 1_000_003 + turn)
            self._turn, self._order = turn, torch.randperm(len(self.rows), generator=generator).tolist()
        return self._order


class _Instants(Dataset[LabeledBatch]):
    """Lets a loader fetch a whole batch in one call."""

    def __init__(self, frames: LabeledFrames) -> None:
        self.frames = frames

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, rows: list[int]) -> LabeledBatch:
        return self.frames.batch(rows)


class LabeledData(pl.LightningDataModule):
    """Training and validation loaders over one set of labeled frames, with stretches of video beside them."""

    def __init__(
        self,
        frames: LabeledFrames,
        sets: Sequence[str],
        *,
        train_batch_size: int,
        val_batch_size: int,
        seed: int,
        clips: Clips | None = None,
        num_workers: int = 0,
    ) -> None:
        """Divide the frames by their sets.

        Args:
            frames: all labeled frames.
            sets: train, validation, test or unused, per instant.
            train_batch_size: instants per step, each with all its views.
            val_batch_size: instants per validation step.
            seed: of the order in training.
            clips: unlabeled video of every step.
            num_workers: processes that decode it.
        """
        super().__init__()
        self.frames = frames
        self.rows = {name: [row for row, s in enumerate(sets) if s == name] for name in set(sets)}
        self.sampler = EpochSampler(self.rows["train"], train_batch_size, seed)
        self.val_batch_size = val_batch_size
        self.clips, self.num_workers = clips, num_workers
        self._video: ClipLoader | None = None

    def train_dataloader(self) -> CombinedLoader:
        """Return the batches of training, each a `TrainingBatch`; the labels say when an epoch ends."""
        if self.trainer is not None:
            self.sampler.rank, self.sampler.world = self.trainer.global_rank, self.trainer.world_size
        loaders: dict[str, DataLoader | ClipLoader] = {
            "labeled": _loader(_Instants(self.frames), self.sampler)
        }
        if self.clips is not None:
            loaders["unlabeled"] = self._video = ClipLoader(
                self.clips,
                len(self.sampler),
                num_workers=self.num_workers,
                rank=self.sampler.rank,
                world=self.sampler.world,
            )
        return CombinedLoader(loaders, "min_size")

    def teardown(self, stage: str) -> None:
        """End the processes that decode."""
        if self._video is not None:
            self._video.close()

    def val_dataloader(self) -> DataLoader[LabeledBatch] | list[DataLoader[LabeledBatch]]:
        """Return the validation instants in order."""
        rows = self.rows.get("validation", [])
        return loader(self.frames, rows, self.val_batch_size) if rows else []


def loader(frames: LabeledFrames, rows: Sequence[int], batch_size: int) -> DataLoader[LabeledBatch]:
    """Return these instants in order, in batches."""
    batches = [list(rows[first : first + batch_size]) for first in range(0, len(rows), batch_size)]
    return _loader(_Instants(frames), batches)


def _loader(instants: Dataset[Any], batches: Sampler[list[int]] | list[list[int]]) -> DataLoader[Any]:
    """Return a loader of whole batches; with a generator of its own, it leaves the global one alone."""
    return DataLoader(instants, sampler=batches, batch_size=None, generator=torch.Generator())
