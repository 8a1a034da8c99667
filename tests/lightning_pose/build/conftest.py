"""Configurations as completing them would leave them."""

from collections.abc import Callable

import pytest

from lightning_pose.config import Config


@pytest.fixture
def config() -> Callable[..., Config]:
    """A function that returns a configuration of three keypoints, given what differs in `training`."""

    def make(**training: object) -> Config:
        made = Config()
        made.data.keypoint_names = ["nose", "paw_left", "paw_right"]
        made.data.swaps = [["paw_left", "paw_right"]]
        for key, value in training.items():
            setattr(made.training, key, value)
        return made

    return make
