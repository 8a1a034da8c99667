"""All that the predictions of a session depend on, so that partial ones are continued or begun anew."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from lightning_pose.core.calibration import Rig
from lightning_pose.core.sessions import Session
from lightning_pose.model_dir import members
from lightning_pose.predict.given_boxes import box_file
from lightning_pose.predict.model import Model
from lightning_pose.predict.options import Options


def identify(session: Session, rig: Rig | None, model: Model, options: Options) -> dict[str, Any]:
    """Return it by names for people, as JSON knows it.

    Files are known by name, size and time, which a copy to another disk may change; then the session is
    predicted anew. The size of batches is not part of it: another one changes predictions by no more than
    rounding.
    """
    data = model.config.data
    network = [
        dataclasses.asdict(member.config.model) | {"name": name} for name, member in model.members.items()
    ]
    return {
        "checkpoint": {name: _file(member.checkpoint()) for name, member in model.members.items()},
        "configuration": _digest(
            [
                network,
                dataclasses.asdict(model.config.model),
                data.view_names,
                data.keypoint_names,
                model.size,
            ]
        ),
        "video": {view: [*_file(path), *session.infos[view]] for view, path in session.videos.items()},
        "calibration": None if rig is None or not _looks_at_cameras(model, options) else _digest_rig(rig),
        "precision": options.precision,
        "runtime": options.runtime,
        "detector": _detector(options),
        "set of boxes": _boxes(session, options),
    }


def _looks_at_cameras(model: Model, options: Options) -> bool:
    """Return whether cameras change what networks see."""
    return model.needs_cameras or options.detector_model is not None


def _detector(options: Options) -> list[Any] | None:
    """Return what finds the animal, and how its boxes are made."""
    if options.detector_model is None:
        return None
    files = [_file(member.checkpoint()) for member in members(options.detector_model).values()]
    return [files, options.crop_ratio, options.crop_size, list(options.anchor_keypoints)]


def _boxes(session: Session, options: Options) -> list[Any] | None:
    """Return the files of boxes that are there."""
    if options.bbox_dir is None:
        return None
    paths = [box_file(options.bbox_dir, video) for video in session.videos.values()]
    return [_file(path) for path in paths if path.is_file()]


def _file(path: Path) -> list[Any]:
    """Return name, size and time of a file."""
    stat = path.stat()
    return [path.name, stat.st_size, stat.st_mtime_ns]


def _digest_rig(rig: Rig) -> str:
    return _digest([rig.names, rig.sizes.tolist(), [field.tolist() for field in rig.camera]])


def _digest(record: Any) -> str:
    """Return a short fingerprint of plain data."""
    text = json.dumps(record, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
