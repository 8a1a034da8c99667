import numpy as np
import pandas as pd
import pytest
import torch

from lightning_pose.data.batch import Outputs
from lightning_pose.data.heatmaps import render
from lightning_pose.data.labels import LabeledFrames, read_labeled_frames
from lightning_pose.evaluate import mean_error, pixel_errors, predict_frames, summarise, write_predictions
from lightning_pose.losses.pca import pca_singleview
from lightning_pose.models.backbones import Backbone
from lightning_pose.models.pose2d import Pose2D


@pytest.fixture
def frames(toy_project) -> LabeledFrames:
    folder = toy_project()
    files = {view: folder / f"CollectedData_{view}.csv" for view in ("left", "right")}
    return read_labeled_frames(files, folder, (64, 96))


class Oracle(Pose2D):
    """Answers with the heatmaps of the labels, whatever the images."""

    def __init__(self, frames: LabeledFrames) -> None:
        super().__init__(Backbone(), torch.nn.Linear(1, 1), 3, 4)
        xy = torch.from_numpy(frames.xy).float()
        self.answers = list(render((xy + 0.5) / 4 - 0.5, (16, 24)).log().split(1))

    def forward(self, images: torch.Tensor, camera: object = None, views: object = None) -> Outputs:
        return Outputs(logits=torch.cat([self.answers.pop(0) for _ in images]))


def test_perfect_heatmaps_give_the_labels_in_pixels_of_each_views_images(frames):
    found = predict_frames(Oracle(frames), frames, range(12), batch_size=5)
    labels = np.stack([poses.points for poses in frames.poses.values()], axis=1)
    np.testing.assert_allclose(found.xy, labels, atol=0.01)
    assert found.confidence.min() > 0.999
    assert mean_error(pixel_errors(frames, range(12), found.xy)) < 0.01


def test_the_summary_counts_every_set_view_and_keypoint(frames):
    found = predict_frames(Oracle(frames), frames, range(12), batch_size=12)
    found.xy[:, 0, 1] += [3, 4]
    frames.visible[0, 0, 1] = 0
    rows = {row[:3]: row for row in summarise(frames, found, ["train"] * 8 + ["test"] * 4)}
    assert len(rows) == 2 * 3 * 4
    assert rows["train", "left", "paw_left"].labels == 7
    assert rows["train", "left", "paw_left"].median_px == pytest.approx(5, abs=0.02)
    assert rows["test", "left", "all"].mean_px == pytest.approx(5 / 3, abs=0.02)
    assert rows["test", "all", "all"].labels == 24
    assert rows["test", "right", "all"].p90_px < 0.02


def test_nothing_to_compare_is_nan_and_not_zero(frames):
    frames.visible[:] = 0
    found = predict_frames(Oracle(frames), frames, [0, 1], batch_size=2)
    assert np.isnan(mean_error(pixel_errors(frames, [0, 1], found.xy)))


def test_distances_from_a_subspace_of_poses_are_written_beside_the_predictions(frames, tmp_path):
    labels = np.stack([poses.points for poses in frames.poses.values()], axis=1)
    subspace = pca_singleview(torch.from_numpy(labels), frames.keypoint_names, components=3)
    found = predict_frames(Oracle(frames), frames, range(12), batch_size=12)
    write_predictions(tmp_path, frames, found, None, subspaces={"pca_singleview": subspace})
    table = pd.read_csv(tmp_path / "predictions_right_pca_singleview_error.csv", index_col=0)
    expected = subspace.errors(torch.from_numpy(found.xy))[:, 1]
    np.testing.assert_allclose(table[list(frames.keypoint_names)], expected, atol=1e-3)
    assert expected.max() > 1
