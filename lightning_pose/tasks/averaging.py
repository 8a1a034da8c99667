"""A running mean of a network's weights, which often generalises better than the weights themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class WeightAverage:
    """The exponential mean m <- d m + (1 - d) w of the weights w after every step.

    The decay d after n steps is min(decay, (1 + n) / (10 + n)), so that the mean leaves the random start
    behind soon. Running statistics of normalisations are averaged as weights are; counts are copied.

    Source: Polyak & Juditsky 1992; the warm-up is that of TensorFlow's ExponentialMovingAverage.
    """

    def __init__(self, decay: float) -> None:
        self.decay, self.n_steps = decay, 0
        self.mean: dict[str, Tensor] = {}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take in the weights after a step."""
        weights = network.state_dict()
        if not self.mean:
            self.mean = {name: value.detach().clone() for name, value in weights.items()}
        d = min(self.decay, (1 + self.n_steps) / (10 + self.n_steps))
        self.n_steps += 1
        for name, value in weights.items():
            kept = self.mean[name] = self.mean[name].to(value.device)
            if value.is_floating_point():
                kept.lerp_(value, 1 - d)
            else:
                kept.copy_(value)

    @contextmanager
    def applied(self, network: nn.Module) -> Iterator[None]:
        """Let a network have the mean weights for a while, if there is a mean yet."""
        own = {name: value.detach().clone() for name, value in network.state_dict().items()}
        if self.mean:
            network.load_state_dict(self.mean)
        try:
            yield
        finally:
            network.load_state_dict(own)

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run needs."""
        return {"n_steps": self.n_steps, "mean": self.mean}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up the mean of an interrupted run."""
        self.n_steps, self.mean = state["n_steps"], state["mean"]
