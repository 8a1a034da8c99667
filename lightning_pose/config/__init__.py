"""Configuration of a training: a typed schema, composition of YAML with overrides, and checks; no torch."""

from lightning_pose.config.complete import csv_paths
from lightning_pose.config.legacy import Note
from lightning_pose.config.load import Loaded, Source, load_config, read_saved, save_config
from lightning_pose.config.schema import Config

__all__ = ["Config", "Loaded", "Note", "Source", "csv_paths", "load_config", "read_saved", "save_config"]
