"""Smooth predictions of several cameras: in 3D with a calibration, by principal components without."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eks.ensemble import Average, plain_variance
from eks.inputs import SCORER, Loaded, Members, load
from eks.observe import Calibrated, Emission
from eks.pca import fit_latent, good_frames, plain_latent_model
from eks.record import describe_run
from eks.rounds import Model, Progress, Settings
from eks.smoother import Smoothed, smooth_ensemble
from eks.states import plain_model, robust_model
from eks.tune import Spans
from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import CalibrationError, DataError
from lightning_pose.core.poses import Poses

LATENT = 3


@dataclass(frozen=True)
class Options:
    """How `smooth` smooths; the defaults are those of the command line.

    Attributes:
        s: smoothing parameter, one or one per keypoint; None tunes it.
        keypoints: those to smooth, in this order; None takes all.
        robust: learn the noise from the geometry, gate outliers; without, the plain model remains.
        quantile_keep_pca: percentile of frames that the principal components are fitted on.
        n_latent: their number; with a calibration the state is the point in 3D.
        s_frames: pieces of the recording (half-open) that s is tuned on; None takes at most 4000 frames
            spread over it.
        blocks: lists of keypoints (indices) that share an s; None: each alone.
        average: what stands for the members of a cell.
        weighted: divide the members' variance by their likelihood.
    """

    s: float | Sequence[float] | None = None
    keypoints: Sequence[str] | None = None
    robust: bool = True
    quantile_keep_pca: float = 95.0
    n_latent: int = LATENT
    s_frames: Spans | None = None
    blocks: Sequence[Sequence[int]] | None = None
    average: Average = "median"
    weighted: bool = True


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
        progress: called with the name of each stage as it begins.

    Raises:
        DataError: when the members do not belong together, or hold nothing.
        CalibrationError: when a camera is not in the rig.
    """
    options = options or Options()
    loaded = load(members, options.keypoints, options.average)
    ensemble, names = loaded.ensemble, loaded.names
    if rig is not None:
        if len(members) < 2:
            raise CalibrationError(
                "a calibration needs at least two cameras; smooth one camera with `eks singlecam`"
            )
        rig = rig.check(tuple(members))
    settings = Settings(
        s=per_keypoint(options.s, names),
        robust=options.robust,
        spans=check_spans(options.s_frames, len(loaded.frames)),
        groups=group(options.blocks, len(names)),
        weighted=options.weighted,
    )
    emission, model = _model(loaded, rig, options)
    smoothed = smooth_ensemble(emission, ensemble, model, settings, progress)
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
    record = describe_run(smoothed, names, tuple(members), ensemble.members, options)
    return Result(views, world, smoothed, record)


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


def per_keypoint(s: float | Sequence[float] | None, names: Sequence[str]) -> tuple[float, ...] | None:
    """Return s for every keypoint.

    Raises:
        DataError: when there are neither one nor as many as keypoints, or one is not positive.
    """
    if s is None:
        return None
    values = np.atleast_1d(np.asarray(s, dtype=float))
    if values.size not in (1, len(names)) or not (np.isfinite(values) & (values > 0)).all():
        raise DataError(
            f"--s: expected one positive number, or one for each of the {len(names)} keypoints "
            f"({', '.join(names)}), got {' '.join(f'{value:g}' for value in values)}"
        )
    return tuple(np.broadcast_to(values, len(names)).tolist())


def check_spans(spans: Spans | None, n_frames: int) -> Spans | None:
    """Return the pieces to tune on, cut to the recording.

    Raises:
        DataError: when a piece is empty or lies outside.
    """
    if spans is None:
        return None
    wrong = [f"({start},{stop})" for start, stop in spans if not 0 <= start < min(stop, n_frames)]
    if wrong:
        raise DataError(
            f"--s-frames: {', '.join(wrong)} holds none of the {n_frames} frames 0 to {n_frames - 1}"
        )
    return tuple((start, min(stop, n_frames)) for start, stop in spans)


def group(blocks: Sequence[Sequence[int]] | None, n_keypoints: int) -> tuple[int, ...] | None:
    """Return the group of every keypoint; those in no block are alone.

    Raises:
        DataError: when a block names a keypoint that is not there, or that another block has.
    """
    if not blocks:
        return None
    listed = [index for block in blocks for index in block]
    wrong = sorted(
        {i for i in listed if not 0 <= i < n_keypoints} | {i for i in listed if listed.count(i) > 1}
    )
    if wrong:
        raise DataError(
            f"--blocks: {', '.join(map(str, wrong))}: expected indices from 0 to {n_keypoints - 1}, each once"
        )
    groups = np.full(n_keypoints, -1)
    for number, block in enumerate(blocks):
        groups[list(block)] = number
    rest = groups < 0
    groups[rest] = len(blocks) + np.arange(rest.sum())
    return tuple(np.unique(groups, return_inverse=True)[1].tolist())


def _model(loaded: Loaded, rig: Rig | None, options: Options) -> tuple[Emission, Model]:
    """Return the observation model and the model of the state."""
    ensemble = loaded.ensemble
    weight = 1 / plain_variance(ensemble).mean(-1)
    if rig is not None:
        emission = Calibrated(rig.camera)
        if options.robust:
            return emission, robust_model(emission, ensemble, weight)
        return emission, plain_model(emission, loaded.points)
    good = good_frames(ensemble, options.quantile_keep_pca, loaded.names, options.n_latent)
    latent = fit_latent(ensemble, good, options.n_latent, robust=options.robust)
    if options.robust:
        return latent.emission, robust_model(latent.emission, ensemble, weight)
    return latent.emission, plain_latent_model(latent, ensemble)


def output_names(cameras: Sequence[str]) -> dict[str, Path]:
    """Return the file name of every camera's smoothed table."""
    return {camera: Path(f"multicam_{camera}_results.csv") for camera in cameras}
