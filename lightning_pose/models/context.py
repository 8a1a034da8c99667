"""The context network: five frames in a row say together where the keypoints of the middle one are."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lightning_pose.core.camera import Camera
from lightning_pose.data.batch import Outputs
from lightning_pose.models.backbones import Backbone
from lightning_pose.models.base import HeatmapNetwork

CONTEXT = 2  # frames on either side
WIDTH = 32  # channels of the recurrence
KERNEL = 5  # of its convolutions; in two steps it reaches four heatmap pixels far


class ContextPose2D(HeatmapNetwork):
    """Images of five frames to logits of heatmaps of the middle one.

    Backbone and head look at every frame alone. What the head says of all five is read from both ends
    towards the middle by a convolutional recurrence, and what that finds is added to the middle frame's own
    logits. At first it adds nothing: a new network is the single-frame one.

    Source: the five frames and two directions of Biderman et al. 2024, "Lightning Pose", Nature Methods 21.
    """

    context = CONTEXT

    def __init__(self, backbone: Backbone, head: nn.Module, n_keypoints: int, stride: int) -> None:
        super().__init__(backbone, head, n_keypoints, stride)
        self.recurrence = Recurrence(n_keypoints)

    def forward(
        self,
        images: Float[Tensor, "B V 5 3 H W"],
        camera: Camera | None = None,
        views: Sequence[int] | None = None,
    ) -> Outputs:
        """Return logits in float32, under autocast too; cameras and the names of views say nothing to it."""
        return self._fuse(self._alone(images))

    def sequence(
        self,
        images: Float[Tensor, "S V 3 H W"],
        camera: Camera | None = None,
        views: Sequence[int] | None = None,
    ) -> Outputs:
        """Return what `forward` says of every five frames in a row; each frame is looked at once."""
        alone = self._alone(images)
        # a copy: of frames that overlap in memory, torch's exporter limits the number in half precision
        return self._fuse(alone.unfold(0, 2 * CONTEXT + 1, 1).movedim(-1, 2).contiguous())

    def _alone(self, images: Float[Tensor, "*N 3 H W"]) -> Float[Tensor, "*N K h w"]:
        """Return the logits of every image by itself."""
        flat = images.flatten(0, -4).contiguous(memory_format=torch.channels_last)
        return self.head(self.backbone(flat)).unflatten(0, images.shape[:-3])

    def _fuse(self, alone: Float[Tensor, "B V 5 K h w"]) -> Outputs:
        """Return the logits of the middle frames."""
        found = self.recurrence(alone.flatten(0, 1)).unflatten(0, alone.shape[:2])
        return Outputs(logits=alone[:, :, CONTEXT].float() + found.float())


class Recurrence(nn.Module):
    """A convolutional recurrence from both ends of a window to its middle.

    With z_t the logits of frame t, of n pixels, x_t = 1 + log softmax(z_t) / log n is 1 where all mass is, 0
    where there is as much as in a flat map, and kept from falling below -1. The states are s_t = relu(W x_t +
    U s_(t -+ 1)), forwards and backwards with the same W and U, since a film played backwards is a film. The
    answer is A relu(M [s, s']), of the two states of the middle frame; A is zero at first.
    """

    def __init__(self, n_keypoints: int, width: int = WIDTH) -> None:
        super().__init__()
        self.read = nn.Conv2d(n_keypoints, width, KERNEL, padding=KERNEL // 2)
        self.carry = nn.Conv2d(width, width, KERNEL, padding=KERNEL // 2, bias=False)
        self.meet = nn.Conv2d(2 * width, width, 3, padding=1)
        self.answer = nn.Conv2d(width, n_keypoints, 1)
        assert self.answer.bias is not None
        nn.init.zeros_(self.answer.weight)
        nn.init.zeros_(self.answer.bias)

    def forward(self, logits: Float[Tensor, "N F K h w"]) -> Float[Tensor, "N K h w"]:
        """Return what is to be added to the logits of the middle frame."""
        log_p = logits.float().flatten(-2).log_softmax(dim=-1).reshape(logits.shape)
        x = (1 + log_p / math.log(logits.shape[-2] * logits.shape[-1])).clamp_min(-1)
        read = self.read(x.flatten(0, 1)).unflatten(0, logits.shape[:2]).unbind(dim=1)
        middle = len(read) // 2
        states = [self._run(read[: middle + 1]), self._run(read[middle:][::-1])]
        return self.answer(torch.relu(self.meet(torch.cat(states, dim=1))))

    def _run(self, read: Sequence[Float[Tensor, "N C h w"]]) -> Float[Tensor, "N C h w"]:
        """Return the state after the last of these frames."""
        state = torch.relu(read[0])
        for frame in read[1:]:
            state = torch.relu(frame + self.carry(state))
        return state
