"""What a model says, with names."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class Keypoints(NamedTuple):
    """What a model says of one image.

    Attributes:
        names: of the keypoints.
        xy: pixels of the image; (0, 0) is the centre of the top-left one.
        confidence: in [0, 1]; after training, the probability of an error below 5 px.
        spread: standard deviation between the members of an ensemble (px); None for a single network.
    """

    names: tuple[str, ...]
    xy: Float[np.ndarray, "K 2"]
    confidence: Float[np.ndarray, "K"]
    spread: Float[np.ndarray, "K"] | None


class Instant(NamedTuple):
    """What a model says of one instant in all views.

    Attributes:
        names: of the keypoints.
        views: in the order of the first axis.
        xy: pixels of every view.
        confidence: in [0, 1].
        spread: standard deviation between the members of an ensemble (px); None for a single network.
        xyz: world points, in the units of the calibration; None without cameras.
        uncertainty: their standard deviation in the direction known least; None without cameras.
    """

    names: tuple[str, ...]
    views: tuple[str, ...]
    xy: Float[np.ndarray, "V K 2"]
    confidence: Float[np.ndarray, "V K"]
    spread: Float[np.ndarray, "V K"] | None
    xyz: Float[np.ndarray, "K 3"] | None
    uncertainty: Float[np.ndarray, "K"] | None


class Recording(NamedTuple):
    """What a model says of all frames of a session's videos; those of `Instant`, with an axis of frames.

    Attributes:
        names: of the keypoints.
        views: in the order of the first axis; one empty name for a single view.
        xy: pixels of the videos; NaN where a frame could not be decoded.
        confidence: in [0, 1]; 0 there.
        spread: standard deviation between the members of an ensemble (px); None for a single network.
        xyz: world points, in the units of the calibration; None without one.
        uncertainty: their standard deviation in the direction known least; None without a calibration.
    """

    names: tuple[str, ...]
    views: tuple[str, ...]
    xy: Float[np.ndarray, "V T K 2"]
    confidence: Float[np.ndarray, "V T K"]
    spread: Float[np.ndarray, "V T K"] | None
    xyz: Float[np.ndarray, "T K 3"] | None
    uncertainty: Float[np.ndarray, "T K"] | None


class Labeled(NamedTuple):
    """What a model says of labeled images.

    Attributes:
        names: of the keypoints.
        views: in the order of the first axis; one empty name for a single view.
        images: paths as in the label files, of every view.
        xy: pixels of the images on disk.
        confidence: in [0, 1].
        spread: standard deviation between the members of an ensemble (px); None for a single network.
        error: distance to the labels (px); NaN where there is none.
        sets: what the training used every instant for; None where it knew none of them.
    """

    names: tuple[str, ...]
    views: tuple[str, ...]
    images: tuple[tuple[str, ...], ...]
    xy: Float[np.ndarray, "V N K 2"]
    confidence: Float[np.ndarray, "V N K"]
    spread: Float[np.ndarray, "V N K"] | None
    error: Float[np.ndarray, "V N K"]
    sets: tuple[str, ...] | None
