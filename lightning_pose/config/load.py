"""From a file, a mapping or a record to a checked and complete configuration."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from lightning_pose.config.bind import bind
from lightning_pose.config.check import value_faults
from lightning_pose.config.compatibility import view_faults
from lightning_pose.config.complete import complete
from lightning_pose.config.legacy import Note, notes_on, translate
from lightning_pose.config.schema import PRESETS, Config
from lightning_pose.core.errors import ConfigError, raise_collected
from lightning_pose.core.files import write_text

Source = Path | str | Mapping[str, Any] | Config


class Loaded(NamedTuple):
    """A configuration that can be trained, and what became of keys that say it otherwise here, or nothing."""

    config: Config
    notes: list[Note]


def load_config(source: Source, overrides: Sequence[str] = (), folder: Path | None = None) -> Loaded:
    """Read a configuration, check it, and fill in what it leaves open. Nothing of torch is loaded.

    Args:
        source: a YAML file, nested data, or a record.
        overrides: `key=value`, in hydra's grammar.
        folder: what relative paths in nested data are relative to; None is the working directory. Those in a
            file are relative to the file.

    Raises:
        ConfigError: with every fault: unknown keys and the nearest known one, types, ranges, choices, missing
            files, views that do not fit the label files.
    """
    from lightning_pose.config.compose import compose_file, resolve_data  # half a second for hydra

    name = "the configuration"
    if isinstance(source, Path | str):
        path = Path(source)
        name, data = str(path), compose_file(path, overrides)
        folder = folder or path.parent
    else:
        data = resolve_data(
            dataclasses.asdict(source) if isinstance(source, Config) else dict(source), overrides
        )
    folder = (folder or Path.cwd()).resolve()
    translated = translate(data, folder)
    bound = bind(Config, _with_preset(translated.data))
    config, missing = complete(bound.record, folder)
    # a key that a misspelling stood for is not missing as well
    missing = [fault for fault in missing if fault.partition(":")[0] not in bound.guesses]
    faults = [*bound.faults, *translated.faults, *value_faults(bound.record), *missing]
    if config.data.keypoint_names and config.data.view_names is not None:
        faults += view_faults(config)
    if faults:
        raise_collected(ConfigError, name, list(dict.fromkeys(faults)))
    return Loaded(config, [*translated.notes, *notes_on(data, config)])


def read_saved(path: Path) -> Config:
    """Read the configuration that a model folder keeps; the training data need not be there any more.

    What `save_config` wrote says everything as it stands. Any other, such as one that has been changed or
    that another program wrote, is composed as that of a training is.

    Raises:
        ConfigError: when it cannot be read.
    """
    data = _as_saved(path)
    if data is None:
        from lightning_pose.config.compose import compose_file

        data = compose_file(path)
    bound = bind(Config, data)
    if bound.faults:
        raise_collected(ConfigError, str(path), bound.faults)
    return bound.record


def save_config(path: Path, config: Config) -> None:
    """Write every key, atomically."""
    write_text(path, _saved_text(dataclasses.asdict(config)))


def _saved_text(data: Mapping[str, Any]) -> str:
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


def _as_saved(path: Path) -> dict[str, Any] | None:
    """Return what a file says if it is to the letter what `save_config` writes, else None."""
    try:
        text = path.read_text(encoding="utf-8")
        data = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    resolved = isinstance(data, dict) and "${" not in text and "defaults" not in data
    return data if resolved and _saved_text(data) == text else None


def _with_preset(data: Mapping[str, Any]) -> dict[str, Any]:
    """Put the `imgaug` preset below what `training.augment` says itself; `imgaug_3d` moves no view alone."""
    training = data.get("training")
    if not isinstance(training, Mapping):
        return dict(data)
    preset, own = PRESETS.get(str(training.get("imgaug", "dlc"))), training.get("augment")
    if preset is None or not (own is None or isinstance(own, Mapping)):
        return dict(data)
    if training.get("imgaug_3d"):
        preset = {**preset, **PRESETS["dlc-mv"]}
    return {**data, "training": {**training, "augment": {**preset, **(own or {})}}}
