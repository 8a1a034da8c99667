"""Stretches of unlabeled video: consecutive frames of all views in lockstep, decoded where they are needed.

Which stretches a step sees depends on the seed and the step's place in the training alone, so a resumed run
sees what the uninterrupted one would have seen. Processes decode ahead; a stretch is read from the key frame
before it, at the network's size, and nothing else of its video is.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera
from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.sessions import Session
from lightning_pose.core.video import VideoReader
from lightning_pose.data.batch import UnlabeledBatch
from lightning_pose.data.cameras import absent_camera, network_camera


class Source(NamedTuple):
    """Where stretches are taken from: synchronised videos, and their cameras where these are calibrated."""

    session: Session
    rig: Rig | None = None


class ClipOptions(NamedTuple):
    """What a step sees.

    Attributes:
        length: frames of a stretch.
        per_batch: stretches of a step.
        context: frames before and after that come with every frame; at the ends of a video, its first and
            last stand in.
        seed: of the choice.
    """

    length: int
    per_batch: int = 1
    context: int = 0
    seed: int = 0


class Clips(Dataset[UnlabeledBatch]):
    """The unlabeled batch of every place in a training; every stretch of every session is equally likely."""

    def __init__(self, sources: Sequence[Source], size: tuple[int, int], options: ClipOptions) -> None:
        """Check that every session is long enough.

        Args:
            sources: sessions with the same views.
            size: height and width of the network's images (px).
            options: what a step sees.

        Raises:
            DataError: when sessions are shorter than a stretch; all listed.
        """
        self.sources, self.size, self.options = list(sources), size, options
        lengths = [source.session.n_frames for source in sources]
        short = [
            f"'{source.session.name}' has {count}"
            for source, count in zip(sources, lengths, strict=True)
            if count < options.length
        ]
        if short:
            heading = (
                f"sessions of unlabeled video have fewer frames than training.unlabeled.clip_length="
                f"{options.length}; shorten it, or move them out of data.video_dir"
            )
            raise_collected(DataError, heading, short)
        self._ends = np.cumsum([count - options.length + 1 for count in lengths])
        self._calibrated = any(source.rig is not None for source in sources)

    def __getitem__(self, place: int) -> UnlabeledBatch:
        """Return the batch of a place.

        Raises:
            VideoError: when a frame cannot be decoded.
        """
        chosen = self.choose(place)
        images = [self._read(self.sources[source].session, start) for source, start in chosen]
        batch = UnlabeledBatch(
            images=torch.cat(images),
            native_size=torch.cat([self._spread(self._native_size(source)) for source, _ in chosen]),
            clip=torch.arange(len(chosen)).repeat_interleave(self.options.length),
        )
        if self._calibrated:
            cameras = [self._camera(source) for source, _ in chosen]
            fields = zip(*cameras, strict=True)
            batch["camera"] = Camera(*(torch.cat([self._spread(part) for part in field]) for field in fields))
        return batch

    def choose(self, place: int) -> list[tuple[int, int]]:
        """Return the stretches of a place: number of the source, first frame."""
        rng = np.random.default_rng([self.options.seed % 2**32, place])
        drawn = rng.integers(self._ends[-1], size=self.options.per_batch)
        sources = np.searchsorted(self._ends, drawn, side="right")
        starts = drawn - np.concatenate([[0], self._ends])[sources]
        return list(zip(sources.tolist(), starts.tolist(), strict=True))

    def _read(self, session: Session, start: int) -> UInt8[Tensor, "B V *F H W 3"]:
        """Decode a stretch of all views, with the neighbours of its frames where they are asked for."""
        length, context = self.options.length, self.options.context
        first, stop = max(start - context, 0), min(start + length + context, session.n_frames)
        views = []
        for path in session.videos.values():
            with VideoReader(path, size=(self.size[1], self.size[0])) as reader:
                views.append(np.stack(list(reader.frames(first, stop))))
        frames = torch.from_numpy(np.stack(views, axis=1))
        wanted = torch.arange(start, start + length)
        if not context:
            return frames[wanted - first]
        around = (wanted[:, None] + torch.arange(-context, context + 1)).clamp(0, session.n_frames - 1)
        return frames[around - first].transpose(1, 2)

    def _native_size(self, source: int) -> Float[np.ndarray, "V 2"]:
        """Return width and height of the videos of a source."""
        infos = self.sources[source].session.infos.values()
        return np.array([info[:2] for info in infos], dtype=np.float64)

    def _camera(self, source: int) -> Camera:
        """Return the cameras of a source's images at the network's size."""
        rig, sizes = self.sources[source].rig, self._native_size(source).astype(np.int64)
        return absent_camera((len(sizes),)) if rig is None else network_camera(rig, sizes, self.size)

    def _spread(self, field: np.ndarray) -> Tensor:
        """Return the same for every frame of a stretch."""
        return torch.from_numpy(field).expand(self.options.length, *field.shape)


class ClipLoader:
    """Batches of unlabeled video, epoch after epoch; decoding ahead does not stop where an epoch ends."""

    def __init__(
        self, clips: Clips, steps: int, *, num_workers: int = 0, rank: int = 0, world: int = 1
    ) -> None:
        """Start nothing yet.

        Args:
            clips: the batch of every place.
            steps: of an epoch.
            num_workers: processes that decode; 0 decodes in this one, while training waits.
            rank: which of the processes that train together this is.
            world: how many these are; each sees stretches of its own.
        """
        self.clips, self.steps, self.num_workers = clips, steps, num_workers
        self.rank, self.world, self.epoch = rank, world, 0
        self._stream: Iterator[UnlabeledBatch] | None = None
        self._next = 0

    @property
    def sampler(self) -> "ClipLoader":
        """Where the trainer looks for `set_epoch`."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; called by the trainer."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[UnlabeledBatch]:
        for step in range(self.epoch * self.steps, (self.epoch + 1) * self.steps):
            yield self._batch(step)

    def close(self) -> None:
        """End the processes."""
        self._stream = None

    def _batch(self, step: int) -> UnlabeledBatch:
        """Return the batch of a step, decoding from there on where another was to be the next."""
        if self._stream is None or self._next != step:
            places = _Places(step * self.world + self.rank, self.world)
            loader = DataLoader(
                self.clips,
                sampler=places,
                batch_size=None,
                num_workers=self.num_workers,
                generator=torch.Generator(),  # leaves the global one alone
            )
            self._stream, self._next = iter(loader), step
        self._next += 1
        return next(self._stream)


class _Places(Sampler[int]):
    """Places without end."""

    def __init__(self, start: int, step: int) -> None:
        self.start, self.step = start, step

    def __iter__(self) -> Iterator[int]:
        place = self.start
        while True:
            yield place
            place += self.step
