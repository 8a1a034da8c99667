"""Smooth an ensemble's predictions of one camera: every keypoint is a point that walks over the image."""

from collections.abc import Sequence

import numpy as np

from eks.inputs import Member, load
from eks.kalman import Gaussian
from eks.multicam import Result, as_poses
from eks.observe import Basis, Linear
from eks.options import Options, settings_of
from eks.progress import Progress
from eks.record import describe_run
from eks.rounds import Model
from eks.smoother import smooth_ensemble
from eks.states import fill, robust_model

CAMERA = "image"


def smooth(
    members: Sequence[Member], options: Options | None = None, *, progress: Progress | None = None
) -> Result:
    """Smooth the predictions of one camera; the result is as `eks.multicam.smooth`'s, with a view "image".

    With one camera nothing but the motion tells a wrong detection from a right one. The plain model has the
    state in pixels, Q = I (so that s is px^2 per frame), m0 the mean and S0 the variance of the ensemble's
    medians.

    Args:
        members: of the ensemble, as files or as poses.
        options: how; those about cameras have no effect.
        progress: called with the name of a stage and the share of the recording done.

    Raises:
        DataError: when the members do not belong together, or hold nothing.
    """
    options = options or Options()
    loaded = load({CAMERA: members}, options.keypoints, options.average)
    ensemble, names = loaded.ensemble, loaded.names
    shape = (len(names), 2, 2)
    emission = Linear(np.broadcast_to(np.eye(2), shape)[None], np.zeros((1, len(names), 2)))
    if options.robust:
        model = robust_model(emission, ensemble)
    else:
        start = fill(ensemble.pixels[0].copy())
        spread = np.maximum(start.var(0), 1e-6)
        basis = Basis(start.mean(0), np.broadcast_to(np.eye(2), shape).copy())
        model = Model(
            basis, Gaussian(np.zeros((2, len(names))), np.eye(2)[..., None] * spread.T[:, None]), start
        )
    settings = settings_of(options, names, len(loaded.frames))
    smoothed = smooth_ensemble(emission, ensemble, model, settings, progress)
    unseen = ~np.asarray(np.isfinite(ensemble.pixels).any((0, 1, 3)))
    views = {CAMERA: as_poses(loaded, smoothed, 0, unseen, options.weighted)}
    return Result(
        views,
        None,
        smoothed,
        describe_run(smoothed, names, (CAMERA,), ensemble.members, options, loaded.notes),
    )
