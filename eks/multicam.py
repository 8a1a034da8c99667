"""Smooth predictions of several cameras: in 3D with a calibration, by principal components without."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from eks.agreement import common_error
from eks.ensemble import Members as EnsembleMembers
from eks.ensemble import Recording, collect, gather, plain_variance
from eks.inputs import SCORER, Loaded, Members, load
from eks.observe import Calibrated
from eks.options import Options, settings_of
from eks.pca import fit_latent, good_frames, plain_latent_model
from eks.progress import Progress
from eks.record import describe_run
from eks.smoother import Smoothed, smooth_ensemble
from eks.states import plain_model, robust_model
from eks.tune import choose_spans
from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import CalibrationError, DataError
from lightning_pose.core.poses import Poses

GEOMETRY_FRAMES = 100_000  # that principal components are fitted on, spread over the recording


@dataclass(frozen=True, eq=False)
class Result:
    """What the smoother returns.

    Attributes:
        views: smoothed pixels of every camera; `variance` is that of the true position, the extras are the
            ensemble's median and variance.
        world: smoothed points (world units) with their variance; None without a calibration.
        smoothed: everything else: full covariances, belief in each observation, noise, s.
        record: what was done, for the side-car file.
    """

    views: dict[str, Poses]
    world: Poses | None
    smoothed: Smoothed
    record: dict[str, Any]


def smooth(
    members: Members,
    rig: Rig | None = None,
    options: Options | None = None,
    *,
    progress: Progress | None = None,
) -> Result:
    """Smooth the predictions of an ensemble.

    Args:
        members: camera to its ensemble members, as files or as poses, in the same order for every camera.
        rig: calibration; its cameras are matched by name. None smooths by principal components.
        options: how.
        progress: called with the name of a stage and the share of the recording done.

    Raises:
        DataError: when the members do not belong together, or hold nothing.
        CalibrationError: when a camera is not in the rig.
    """
    options = options or Options()
    loaded = load(members, options.keypoints, options.average)
    ensemble, names = loaded.ensemble, loaded.names
    if rig is not None:
        rig = rig.check(tuple(members))
    smoothed = _smooth(loaded.members, ensemble, rig, options, names, progress)
    unseen = ~np.asarray(np.isfinite(ensemble.pixels).any((0, 1, 3)))
    views = {
        camera: as_poses(loaded, smoothed, v, unseen, options.weighted) for v, camera in enumerate(members)
    }
    world = None
    if rig is not None:
        variance = np.diagonal(smoothed.covariance, axis1=-2, axis2=-1)
        world = Poses(
            names,
            np.where(unseen[:, None], np.nan, smoothed.state),
            loaded.frames,
            variance=np.where(unseen[:, None], np.nan, variance),
            scorer=SCORER,
        )
    record = describe_run(smoothed, names, tuple(members), ensemble.members, options, loaded.notes)
    return Result(views, world, smoothed, record)


def smooth_points(
    points: Float[np.ndarray, "M V T K 2"],
    likelihood: Float[np.ndarray, "M V T K"] | None = None,
    rig: Rig | None = None,
    options: Options | None = None,
    *,
    progress: Progress | None = None,
) -> Smoothed:
    """Smooth arrays, of recordings of any length: the members are combined a few thousand frames at a time.

    Beside the arrays given and returned, memory grows with the recording by two trajectories of the state
    only (600 MB for a million frames of 12 keypoints).

    Args:
        points: pixels of every member, NaN where missing.
        likelihood: of every member, NaN where not said; None counts as sure.
        rig: calibration, cameras in the order of `points`; None smooths by principal components.
        options: how; `keypoints` has no meaning here.
        progress: called with the name of a stage and the share of the recording done.

    Raises:
        DataError: when there is nothing to smooth, or the options do not fit.
        CalibrationError: when the rig has another number of cameras.
    """
    options = options or Options()
    recording = collect(points, likelihood, options.average)
    if rig is not None and len(rig.names) != len(points[0]):
        raise CalibrationError(f"the rig has {len(rig.names)} cameras, the points are of {len(points[0])}")
    names = tuple(f"keypoint {k}" for k in range(points.shape[3]))
    return _smooth(recording, recording, rig, options, names, progress)


def as_poses(
    loaded: Loaded, smoothed: Smoothed, view: int, unseen: np.ndarray, weighted: bool = True
) -> Poses:
    """Return one camera's smoothed keypoints, with what the ensemble said as extras."""
    ensemble = loaded.ensemble
    variance = plain_variance(ensemble, weighted)[view]
    return Poses(
        loaded.names,
        np.where(unseen[:, None], np.nan, smoothed.pixels[view]),
        loaded.frames,
        likelihood=ensemble.likelihood[view],
        variance=np.where(unseen[:, None], np.nan, smoothed.variance[view]),
        extras={
            "x_ens_median": ensemble.pixels[view, ..., 0],
            "y_ens_median": ensemble.pixels[view, ..., 1],
            "x_ens_var": variance[..., 0],
            "y_ens_var": variance[..., 1],
        },
        scorer=SCORER,
    )


def _smooth(
    members: EnsembleMembers,
    recording: Recording,
    rig: Rig | None,
    options: Options,
    names: Sequence[str],
    progress: Progress | None,
) -> Smoothed:
    """Smooth a recording, given as its members and as it is to be read."""
    settings = settings_of(options, names, recording.shape[1])
    if rig is not None:
        if len(rig.names) < 2:
            raise CalibrationError(
                "a calibration needs at least two cameras; smooth one camera with `eks singlecam`"
            )
        emission = Calibrated(rig.camera)
        plain = None if options.robust else plain_model(emission, members.points)
    else:
        if options.skeleton:
            raise DataError("--skeleton: lengths are of points in 3D, expected a calibration")
        long = recording.shape[1] > GEOMETRY_FRAMES
        part = gather(recording, choose_spans(recording.shape[1], GEOMETRY_FRAMES) if long else [(0, None)])
        good = good_frames(part, options.quantile_keep_pca, tuple(names), options.n_latent)
        latent = fit_latent(part, good, options.n_latent, robust=options.robust)
        emission = latent.emission
        plain = None if options.robust else plain_latent_model(latent, recording)
    model = plain or robust_model(emission, recording)
    spans = choose_spans(recording.shape[1], settings.tuning_frames, settings.spans)
    common = common_error(emission, members, spans) if options.robust else None
    return smooth_ensemble(emission, recording, model, settings, progress, common=common)


def output_names(cameras: Sequence[str]) -> dict[str, Path]:
    """Return the file name of every camera's smoothed table."""
    return {camera: Path(f"multicam_{camera}_results.csv") for camera in cameras}
