"""What Lightning Pose's keys mean here: those that became others, and those without effect; said once."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lightning_pose.config.architectures import BACKBONES
from lightning_pose.config.compatibility import (
    HEATMAP_MODELS,
    LOSSES,
    MULTIVIEW,
    losses_asked_for,
    needs_video,
)
from lightning_pose.config.imgaug import translate_imgaug
from lightning_pose.config.schema import AugmentConfig, Config
from lightning_pose.core.calibration import has_calibration

# dotted key (or the start of one) -> why it changes nothing
NO_EFFECT = {
    "hydra": "the output folder is --output_dir",
    "dali.general": "training.rng_seed_model_pt seeds all",
    "dali.base.predict": "videos are predicted in batches of training.val_batch_size",
    "dali.context.predict": "videos are predicted in batches of training.val_batch_size",
    "data.header_rows": "the three header rows are found by themselves",
    "training.profiler": "there is no profiler",
    "training.val_check_interval": "validation is every training.check_val_every_n_epoch epochs",
    "model.lightning_pose_version": "a record of what wrote the file",
    "creation_datetime": "a record of what wrote the file",
    "eval.colormap": "colours come from the skeleton",
    "eval.confidence_thresh_for_vid": "labeled videos show confidence as opacity",
}


class Note(NamedTuple):
    """What became of a key.

    Attributes:
        key: dotted.
        became: the key and value that say it here; empty where it has no effect.
        why: that is so.
    """

    key: str
    became: str
    why: str


class Translated(NamedTuple):
    """Nested data with the keys of Lightning Pose said in ours beside them, notes on that, and faults."""

    data: dict[str, Any]
    notes: list[Note]
    faults: list[str]


def translate(data: Mapping[str, Any], folder: Path | None = None) -> Translated:
    """Say in our keys what Lightning Pose says in its own; what is said in ours already stands.

    Args:
        data: as given; a section `dali` tells that it is of Lightning Pose.
        folder: what a relative `data.data_dir` is relative to; None is the working directory.
    """
    result = _Translation(data)
    read = result.read
    if _is_set(read("dali")):
        _translate_defaults(result)
        _switch_geometry_off(result, folder or Path())
    context = read("model.model_type") == "heatmap_mhcrnn"
    length = "dali.context.train.batch_size" if context else "dali.base.train.sequence_length"
    result.move(length, "training.unlabeled.clip_length", "frames in a row that each step sees")
    result.move("training.num_workers", "training.unlabeled.num_workers", "labeled images are in memory")
    devices = read("training.num_gpus")
    if devices == 0:
        result.put("training.accelerator", "cpu")
        result.notes.append(Note("training.num_gpus", "training.accelerator: cpu", "no GPU is to be used"))
    elif isinstance(devices, int) and devices > 1 and read("training.num_devices") in (None, 1):
        result.put("training.num_devices", devices)
        result.notes.append(Note("training.num_gpus", f"training.num_devices: {devices}", "a process each"))
    if isinstance(read("training.imgaug"), Mapping):
        _translate_table(result)
    return Translated(result.data, result.notes, result.faults)


class _Translation:
    """Nested data that is being changed; what was given is left as it was."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = {key: dict(v) if isinstance(v, Mapping) else v for key, v in data.items()}
        self.notes: list[Note] = []
        self.faults: list[str] = []

    def read(self, dotted: str) -> Any:
        return _look_up(self.data, dotted)

    def is_given(self, dotted: str) -> bool:
        return self.read(dotted) is not None

    def put(self, dotted: str, value: Any) -> None:
        """Set a key; sections on the way are copied, not changed."""
        *way, last = dotted.split(".")
        section = self.data
        for part in way:
            inner = section.get(part)
            if inner is not None and not isinstance(inner, Mapping):
                return  # a fault that binding names
            section[part] = dict(inner or {})
            section = section[part]
        section[last] = value

    def move(self, key: str, to: str, why: str) -> None:
        """Say a number in another key, unless that is given."""
        value = self.read(key)
        if isinstance(value, int) and not self.is_given(to):
            self.put(to, value)
            self.notes.append(Note(key, f"{to}: {value}", why))


def _translate_defaults(result: _Translation) -> None:
    """Start from the weights that Lightning Pose starts from where nothing is said."""
    keys = ("backbone_weights", "backbone_checkpoint", "backbone_pretrained", "checkpoint")
    if not any(result.is_given(f"model.{key}") for key in keys):
        result.put("model.backbone_pretrained", True)
        why = "not given, which means so there; model.backbone_weights=none starts from random weights"
        result.notes.append(Note("model.backbone_pretrained", "model.backbone_weights: pretrained", why))
        _replace_unpublished(result)


def _replace_unpublished(result: _Translation) -> None:
    """Take weights from ImageNet where Lightning Pose downloads others that the hub does not have."""
    name = str(result.read("model.backbone"))
    architecture = BACKBONES.get(name)
    plain = name.partition("_")[0]
    if architecture is None or architecture.hub_name is not None or plain not in BACKBONES:
        return
    result.put("model.backbone", plain)
    why = f"weights from ImageNet; those of {name} come as a file in model.backbone_checkpoint"
    result.notes.append(Note("model.backbone", plain, why))


def _switch_geometry_off(result: _Translation, folder: Path) -> None:
    """Do without what needs calibrated cameras where there are none, as Lightning Pose does in silence."""
    data_dir = result.read("data.data_dir")
    if not isinstance(data_dir, str) or result.is_given("data.camera_params_file"):
        return
    project = (folder / Path(data_dir).expanduser()).resolve()
    if has_calibration(project):
        return
    why = f"no calibration found in {project}; as in Lightning Pose it has no effect"
    if result.read("training.imgaug_3d") is True:
        result.put("training.imgaug_3d", False)
        result.notes.append(Note("training.imgaug_3d", "", why))
    losses = result.read("losses")
    for name in [name for name in (losses if isinstance(losses, Mapping) else ()) if _is_3d(name)]:
        if result.is_given(f"losses.{name}.log_weight"):
            result.data["losses"].pop(name)
            result.notes.append(Note(f"losses.{name}", "", why))


def _is_3d(name: str) -> bool:
    """Return whether a loss on labels needs calibrated cameras."""
    return name in LOSSES and LOSSES[name].calibration and not LOSSES[name].video


def _translate_table(result: _Translation) -> None:
    """Replace a table of imgaug transforms by its nearest of `training.augment`."""
    found, faults = translate_imgaug(result.read("training.imgaug"))
    result.faults += faults
    options: dict[str, Any] = {}
    for name, changes in found.items():
        for key, value in changes.items():
            former = options.get(key, 0)
            options[key] = (
                sorted({*former, *value})
                if former and key == "right_angles"
                else (value if key == "right_angles" else max(former, value))
            )
        said = ", ".join(
            f"{'training' if key == 'imgaug_hflip' else 'training.augment'}.{key}: {value}"
            for key, value in changes.items()
        )
        why = "nearest to it" if said else "nothing here is like it"
        result.notes.append(Note(f"training.imgaug.{name}", said, why))
    if options.pop("imgaug_hflip", False):
        result.put("training.imgaug_hflip", True)
    own = result.read("training.augment")
    if (
        result.read("training.imgaug_3d") is True
    ):  # a table says nothing of the world, and `none` would rest it
        options |= {key: getattr(AugmentConfig, key) for key in ("world_scale", "world_shift")}
    result.put("training.augment", {**options, **(own if isinstance(own, Mapping) else {})})
    result.put("training.imgaug", "none")


def notes_on(data: Mapping[str, Any], config: Config) -> list[Note]:
    """Return the weights of the losses in use, and the keys that are set and change nothing.

    Args:
        data: as given.
        config: as completed.
    """
    notes = [Note(key, "", why) for key, why in NO_EFFECT.items() if _is_set(_look_up(data, key))]
    notes += [Note(key, "", why) for key, why in _idle(config) if _is_set(_look_up(data, key))]
    asked = losses_asked_for(config)
    for name, loss in config.losses.items():
        weight = loss.log_weight
        if name not in asked:
            unused = "its log_weight is null" if weight is None else "not in model.losses_to_use"
            notes.append(Note(f"losses.{name}", "", unused))
        elif weight is not None:
            said = f"weight {0.5 * math.exp(-weight):.3g}"
            notes.append(Note(f"losses.{name}.log_weight", said, "1 / (2 exp(log_weight))"))
    return notes


def _idle(config: Config) -> Iterator[tuple[str, str]]:
    """Yield keys that this configuration has no use for, each with the reason."""
    model, asked = config.model, losses_asked_for(config)
    if "pca_multiview" not in asked:
        yield "data.mirrored_column_matches", "only losses.pca_multiview uses it"
    if "pca_singleview" not in asked:
        yield "data.columns_for_singleview_pca", "only losses.pca_singleview uses it"
    if model.model_type != MULTIVIEW:
        yield "training.patch_mask", f"only model.model_type: {MULTIVIEW} is masked"
    if model.model_type not in HEATMAP_MODELS:
        for key in ("head", "heatmap_loss_type"):
            yield f"model.{key}", f"a {model.model_type} model has no heatmaps"
    if not any(name in LOSSES for name in asked):
        yield "callbacks.anneal_weight", "no loss is in use whose weight rises"
    if not needs_video(config):
        yield "training.unlabeled", "no loss looks at unlabeled video"
    if model.backbone_weights in (None, "none") and model.checkpoint is None:
        for key in ("unfreezing_epoch", "unfreezing_step", "unfreezing"):
            yield f"training.{key}", "a backbone of random weights learns from the start"
    if len(config.data.view_names or []) < 2:
        yield "data.camera_params_file", "one view has no geometry"
        yield "data.bbox_file", "labels and predictions stay in the coordinates of the images"


def _look_up(data: Any, dotted: str) -> Any:
    """Return the value of a dotted key, None where it is not there."""
    for part in dotted.split("."):
        if not isinstance(data, Mapping):
            return None
        data = data.get(part)
    return data


def _is_set(value: Any) -> bool:
    """Return whether a value would switch something on."""
    if isinstance(value, Mapping):
        return any(_is_set(item) for item in value.values())
    return value not in (None, False, [], "")
