"""From a configuration to the losses of a training, each with its weight."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from lightning_pose.config import Config
from lightning_pose.config.compatibility import LOSSES, losses_asked_for
from lightning_pose.config.schema import LossConfig
from lightning_pose.core.poses import VISIBLE
from lightning_pose.data.labels import LabeledFrames
from lightning_pose.losses.base import Loss, WeightedLoss, supervised, weight_from_log
from lightning_pose.losses.consistency import view_consistency
from lightning_pose.losses.geometry import pairwise_projections, reprojection
from lightning_pose.losses.heatmap import HEATMAP_LOSSES
from lightning_pose.losses.pca import PCALoss, Tolerance, pca_multiview, pca_singleview
from lightning_pose.losses.regression import laplace
from lightning_pose.losses.temporal import temporal, temporal_heatmap

Labels = Float[np.ndarray, "N V K 2"]  # of the training set, pixels of the images on disk, NaN where missing


def training_labels(frames: LabeledFrames, sets: Sequence[str]) -> Labels:
    """Return the visible labels of the instants that train, in pixels of the images on disk."""
    rows = [row for row, part in enumerate(sets) if part == "train"]
    points = np.stack([poses.points[rows] for poses in frames.poses.values()], axis=1)
    return np.where((frames.visible[rows] == VISIBLE)[..., None], points, np.nan)


def build_losses(config: Config, labels: Labels | None = None) -> list[WeightedLoss]:
    """Return the loss of the heatmaps or coordinates, and those that the configuration adds.

    Args:
        config: completed.
        labels: of the training set; those losses are fitted to them that look at their statistics.

    Raises:
        DataError: when the labels are too few for that.
    """
    if config.model.model_type == "regression":
        first = WeightedLoss("regression", laplace, needs_targets=False)
    else:
        name = config.model.heatmap_loss_type
        first = WeightedLoss(f"heatmap_{name}", supervised(HEATMAP_LOSSES[name]))
    return [first, *(_further(config, name, labels) for name in losses_asked_for(config))]


def _further(config: Config, name: str, labels: Labels | None) -> WeightedLoss:
    """Return one of the losses that the configuration adds."""
    options = config.losses.get(name, LossConfig())
    sure = _given(epsilon=options.epsilon, prob_threshold=options.prob_threshold)
    makers: dict[str, Callable[[], Loss]] = {
        "supervised_reprojection_heatmap_mse": lambda: reprojection,
        "supervised_pairwise_projections": lambda: pairwise_projections,
        "temporal": lambda: temporal(**sure),
        "temporal_heatmap_mse": lambda: temporal_heatmap("mse", **sure),
        "temporal_heatmap_kl": lambda: temporal_heatmap("kl", **sure),
        "pca_singleview": lambda: _pca(config, name, options, labels),
        "pca_multiview": lambda: _pca(config, name, options, labels),
        "view_consistency": lambda: view_consistency(**sure),
    }
    return WeightedLoss(
        name,
        makers[name](),
        weight_from_log(options.log_weight or 0.0),
        annealed=True,
        unlabeled=LOSSES[name].video,
        needs_xy=True,
        needs_targets=False,
    )


def _pca(config: Config, name: str, options: LossConfig, labels: Labels | None) -> PCALoss:
    """Fit a subspace of poses to the labels."""
    assert labels is not None, "labels to fit to"
    data = config.data
    xy, names = torch.from_numpy(labels).double(), data.keypoint_names or []
    tolerance = Tolerance(
        **_given(
            epsilon=options.epsilon,
            percentile=options.empirical_epsilon_percentile,
            multiplier=options.empirical_epsilon_multiplier,
        )
    )
    if name == "pca_multiview":
        return pca_multiview(xy, names, matches=data.mirrored_column_matches, tolerance=tolerance)
    return pca_singleview(
        xy,
        names,
        columns=data.columns_for_singleview_pca,
        centering=options.centering_method,
        tolerance=tolerance,
        **_given(components=options.components_to_keep),
    )


def _given(**options: Any) -> dict[str, Any]:
    """Return the options that are not null; a loss has its own defaults for the others."""
    return {key: value for key, value in options.items() if value is not None}
