"""Read a YAML file with its overrides into plain nested data; the only reader of YAML configurations."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import OverrideType
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

import configs
from lightning_pose.core.errors import ConfigError, raise_collected

# Folders of alternatives, as in `model=resnet50`.
GROUPS = {folder.name for folder in Path(configs.__file__).parent.glob("[a-z]*/")}


def compose_file(path: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Return the nested data of a YAML file: its `defaults` list, interpolations and overrides resolved.

    Args:
        path: the file; its `defaults` may name files beside it and the groups that ship with this package.
        overrides: in hydra's grammar: `training.max_steps=300`, `~losses.temporal`, `data.view_names=[a,b]`.

    Raises:
        ConfigError: when the file or an override cannot be read.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such configuration file")
    if path.suffix != ".yaml":
        raise ConfigError(f"{path}: expected a file that ends in .yaml")
    try:
        own = OmegaConf.load(path)
        words = [*_written_out(overrides, own), "hydra.searchpath=[pkg://configs]"]
        with initialize_config_dir(str(path.parent.resolve()), version_base="1.3"):
            composed = compose(path.stem, overrides=words)
        data = OmegaConf.to_container(composed, resolve=True)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read: {_first_lines(error)}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: expected keys with values, got {type(data).__name__}")
    if isinstance(own, DictConfig) and own.get("hydra"):
        data["hydra"] = {"run": "in the file"}  # hydra takes its own section away; it is to be noted as idle
    return {str(key): value for key, value in data.items()}


def resolve_data(data: dict[str, Any], overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Return nested data that is in memory with interpolations and overrides resolved.

    Raises:
        ConfigError: when an interpolation or an override cannot be read.
    """
    try:
        node = OmegaConf.create(data)
        for override in _parsed(overrides):
            if override.is_delete():
                _delete(node, override.key_or_group)
            else:
                OmegaConf.update(node, override.key_or_group, override.value(), merge=True, force_add=True)
        resolved = OmegaConf.to_container(node, resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(f"the configuration cannot be read: {_first_lines(error)}") from error
    assert isinstance(resolved, dict)
    return {str(key): value for key, value in resolved.items()}


def _written_out(overrides: Sequence[str], own: Any) -> list[str]:
    """Let plain `key=value` also add a key or a group that the file lacks; misspellings are found later."""
    defaults = own.get("defaults") if isinstance(own, DictConfig) else None
    listed = {str(key) for entry in defaults or () if isinstance(entry, DictConfig) for key in entry}
    words = []
    for word, parsed in zip(overrides, _parsed(overrides), strict=True):
        key = parsed.key_or_group
        if parsed.type != OverrideType.CHANGE or (key in GROUPS and key in listed):
            words.append(word)
        else:
            words.append(f"+{word}" if key in GROUPS else f"++{word}")
    return words


def _parsed(overrides: Sequence[str]) -> list[Any]:
    """Return the overrides as hydra reads them.

    Raises:
        ConfigError: naming every one that is not `key=value`.
    """
    parser, parsed, faults = OverridesParser.create(), [], []
    for word in overrides:
        try:
            parsed += parser.parse_overrides([word])
        except HydraException:
            faults.append(
                f"`{word}`: expected key=value, as in training.max_steps=300 (quote lists and spaces)"
            )
    if faults:
        raise_collected(ConfigError, "overrides that cannot be read", faults)
    sweeps = [
        f"`{p.input_line}`: several values at once are not trained in one run"
        for p in parsed
        if p.is_sweep_override()
    ]
    if sweeps:
        raise_collected(ConfigError, "overrides that cannot be used", sweeps)
    return parsed


def _delete(node: Any, key: str) -> None:
    """Remove a dotted key.

    Raises:
        ConfigError: when it is not there.
    """
    parent, _, last = key.rpartition(".")
    section = OmegaConf.select(node, parent) if parent else node
    if section is None or last not in section:
        raise ConfigError(f"`~{key}`: there is no such key to remove")
    del section[last]


def _first_lines(error: Exception) -> str:
    """Return what an error says, without the decoration below it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "; ".join(lines[:3])
