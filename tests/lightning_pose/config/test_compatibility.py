from collections.abc import Callable
from pathlib import Path

import pytest

from lightning_pose.config import load_config
from lightning_pose.config.compatibility import needs_video
from lightning_pose.core.errors import ConfigError

MULTIVIEW = {"model_type": "heatmap_multiview_transformer"}
VIEW_LOSS = {"losses_to_use": ["view_consistency"]}


@pytest.mark.parametrize(
    ("section", "values", "message"),
    [
        ("model", MULTIVIEW, "expected two views or more"),
        ("training", {"imgaug_3d": True}, r"training.imgaug_3d: expected two views or more"),
        ("training", {"reproject_labels": True}, r"reproject_labels: expected two views or more"),
        ("losses", {"supervised_pairwise_projections": {"log_weight": 1.0}}, "expected two views or more"),
        ("model", VIEW_LOSS, "losses.view_consistency: expected two views or more"),
        ("model", {"camera_tokens": True}, "camera_tokens: only model.model_type: heatmap_multiview"),
        ("training", {"view_dropout": 0.1}, "view_dropout: only model.model_type: heatmap_multiview"),
        ("model", {"losses_to_use": ["pca_multiview"]}, "mirrored_column_matches, as in"),
        ("model", {"losses_to_use": ["temporal"]}, "temporal looks at unlabeled video.*there is no folder"),
        (
            "model",
            {"losses_to_use": ["temporal_heatmap_kl"], "model_type": "regression"},
            "a regression model has no heatmaps; these fit it: temporal, pca_singleview",
        ),
        ("model", {"backbone": "resnet_50"}, "did you mean resnet50"),
        ("model", {"head": "heatmap_cn"}, "did you mean heatmap_cnn"),
        ("model", {"backbone": "vitt", "backbone_weights": "pretrained"}, "hub has no weights of vitt"),
        (
            "model",
            {"backbone": "resnet50_animal_ap10k", "backbone_pretrained": True},
            "no weights of resnet50_animal_ap10k .*AP-10K.*backbone_checkpoint",
        ),
        ("training", {"keypoint_weights": {"noze": 2.0}}, "'noze' is not available.*did you mean nose"),
        ("data", {"columns_for_singleview_pca": [0, 3]}, r"from 0 to 2, got \[3\]"),
        ("data", {"mirrored_column_matches": [[0], [1, 2]]}, "all of one length"),
    ],
)
def test_parts_that_do_not_fit_are_refused_with_what_would(toy_project, section, values, message):
    data: dict = {"data": {"data_dir": str(toy_project(views=()))}}
    data[section] = {**data.get(section, {}), **values}
    with pytest.raises(ConfigError, match=message):
        load_config(data)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("temporal", "temporal.epsilon: expected one number, or 3, one per keypoint; got 2"),
        ("pca_singleview", "pca_singleview.epsilon: expected one number; one per keypoint is for temporal"),
    ],
)
def test_a_tolerance_for_each_keypoint_is_for_temporal_losses_and_all_keypoints(toy_project, name, message):
    data = {"data": {"data_dir": str(toy_project(views=()))}, "model": {"losses_to_use": [name]}}
    with pytest.raises(ConfigError, match=message):
        load_config(data | {"losses": {name: {"epsilon": [1.0, 2.0]}}})
    with pytest.raises(ConfigError) as caught:
        load_config(data | {"losses": {name: {"epsilon": 2.0 if name != "temporal" else [1.0, 2.0, 3.0]}}})
    assert "epsilon" not in str(caught.value)  # but there is no video


def test_all_misfits_are_reported_at_once(toy_project):
    data = {
        "data": {"data_dir": str(toy_project(views=()))},
        "model": {**MULTIVIEW, "losses_to_use": ["view_consistency", "pca_multiview"]},
        "training": {"imgaug_3d": True},
    }
    with pytest.raises(ConfigError) as caught:
        load_config(data)
    for part in ("model.model_type", "imgaug_3d", "view_consistency", "pca_multiview", "data.video_dir"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("backbone", "side", "accepted"),
    [("resnet18", 80, False), ("vits_dino", 80, True), ("vits_dino", 72, False), ("vitb_sam2", 96, True)],
)
def test_the_size_of_images_is_a_multiple_of_what_the_backbone_needs(toy_project, backbone, side, accepted):
    folder = str(toy_project())
    data = {
        "data": {"data_dir": folder, "image_resize_dims": {"height": side, "width": 96}},
        "model": {"backbone": backbone},
    }
    if accepted:
        load_config(data)
        return
    with pytest.raises(ConfigError, match=f"{backbone} expects a multiple of .*got {side}; nearest is"):
        load_config(data)


def test_a_coarse_backbone_cannot_have_the_smallest_heatmaps_of_transposed_convolutions(toy_project):
    model = {"backbone": "vits_dino", "head": "heatmap_cnn"}
    data = {"data": {"data_dir": str(toy_project()), "downsample_factor": 3}, "model": model}
    with pytest.raises(ConfigError, match="expects 2 at most, got 3; heatmap_fpn takes it"):
        load_config(data)


@pytest.fixture
def semisupervised(toy_project: Callable[..., Path]) -> Callable[..., dict]:
    """A function that returns a configuration with a loss of video, given the names of the videos."""

    def make(*names: str) -> dict:
        folder = toy_project()
        (folder / "videos").mkdir()
        for name in names:
            (folder / "videos" / name).touch()
        return {"data": {"data_dir": str(folder)}, "model": {"losses_to_use": ["temporal"]}}

    return make


def test_videos_of_every_view_are_expected_where_a_loss_looks_at_them(semisupervised):
    config = load_config(semisupervised("a_left.mp4", "a_right.mp4", "b_left.mp4")).config
    assert needs_video(config)
    assert (Path(config.data.video_dir or "") / "a_left.mp4").is_file()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "no video is in"),
        (("a_left.mp4", "b_right.mp4"), "no session in .* has a video of every view"),
        (("a.mp4",), "cannot be sorted by session and view"),
    ],
)
def test_missing_videos_are_named(semisupervised, names, message):
    with pytest.raises(ConfigError, match=message):
        load_config(semisupervised(*names))


def test_stretches_of_one_frame_are_too_short_to_compare(semisupervised):
    data = semisupervised("a_left.mp4", "a_right.mp4")
    data["training"] = {"unlabeled": {"clip_length": 1}}
    with pytest.raises(ConfigError, match=r"clip_length: expected 2 or more \(temporal compares"):
        load_config(data)
