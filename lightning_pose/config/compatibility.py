"""Whether the parts of a configuration fit each other: model, backbone, head, losses, views and videos."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lightning_pose.config.architectures import BACKBONES
from lightning_pose.config.bind import nearest
from lightning_pose.config.schema import Config, LossConfig
from lightning_pose.core.errors import DataError
from lightning_pose.core.naming import complete_sessions, group_by_session
from lightning_pose.core.project import VIDEO_SUFFIXES

HEATMAP_MODELS = ("heatmap", "heatmap_mhcrnn", "heatmap_multiview_transformer")
MODEL_TYPES = (*HEATMAP_MODELS, "regression")
MULTIVIEW = "heatmap_multiview_transformer"
HEADS = ("heatmap_fpn", "heatmap_cnn")
HEATMAP_LOSSES = ("ce", "mse", "kl", "js")


class Needs(NamedTuple):
    """What a loss looks at.

    Attributes:
        views: that there are at least.
        video: stretches of it, unlabeled.
        heatmaps: that the network gives.
        calibration: of the cameras.
    """

    views: int = 1
    video: bool = False
    heatmaps: bool = False
    calibration: bool = False


LOSSES = {
    "temporal": Needs(video=True),
    "temporal_heatmap_mse": Needs(video=True, heatmaps=True),
    "temporal_heatmap_kl": Needs(video=True, heatmaps=True),
    "pca_singleview": Needs(video=True),
    "pca_multiview": Needs(video=True),
    "supervised_reprojection_heatmap_mse": Needs(views=2, calibration=True),
    "supervised_pairwise_projections": Needs(views=2, calibration=True),
    "view_consistency": Needs(views=2, video=True, calibration=True),
}


def losses_asked_for(config: Config) -> list[str]:
    """Return the losses beside that of the model: those listed, and supervised ones that have a weight.

    Lightning Pose lists only the losses of unlabeled video; the others act by their weight alone.
    """
    asked = list(config.model.losses_to_use or [])
    weighted = [name for name, loss in config.losses.items() if loss.log_weight is not None]
    return asked + [name for name in weighted if name.startswith("supervised_") and name not in asked]


def needs_video(config: Config) -> bool:
    """Return whether a loss looks at unlabeled video."""
    return any(LOSSES[name].video for name in losses_asked_for(config) if name in LOSSES)


def model_faults(config: Config) -> Iterator[str]:
    """Yield parts of the model that are not there, or do not fit each other."""
    model, data = config.model, config.data
    yield from choice("model.model_type", model.model_type, MODEL_TYPES)
    yield from choice("model.backbone", model.backbone, tuple(BACKBONES))
    if model.model_type in HEATMAP_MODELS:
        yield from choice("model.head", model.head, HEADS)
        yield from choice("model.heatmap_loss_type", model.heatmap_loss_type, HEATMAP_LOSSES)
    if model.backbone in BACKBONES:
        yield from _backbone_faults(config)
    if model.model_type != MULTIVIEW:
        what = f"only model.model_type: {MULTIVIEW} looks at several views at once; it is {model.model_type}"
        if model.camera_tokens:
            yield f"model.camera_tokens: {what}"
        if config.training.view_dropout:
            yield f"training.view_dropout: {what}"
    for key in ("height", "width"):
        if (side := getattr(data.image_resize_dims, key)) is not None:
            yield from _side_faults(f"data.image_resize_dims.{key}", side, model.backbone)


def _backbone_faults(config: Config) -> Iterator[str]:
    """Yield faults of a known backbone: weights that nobody publishes, a head that it is too coarse for."""
    model, architecture = config.model, BACKBONES[config.model.backbone]
    if "pretrained" in (model.backbone_weights, model.backbone_pretrained and "pretrained"):
        given = model.backbone_checkpoint or model.backbone_weights not in (None, "pretrained")
        if architecture.hub_name is None and not given:
            where = architecture.origin or "none are published"
            yield (
                f"model.backbone: the hub has no weights of {model.backbone} ({where}); give a file in "
                "model.backbone_checkpoint, or model.backbone_weights=none to start from random ones"
            )
    finest = int(math.log2(architecture.strides[-1])) - 2
    factor = config.data.downsample_factor
    if model.head == "heatmap_cnn" and model.model_type in HEATMAP_MODELS and factor > finest:
        yield (
            f"data.downsample_factor: model.head heatmap_cnn on {model.backbone} expects {finest} at most, "
            f"got {factor}; heatmap_fpn takes it"
        )


def _side_faults(key: str, side: int, backbone: str) -> Iterator[str]:
    """Yield a fault when a side of the network's images is no multiple of what the backbone needs."""
    if backbone not in BACKBONES:
        return
    multiple = BACKBONES[backbone].multiple
    if side < multiple or side % multiple:
        near = max(multiple, round(side / multiple) * multiple)
        yield f"{key}: {backbone} expects a multiple of {multiple}, got {side}; nearest is {near}"


def view_faults(config: Config) -> Iterator[str]:
    """Yield what needs other views, keypoints or videos than there are; `config` is a completed one."""
    training, n_views = config.training, len(config.data.view_names or [""])
    several = {
        f"model.model_type: {MULTIVIEW}": config.model.model_type == MULTIVIEW,
        "training.imgaug_3d": training.imgaug_3d,
        "training.reproject_labels": training.reproject_labels,
    }
    for name in losses_asked_for(config):
        if name not in LOSSES:
            yield from choice("losses", name, tuple(LOSSES))
            continue
        several[f"losses.{name}"] = LOSSES[name].views > n_views
        yield from _tolerance_faults(config, name)
        if LOSSES[name].heatmaps and config.model.model_type not in HEATMAP_MODELS:
            fit = ", ".join(other for other, needs in LOSSES.items() if needs.video and not needs.heatmaps)
            yield f"losses.{name}: a {config.model.model_type} model has no heatmaps; these fit it: {fit}"
    for key, wanted in several.items():
        if wanted and n_views < 2:
            yield f"{key}: expected two views or more (data.view_names), there is one"
    names = config.data.keypoint_names or []
    for name in training.keypoint_weights:
        yield from choice("training.keypoint_weights", name, tuple(names))
    yield from _pca_faults(config, n_views)
    if needs_video(config):
        yield from _video_faults(config)


def _tolerance_faults(config: Config, name: str) -> Iterator[str]:
    """Yield why a loss cannot have one tolerance per keypoint, or not so many."""
    epsilon, n = config.losses.get(name, LossConfig()).epsilon, len(config.data.keypoint_names or [])
    if not isinstance(epsilon, list):
        return
    if not name.startswith("temporal"):
        yield f"losses.{name}.epsilon: expected one number; one per keypoint is for temporal losses"
    elif len(epsilon) != n:
        yield f"losses.{name}.epsilon: expected one number, or {n}, one per keypoint; got {len(epsilon)}"


def _pca_faults(config: Config, n_views: int) -> Iterator[str]:
    """Yield keypoints of the PCA losses that there are not."""
    data, asked, n = config.data, losses_asked_for(config), len(config.data.keypoint_names or [])
    matches = data.mirrored_column_matches or []
    if "pca_multiview" in asked and n_views < 2 and not matches:
        yield (
            "losses.pca_multiview: which keypoints show the same body part in a mirror? List them in "
            "data.mirrored_column_matches, as in [[0, 1, 2], [3, 4, 5]], or train on several views"
        )
    flat = [index for entry in matches for index in (entry if isinstance(entry, list) else [entry])]
    for key, indices in (
        ("mirrored_column_matches", flat),
        ("columns_for_singleview_pca", data.columns_for_singleview_pca or []),
    ):
        odd = [i for i in indices if isinstance(i, bool) or not isinstance(i, int) or not 0 <= i < n]
        if odd and n:
            yield f"data.{key}: expected numbers of keypoints, from 0 to {n - 1}, got {odd}"
    lists = [entry for entry in matches if isinstance(entry, list)]
    if len({len(entry) for entry in lists}) > 1 or 0 < len(lists) < len(matches):
        yield (
            "data.mirrored_column_matches: expected one list per mirrored view, all of one length, or one "
            f"list of keypoints for several cameras; got {matches}"
        )


def _video_faults(config: Config) -> Iterator[str]:
    """Yield why there is no unlabeled video, where a loss looks at it."""
    names = [name for name in losses_asked_for(config) if name in LOSSES and LOSSES[name].video]
    start = f"losses.{names[0]} looks at unlabeled video, and data.video_dir"
    folder, views = Path(config.data.video_dir or ""), config.data.view_names or []
    if not folder.is_dir():
        yield f"{start}: there is no folder {folder}"
        return
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in VIDEO_SUFFIXES]
    if not files:
        yield f"{start}: no video is in {folder}; expected files ending in {', '.join(VIDEO_SUFFIXES)}"
        return
    try:
        sessions = group_by_session(files, views)
    except DataError as error:
        yield f"{start}: {error}"
        return
    if not complete_sessions(sessions, views):
        yield f"{start}: no session in {folder} has a video of every view ({', '.join(views)})"


def choice(key: str, value: str, available: tuple[str, ...]) -> Iterator[str]:
    """Yield a fault when a value is none of those there are."""
    if value not in available:
        near = nearest(value, available)
        guess = f"; did you mean {near}?" if near else ""
        yield f"{key}: {value!r} is not available; available: {', '.join(available)}{guess}"
