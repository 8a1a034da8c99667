"""Predict labeled frames and compare with their labels."""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from lightning_fabric.utilities import move_data_to_device

from lightning_pose.build.data import build_frames_of
from lightning_pose.config import csv_paths
from lightning_pose.core.camera import Camera
from lightning_pose.core.files import atomic_path
from lightning_pose.core.plots import new_figure, plot_loss_curves, save_figure
from lightning_pose.core.poses import VISIBLE, Poses
from lightning_pose.core.tables import write_metric_table, write_poses
from lightning_pose.data.batch import Outputs
from lightning_pose.data.images import normalise
from lightning_pose.data.labels import LabeledFrames, native_from_network
from lightning_pose.data.module import loader
from lightning_pose.losses.pca import PCALoss
from lightning_pose.model_dir import SUMMARY_FILE, ModelDir, load_trained
from lightning_pose.models.base import PoseNetwork
from lightning_pose.tasks.pose2d import Pose2DTask

SCORER = "heatmap_tracker"
OTHER_LABELS = ("_new", "_test")
ALL = "all"


class Row(NamedTuple):
    """A line of the summary; `all` stands for all views or keypoints."""

    set: str
    view: str
    keypoint: str
    labels: int
    mean_px: float
    median_px: float
    p90_px: float
    confidence: float


class Predictions(NamedTuple):
    """What a network says of labeled frames, in pixels of the images on disk."""

    xy: Float[np.ndarray, "N V K 2"]
    confidence: Float[np.ndarray, "N V K"]


@torch.inference_mode()
def predict_frames(
    network: PoseNetwork,
    frames: LabeledFrames,
    rows: Sequence[int],
    *,
    batch_size: int,
    autocast: bool = False,
) -> Predictions:
    """Predict labeled instants without augmentation.

    Args:
        network: on the device to use; its mode is left as it was.
        frames: labeled frames.
        rows: instants.
        batch_size: instants at a time.
        autocast: compute in bfloat16 where that is safe.
    """
    found, sure = [], []
    for outputs in outputs_of(network, frames, rows, batch_size=batch_size, autocast=autocast):
        decoded = network.decode(outputs)
        found.append(decoded.xy.double().cpu().numpy())
        sure.append(decoded.confidence.double().cpu().numpy())
    shape = (0, len(frames.view_names), len(frames.keypoint_names))
    xy = np.concatenate([np.zeros((*shape, 2)), *found])
    sizes = frames.native_sizes[list(rows)][:, :, None]
    return Predictions(native_from_network(xy, sizes, frames.size), np.concatenate([np.zeros(shape), *sure]))


def outputs_of(
    network: PoseNetwork,
    frames: LabeledFrames,
    rows: Sequence[int],
    *,
    batch_size: int,
    autocast: bool = False,
) -> Iterator[Outputs]:
    """Yield what a network says of labeled instants, batch by batch; the arguments are those above."""
    device = next(network.parameters()).device
    was_training = network.training
    network.eval()
    for batch in loader(frames, rows, batch_size):
        images = normalise(batch["images"].to(device))
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=autocast):
            outputs = network(images, _moved_to(batch.get("camera"), device))
        yield outputs
    network.train(was_training)


def _moved_to(camera: Camera | None, device: torch.device) -> Camera | None:
    return None if camera is None else Camera(*(field.to(device) for field in camera))


def pixel_errors(frames: LabeledFrames, rows: Sequence[int], xy: Float[np.ndarray, "N V K 2"]) -> np.ndarray:
    """Return the distance to visible labels in pixels of the image on disk (N V K), NaN without one."""
    labels = np.stack([poses.points[list(rows)] for poses in frames.poses.values()], axis=1)
    labels = np.where((frames.visible[list(rows)] == VISIBLE)[..., None], labels, np.nan)
    return np.linalg.norm(xy - labels, axis=-1)


def mean_error(errors: Float[np.ndarray, "N V K"]) -> float:
    """Return the mean over labels, NaN where there are none."""
    return float(np.nanmean(errors)) if np.isfinite(errors).any() else float("nan")


def median_error(errors: Float[np.ndarray, "N V K"]) -> float:
    """Return the median over labels, NaN where there are none."""
    return float(np.nanmedian(errors)) if np.isfinite(errors).any() else float("nan")


def validate(
    task: Pose2DTask,
    frames: LabeledFrames,
    rows: Sequence[int],
    *,
    metric: str,
    batch_size: int,
    autocast: bool,
) -> dict[str, float]:
    """Return mean error (px) and loss of labeled instants, and a metric by which to choose a checkpoint.

    Args:
        task: whose network is validated.
        frames: labeled frames.
        rows: instants.
        metric: `pixel_error`, `median_pixel_error` or `loss`.
        batch_size: instants at a time.
        autocast: compute in bfloat16 where that is safe.
    """
    found = predict_frames(task.network, frames, rows, batch_size=batch_size, autocast=autocast)
    errors = pixel_errors(frames, rows, found.xy)
    numbers = {"pixel_error": mean_error(errors), "loss": mean_loss(task, frames, rows, batch_size)}
    if metric == "median_pixel_error":
        numbers[metric] = median_error(errors)
    return numbers


def mean_loss(task: Pose2DTask, frames: LabeledFrames, rows: Sequence[int], batch_size: int) -> float:
    """Return the loss of labeled instants without augmentation, NaN where there are none."""
    was_training = task.network.training
    task.network.eval()
    losses, sizes = [], []
    for batch in loader(frames, rows, batch_size):
        losses.append(task.validation_loss(move_data_to_device(batch, task.device)).item())
        sizes.append(len(batch["index"]))
    task.network.train(was_training)
    return float(np.average(losses, weights=sizes)) if losses else math.nan


def write_predictions(
    folder: Path,
    frames: LabeledFrames,
    predictions: Predictions,
    sets: Sequence[str] | None,
    *,
    suffix: str = "",
    subspaces: Mapping[str, PCALoss] | None = None,
) -> None:
    """Write `predictions[_<view>]<suffix>.csv` for every view, and tables of what is wrong with them.

    These are `..._pixel_error.csv`, and `..._<name>_error.csv` for every subspace of poses.
    """
    errors = {"pixel": pixel_errors(frames, range(len(frames)), predictions.xy)}
    for name, subspace in (subspaces or {}).items():
        errors[name] = subspace.errors(torch.from_numpy(predictions.xy)).numpy()
    for column, (view, labels) in enumerate(frames.poses.items()):
        stem = "_".join(filter(None, ("predictions", view))) + suffix
        poses = Poses(
            names=labels.names,
            points=predictions.xy[:, column],
            frames=labels.frames,
            likelihood=predictions.confidence[:, column],
            sets=None if sets is None else tuple(sets),
        )
        write_poses(folder / f"{stem}.csv", poses, scorer=SCORER)
        for name, values in errors.items():
            target = folder / f"{stem}_{name}_error.csv"
            write_metric_table(target, values[:, column], labels.names, labels.frames, sets=sets)


def evaluate_model(model: ModelDir, frames: LabeledFrames, sets: Sequence[str], *, device: str) -> None:
    """Predict all labeled frames with the best checkpoint; write predictions, their errors and the summary.

    Label files beside the training ones that end in `_new` or `_test`, of recordings unlike them, are
    evaluated as well where every view has one; their sets are called `labels_new` and `labels_test`.

    Raises:
        DataError: when these further labels do not fit.
    """
    config = model.config
    network, subspaces = load_trained(model, device)
    size = config.training.test_batch_size
    rows: list[Row] = []
    found = predict_frames(network, frames, range(len(frames)), batch_size=size)
    write_predictions(model.path, frames, found, sets, subspaces=subspaces)
    rows += summarise(frames, found, sets)
    for suffix in OTHER_LABELS:
        files = {view: path.with_stem(path.stem + suffix) for view, path in csv_paths(config).items()}
        if all(path.is_file() for path in files.values()):
            others = build_frames_of(config, files)
            found = predict_frames(network, others, range(len(others)), batch_size=size)
            write_predictions(model.path, others, found, None, suffix=suffix, subspaces=subspaces)
            rows += summarise(others, found, [f"labels{suffix}"] * len(others))
    with (
        atomic_path(model.path / SUMMARY_FILE) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(Row._fields)
        writer.writerows([*row[:4], *(f"{value:.4f}" for value in row[4:])] for row in rows)


def summarise(frames: LabeledFrames, predictions: Predictions, sets: Sequence[str]) -> list[Row]:
    """Return the errors per set, view and keypoint, and over all of them."""
    errors = pixel_errors(frames, range(len(frames)), predictions.xy)
    views = {view: slice(v, v + 1) for v, view in enumerate(frames.view_names)} | {ALL: slice(None)}
    points = {name: slice(k, k + 1) for k, name in enumerate(frames.keypoint_names)} | {ALL: slice(None)}
    rows = []
    for name in dict.fromkeys(sets):
        chosen = np.array([s == name for s in sets])
        for view, of_view in views.items():
            for point, of_point in points.items():
                part = errors[chosen, of_view, of_point]
                there = np.isfinite(part)
                values = part[there] if there.any() else np.array([np.nan])
                sure = predictions.confidence[chosen, of_view, of_point][there]
                confidence = float(sure.mean()) if len(sure) else math.nan
                numbers = float(values.mean()), float(np.median(values)), float(np.percentile(values, 90))
                rows.append(Row(name, view, point, int(there.sum()), *numbers, confidence))
    return rows


def read_summary(path: Path) -> dict[str, dict[str, float]]:
    """Return the errors over all views and keypoints, per set, from the summary of a model folder."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["view"] == row["keypoint"] == ALL]
    return {row["set"]: {key: float(row[key]) for key in Row._fields[3:]} for row in rows}


def plot_history(path: Path, rows: Sequence[Sequence[float]]) -> None:
    """Draw the training loss and the validation error over the steps of `callbacks.History`."""
    table = np.array(rows, dtype=float).reshape(-1, 5)
    figure = new_figure(7, 4)
    axis = figure.subplots()
    curves = {
        "training loss": (table[:, 1], table[:, 2]),
        "validation error (px)": (table[:, 1], table[:, 4]),
    }
    plot_loss_curves(axis, curves)
    axis.set_ylabel("")
    save_figure(figure, path)
