import math

import numpy as np
import pytest
import torch

from lightning_pose.build.losses import build_losses, training_labels
from lightning_pose.config.compatibility import LOSSES
from lightning_pose.config.schema import LossConfig
from lightning_pose.data.batch import Outputs, Truth
from lightning_pose.data.labels import read_labeled_frames
from lightning_pose.losses.pca import PCALoss

LABELS = np.random.default_rng(0).uniform(0, 60, (40, 2, 3, 2))


def test_weights_are_those_of_lightning_pose(config):
    made = config()
    made.losses = {"supervised_pairwise_projections": LossConfig(log_weight=3.0)}
    made.model.losses_to_use = ["temporal"]
    first, *others = build_losses(made)
    assert (first.name, first.weight, first.annealed) == ("heatmap_ce", 1.0, False)
    assert {entry.name: entry.weight for entry in others} == {
        "temporal": 0.5,
        "supervised_pairwise_projections": pytest.approx(1 / (2 * math.e**3)),
    }
    assert all(entry.annealed and entry.needs_xy for entry in others)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_that_is_known_can_be_built_and_looks_where_it_should(config, name):
    made = config()
    made.model.losses_to_use = [name]
    made.losses = {"pca_singleview": LossConfig(components_to_keep=3)}
    entry = build_losses(made, LABELS)[1]
    assert entry.unlabeled is LOSSES[name].video
    assert isinstance(entry.loss, torch.nn.Module) == name.startswith("pca_")


def test_options_of_a_loss_reach_it(config):
    made = config()
    made.losses = {
        "temporal": LossConfig(epsilon=3.0, prob_threshold=0.0),
        "pca_singleview": LossConfig(epsilon=2.5, components_to_keep=2),
    }
    made.model.losses_to_use = ["temporal", "pca_singleview"]
    _, temporal, pca = build_losses(made, LABELS)
    xy = torch.zeros(2, 1, 3, 2, dtype=torch.float64)
    xy[1] = torch.tensor([3.0, 4.0])  # five pixels further
    outputs = Outputs(xy_frame=xy, confidence=torch.ones(2, 1, 3))
    assert temporal.loss(outputs, Truth(clip=torch.zeros(2, dtype=torch.long))).item() == pytest.approx(2)
    assert isinstance(pca.loss, PCALoss)
    assert pca.loss.epsilon.item() == 2.5
    assert (pca.loss.basis.square().sum(dim=-1) > 0.5).sum(dim=-1).tolist() == [2, 2]


def test_a_regressing_network_is_trained_on_coordinates(config):
    made = config()
    made.model.model_type = "regression"
    assert [entry.name for entry in build_losses(made)] == ["regression"]


def test_training_labels_are_those_on_disk_of_the_training_set_alone(toy_project):
    folder = toy_project()
    files = {view: folder / f"CollectedData_{view}.csv" for view in ("left", "right")}
    frames = read_labeled_frames(files, folder, (64, 96))
    found = training_labels(frames, ["train", "validation"] * 6)
    expected = np.stack([poses.points[::2] for poses in frames.poses.values()], axis=1)
    np.testing.assert_array_equal(found, expected)
