"""What Lightning Pose's keys mean here, and which have no effect; said once, in one note."""

from collections.abc import Mapping
from typing import Any

# dotted key (or the start of one) -> why it changes nothing
NO_EFFECT = {
    "dali": "videos are read by PyAV",
    "hydra": "the output folder is --output_dir",
    "data.header_rows": "the three header rows are found by themselves",
    "data.bbox_file": "labels and predictions stay in the coordinates of the images",
    "data.camera_params_file": "no loss uses the calibration; prediction finds it by itself",
    "data.mirrored_column_matches": "only the PCA losses use it",
    "data.columns_for_singleview_pca": "only the PCA losses use it",
    "training.imgaug_3d": "every view is moved by an affine of its own",
    "training.patch_mask": "only the multi-view transformer uses it",
    "training.num_workers": "images are decoded once and kept in memory",
    "training.profiler": "there is no profiler",
    "training.val_check_interval": "validation is every training.check_val_every_n_epoch epochs",
    "model.lightning_pose_version": "a record of what wrote the file",
    "creation_datetime": "a record of what wrote the file",
    "eval.colormap": "colours come from the skeleton",
    "eval.confidence_thresh_for_vid": "labeled videos show confidence as opacity",
}


def without_effect(data: Mapping[str, Any], losses_used: list[str]) -> dict[str, str]:
    """Return the keys of a configuration that are set and change nothing, each with the reason."""
    notes = {}
    for key, reason in NO_EFFECT.items():
        if _is_set(_look_up(data, key)):
            notes[key] = reason
    section = data.get("losses")
    for name in section if isinstance(section, Mapping) else ():
        if name not in losses_used:
            notes[f"losses.{name}"] = "not in model.losses_to_use"
    return notes


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
