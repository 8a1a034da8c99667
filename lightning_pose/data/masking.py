"""What a multi-view network is kept from seeing, so that it learns to tell one view from the others."""

from typing import NamedTuple, TypeVar, cast

import torch
from jaxtyping import Float
from torch import Tensor

from lightning_pose.core.camera import Camera
from lightning_pose.data.batch import LabeledBatch, UnlabeledBatch

PATCH = 16  # side of a masked patch, network-input pixels


class PatchMasking(NamedTuple):
    """How much is masked, rising in a straight line between two steps; nothing before.

    Attributes:
        init_step: where masking begins.
        final_step: from which on it is at its most.
        init_ratio: share of the patches of every view at first.
        final_ratio: the same at last.
        whole_views: probability at last that one view of an instant is masked as a whole.
    """

    init_step: int = 0
    final_step: int = 0
    init_ratio: float = 0.0
    final_ratio: float = 0.0
    whole_views: float = 0.0

    def course(self, step: int) -> float:
        """Return how far the rise is, 0 to 1; it is 0 before it begins as well."""
        if step < self.init_step:
            return 0.0
        return min(1.0, (step - self.init_step) / max(1, self.final_step - self.init_step))

    def ratio(self, step: int) -> float:
        """Return the share of the patches that is masked at a step."""
        if step < self.init_step:
            return 0.0
        return self.init_ratio + (self.final_ratio - self.init_ratio) * self.course(step)

    def __call__(
        self, images: Float[Tensor, "B V *F 3 H W"], step: int, generator: torch.Generator
    ) -> Float[Tensor, "B V *F 3 H W"]:
        """Set patches to 0, the mean colour: in every view as many, with all frames of an image alike."""
        n_instants, n_views = images.shape[:2]
        rows, columns = -(-images.shape[-2] // PATCH), -(-images.shape[-1] // PATCH)
        draw = torch.rand(n_instants, n_views, rows * columns, generator=generator, device=images.device)
        hidden = draw.argsort(dim=-1).argsort(dim=-1) < int(self.ratio(step) * rows * columns)
        whole = torch.rand(2, n_instants, 1, generator=generator, device=images.device)
        which = (whole[1] * n_views).long() == torch.arange(n_views, device=images.device)
        hidden |= (which & (whole[0] < self.whole_views * self.course(step)))[..., None]
        if not hidden.any():
            return images
        mask = hidden.unflatten(-1, (rows, columns)).repeat_interleave(PATCH, -2).repeat_interleave(PATCH, -1)
        mask = mask[..., : images.shape[-2], : images.shape[-1]]
        return images.masked_fill(
            mask.reshape(n_instants, n_views, *(1,) * (images.ndim - 4), *mask.shape[2:]), 0.0
        )


def kept_views(n_views: int, probability: float, generator: torch.Generator) -> list[int] | None:
    """Return the views of a step, each left out with a probability; None is all, and one always stays."""
    if not probability:
        return None
    draw = torch.rand(n_views, generator=generator, device=generator.device)
    kept = (draw >= probability).nonzero()[:, 0].tolist()
    if len(kept) == n_views:
        return None
    return kept or [int(draw.argmax())]


AnyBatch = TypeVar("AnyBatch", LabeledBatch, UnlabeledBatch)
PER_VIEW = ("images", "xy", "visible", "native_size", "weight")


def take_views(batch: AnyBatch, views: list[int]) -> AnyBatch:
    """Return a batch of some of its views."""
    taken = {key: cast(Tensor, value)[:, views] if key in PER_VIEW else value for key, value in batch.items()}
    if "camera" in batch:
        taken["camera"] = Camera(*(field[:, views] for field in batch["camera"]))
    return cast(AnyBatch, taken)
