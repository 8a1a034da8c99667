"""What networks say: of a batch of images, and of a session stretch by stretch or as a whole."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt8

from lightning_pose.core.camera import Camera


class Found(NamedTuple):
    """What M members say of B instants: pixels of the network's images, and confidences in [0, 1]."""

    xy: Float[np.ndarray, "M B V K 2"]
    confidence: Float[np.ndarray, "M B V K"]


class Block(NamedTuple):
    """What M members say of t instants in a row, in pixels of the videos.

    Where a frame could not be decoded, or its view has ended, the pixels are NaN and the confidence is 0.
    """

    start: int  # number of the first instant
    xy: Float[np.ndarray, "M V t K 2"]
    confidence: Float[np.ndarray, "M V t K"]

    @property
    def stop(self) -> int:
        """Number of the instant after the last."""
        return self.start + self.xy.shape[2]


class Tracks(NamedTuple):
    """What M members say of T instants of V views, in pixels of the videos or images on disk."""

    xy: Float[np.ndarray, "M V T K 2"]
    confidence: Float[np.ndarray, "M V T K"]


def joined(blocks: Iterable[Block]) -> Tracks:
    """Return blocks that follow one another as one."""
    xy, confidence = zip(*((block.xy, block.confidence) for block in blocks), strict=True)
    return Tracks(np.concatenate(xy, axis=2), np.concatenate(confidence, axis=2))


@runtime_checkable
class SequencePredictor(Protocol):
    """All members of a model, whatever runs them."""

    @property
    def context(self) -> int:
        """Frames before and after an image that a member looks at too; the most of all members."""
        ...

    @property
    def workers(self) -> int:
        """Calls that may run side by side to good effect."""
        ...

    def sequence(
        self,
        images: UInt8[np.ndarray, "S V H W 3"],
        camera: Camera | None = None,
        views: Sequence[int] | None = None,
    ) -> Found:
        """Predict consecutive frames of a film, all but the first and the last `context`.

        Args:
            images: RGB, of the network's size.
            camera: of the views' images, fields (V, ...), for members that are told where cameras are.
            views: which of the model's views these are; None is all of them in order.
        """
        ...

    def __call__(self, images: UInt8[np.ndarray, "B V *F H W 3"], camera: Camera | None = None) -> Found:
        """Predict single instants, with `context` frames on either side of each, where there is a context."""
        ...

    def pose_errors(self, member: str, xy: Float[np.ndarray, "V T K 2"]) -> dict[str, np.ndarray]:
        """Return how far poses are from the subspaces a member was trained with (V T K, px), by name."""
        ...
