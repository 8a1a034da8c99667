"""From a configuration to the losses of a training, each with its weight."""

from lightning_pose.config import Config
from lightning_pose.losses.base import WeightedLoss, supervised
from lightning_pose.losses.heatmap import HEATMAP_LOSSES


def build_losses(config: Config) -> list[WeightedLoss]:
    """Return the loss of the heatmaps, and those that the configuration adds."""
    name = config.model.heatmap_loss_type
    return [WeightedLoss(f"heatmap_{name}", supervised(HEATMAP_LOSSES[name]))]
