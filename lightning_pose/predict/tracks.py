"""What networks say: of a batch of images, and of a whole session."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class Found(NamedTuple):
    """What M members say of B instants: pixels of the network's images, and confidences in [0, 1]."""

    xy: Float[np.ndarray, "M B V K 2"]
    confidence: Float[np.ndarray, "M B V K"]


class Tracks(NamedTuple):
    """What M members say of T instants of V views, in pixels of the videos or images on disk."""

    xy: Float[np.ndarray, "M V T K 2"]
    confidence: Float[np.ndarray, "M V T K"]


Predict = Callable[..., Found]  # of images "B V *F H W 3", and of cameras where networks are told of them
