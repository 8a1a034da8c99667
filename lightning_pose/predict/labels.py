"""Predict labeled frames and compare them with their labels."""

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from lightning_pose.build.data import calibrate_frames, context_frames
from lightning_pose.core.errors import CalibrationError
from lightning_pose.core.naming import image_file
from lightning_pose.core.sessions import NO_CALIBRATION
from lightning_pose.core.tables import read_labels, write_metric_table, write_poses
from lightning_pose.data.cameras import calibrate
from lightning_pose.data.labels import LabeledFrames, native_from_network, read_labeled_frames
from lightning_pose.data.split import read_split
from lightning_pose.evaluate import pixel_errors
from lightning_pose.model_dir import SPLIT_FILE
from lightning_pose.predict.engine import Engine
from lightning_pose.predict.given_boxes import read_label_boxes
from lightning_pose.predict.inputs import LabelSet
from lightning_pose.predict.label_crops import find_label_boxes, predict_label_crops
from lightning_pose.predict.model import Model, open_model
from lightning_pose.predict.outputs import Layout, make_poses
from lightning_pose.predict.progress import Board
from lightning_pose.predict.summary import Outcome
from lightning_pose.predict.tracks import SequencePredictor, Tracks

CACHE_GIB = 1.0  # images are asked for once, so there is no use in keeping them


def predict_label_set(labels: LabelSet, engine: Engine, layout: Layout, board: Board) -> Outcome:
    """Predict the images of a label set, and write predictions and errors of every view and member.

    Raises:
        DataError: with every fault of the tables and images.
        CalibrationError: when the model needs cameras, and a session has none.
    """
    model = engine.model
    with board.busy(f"{labels.name}: reading images"):
        folder = image_folder(labels, _project(engine))
        frames = read_label_set(labels, model, engine.options.calibration, folder=folder)
    n_views, begin = len(labels.files), time.monotonic()
    with board.counted(labels.name, len(frames) * n_views, main=False) as advance:
        tracks = _ask(labels, frames, folder, engine, lambda count: advance(count * n_views))
    seconds = time.monotonic() - begin
    members, sets = list(model.members), sets_of(frames, model)
    errors = write_labels(layout, labels, frames, tracks, members=members, sets=sets)
    told = ", ".join(f"{view} {error:.2f}".strip() for view, error in errors.items())
    known = [error for error in errors.values() if np.isfinite(error)]
    return Outcome(
        labels.name,
        "predicted",
        images=len(frames) * n_views,
        rate=len(frames) * n_views / max(seconds, 1e-9),
        confidence=float(tracks.confidence.mean()),
        error_px=float(np.mean(known)) if known else math.nan,
        note=f"median distance to the labels in px: {told}",
    )


def _project(engine: Engine) -> Path | None:
    """Return the project that the model's labels are of; with boxes the detector's, the model's has crops."""
    options = engine.options
    if options.detector_model is not None:
        return open_model(options.detector_model).data_dir
    return None if options.crops else engine.model.data_dir


def _ask(
    labels: LabelSet,
    frames: LabeledFrames,
    folder: Path,
    engine: Engine,
    on_frames: Callable[[int], object],
) -> Tracks:
    """Predict whole images, or what the boxes of a detector or of files show of them.

    Raises:
        DataError: when a box is missing, or an image cannot be read.
    """
    options, model, batch_size = engine.options, engine.model, engine.batch_size
    if not options.crops:
        return predict_frames(frames, engine.predictor, batch_size=batch_size, on_frames=on_frames)
    if options.bbox_dir is not None:
        boxes = read_label_boxes(labels.files, [list(view) for view in frames.frames], options.bbox_dir)
    else:
        detector = engine.detector
        small = read_labeled_frames(
            labels.files, folder, detector.size, keypoint_names=model.names, outside="ignore",
            context=detector.predictor.context, cache_gib=CACHE_GIB,
        )  # fmt: skip
        boxes = find_label_boxes(small, detector, batch_size)
    return predict_label_crops(
        frames, folder, boxes, engine.predictor, model.size, batch_size=batch_size, on_frames=on_frames
    )


def read_label_set(
    labels: LabelSet, model: Model, calibration: Path | str | None = None, *, folder: Path | None = None
) -> LabeledFrames:
    """Read labels and images, and refuse what does not fit the model.

    Args:
        labels: files of all views.
        model: what they are for.
        calibration: of all their sessions, or a table that names one for every instant; `none` for none at
            all. By default it is what the model's configuration says for labels of its own project, and
            looked for in that of others.
        folder: of the images; beside the labels or in the model's project by default.

    Raises:
        DataError: with every fault of the tables and images.
        CalibrationError: when the model needs cameras, and a session has none.
    """
    folder = folder or image_folder(labels, model.data_dir)
    frames = read_labeled_frames(
        labels.files,
        folder,
        model.size,
        keypoint_names=model.names,
        outside="ignore",
        context=max(context_frames(member.config) for member in model.members.values()),
        cache_gib=CACHE_GIB,
    )
    if model.needs_cameras:
        needed_by = ["model.camera_tokens"]
        if calibration == NO_CALIBRATION:
            raise CalibrationError(
                "this model is told where cameras are, so it cannot do with --calibration none"
            )
        if calibration is not None:
            calibrate(frames, folder, camera_file=Path(calibration), needed_by=needed_by)
        elif model.data_dir is not None and model.data_dir.resolve() == folder.resolve():
            calibrate_frames(model.config, frames, needed_by)
        else:
            calibrate(frames, folder, needed_by=needed_by)
    return frames


def image_folder(labels: LabelSet, data_dir: Path | None) -> Path:
    """Return the folder that image paths are relative to: that of the label file, or a model's project."""
    first_file = next(iter(labels.files.values()))
    image = str(read_labels(first_file).frames[0])
    folders = [first_file.parent, *([data_dir] if data_dir is not None else [])]
    return next((folder for folder in folders if image_file(folder, image).is_file()), first_file.parent)


def predict_frames(
    frames: LabeledFrames,
    predictor: SequencePredictor,
    *,
    batch_size: int,
    on_frames: Callable[[int], object] | None = None,
) -> Tracks:
    """Predict all labeled instants with all members, in pixels of the images on disk."""
    n_views = len(frames.view_names)
    instants = max(1, batch_size // n_views)
    xy, confidence = [], []
    for start in range(0, len(frames), instants):
        rows = range(start, min(start + instants, len(frames)))
        batch = frames.batch(rows)
        cameras = {"camera": batch["camera"]} if "camera" in batch else {}
        found = predictor(batch["images"].numpy(), **cameras)
        sizes = frames.native_sizes[list(rows)][:, :, None]
        xy.append(native_from_network(found.xy, sizes, frames.size).swapaxes(1, 2))
        confidence.append(found.confidence.swapaxes(1, 2))
        if on_frames is not None:
            on_frames(len(rows))
    return Tracks(np.concatenate(xy, axis=2), np.concatenate(confidence, axis=2))


def sets_of(frames: LabeledFrames, model: Model) -> list[str] | None:
    """Return the part that every instant had in the training; None where none of them had any."""
    path = next(iter(model.members.values())).path / SPLIT_FILE
    if not path.is_file():
        return None
    known = read_split(path)
    found = [
        next((known[image] for image in images if image in known), None)
        for images in zip(*frames.frames, strict=True)
    ]
    return [part or "unused" for part in found] if any(found) else None


def write_labels(
    layout: Layout,
    labels: LabelSet,
    frames: LabeledFrames,
    tracks: Tracks,
    *,
    members: Sequence[str],
    sets: Sequence[str] | None,
) -> dict[str, float]:
    """Write predictions and pixel errors of every view and member; return the median error (px) per view.

    Those of an ensemble are the members' and their median, of which the errors returned are.
    """
    whole = _with_median(tracks) if layout.is_ensemble else tracks
    names = [*members, None] if layout.is_ensemble else [None]
    medians = {}
    for column, name in enumerate(names):
        errors = pixel_errors(frames, range(len(frames)), whole.xy[column].swapaxes(0, 1))
        for v, (view, file) in enumerate(labels.files.items()):
            table = frames.poses[view]
            poses = make_poses(
                table.names, whole.xy[column, v], whole.confidence[column, v], table.frames, sets
            )
            target = layout.labels(file, name, "pixel_error")
            write_metric_table(target, errors[:, v], table.names, table.frames, sets)
            write_poses(layout.labels(file, name), poses)
            known = errors[:, v][np.isfinite(errors[:, v])]
            medians[view] = float(np.median(known)) if len(known) else float("nan")
    return medians


def _with_median(tracks: Tracks) -> Tracks:
    """Append the median of the members' pixels and the mean of their confidences as one more member."""
    xy: Float[np.ndarray, "V T K 2"] = np.median(tracks.xy, axis=0)
    sure: Float[np.ndarray, "V T K"] = tracks.confidence.mean(axis=0)
    return Tracks(np.concatenate([tracks.xy, xy[None]]), np.concatenate([tracks.confidence, sure[None]]))
