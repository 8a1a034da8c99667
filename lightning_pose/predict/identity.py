"""All that predictions depend on: known by it, they are kept, continued, or made anew."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning_pose.core.calibration import Rig
from lightning_pose.core.files import fingerprint, write_json
from lightning_pose.core.sessions import Session
from lightning_pose.export.record import chosen_export
from lightning_pose.model_dir import members
from lightning_pose.predict.given_boxes import box_file, label_box_file
from lightning_pose.predict.inputs import LabelSet
from lightning_pose.predict.model import Model
from lightning_pose.predict.options import Options

Identity = dict[str, Any]  # by names for people, as JSON knows it
ANEW = "what is there was made from {}: predicted anew"
UNKNOWN = "nothing says what they were made from"


def identify(session: Session, rig: Rig | None, model: Model, options: Options) -> Identity:
    """Return all that the predictions of a session depend on.

    Files are known by name, size, and what their ends hold, so a copy is the same. The size of batches is
    not part of it: another one changes predictions by no more than rounding.
    """
    boxes = (
        [box_file(options.bbox_dir, video) for video in session.videos.values()] if options.bbox_dir else []
    )
    return _plain(
        {
            **_networks(model, options),
            "video": {view: [*_file(path), *session.infos[view]] for view, path in session.videos.items()},
            "calibration": digest_rig(rig) if _looks_at_cameras(model, options) else None,
            "set of boxes": [_file(path) for path in boxes if path.is_file()],
        }
    )


def identify_labels(labels: LabelSet, model: Model, options: Options) -> Identity:
    """Return all that the predictions of label files depend on; their images are known by their names."""
    boxes = (
        [label_box_file(options.bbox_dir, file) for file in labels.files.values()] if options.bbox_dir else []
    )
    given = Path(options.calibration) if options.calibration is not None and model.needs_cameras else None
    return _plain(
        {
            **_networks(model, options),
            "label file": {view: _file(path) for view, path in labels.files.items()},
            "calibration": _file(given) if given is not None and given.is_file() else str(given),
            "set of boxes": [_file(path) for path in boxes if path.is_file()],
        }
    )


def differences(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Return what is another, in words: `another video, another precision`; empty where nothing is."""
    keys = dict.fromkeys([*wanted, *there])
    return ", ".join(f"another {key}" for key in keys if there.get(key) != wanted.get(key))


def digest_rig(rig: Rig | None) -> str | None:
    """Return a short fingerprint of cameras."""
    if rig is None:
        return None
    return _digest([rig.names, rig.sizes.tolist(), [field.tolist() for field in rig.camera]])


def write_identity(path: Path, identity: Mapping[str, Any]) -> None:
    """Write beside predictions what they were made from, atomically."""
    write_json(path, identity)


def read_identity(path: Path) -> Identity | None:
    """Return what predictions were made from; None where nothing says it."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _networks(model: Model, options: Options) -> Identity:
    """Return what the networks say depends on, whatever they look at."""
    data = model.config.data
    described = [
        dataclasses.asdict(member.config.model) | {"name": name} for name, member in model.members.items()
    ]
    whole = [
        described,
        dataclasses.asdict(model.config.model),
        data.view_names,
        data.keypoint_names,
        model.size,
    ]
    return {
        "checkpoint": {name: _file(member.checkpoint()) for name, member in model.members.items()},
        "configuration": _digest(whole),
        "precision": options.precision,
        "runtime": options.runtime,
        "export": _exports(model, options),
        "detector": _detector(options),
    }


def _looks_at_cameras(model: Model, options: Options) -> bool:
    """Return whether cameras change what networks see."""
    return model.needs_cameras or options.detector_model is not None


def _exports(model: Model, options: Options) -> dict[str, Any] | None:
    """Return the exported networks that run in place of the checkpoints."""
    if options.runtime == "eager":
        return None
    found = {
        name: chosen_export(member, options.runtime, options.precision)
        for name, member in model.members.items()
    }
    return {name: None if path is None else _file(path) for name, path in found.items()}


def _detector(options: Options) -> list[Any] | None:
    """Return what finds the animal, and how its boxes are made."""
    if options.detector_model is None:
        return None
    files = [_file(member.checkpoint()) for member in members(options.detector_model).values()]
    return [files, options.crop_ratio, options.crop_size, list(options.anchor_keypoints)]


def _file(path: Path) -> list[Any]:
    """Return name, size and fingerprint of a file."""
    return [path.name, path.stat().st_size, fingerprint(path)]


def _digest(record: Any) -> str:
    """Return a short fingerprint of plain data."""
    text = json.dumps(record, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(identity: Identity) -> Identity:
    """Return it as it is read back."""
    return json.loads(json.dumps(identity))
