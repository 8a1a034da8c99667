"""Take possession of an output folder: refuse, empty or continue it."""

import dataclasses
import datetime
import json
import shutil
from pathlib import Path
from typing import Any

from lightning_pose.config import Config, read_saved, save_config
from lightning_pose.core.errors import ConfigError, raise_collected
from lightning_pose.model_dir import CONFIG_FILE, ENSEMBLE_FILE, STATUS_FILE

# What may differ when a training is resumed, since it changes nothing in the result.
FREE_TO_CHANGE = (
    "creation_datetime", "training.last_ckpt_every_seconds", "training.cache_gib", "training.val_batch_size",
    "training.test_batch_size", "training.num_workers", "training.unlabeled.num_workers",
    "training.log_every_n_steps",
)  # fmt: skip


def claim_folder(folder: Path, *, resume: bool, overwrite: bool) -> None:
    """Make a folder ready to be written into.

    Raises:
        ConfigError: when something is in it and neither `resume` nor `overwrite` allows that.
    """
    if resume and overwrite:
        raise ConfigError("--resume continues what is there and --overwrite removes it: choose one")
    if folder.is_file():
        raise ConfigError(f"{folder} is a file; expected a folder to write the model into")
    if resume or not folder.is_dir() or not any(folder.iterdir()):
        folder.mkdir(parents=True, exist_ok=True)
        return
    if not overwrite:
        raise ConfigError(
            f"{folder} is not empty. --resume continues the training in it, --overwrite removes it and "
            "starts anew; or name another --output_dir"
        )
    if not any((folder / name).is_file() for name in (CONFIG_FILE, ENSEMBLE_FILE)):
        raise ConfigError(f"{folder} holds something that is no model, so --overwrite does not remove it")
    shutil.rmtree(folder)
    folder.mkdir(parents=True)


def claim_config(folder: Path, config: Config) -> None:
    """Write the configuration into the model folder, or check that it is the one there.

    Raises:
        ConfigError: when a training in the folder had other settings; each of them named.
    """
    path = folder / CONFIG_FILE
    if not path.is_file():
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        save_config(path, dataclasses.replace(config, creation_datetime=now))
        return
    was, is_now = _flat(dataclasses.asdict(read_saved(path))), _flat(dataclasses.asdict(config))
    faults = [
        f"{key} was {was.get(key)} and is now {is_now.get(key)}"
        for key in sorted({*was, *is_now})
        if was.get(key) != is_now.get(key) and key not in FREE_TO_CHANGE
    ]
    if faults:
        raise_collected(ConfigError, f"{folder} cannot be resumed with another configuration", faults)


def is_complete(folder: Path) -> bool:
    """Return whether the training in a folder has ended."""
    path = folder / STATUS_FILE
    return path.is_file() and json.loads(path.read_text(encoding="utf-8")).get("status") == "COMPLETED"


def _flat(record: dict[str, Any], start: str = "") -> dict[str, Any]:
    """Return nested data by dotted key."""
    flat = {}
    for key, value in record.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{start}{key}.")
        else:
            flat[f"{start}{key}"] = value
    return flat
